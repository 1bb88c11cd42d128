// What we put into a container's own writable layer before it starts: name resolution, host names,
// the local CA among the trusted ones; and what we read from it: its users.
//
// All through the container's eyes (beneath.h): links in a hostile image lead nowhere else.
// Blocking; call on Workers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "planes/containers/plane.h"

namespace unkai::planes::containers {

// The contents of /etc/hosts and /etc/resolv.conf. Pure.
std::string hosts_file(const SandboxSpec& sandbox);
std::string resolver_file(const SandboxSpec& sandbox);

struct RootfsResult {
    UserIds user;
    // SSL_CERT_FILE, NODE_EXTRA_CA_CERTS and AWS_CA_BUNDLE, for programs that do not look at the
    // system's bundle. To be set where neither image nor user sets them.
    Environment trust;
};

// `root` is the mounted root file system; `first_id` owns what is written (0: root).
// The CA is appended to every bundle of CA certificates that the image has, and lies by itself in
// /etc/ssl/certs/unkai-ca.pem. An image without a bundle gets none: there SSL_CERT_FILE stays
// unset.
Result<RootfsResult> prepare_rootfs(const std::string& root, const SandboxSpec& sandbox,
                                    const ContainerSpec& container, uint32_t first_id);

}  // namespace unkai::planes::containers
