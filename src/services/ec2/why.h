// `unkai why SOURCE DESTINATION:PORT`: which rule or route lets a connection through, or stops it.
//
// Source and destination may be an interface's id, a private or public address, "internet", or a
// word that an interface's description, tags or owner's name holds (a task's id, a load balancer's
// name, the host name of an endpoint). Answers from what the network has, not from what the records
// say.
#pragma once

#include "planes/network/network.h"
#include "store/store.h"

namespace unkai::services::ec2 {

struct WhyQuestion {
    std::string account;
    std::string region;
    std::string source;
    std::string
        destination;  // With its port: "db:3306", "10.0.1.5:53/udp"; "NAME/icmp" for a ping.
};

struct WhyAnswer {
    std::string source;       // "eni-… (10.0.1.5, ecs task 0a1b)" or "the internet"
    std::string destination;  // With port and protocol.
    planes::network::Explanation explanation;
};

// Errors: InvalidParameterValue (no port), NotFound with a list of what there is.
Result<WhyAnswer> why(store::Txn& txn, const planes::network::Network& network,
                      const WhyQuestion& question);

}  // namespace unkai::services::ec2
