#include "images/images.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/strings.h"
#include "images/hash.h"
#include "images/machine.h"
#include "images/stage.h"
#include "planes/containers/image.h"

namespace unkai::images {

namespace fs = std::filesystem;
using wire::Json;

constexpr const char* manifest_media_type = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* config_media_type = "application/vnd.oci.image.config.v1+json";

// ---- Base images

// The files that a base image was made from are as they were.
static bool unchanged(const Json& sources) {
    if (!sources.is_array()) return false;
    for (const Json& one : sources.as_array()) {
        struct stat status;
        if (::stat(one[0].string_or("").c_str(), &status) != 0) return false;
        if (status.st_size != one[1].int_or(-1)) return false;
        if (status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec != one[2].int_or(-1))
            return false;
    }
    return true;
}

static Json sources_of(const std::vector<Tree>& layers) {
    Json out = Json::array();
    for (const Tree& tree : layers)
        for (const auto& [path, entry] : tree) {
            struct stat status;
            if (entry.source.empty() || ::stat(entry.source.c_str(), &status) != 0) continue;
            out.push(Json::array({entry.source, status.st_size,
                                  status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec}));
        }
    return out;
}

static std::vector<std::string> strings_of(const Json& list) {
    std::vector<std::string> out;
    if (list.is_array())
        for (const Json& item : list.as_array()) out.push_back(item.string_or(""));
    return out;
}

static Json json_of(const std::vector<std::string>& items) {
    Json out = Json::array();
    for (const std::string& item : items) out.push(item);
    return out;
}

static Result<Json> make_base(Cache& cache, MachineKind kind, const std::string& reference) {
    TRY(const MachineImage image, assemble(kind, reference));
    Json layers = Json::array();
    for (const Tree& tree : image.layers) {
        TRY(const LayerBlob layer, cache.add_layer(tree));
        layers.push(layer.to_json());
    }
    return Json::object({{"sources", sources_of(image.layers)},
                         {"layers", layers},
                         {"environment", json_of(image.environment)},
                         {"command", json_of(image.command)},
                         {"note", image.note}});
}

static Draft draft_of(const Json& base) {
    Draft draft;
    Sha256 key;
    for (const Json& one : base["layers"].as_array()) {
        draft.layers.push_back(LayerBlob::from_json(one));
        key.add_field(draft.layers.back().digest);
    }
    for (const std::string& variable : strings_of(base["environment"])) {
        const auto [name, value] = split_once(variable, '=');
        draft.environment.emplace_back(name, value);
    }
    draft.command = strings_of(base["command"]);
    draft.key = key.hex();
    return draft;
}

// An image that was built here before, by its name.
static Result<Draft> draft_of_built(const Cache& cache, const std::string& digest) {
    TRY(const std::string text, cache.read_text(digest));
    TRY(const Json manifest, Json::parse(text));
    TRY(const std::string config_text, cache.read_text(manifest["config"]["digest"].string_or("")));
    TRY(const planes::containers::ImageConfig config,
        planes::containers::parse_image_config(config_text));
    TRY(const Json parsed, Json::parse(config_text));
    Draft draft;
    for (size_t i = 0; i < manifest["layers"].size(); ++i) {
        LayerBlob layer = LayerBlob::from_json(manifest["layers"][i]);
        layer.diff_id = parsed["rootfs"]["diff_ids"][i].string_or("");
        draft.layers.push_back(std::move(layer));
    }
    for (const std::string& variable : config.environment) {
        const auto [name, value] = split_once(variable, '=');
        draft.environment.emplace_back(name, value);
    }
    draft.entry_point = config.entry_point;
    draft.command = config.command;
    draft.user = config.user;
    draft.working_directory = config.working_directory;
    draft.stop_signal = config.stop_signal;
    draft.ports.insert(config.exposed_ports.begin(), config.exposed_ports.end());
    draft.key = sha256_of(digest);
    return draft;
}

Result<Draft> Build::base_image(const std::string& reference) {
    if (const auto digest = cache.digest_of(full_name(reference)))
        return draft_of_built(cache, *digest);
    TRY(const auto parsed, planes::containers::parse_reference(reference));
    const auto kind = machine_kind(parsed);
    if (!kind)
        return fail("BaseImageUnavailable",
                    "The base image " + reference +
                        " cannot be made from this machine: node, python, debian, ubuntu and "
                        "scratch can. Build it "
                        "with docker or buildah, and push it to the repository with those.",
                    400);
    const std::string path =
        "bases/" + sha256_of(reference + "\n" + std::to_string(assembly_version));
    auto record = cache.read_record(path);
    bool good = record && unchanged((*record)["sources"]);
    if (good)
        for (const Json& layer : (*record)["layers"].as_array())
            good = good && cache.has_blob(layer["digest"].string_or(""));
    if (!good) {
        TRY(record, make_base(cache, *kind, reference));
        REQUIRE(cache.write_record(path, *record));
    }
    if (const std::string note = (*record)["note"].string_or(""); progress.note && !note.empty())
        progress.note(note);
    return draft_of(*record);
}

// ---- Stages

Result<const std::vector<ContextEntry>*> Build::context() {
    if (!entries) {
        TRY(entries, list_context(options.context, ignored));
    }
    return &*entries;
}

Result<Overview> Build::overview(const Draft& draft) {
    Overview out;
    for (const LayerBlob& layer : draft.layers) {
        const auto list = cache.list_of(layer);
        if (!list)
            return fail("CacheUnusable",
                        "The list of a layer is missing. Build again with --no-cache.");
        out.add(*list);
    }
    return out;
}

Result<std::shared_ptr<Draft>> Build::stage(const std::string& name, size_t before) {
    for (size_t i = 0; i < before; ++i)
        if (dockerfile.stages[i].name == to_lower(name) || std::to_string(i) == name)
            return stage(i);
    TRY(Draft draft, base_image(name));
    return std::make_shared<Draft>(std::move(draft));
}

Result<std::shared_ptr<Draft>> Build::stage(size_t number) {
    if (const auto found = finished.find(number); found != finished.end()) return found->second;
    const Stage& described = dockerfile.stages[number];
    Variables known = global_arguments;
    TRY(const std::string reference, expand(described.base, known));
    std::shared_ptr<Draft> base;
    for (size_t i = 0; i < number; ++i)
        if (!dockerfile.stages[i].name.empty() &&
            dockerfile.stages[i].name == to_lower(reference)) {
            TRY(base, stage(i));
        }
    auto draft = std::make_shared<Draft>();
    if (base)
        *draft = *base;
    else {
        TRY(*draft, base_image(reference));
    }
    draft->own_command = false;
    StageBuilder builder(*this, number, *draft);
    for (const Instruction& instruction : described.instructions) REQUIRE(builder.run(instruction));
    finished[number] = draft;
    return draft;
}

static Variables platform_arguments() {
    const std::string architecture = planes::containers::host_platform().architecture;
    Variables out;
    for (const char* side : {"TARGET", "BUILD"}) {
        out[side + std::string("OS")] = "linux";
        out[side + std::string("ARCH")] = architecture;
        out[side + std::string("PLATFORM")] = "linux/" + architecture;
    }
    return out;
}

static Status read_globals(Build& build) {
    build.global_arguments = platform_arguments();
    for (const Instruction& instruction : build.dockerfile.arguments) {
        const auto [name, fallback] = split_once(instruction.text, '=');
        const auto given = build.options.arguments.find(std::string(name));
        TRY(build.global_arguments[std::string(name)], expand(fallback, build.global_arguments));
        if (given != build.options.arguments.end())
            build.global_arguments[std::string(name)] = given->second;
    }
    return ok();
}

// ---- Building

static Result<std::string> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file || !fs::is_regular_file(path))
        return fail("FileUnreadable", path + " cannot be read. Name the Dockerfile with -f.", 400);
    return text.str();
}

