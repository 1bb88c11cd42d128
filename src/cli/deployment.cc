#include "cli/deployment.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include "cli/package.h"

namespace unkai::cli {

namespace fs = std::filesystem;
using wire::Json;

namespace {

template <class T>
bool is_ready(const std::future<T>& future) {
    return future.valid() && future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

}  // namespace

std::string memory_folder(const Installation& installation, const std::string& stack) {
    return installation.data_dir + "/up/" + stack;
}

std::optional<Manifest> remembered_manifest(const Installation& installation,
                                            const std::string& stack) {
    const auto path = read_text_file(memory_folder(installation, stack) + "/manifest");
    if (!path) return std::nullopt;
    const auto manifests = load_manifests(*path);
    if (!manifests) return std::nullopt;
    for (const Manifest& manifest : *manifests)
        if (manifests->size() == 1 || manifest.stack == stack) return manifest;
    return std::nullopt;
}

Deployment::Deployment(const Installation& installation, Control& control, Progress& progress,
                       Manifest manifest, DeploymentOptions options)
    : installation_(installation),
      control_(control),
      progress_(progress),
      manifest_(std::move(manifest)),
      options_(options),
      memory_(memory_folder(installation, manifest_.stack)) {
    for (const ImageStep& step : manifest_.images) images_.emplace_back().step = step;
    for (const SiteStep& step : manifest_.sites) sites_.emplace_back().step = step;
}

// Threads that still run are waited for: they work for this object.
Deployment::~Deployment() = default;

Status Deployment::run() {
    remember();
    begin_sites();
    REQUIRE(upload_packages());
    REQUIRE(build_images());
    REQUIRE(bring_to_rest());
    REQUIRE(deploy());
    TRY(const auto ready, resources_of(control_, state_.id));
    REQUIRE(advance_jobs(ready));
    REQUIRE(finish_jobs());
    REQUIRE(invalidate(ready));
    return run_checks();
}

// `unkai down NAME` finds the folder again.
void Deployment::remember() const {
    std::error_code error;
    fs::create_directories(memory_, error);
    std::ofstream(memory_ + "/manifest")
        << (manifest_.is_lone() && !options_.one_of_several ? manifest_.template_file
                                                            : manifest_.folder);
}

// ---- Packages

Status Deployment::upload_packages() {
    for (const PackageStep& step : manifest_.packages) REQUIRE(upload_package(step));
    return ok();
}

Status Deployment::upload_package(const PackageStep& step) {
    const std::string line = "package " + step.site.name;
    const std::string& owner = step.bucket_stack.empty() ? manifest_.stack : step.bucket_stack;
    TRY(const auto stack, find_stack(control_, owner));
    std::map<std::string, std::string> resources;
    if (stack) {
        TRY(resources, resources_of(control_, stack->id));
    }
    const auto bucket = resources.find(step.site.bucket);
    if (bucket == resources.end())
        return fail("BucketNotThere",
                    "The package " + step.site.name + " goes into " + step.site.bucket +
                        " of the stack " + owner +
                        ", which is not there. Put the bucket into a stack that the manifest "
                        "lists before this one.");
    progress_.begin(line, "building");
    auto making = std::async(std::launch::async, [&step] { return make_package(step); });
    while (making.wait_for(between_polls) != std::future_status::ready) progress_.tick();
    auto package = making.get();
    if (!package) {
        progress_.fail(line, package.error().code);
        return package.error();
    }
    TRY(const bool uploaded,
        upload_once(installation_, bucket->second, package->key, std::move(package->bytes)));
    changed_ = changed_ || uploaded;
    progress_.end(line, (uploaded ? "uploaded as " : "is there as ") + package->key);
    manifest_.parameters[step.key_parameter] = package->key;
    return ok();
}

// ---- Images

Status Deployment::build_images() {
    for (ImageJob& job : images_) REQUIRE(build_image(job));
    return ok();
}

// On a thread of its own, so that the terminal stays alive.
Status Deployment::build_image(ImageJob& job) {
    const std::string name = manifest_.stack + "-" + job.step.name;
    const std::string line = "image " + job.step.name;
    if (!options_.build) {
        for (const images::NamedImage& image : images::list())
            if (image.name == images::full_name(name)) job.digest = image.digest;
        if (job.digest.empty())
            return fail("ImageNotBuilt", "The image " + job.step.name +
                                             " was never built here. Run it without --no-build.");
        job.tag = images::Built{.digest = job.digest, .cache_folder = ""}.content_tag();
        return ok();
    }
    progress_.begin(line, "building");
    images::BuildOptions options;
    options.context = job.step.context;
    options.dockerfile = job.step.dockerfile;
    options.name = name;
    images::Progress told;
    told.step = [this, &line](const images::Step& step) {
        if (!step.cached) progress_.begin(line, "built " + step.text.substr(0, 60));
    };
    auto building =
        std::async(std::launch::async, [&options, &told] { return images::build(options, told); });
    while (building.wait_for(between_polls) != std::future_status::ready) progress_.tick();
    const auto built = building.get();
    if (!built) {
        progress_.fail(line, built.error().code);
        return fail(built.error().code,
                    "Building the image " + job.step.name + ": " + built.error().message);
    }
    job.digest = built->digest;
    job.tag = built->content_tag();
    progress_.end(line, built->steps == built->cached_steps ? "unchanged" : "built");
    return ok();
}

// ---- Sites

void Deployment::begin_sites() {
    for (SiteJob& job : sites_) {
        job.built = !options_.build;
        if (job.built) continue;
        const std::string line = "site " + job.step.name;
        progress_.begin(line, "building");
        job.building = std::async(std::launch::async, [this, line, step = job.step] {
            return build_site(step, [&](std::string why) { progress_.say(line + " " + why); });
        });
    }
}

// ---- Work beside the stack

Status Deployment::advance_jobs(const std::map<std::string, std::string>& ready) {
    for (ImageJob& job : images_) REQUIRE(advance_image(job, ready));
    for (SiteJob& job : sites_) REQUIRE(advance_site(job, ready));
    return ok();
}

Status Deployment::advance_image(ImageJob& job, const std::map<std::string, std::string>& ready) {
    const std::string line = "image " + job.step.name;
    const auto repository = ready.find(job.step.repository);
    if (!job.started && repository != ready.end()) {
        job.started = true;
        progress_.begin(line, "pushing to " + repository->second);
        job.pushing =
            std::async(std::launch::async, [&installation = installation_, digest = job.digest,
                                            name = repository->second, tag = job.tag] {
                Control control(installation);
                return push_image(installation, control, digest, name, tag);
            });
    }
    if (job.done || !is_ready(job.pushing)) return ok();
    job.done = true;
    const auto pushed = job.pushing.get();
    if (!pushed) {
        progress_.fail(line, pushed.error().message);
        return pushed.error();
    }
    changed_ = changed_ || pushed->layers_sent > 0;
    progress_.end(line,
                  pushed->layers_sent > 0 ? "pushed as " + job.tag : "is there as " + job.tag);
    return ok();
}

Status Deployment::advance_site(SiteJob& job, const std::map<std::string, std::string>& ready) {
    const std::string line = "site " + job.step.name;
    if (!job.built && is_ready(job.building)) {
        job.built = true;
        const auto built = job.building.get();
        if (!built) {
            progress_.fail(line, built.error().code);
            return built.error();
        }
        progress_.end(line, *built ? "built" : "unchanged");
    }
    const auto bucket = ready.find(job.step.bucket);
    if (job.built && !job.started && bucket != ready.end()) {
        job.started = true;
        progress_.begin(line, "uploading to " + bucket->second);
        job.syncing =
            std::async(std::launch::async,
                       [&installation = installation_, step = job.step, name = bucket->second,
                        memory = memory_] { return sync_site(installation, step, name, memory); });
    }
    if (job.done || !is_ready(job.syncing)) return ok();
    job.done = true;
    const auto synced = job.syncing.get();
    if (!synced) {
        progress_.fail(line, synced.error().message);
        return synced.error();
    }
    job.synced = *synced;
    changed_ = changed_ || synced->changed();
    progress_.end(line, synced->changed()
                            ? "uploaded " + std::to_string(synced->uploaded) + " files, removed " +
                                  std::to_string(synced->removed)
                            : "is there (" + std::to_string(synced->unchanged) + " files)");
    return ok();
}

bool Deployment::jobs_done() const {
    for (const ImageJob& job : images_)
        if (!job.done) return false;
    for (const SiteJob& job : sites_)
        if (!job.done) return false;
    return true;
}

// After the stack is at rest: what has not begun by then lacks its repository or bucket.
Status Deployment::finish_jobs() {
    TRY(const auto ready, resources_of(control_, state_.id));
    for (const ImageJob& job : images_)
        if (!ready.contains(job.step.repository))
            return fail("InvalidManifest", "The stack has no resource " + job.step.repository +
                                               ", the repository of the image " + job.step.name);
    for (const SiteJob& job : sites_)
        if (!ready.contains(job.step.bucket))
            return fail("InvalidManifest", "The stack has no resource " + job.step.bucket +
                                               ", the bucket of the site " + job.step.name);
    while (!jobs_done()) {
        REQUIRE(advance_jobs(ready));
        progress_.tick();
        if (!jobs_done()) std::this_thread::sleep_for(between_polls);
    }
    return ok();
}

// Pages that a distribution keeps are asked for anew.
Status Deployment::invalidate(const std::map<std::string, std::string>& ready) {
    for (const SiteJob& job : sites_) {
        const auto distribution = ready.find(job.step.distribution);
        if (distribution == ready.end() || !job.synced.changed()) continue;
        const auto stamp = std::chrono::system_clock::now().time_since_epoch().count();
        REQUIRE(control_.call(
            "cloudfront", "CreateInvalidation",
            Json::object(
                {{"DistributionId", distribution->second},
                 {"InvalidationBatch",
                  Json::object({{"CallerReference", "up-" + std::to_string(stamp)},
                                {"Paths", Json::object({{"Quantity", 1},
                                                        {"Items", Json::array({"/*"})}})}})}})));
        progress_.end("site " + job.step.name, "invalidated in " + distribution->second);
    }
    return ok();
}

// ---- Checks

Status Deployment::run_checks() {
    if (!options_.check) return ok();
    TRY(const Json status, control_.ask("status", Json::object()));
    const Entrance entrance = entrance_of(status);
    std::vector<Check> checks;
    for (const CheckStep& step : manifest_.checks) {
        const std::string url = state_.output(step.output);
        if (url.empty())
            return fail("InvalidManifest", "The stack has no output " + step.output +
                                               ", which a check of the manifest names.");
        checks.push_back({url + step.path, step.status});
    }
    if (checks.empty() && options_.check_urls)
        for (const auto& [name, value] : state_.outputs)
            if (value.starts_with("https://") || value.starts_with("http://"))
                checks.push_back({value, 0});
    for (const Check& one : checks) {
        REQUIRE(check(control_, entrance, one, progress_, options_.check_timeout));
        checked_.push_back(one.url);
    }
    return ok();
}

}  // namespace unkai::cli
