// Surroundings of the program: ec2 and secretsmanager through the in-process client, the network
// plane, the installation's certificate authority.
#pragma once

#include "aws/client.h"
#include "net/certificate.h"
#include "planes/network/network.h"
#include "services/rds/surroundings.h"

namespace unkai::services::rds {

class ClientSurroundings final : public Surroundings {
public:
    // All outlive this. Without an authority the servers have no TLS.
    ClientSurroundings(Env& env, aws::Client& client, planes::network::Network& network,
                       const net::Authority* authority)
        : env_(env), client_(client), network_(network), authority_(authority) {}

    Task<Result<std::vector<SubnetInfo>>> subnets(Place place,
                                                  std::vector<std::string> ids) override;
    Task<Result<std::vector<SubnetInfo>>> default_subnets(Place place) override;
    Task<Result<std::vector<std::string>>> security_groups(Place place, std::string vpc,
                                                           std::vector<std::string> ids) override;
    Task<Result<InterfaceInfo>> create_interface(Place place, std::string subnet,
                                                 std::vector<std::string> security_groups,
                                                 std::string description,
                                                 std::string token) override;
    Task<Status> set_security_groups(Place place, std::string interface,
                                     std::vector<std::string> security_groups) override;
    Task<Status> delete_interface(Place place, std::string interface) override;
    Task<Result<std::string>> network_ready(std::string interface, Steady deadline) override;
    Task<Result<std::string>> create_secret(Place place, std::string name, std::string text,
                                            std::string key) override;
    Task<Status> update_secret(Place place, std::string arn, std::string text) override;
    Task<Status> delete_secret(Place place, std::string arn) override;
    Task<Result<std::optional<planes::mysql::Certificate>>> certificate(
        std::vector<std::string> names) override;

private:
    Env& env_;
    aws::Client& client_;
    planes::network::Network& network_;
    const net::Authority* authority_;
};

}  // namespace unkai::services::rds