static Result<std::string> write_image(Cache& cache, const Draft& draft, const std::string& name,
                                       int64_t& bytes) {
    const std::string config = draft.config().dump();
    TRY(const std::string config_digest, cache.add_text(config));
    Json layers = Json::array();
    for (const LayerBlob& layer : draft.layers) {
        bytes += layer.bytes;
        layers.push(Json::object(
            {{"mediaType", layer.media_type}, {"digest", layer.digest}, {"size", layer.bytes}}));
    }
    const Json manifest = Json::object({{"schemaVersion", 2},
                                        {"mediaType", manifest_media_type},
                                        {"config", Json::object({{"mediaType", config_media_type},
                                                                 {"digest", config_digest},
                                                                 {"size", config.size()}})},
                                        {"layers", layers}});
    const std::string text = manifest.dump();
    TRY(const std::string digest, cache.add_text(text));
    if (!name.empty())
        REQUIRE(cache.set_name(full_name(name), digest, static_cast<int64_t>(text.size())));
    return digest;
}

std::string full_name(const std::string& name) {
    const size_t slash = name.rfind('/');
    const bool tagged = name.find(':', slash == std::string::npos ? 0 : slash) != std::string::npos;
    return tagged ? name : name + ":latest";
}

Result<Built> build(const BuildOptions& options, const Progress& progress) {
    if (!fs::is_directory(options.context))
        return fail("FileUnreadable", "There is no folder " + options.context + " to build from.",
                    400);
    const std::string path =
        options.dockerfile.empty() ? options.context + "/Dockerfile" : options.dockerfile;
    TRY(const std::string text, read_file(path));
    TRY(Dockerfile dockerfile, parse_dockerfile(text));
    TRY(Cache cache, Cache::open(options.cache_folder));
    Build build{.options = options,
                .progress = progress,
                .cache = cache,
                .dockerfile = std::move(dockerfile),
                .global_arguments = {},
                .ignored = {},
                .entries = {},
                .finished = {}};
    for (const std::string& ignore : {path + ".dockerignore", options.context + "/.dockerignore"})
        if (const auto rules = read_file(ignore)) {
            build.ignored = IgnoreRules(*rules);
            break;
        }
    REQUIRE(read_globals(build));
    size_t last = build.dockerfile.stages.size() - 1;
    if (!options.target.empty()) {
        const auto& stages = build.dockerfile.stages;
        const auto found = std::ranges::find(stages, to_lower(options.target), &Stage::name);
        if (found == stages.end())
            return fail("InvalidDockerfile", "The Dockerfile has no stage " + options.target + ".",
                        400);
        last = static_cast<size_t>(found - stages.begin());
    }
    TRY(const auto draft, build.stage(last));
    Built out{.digest = "", .cache_folder = options.cache_folder};
    TRY(out.digest, write_image(cache, *draft, options.name, out.bytes));
    out.steps = build.steps;
    out.cached_steps = build.cached_steps;
    cache.clear_work();
    return out;
}

std::vector<NamedImage> list(const std::string& cache_folder) {
    const auto cache = Cache::open(cache_folder);
    return cache ? cache->names() : std::vector<NamedImage>();
}

}  // namespace unkai::images
