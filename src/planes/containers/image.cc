#include "planes/containers/image.h"

#include <openssl/evp.h>
#include <sys/utsname.h>

#include <algorithm>
#include <csignal>

#include "base/strings.h"
#include "wire/json.h"

namespace unkai::planes::containers {

using wire::Json;

namespace {

constexpr std::string_view digest_prefix = "sha256:";

Unexpected bad_image(std::string what) {
    return fail("InvalidImage", "The image cannot be used: " + std::move(what) + ".", 400);
}

bool valid_repository(std::string_view text) {
    if (text.empty() || text.size() > 256) return false;
    for (const std::string_view part : split(text, '/')) {
        if (part.empty() || !std::isalnum(static_cast<unsigned char>(part[0]))) return false;
        for (const char c : part) {
            const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            if (!word && c != '.' && c != '_' && c != '-') return false;
        }
    }
    return true;
}

bool valid_tag(std::string_view text) {
    if (text.empty() || text.size() > 128 || text[0] == '.' || text[0] == '-') return false;
    return std::ranges::all_of(
        text, [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '_' || c == '-'; });
}

Result<Descriptor> descriptor_of(const Json& json) {
    Descriptor out;
    out.media_type = json["mediaType"].string_or("");
    out.digest = json["digest"].string_or("");
    out.size = json["size"].int_or(-1);
    if (!is_digest(out.digest)) return bad_image("a digest in its manifest is not sha256");
    if (out.size < 0) return bad_image("its manifest lacks the size of " + out.digest);
    return out;
}

Result<Manifest> manifest_of(const Json& json) {
    Manifest out;
    TRY(out.config, descriptor_of(json["config"]));
    const Json& layers = json["layers"];
    if (!layers.is_array()) return bad_image("its manifest has no layers");
    if (layers.size() > most_layers)
        return bad_image("it has " + std::to_string(layers.size()) + " layers; the limit is " +
                         std::to_string(most_layers));
    for (const Json& layer : layers.as_array()) {
        TRY(Descriptor one, descriptor_of(layer));
        if (one.media_type.find("foreign") != std::string::npos ||
            one.media_type.find("nondistributable") != std::string::npos)
            return bad_image("layer " + one.digest + " is not part of it");
        out.layers.push_back(std::move(one));
    }
    return out;
}

Result<Descriptor> choose(const Json& manifests, const Platform& platform) {
    std::optional<Descriptor> plain;
    for (const Json& entry : manifests.as_array()) {
        TRY(Descriptor one, descriptor_of(entry));
        const Json& wanted = entry["platform"];
        if (!wanted.is_object()) {
            if (!plain) plain = std::move(one);
            continue;
        }
        if (wanted["os"].string_or("") == platform.os &&
            wanted["architecture"].string_or("") == platform.architecture)
            return one;
    }
    if (plain) return *plain;
    return bad_image("it has no variant for " + platform.os + "/" + platform.architecture);
}

std::vector<std::string> texts(const Json& json) {
    std::vector<std::string> out;
    if (!json.is_array()) return out;
    for (const Json& item : json.as_array())
        if (item.is_string()) out.push_back(item.as_string());
    return out;
}

std::vector<std::string> names(const Json& json) {
    std::vector<std::string> out;
    if (!json.is_object()) return out;
    for (const auto& member : json.as_object()) out.push_back(member.name);
    return out;
}

}  // namespace

bool is_digest(std::string_view text) {
    if (text.size() != digest_prefix.size() + 64 || !text.starts_with(digest_prefix)) return false;
    return std::ranges::all_of(text.substr(digest_prefix.size()), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
}

std::string sha256_digest(std::string_view bytes) {
    unsigned char hash[32];
    unsigned int size = 0;
    CHECK(EVP_Digest(bytes.data(), bytes.size(), hash, &size, EVP_sha256(), nullptr) == 1);
    return std::string(digest_prefix) + hex({reinterpret_cast<char*>(hash), sizeof hash});
}

Result<ImageReference> parse_reference(std::string_view text) {
    ImageReference out;
    std::string_view rest = text;
    if (const size_t at = rest.find('@'); at != std::string_view::npos) {
        out.digest = rest.substr(at + 1);
        rest = rest.substr(0, at);
        if (!is_digest(out.digest)) return bad_image("'" + out.digest + "' is not a sha256 digest");
    }
    if (const size_t slash = rest.find('/'); slash != std::string_view::npos) {
        const std::string_view first = rest.substr(0, slash);
        const bool host = !first.empty() && std::isalnum(static_cast<unsigned char>(first[0]));
        if (host && (first == "localhost" || first.find_first_of(".:") != std::string_view::npos)) {
            out.registry = first;
            rest = rest.substr(slash + 1);
        }
    }
    if (const size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
        out.tag = rest.substr(colon + 1);
        rest = rest.substr(0, colon);
        if (!valid_tag(out.tag)) return bad_image("'" + out.tag + "' is not a tag");
    }
    if (!valid_repository(rest))
        return bad_image("'" + std::string(text) +
                         "' is not a reference (registry/repository:tag)");
    out.repository = rest;
    if (out.tag.empty() && out.digest.empty()) out.tag = "latest";
    return out;
}

Platform host_platform() {
    utsname name{};
    ::uname(&name);
    const std::string_view machine = name.machine;
    if (machine == "x86_64") return {.architecture = "amd64"};
    if (machine == "aarch64") return {.architecture = "arm64"};
    return {.architecture = std::string(machine)};
}

Result<ManifestOrIndex> parse_manifest(std::string_view text, const Platform& platform) {
    if (text.size() > most_manifest_bytes) return bad_image("its manifest is larger than 4 MiB");
    auto parsed = Json::parse(text);
    if (!parsed) return bad_image("its manifest is not JSON");
    const Json& json = *parsed;
    if (!json.is_object()) return bad_image("its manifest is not a JSON object");
    if (json["schemaVersion"].int_or(0) != 2)
        return bad_image("its manifest is not of schema version 2");
    ManifestOrIndex out;
    if (json["manifests"].is_array()) {
        TRY(out.chosen, choose(json["manifests"], platform));
    } else {
        TRY(out.manifest, manifest_of(json));
    }
    return out;
}

Result<ImageConfig> parse_image_config(std::string_view text) {
    if (text.size() > most_manifest_bytes)
        return bad_image("its configuration is larger than 4 MiB");
    auto parsed = Json::parse(text);
    if (!parsed || !parsed->is_object()) return bad_image("its configuration is not a JSON object");
    const Json& config = (*parsed)["config"];
    ImageConfig out;
    out.os = (*parsed)["os"].string_or("");
    out.architecture = (*parsed)["architecture"].string_or("");
    out.entry_point = texts(config["Entrypoint"]);
    out.command = texts(config["Cmd"]);
    out.environment = texts(config["Env"]);
    out.user = config["User"].string_or("");
    out.working_directory = config["WorkingDir"].string_or("");
    out.stop_signal = config["StopSignal"].string_or("");
    out.volumes = names(config["Volumes"]);
    out.exposed_ports = names(config["ExposedPorts"]);
    return out;
}

std::optional<int> signal_number(std::string_view text) {
    static constexpr std::pair<std::string_view, int> known[] = {
        {"HUP", SIGHUP},   {"INT", SIGINT},     {"QUIT", SIGQUIT}, {"ABRT", SIGABRT},
        {"KILL", SIGKILL}, {"USR1", SIGUSR1},   {"USR2", SIGUSR2}, {"TERM", SIGTERM},
        {"ALRM", SIGALRM}, {"WINCH", SIGWINCH}, {"CONT", SIGCONT}, {"STOP", SIGSTOP},
        {"PIPE", SIGPIPE}, {"CHLD", SIGCHLD},   {"PWR", SIGPWR}};
    if (const auto number = parse_uint(text)) {
        if (*number >= 1 && *number <= 64) return static_cast<int>(*number);
        return std::nullopt;
    }
    if (text.starts_with("SIG")) text.remove_prefix(3);
    for (const auto& [name, number] : known)
        if (name == text) return number;
    if (text == "RTMIN") return 34;
    if (text.starts_with("RTMIN+"))
        if (const auto plus = parse_uint(text.substr(6)); plus && *plus <= 30)
            return 34 + static_cast<int>(*plus);
    return std::nullopt;
}

}  // namespace unkai::planes::containers
