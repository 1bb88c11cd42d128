// A load balancer's network interfaces, at EC2, in the name of elasticloadbalancing.amazonaws.com.
#pragma once

#include "aws/client.h"
#include "services/elbv2/schema.h"

namespace unkai::services::elbv2 {

// What a load balancer wants of one zone.
struct ZoneWish {
    std::string subnet;
    std::string private_ip;  // Empty: any.
    std::string zone;        // Filled by check_subnets.
};

struct Placement {
    std::string vpc;
    std::vector<ZoneWish> zones;
    std::vector<std::string> security_groups;
};

class Interfaces {
public:
    explicit Interfaces(aws::Client& client) : client_(client) {}

    // Subnets exist, lie in one VPC and in different zones; security groups exist there (none: the
    // VPC's default one). Errors: SubnetNotFound, InvalidSubnet, InvalidSecurityGroup,
    // ValidationError, InvalidConfigurationRequest.
    Task<Result<Placement>> check(aws::Caller caller, std::vector<ZoneWish> wishes,
                                  std::vector<std::string> security_groups, bool internet_facing);
    // All of them, or none.
    Task<Result<std::vector<ZoneRecord>>> make(aws::Caller service, Placement placement,
                                               std::string description, bool internet_facing);
    Task<Status> set_groups(aws::Caller service, std::string interface,
                            std::vector<std::string> groups);
    // What make() left when a crash cut it off: interfaces that bear this description and are not
    // in `used`, and public addresses that were taken for one and have none yet.
    Task<Status> take_back(aws::Caller service, std::string description,
                           std::set<std::string> used);
    // One that is gone already is well.
    Task<Status> remove(aws::Caller service, std::string interface);

private:
    Task<Result<ZoneRecord>> make_one(aws::Caller service, ZoneWish wish,
                                      std::vector<std::string> groups, std::string description,
                                      bool internet_facing);
    aws::Client& client_;
};

aws::Caller load_balancing(const std::string& account, const std::string& region);

}  // namespace unkai::services::elbv2
