#include "planes/containers/oci_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/strings.h"
#include "planes/containers/mounts.h"

namespace unkai::planes::containers {

Status make_folder(const std::string& path, unsigned mode, uint32_t owner) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (!error && ::chmod(path.c_str(), mode) == 0 && ::chown(path.c_str(), owner, owner) == 0)
        return ok();
    return fail("FileFailed", "Cannot make the folder " + path + ": " +
                                  (error ? error.message() : std::strerror(errno)) + ".");
}

Status write_file(const std::string& path, std::string_view content) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    while (file && !content.empty()) {
        const ssize_t written = ::write(file.get(), content.data(), content.size());
        if (written < 0 && errno != EINTR) break;
        if (written > 0) content.remove_prefix(static_cast<size_t>(written));
    }
    if (file && content.empty()) return ok();
    return fail("FileFailed", "Cannot write " + path + ": " + std::strerror(errno) + ".");
}

std::string read_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string out;
    char buffer[4096];
    ssize_t got = 0;
    while (file && (got = ::read(file.get(), buffer, sizeof buffer)) > 0)
        out.append(buffer, static_cast<size_t>(got));
    return out;
}

Status make_sandbox_files(const SandboxSpec& spec, const std::string& run_folder,
                          const std::string& data_folder, const std::string& cgroup, uint32_t owner,
                          Cgroups& groups) {
    REQUIRE(make_folder(std::filesystem::path(run_folder).parent_path(), 0711));
    REQUIRE(make_folder(run_folder, 0711));
    REQUIRE(make_folder(data_folder + "/volumes", 0711));
    REQUIRE(make_folder(data_folder, 0711));
    for (size_t number = 0; number < spec.volumes.size(); ++number)
        REQUIRE(make_folder(data_folder + "/volumes/" + std::to_string(number), 0755, owner));
    REQUIRE(groups.create(cgroup));
    REQUIRE(groups.limit(cgroup, spec.limits));
    if (spec.network_namespace.empty()) return ok();
    REQUIRE(prepare_network(spec.network_namespace, spec.loopback_addresses));
    REQUIRE(make_folder(run_folder + "/sys", 0755));
    return mount_sysfs(spec.network_namespace, run_folder + "/sys");
}

NetworkStats read_network_stats(const std::string& devices) {
    NetworkStats out;
    const auto counter = [](const std::string& folder, const char* name) {
        return parse_int(trim(read_file(folder + "/statistics/" + name))).value_or(0);
    };
    std::error_code error;
    for (const auto& device : std::filesystem::directory_iterator(devices, error)) {
        if (device.path().filename() == "lo") continue;
        const std::string folder = device.path().string();
        out.received_bytes += counter(folder, "rx_bytes");
        out.sent_bytes += counter(folder, "tx_bytes");
        out.received_packets += counter(folder, "rx_packets");
        out.sent_packets += counter(folder, "tx_packets");
        out.received_errors += counter(folder, "rx_errors");
        out.sent_errors += counter(folder, "tx_errors");
        out.received_dropped += counter(folder, "rx_dropped");
        out.sent_dropped += counter(folder, "tx_dropped");
    }
    return out;
}

}  // namespace unkai::planes::containers
