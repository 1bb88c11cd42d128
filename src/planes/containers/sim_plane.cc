#include "planes/containers/sim_plane.h"

namespace unkai::planes::containers {

namespace {

Unexpected missing(std::string_view kind, std::string_view name) {
    return fail("NoSuch" + std::string(kind), "There is no '" + std::string(name) + "'.", 404);
}

}  // namespace

std::shared_ptr<SimPlane::Container> SimPlane::find(std::string_view sandbox,
                                                    std::string_view container) const {
    const auto inside = sandboxes_.find(sandbox);
    if (inside == sandboxes_.end()) return nullptr;
    const auto found = inside->second.containers.find(container);
    return found == inside->second.containers.end() ? nullptr : found->second;
}

const ContainerSpec* SimPlane::spec(const std::string& sandbox,
                                    const std::string& container) const {
    const auto found = find(sandbox, container);
    return found ? &found->spec : nullptr;
}

const SandboxSpec* SimPlane::spec(const std::string& sandbox) const {
    const auto found = sandboxes_.find(sandbox);
    return found == sandboxes_.end() ? nullptr : &found->second.spec;
}

SimImage SimPlane::image_of(const ContainerSpec& spec) const {
    const auto found = images.find(spec.image.manifest_digest);
    return found == images.end() ? SimImage{} : found->second;
}

void SimPlane::end(Container& container, int code) {
    if (container.status.exit) return;
    container.status.state = ContainerState::stopped;
    container.status.exit = ContainerExit{code, false, env_.now()};
    container.life.request();
    container.ended.notify_all();
}

bool SimPlane::kill(const std::string& sandbox, const std::string& container, int code) {
    const auto found = find(sandbox, container);
    if (!found || found->status.exit) return false;
    end(*found, code);
    return true;
}

void SimPlane::forget() {
    for (auto& [id, sandbox] : std::exchange(sandboxes_, {}))
        for (auto& [name, container] : sandbox.containers) end(*container, 137);
}

Task<void> SimPlane::close() {
    forget();
    co_await scope_.join();
}

// Here a reference stands for its digest.
Task<Result<Image>> SimPlane::pull(std::shared_ptr<ImageSource>, std::string reference) {
    const auto found = images.find(reference);
    const SimImage image = found == images.end() ? SimImage{} : found->second;
    co_await env_.loop.sleep(image.pull_time);
    if (image.missing) co_return fail("ImageNotFound", reference + ": not found", 404);
    co_return Image{.manifest_digest = reference};
}

Task<Status> SimPlane::create_sandbox(SandboxSpec spec) {
    if (sandboxes_.contains(spec.id)) co_return fail("SandboxExists", "It is there already.", 409);
    const std::string id = spec.id;
    sandboxes_[id].spec = std::move(spec);
    co_return ok();
}

Task<Status> SimPlane::remove_sandbox(std::string sandbox) {
    const auto found = sandboxes_.find(sandbox);
    if (found == sandboxes_.end()) co_return ok();
    const auto containers = found->second.containers;
    sandboxes_.erase(found);
    for (const auto& [name, container] : containers) end(*container, 137);
    co_return ok();
}

Task<Status> SimPlane::create(std::string sandbox, ContainerSpec spec) {
    const auto found = sandboxes_.find(sandbox);
    if (found == sandboxes_.end()) co_return missing("Sandbox", sandbox);
    const auto container = std::make_shared<Container>();
    container->status.created_at = env_.now();
    container->spec = std::move(spec);
    found->second.containers[container->spec.name] = container;
    co_return ok();
}

Task<void> SimPlane::live(std::shared_ptr<Container> container, Duration time, int code) {
    if (co_await env_.loop.sleep(time, &container->life)) end(*container, code);
}

Task<Status> SimPlane::start(std::string sandbox, std::string name) {
    const auto container = find(sandbox, name);
    if (!container) co_return missing("Container", name);
    if (container->status.exit) co_return fail("InvalidState", "It has ended.", 409);
    container->status.state = ContainerState::running;
    container->status.started_at = env_.now();
    const SimImage image = image_of(container->spec);
    if (image.exits_after) scope_.spawn(live(container, *image.exits_after, image.exit_code));
    co_return ok();
}

Task<Result<ContainerExit>> SimPlane::wait(std::string sandbox, std::string name) {
    const auto container = find(sandbox, name);
    if (!container) co_return missing("Container", name);
    while (!container->status.exit) co_await container->ended.wait(env_.loop);
    co_return *container->status.exit;
}

Task<Result<ContainerExit>> SimPlane::stop(std::string sandbox, std::string name, Duration grace) {
    const auto container = find(sandbox, name);
    if (!container) co_return missing("Container", name);
    const Duration time = image_of(container->spec).stop_time;
    if (!container->status.exit) {
        co_await env_.loop.sleep(std::min(time, grace), &container->life);
        end(*container, time <= grace ? 143 : 137);
    }
    co_return *container->status.exit;
}

Task<Result<ExecResult>> SimPlane::exec(std::string sandbox, std::string name,
                                        std::vector<std::string>, Duration) {
    const auto container = find(sandbox, name);
    if (!container) co_return missing("Container", name);
    if (container->status.exit) co_return fail("InvalidState", "It has ended.", 409);
    co_return ExecResult{.code = image_of(container->spec).healthy ? 0 : 1};
}

Result<ContainerStatus> SimPlane::status(std::string_view sandbox,
                                         std::string_view container) const {
    const auto found = find(sandbox, container);
    if (!found) return missing("Container", container);
    return found->status;
}

Task<Result<CgroupStats>> SimPlane::stats(std::string sandbox, std::string name) {
    if (!find(sandbox, name)) co_return missing("Container", name);
    co_return CgroupStats{};
}

Task<Result<NetworkStats>> SimPlane::network_stats(std::string sandbox) {
    if (!sandboxes_.contains(sandbox)) co_return missing("Sandbox", sandbox);
    co_return NetworkStats{};
}

std::vector<std::string> SimPlane::sandboxes() const {
    std::vector<std::string> out;
    for (const auto& [id, sandbox] : sandboxes_) out.push_back(id);
    return out;
}

}  // namespace unkai::planes::containers
