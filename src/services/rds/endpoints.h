// The host names of clusters and instances. Pure.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Overview.Endpoints.html
#pragma once

#include <string>

#include "services/rds/schema.h"

namespace unkai::services::rds {

// The same for everything of an account in a region, as AWS's is: twelve letters and digits.
std::string endpoint_hash(const std::string& account, const std::string& region);

struct Endpoints {
    std::string writer, reader;
};
Endpoints cluster_endpoints(const std::string& account, const std::string& region,
                            const Cluster& cluster);
std::string instance_endpoint(const std::string& account, const std::string& region,
                              const Instance& instance);
// The hosted zone of the region's database names.
inline constexpr const char* hosted_zone = "Z2R2ITUGPM61AM";

}  // namespace unkai::services::rds
