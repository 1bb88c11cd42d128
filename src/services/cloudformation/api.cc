#include "services/cloudformation/api.h"

#include "aws/protocol/json_shape.h"
#include "services/cloudformation/property_schema.h"

namespace unkai::services::cloudformation {

namespace {

// An object of a shape, made and destroyed by its table.
class Object {
public:
    explicit Object(const ShapeInfo& shape) : shape_(shape), value_(shape.create()) {}
    Object(const Object&) = delete;
    ~Object() { shape_.destroy(value_); }
    void* get() const { return value_; }

private:
    const ShapeInfo& shape_;
    void* value_;
};

}  // namespace

const OperationInfo* ClientApi::find(std::string_view service, std::string_view operation) const {
    const BoundService* bound = dispatcher_.find(service);
    return bound ? bound->info->find(operation) : nullptr;
}

const ShapeInfo* ClientApi::input_shape(std::string_view service,
                                        std::string_view operation) const {
    const OperationInfo* info = find(service, operation);
    return info ? info->input : nullptr;
}

Task<Result<Json>> ClientApi::call(aws::Caller caller, std::string service, std::string operation,
                                   Json input) {
    const OperationInfo* info = find(service, operation);
    if (!info)
        co_return fail("NotImplemented",
                       "Unkai does not have " + service + ":" + operation + " yet.", 501);
    CO_TRY(const Json fitted, fit_shape(input, *info->input, Fit::evaluated, "#"));
    const Object in(*info->input), out(*info->output);
    CO_REQUIRE(aws::protocol::shape_from_json(*info->input, in.get(), fitted.dump()));
    CO_REQUIRE(co_await client_.run(std::move(caller), service, operation, in.get(), out.get()));
    co_return Json::parse(aws::protocol::shape_to_json(*info->output, out.get()));
}

Task<Result<std::string>> ClientApi::object(aws::Caller caller, std::string bucket, std::string key,
                                            size_t most) {
    const OperationInfo* info = find("s3", "GetObject");
    if (!info) co_return fail("NotImplemented", "Unkai does not have s3:GetObject yet.", 501);
    const Object in(*info->input), out(*info->output);
    const Json input = Json::object({{"Bucket", bucket}, {"Key", key}});
    CO_REQUIRE(aws::protocol::shape_from_json(*info->input, in.get(), input.dump()));
    aws::Call call(dispatcher_.env(), dispatcher_.store());
    call.account = std::move(caller.account);
    call.region = std::move(caller.region);
    call.principal = std::move(caller.principal);
    call.request_id = dispatcher_.env().random.uuid();
    CO_REQUIRE(co_await dispatcher_.run(call, *dispatcher_.find("s3"), *info, in.get(), out.get()));
    std::string body;
    while (call.response_body) {
        CO_TRY(const std::string_view piece, co_await call.response_body->read());
        if (piece.empty()) break;
        body += piece;
        if (body.size() > most)
            co_return validation_error("The object s3://" + bucket + "/" + key +
                                       " is larger than " + std::to_string(most) + " bytes.");
    }
    co_return body;
}

}  // namespace unkai::services::cloudformation
