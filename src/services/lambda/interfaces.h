// Network interfaces of functions in VPCs: one for each subnet and set of security groups, shared
// by all functions that name them, as AWS's Hyperplane interfaces are.
//
// Made by EC2 as the service Lambda, and kept in a record until no function names it any more.
// A function with several subnets stands in its first.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
#pragma once

#include "aws/client.h"
#include "rt/env.h"
#include "services/lambda/function_networks.h"
#include "services/lambda/names.h"
#include "services/lambda/schema.h"

namespace unkai::services::lambda {

class Interfaces {
public:
    Interfaces(Env& env, store::Store& store, aws::Client& client, FunctionNetworks& networks)
        : env_(env), store_(store), client_(client), networks_(networks) {}

    // What the API describes. Errors: InvalidParameterValueException with EC2's code and message.
    unkai::Task<Result<model::VpcConfigResponse>> check(Place place, model::VpcConfig wanted);
    // Where that function's environments stand; waits until it is there.
    unkai::Task<Result<planes::functions::FunctionNetwork>> network(
        Place place, std::optional<model::VpcConfigResponse> vpc);
    // Deletes interfaces that no version names. Their environments were retired before.
    unkai::Task<void> sweep();

private:
    unkai::Task<Result<std::string>> ensure(Place place, model::VpcConfigResponse vpc);

    Env& env_;
    store::Store& store_;
    aws::Client& client_;
    FunctionNetworks& networks_;
};

}  // namespace unkai::services::lambda
