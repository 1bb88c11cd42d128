// What databases need of the other services and of the machine, in RDS's own words.
// ClientSurroundings asks them through aws::Client; tests bring their own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "planes/mysql/plane.h"
#include "rt/loop.h"

namespace unkai::services::rds {

struct Place {
    std::string account, region;
};

struct SubnetInfo {
    std::string id, zone, vpc;
};

struct InterfaceInfo {
    std::string id, address;
};

class Surroundings {
public:
    virtual ~Surroundings() = default;

    // Error InvalidSubnet when one is not there.
    virtual Task<Result<std::vector<SubnetInfo>>> subnets(Place place,
                                                          std::vector<std::string> ids) = 0;
    // The default VPC's, for clusters without a subnet group.
    virtual Task<Result<std::vector<SubnetInfo>>> default_subnets(Place place) = 0;
    // The VPC's default group when `ids` is empty. Error InvalidVPCNetworkStateFault when one is
    // not there.
    virtual Task<Result<std::vector<std::string>>> security_groups(
        Place place, std::string vpc, std::vector<std::string> ids) = 0;
    // The same token gives the same interface: a second attempt after a crash makes no other.
    virtual Task<Result<InterfaceInfo>> create_interface(Place place, std::string subnet,
                                                         std::vector<std::string> security_groups,
                                                         std::string description,
                                                         std::string token) = 0;
    virtual Task<Status> set_security_groups(Place place, std::string interface,
                                             std::vector<std::string> security_groups) = 0;
    virtual Task<Status> delete_interface(Place place,
                                          std::string interface) = 0;  // Absent is fine.
    // The path of the interface's network namespace, once it is in place.
    virtual Task<Result<std::string>> network_ready(std::string interface, Steady deadline) = 0;

    // A new secret with the master user's login; its ARN.
    virtual Task<Result<std::string>> create_secret(Place place, std::string name, std::string text,
                                                    std::string key) = 0;
    virtual Task<Status> update_secret(Place place, std::string arn, std::string text) = 0;
    virtual Task<Status> delete_secret(Place place, std::string arn) = 0;  // Absent is fine.

    // A certificate for these names by the installation's own authority; none: no TLS.
    virtual Task<Result<std::optional<planes::mysql::Certificate>>> certificate(
        std::vector<std::string> names) = 0;
};

}  // namespace unkai::services::rds
