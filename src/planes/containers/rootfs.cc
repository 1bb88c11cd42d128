#include "planes/containers/rootfs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/strings.h"
#include "planes/containers/beneath.h"

namespace unkai::planes::containers {

namespace {

constexpr const char* ca_path = "/etc/ssl/certs/unkai-ca.pem";
constexpr size_t most_bundle_bytes = 4 << 20;
constexpr size_t most_users_bytes = 1 << 20;

// Debian and Alpine; Red Hat and Amazon Linux; SUSE; Alpine's and BSD's second name.
constexpr const char* bundle_paths[] = {"/etc/ssl/certs/ca-certificates.crt",
                                        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                        "/etc/pki/tls/certs/ca-bundle.crt",
                                        "/etc/ssl/ca-bundle.pem",
                                        "/etc/ssl/cert.pem",
                                        "/var/lib/ca-certificates/ca-bundle.pem"};

Result<Environment> add_trust(int root, const std::string& certificate, Owner owner) {
    REQUIRE(write_beneath(root, ca_path, certificate, owner));
    Environment out;
    for (const char* path : bundle_paths) {
        const auto bundle = read_beneath(root, path, most_bundle_bytes);
        if (!bundle) continue;
        if (out.empty()) out.emplace_back("SSL_CERT_FILE", path);
        // Two names may be links to one file.
        if (bundle->find(certificate) != std::string::npos) continue;
        const std::string newline = bundle->empty() || bundle->ends_with('\n') ? "" : "\n";
        REQUIRE(write_beneath(root, path, *bundle + newline + certificate, owner));
    }
    if (!out.empty()) out.emplace_back("AWS_CA_BUNDLE", out[0].second);
    out.emplace_back("NODE_EXTRA_CA_CERTS", ca_path);
    return out;
}

}  // namespace

std::string hosts_file(const SandboxSpec& sandbox) {
    std::string out = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";
    for (const auto& [address, names] : sandbox.hosts) out += address + " " + names + "\n";
    return out;
}

std::string resolver_file(const SandboxSpec& sandbox) {
    std::string out;
    if (!sandbox.search_domains.empty())
        out += "search " + join(sandbox.search_domains, " ") + "\n";
    for (const std::string& server : sandbox.name_servers) out += "nameserver " + server + "\n";
    return out;
}

Result<RootfsResult> prepare_rootfs(const std::string& root_path, const SandboxSpec& sandbox,
                                    const ContainerSpec& container, uint32_t first_id) {
    TRY(const Fd root, open_folder(root_path));
    const Owner owner{first_id, first_id};
    RootfsResult out;
    const auto passwd = read_beneath(root.get(), "/etc/passwd", most_users_bytes).value_or("");
    const auto group = read_beneath(root.get(), "/etc/group", most_users_bytes).value_or("");
    const std::string& user = container.user.empty() ? container.image.config.user : container.user;
    TRY(out.user, find_user(user, passwd, group));
    REQUIRE(write_beneath(root.get(), "/etc/hosts", hosts_file(sandbox), owner));
    REQUIRE(write_beneath(root.get(), "/etc/resolv.conf", resolver_file(sandbox), owner));
    REQUIRE(write_beneath(root.get(), "/etc/hostname", sandbox.hostname + "\n", owner));
    if (!container.ca_certificate.empty()) {
        TRY(out.trust, add_trust(root.get(), container.ca_certificate, owner));
    }
    return out;
}

}  // namespace unkai::planes::containers
