// What the gateway asks of AWS's services: functions of Lambda, signatures by IAM's keys, policies,
// names of public DNS, lines for CloudWatch Logs, metrics for CloudWatch.
//
//     GatewayBackend backend(around);
//     background.spawn(backend.ship(gateway, stop));     // logs every 200 ms, metrics every 10 s
//
// Log lines wait in memory, at most `most_lines`; what is more is dropped and said once.
// Metrics:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/
//     api-gateway-metrics-and-dimensions.html
#pragma once

#include "part.h"
#include "planes/gateway/gateway.h"

namespace unkai {

class GatewayBackend final : public planes::gateway::Backend {
public:
    explicit GatewayBackend(const Surroundings& around)
        : env_(around.env),
          client_(around.client),
          credentials_(around.credentials),
          names_(around.public_names) {}

    Task<Result<planes::gateway::Invoked>> invoke(planes::gateway::Invocation invocation) override;
    Result<planes::gateway::Identity> authenticate(const planes::gateway::Incoming& request,
                                                   const std::string& region) override;
    planes::gateway::Decision evaluate(const planes::gateway::PolicyQuestion& question) override;
    std::vector<std::string> resolve(const std::string& host) override;
    void log(const std::string& group_arn, const planes::gateway::Api& api,
             const std::string& stage, std::string line, Time when) override;
    Task<Result<std::string>> document(const planes::gateway::Api& api,
                                       const std::string& stage) override;

    Task<void> ship(planes::gateway::Gateway& gateway, Stop& stop);

private:
    struct Lines {
        std::string account, region, group, stream;
        std::vector<std::pair<Time, std::string>> lines;
        bool known = false;  // The stream was made.
    };
    Task<void> ship_lines();
    Task<void> ship_metrics(planes::gateway::Meters meters);

    static constexpr size_t most_lines = 100000;
    Env& env_;
    aws::Client& client_;
    const aws::Credentials& credentials_;
    const OriginNames& names_;
    std::map<std::string, Lines> logs_;  // By group and stream.
    size_t waiting_ = 0;
    bool dropping_ = false;
};

}  // namespace unkai
