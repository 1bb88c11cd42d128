// AWS operations called by name with JSON: what the resource handlers act through.
//
//     CO_TRY(const Json made, co_await api.call(caller, "ec2", "CreateVpc",
//     Json::object({{"CidrBlock", cidr}}))); made["Vpc"]["VpcId"]
//
// Names are the API models'. Inputs are fitted (property_schema.h) before the call: scalars become
// what the operation wants, unknown members are errors. Tests put their own Api in the place of the
// real one.
#pragma once

#include "aws/client.h"
#include "services/cloudformation/template.h"

namespace unkai::services::cloudformation {

class Api {
public:
    virtual ~Api() = default;
    virtual Task<Result<Json>> call(aws::Caller caller, std::string service, std::string operation,
                                    Json input) = 0;
    // The body of an S3 object, at most `most` bytes.
    virtual Task<Result<std::string>> object(aws::Caller caller, std::string bucket,
                                             std::string key, size_t most) = 0;
    // nullptr when this program does not have the operation.
    virtual const ShapeInfo* input_shape(std::string_view service,
                                         std::string_view operation) const = 0;
};

class ClientApi final : public Api {
public:
    ClientApi(aws::Dispatcher& dispatcher, aws::Client& client)
        : dispatcher_(dispatcher), client_(client) {}
    Task<Result<Json>> call(aws::Caller caller, std::string service, std::string operation,
                            Json input) override;
    Task<Result<std::string>> object(aws::Caller caller, std::string bucket, std::string key,
                                     size_t most) override;
    const ShapeInfo* input_shape(std::string_view service,
                                 std::string_view operation) const override;

private:
    const OperationInfo* find(std::string_view service, std::string_view operation) const;

    aws::Dispatcher& dispatcher_;
    aws::Client& client_;
};

}  // namespace unkai::services::cloudformation
