#include "images/run_step.h"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/strings.h"
#include "planes/containers/beneath.h"
#include "planes/containers/mounts.h"
#include "planes/containers/runtime.h"
#include "rt/process.h"

namespace unkai::images {

namespace fs = std::filesystem;
namespace containers = planes::containers;

namespace {

constexpr const char* build_folder = "/run/unkai-build";  // In the container.
constexpr Duration longest_run = std::chrono::hours(1);
constexpr size_t shown_output = 4000;

constexpr const char* passed_variables[] = {
    "HTTP_PROXY",          "HTTPS_PROXY",         "NO_PROXY",
    "http_proxy",          "https_proxy",         "no_proxy",
    "NPM_CONFIG_REGISTRY", "npm_config_registry", "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST"};
constexpr const char* certificate_variables[] = {
    "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE",  "PIP_CERT",
    "REQUESTS_CA_BUNDLE",  "CURL_CA_BUNDLE", "NPM_CONFIG_CAFILE"};

Unexpected failed(const std::string& what) {
    return fail("RunFailed", what + ": " + std::strerror(errno) + ".");
}

Status make_folder(const std::string& path, unsigned mode, uint32_t owner) {
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return failed("Cannot make " + path);
    ::chmod(path.c_str(), mode);
    if (::chown(path.c_str(), owner, owner) != 0) return failed("Cannot give away " + path);
    return ok();
}

// The settings of this machine that a build needs, copied where the container may read them.
Status add_settings(const std::string& folder, uint32_t first_id, const std::string& npm_cache,
                    containers::RuntimeSpec& spec) {
    REQUIRE(make_folder(folder, 0755, first_id));
    auto& environment = spec.process.environment;
    const auto give = [&](const char* variable, const std::string& source,
                          const std::string& name) -> Status {
        std::error_code error;
        fs::copy_file(source, folder + "/" + name, fs::copy_options::overwrite_existing, error);
        if (error) return ok();  // A setting that names a missing file does not count.
        ::chmod((folder + "/" + name).c_str(), 0644);
        environment.emplace_back(variable, std::string(build_folder) + "/settings/" + name);
        return ok();
    };
    for (const char* name : passed_variables)
        if (const char* value = std::getenv(name)) environment.emplace_back(name, value);
    for (const char* name : certificate_variables)
        if (const char* value = std::getenv(name)) REQUIRE(give(name, value, name));
    if (const char* home = std::getenv("HOME")) {
        REQUIRE(give("NPM_CONFIG_USERCONFIG", std::string(home) + "/.npmrc", "npmrc"));
        REQUIRE(give("PIP_CONFIG_FILE", std::string(home) + "/.config/pip/pip.conf", "pip.conf"));
    }
    REQUIRE(make_folder(npm_cache, 0777, first_id));
    environment.emplace_back("npm_config_cache", std::string(build_folder) + "/npm");
    environment.emplace_back("PIP_NO_CACHE_DIR", "1");
    environment.emplace_back("npm_config_update_notifier", "false");
    spec.binds.push_back({folder, std::string(build_folder) + "/settings", true});
    spec.binds.push_back({npm_cache, std::string(build_folder) + "/npm", false});
    for (const char* path : {"/etc/resolv.conf", "/etc/hosts"}) {
        std::error_code error;
        const std::string real = fs::canonical(path, error).string();
        if (!error) spec.binds.push_back({real, path, true});
    }
    return ok();
}

struct Scene {
    std::string folder, root, upper;
    containers::OciRuntime runtime;
    std::string cgroup;
};

Status mount_layers(Cache& cache, const RunRequest& request, const Scene& scene) {
    const uint32_t first_id = scene.runtime.first_id();
    std::vector<std::string> folders;
    for (const LayerBlob& layer : request.layers) {
        TRY(std::string folder, cache.unpacked(layer, first_id));
        folders.push_back(std::move(folder));
    }
    const std::string empty = scene.folder + "/empty";
    REQUIRE(make_folder(empty, 0755, first_id));
    if (folders.empty()) folders.push_back(empty);
    for (const std::string& path : {scene.root, scene.upper, scene.folder + "/scratch"})
        REQUIRE(make_folder(path, 0755, first_id));
    return containers::mount_overlay(folders, scene.upper, scene.folder + "/scratch", scene.root);
}

Result<containers::RuntimeSpec> make_spec(Cache& cache, const RunRequest& request,
                                          const Scene& scene) {
    containers::RuntimeSpec spec;
    TRY(const Fd root, containers::open_folder(scene.root));
    const auto text = [&](const char* path) {
        return containers::read_beneath(root.get(), path, 1 << 20).value_or("");
    };
    TRY(spec.process.user,
        containers::find_user(request.user, text("etc/passwd"), text("etc/group")));
    spec.process.arguments = request.arguments;
    spec.process.environment = request.environment;
    spec.process.working_directory = request.working_directory;
    spec.root = scene.root;
    spec.hostname = "build";
    spec.cgroup = scene.cgroup + "/run";
    const uint32_t first_id = scene.runtime.first_id();
    if (scene.runtime.user_namespaces) spec.first_id = first_id;
    spec.sysfs = scene.folder + "/sys";
    REQUIRE(make_folder(spec.sysfs, 0755, 0));
    REQUIRE(containers::mount_sysfs("/proc/thread-self/ns/net", spec.sysfs));
    REQUIRE(add_settings(scene.folder + "/settings", first_id,
                         cache.folder() + "/npm/" + std::to_string(first_id), spec));
    for (const auto& [name, value] :
         {std::pair{"HOME", spec.process.user.home}, {"HOSTNAME", std::string("build")}}) {
        const bool set = std::ranges::any_of(spec.process.environment,
                                             [&](const auto& one) { return one.first == name; });
        if (!set) spec.process.environment.emplace_back(name, value);
    }
    return spec;
}

Status run_container(const containers::RuntimeSpec& spec, const Scene& scene) {
    std::ofstream(scene.folder + "/config.json") << containers::oci_config(spec);
    auto command = scene.runtime.command(scene.folder + "/log");
    for (const std::string& word :
         {std::string("run"), std::string("--bundle"), scene.folder, std::string("build")})
        command.push_back(word);
    Loop loop;
    SpawnOptions options{.argv = std::move(command), .die_with_parent = true};
    TRY(const Output output,
        loop.run_until_done(run(loop, std::move(options), loop.steady() + longest_run)));
    if (output.exit.ok()) return ok();
    std::string shown = output.output + output.error;
    if (shown.size() > shown_output) shown = "…" + shown.substr(shown.size() - shown_output);
    std::ifstream log(scene.folder + "/log");
    const std::string text{std::istreambuf_iterator<char>(log), std::istreambuf_iterator<char>()};
    const std::string reason = containers::last_runtime_error(text);
    return fail("RunFailed", "The command ended with " + output.exit.text() + ".\n" + shown +
                                 (shown.empty() || !reason.empty() ? reason : ""));
}

Result<Tree> run_in(Cache& cache, const RunRequest& request, const Scene& scene) {
    REQUIRE(mount_layers(cache, request, scene));
    TRY(const containers::RuntimeSpec spec, make_spec(cache, request, scene));
    REQUIRE(run_container(spec, scene));
    REQUIRE(containers::unmount(scene.root));
    TRY(Tree tree, changes_in(scene.upper, scene.runtime.first_id()));
    std::erase_if(tree,
                  [](const auto& one) { return ("/" + one.first).starts_with(build_folder); });
    return tree;
}

}  // namespace

Result<Tree> changes_in(const std::string& upper, uint32_t first_id) {
    Tree tree;
    std::error_code error;
    fs::recursive_directory_iterator walk(upper, error), end;
    for (; !error && walk != end; walk.increment(error)) {
        const std::string source = walk->path().string();
        const std::string path = walk->path().lexically_relative(upper).string();
        struct stat status;
        if (::lstat(source.c_str(), &status) != 0) return failed("Cannot read " + source);
        if (S_ISCHR(status.st_mode) && status.st_rdev == 0) {
            const fs::path gone(path);
            add_text(tree, (gone.parent_path() / (".wh." + gone.filename().string())).string(), "");
            continue;
        }
        Entry entry{.mode = status.st_mode & 07777u,
                    .user = status.st_uid - first_id,
                    .group = status.st_gid - first_id,
                    .source = "",
                    .content = ""};
        if (S_ISDIR(status.st_mode)) {
            entry.kind = Entry::Kind::folder;
            char value[8];
            if (::lgetxattr(source.c_str(), "trusted.overlay.opaque", value, sizeof value) == 1 &&
                value[0] == 'y')
                add_text(tree, path + "/.wh..wh..opq", "");
        } else if (S_ISLNK(status.st_mode)) {
            entry.kind = Entry::Kind::link;
            entry.content = fs::read_symlink(walk->path(), error).string();
        } else if (S_ISREG(status.st_mode)) {
            entry.source = source;
        } else {
            continue;  // Sockets, pipes and devices are no part of images.
        }
        tree[path] = std::move(entry);
    }
    if (error) return fail("RunFailed", "Cannot read " + upper + ": " + error.message() + ".");
    return tree;
}

Result<Tree> run_step(Cache& cache, const RunRequest& request) {
    if (::geteuid() != 0)
        return fail("RootNeeded", "RUN makes a container, which needs root. Build with sudo.", 400);
    Scene scene;
    TRY(scene.folder, cache.work_folder());
    scene.root = scene.folder + "/root";
    scene.upper = scene.folder + "/upper";
    scene.cgroup = "/unkai-build-" + std::to_string(::getpid());
    TRY(const auto layout, containers::find_cgroup_layout());
    {
        Loop loop;
        const std::unique_ptr<Random> random = system_random();
        Workers workers(1);
        Env env{loop, *random, workers};
        TRY(scene.runtime, loop.run_until_done(
                               containers::probe_runtime(env, scene.folder, scene.cgroup, layout)));
    }
    containers::Cgroups groups(layout);
    REQUIRE(groups.create(scene.cgroup + "/run"));
    auto tree = run_in(cache, request, scene);
    (void)containers::unmount_all_below(scene.folder);
    (void)groups.kill_all(scene.cgroup);
    (void)groups.remove(scene.cgroup);
    return tree;
}

}  // namespace unkai::images
