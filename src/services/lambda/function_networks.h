// Where functions stand in the network. Implemented by the composition root over planes/network.
#pragma once

#include "planes/functions/functions.h"
#include "rt/task.h"

namespace unkai::services::lambda {

class FunctionNetworks {
public:
    virtual ~FunctionNetworks() = default;
    // Of functions without a VPC: one of Lambda's own, from which the internet is reached.
    virtual Result<planes::functions::FunctionNetwork> outside() = 0;
    // Waits until the interface is in place on the machine.
    virtual unkai::Task<Result<planes::functions::FunctionNetwork>> inside(std::string interface,
                                                                           Steady deadline) = 0;
};

}  // namespace unkai::services::lambda
