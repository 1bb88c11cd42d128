#include "services/rds/endpoints.h"

namespace unkai::services::rds {

std::string endpoint_hash(const std::string& account, const std::string& region) {
    uint64_t value = 1469598103934665603ULL;  // FNV-1a
    for (const char c : account + "/" + region)
        value = (value ^ static_cast<uint8_t>(c)) * 1099511628211ULL;
    std::string out = "c";
    for (int i = 0; i < 11; ++i, value /= 36)
        out += "abcdefghijklmnopqrstuvwxyz0123456789"[value % 36];
    return out;
}

static std::string suffix(const std::string& account, const std::string& region) {
    return endpoint_hash(account, region) + "." + region + ".rds.amazonaws.com";
}

Endpoints cluster_endpoints(const std::string& account, const std::string& region,
                            const Cluster& cluster) {
    const std::string end = suffix(account, region);
    return {cluster.id + ".cluster-" + end, cluster.id + ".cluster-ro-" + end};
}

std::string instance_endpoint(const std::string& account, const std::string& region,
                              const Instance& instance) {
    return instance.id + "." + suffix(account, region);
}

}  // namespace unkai::services::rds
