// Resource types and what they can do. One table a type, in resources/<service>_resources.cc.
//
// Life of a resource:
//   create   one call that makes it; answers its physical id (what Ref gives).
//   settle   what must follow (attributes, policies …) and the wait until it is stable; answers the
//   attributes
//            that Fn::GetAtt reads. Runs after create and update, and again after a restart: it is
//            idempotent.
//   update   changes it in place, from work.previous to work.properties; never called when a
//   property that
//            replaces has changed. A type without update is replaced on every change.
//   remove   deletes it and waits until it is gone. What is gone already is a success.
//   find     after a crash between the call of create and its record: physical ids that it may have
//   made; those
//            that other records name are not meant. Null: create may simply run again.
// A failed step's error message becomes the resource's status reason.
#pragma once

#include <span>

#include "services/cloudformation/api.h"
#include "services/cloudformation/property_schema.h"

namespace unkai::services::cloudformation {

// One step on one resource.
struct Work {
    Api& api;
    Env& env;
    aws::Caller caller;
    std::string stack_name, stack_id;
    std::map<std::string, std::string> stack_tags;
    std::string logical_id;
    std::string token;                 // Random, the same for all attempts to make this resource.
    std::string physical_id;           // Empty in create.
    Json properties = Json::object();  // Fitted.
    Json previous = Json::object();    // In update: those before.
    Json attributes = Json::object();  // Those of before; create may set what is told only once.
    bool again = false;                // The step may have run before, in part.
    bool final_snapshot = false;       // In remove: DeletionPolicy is Snapshot.
    Stop* stop = nullptr;              // Requested when the operation is cancelled.

    Task<Result<Json>> call(std::string service, std::string operation, Json input);
    const Json& operator[](std::string_view name) const { return properties[name]; }
    // Only the properties that have no type of their own in the table: the input of the create
    // operation.
    Json input;

    // stack-LogicalId-TOKEN, at most `most` characters.
    std::string generated_name(size_t most, bool lower_case = false) const;
    // The resource's own tags over the stack's; as [{Key, Value}]. With `system` also
    // aws:cloudformation:…, by which find() knows them again.
    Json tags(bool system = false) const;
    std::map<std::string, std::string> tag_map(bool system = false) const;
    Json tag_object() const;  // {key: value}
    bool changed(std::string_view name) const { return !(properties[name] == previous[name]); }

    // Calls until `done` says true; the answer then. Waits 20 ms at first, 1 s at last. Errors: the
    // call's, the one that `done` answers, "ResourceNotReady" after `limit`, "Cancelled" when
    // stopped.
    using Done = Result<bool> (*)(const Json& answer);
    Task<Result<Json>> wait_until(std::string service, std::string operation, Json input, Done done,
                                  Duration limit = std::chrono::minutes{30});
    // Calls until the error is one of `codes`, or `done` is true. For waiting until something is
    // gone.
    Task<Status> wait_gone(std::string service, std::string operation, Json input,
                           std::vector<std::string> codes, Done done,
                           Duration limit = std::chrono::minutes{30});
    // A call whose error is a success when it is one of `codes`; false then.
    Task<Result<bool>> call_unless(std::string service, std::string operation, Json input,
                                   std::vector<std::string> codes);
    // A deletion: an error of `gone` is a success, one of `busy` is tried again for ten minutes
    // (something that still uses the resource is on its way out).
    Task<Status> remove(std::string service, std::string operation, Json input,
                        std::vector<std::string> gone, std::vector<std::string> busy = {});
};

struct ResourceType {
    std::string_view name;
    std::string_view properties;          // property_schema.h
    std::string_view attributes;          // Of Fn::GetAtt, by spaces.
    std::string_view service, operation;  // Of create: untyped properties are members of its input.
    Json (*prepare)(Json input);          // Turns them into that input; null: as they are.
    Task<Result<std::string>> (*create)(Work& work);
    Task<Result<Json>> (*settle)(Work& work);
    Task<Status> (*update)(Work& work);
    Task<Status> (*remove)(Work& work);
    Task<Result<std::vector<std::string>>> (*find)(Work& work) = nullptr;
    std::string_view capability = {};     // CAPABILITY_IAM, when it needs one.
    std::string_view name_property = {};  // Given: CAPABILITY_NAMED_IAM.
    bool snapshots_by_default = false;    // DeletionPolicy when the template has none.

    const PropertyType& schema() const { return property_schema(properties); }
    bool has_attribute(std::string_view wanted) const;
    // Does a change from `before` to `after` replace the resource?
    bool replaces(const Json& before, const Json& after) const;
    // The properties as this type wants them. Error: ValidationError naming the property.
    Result<Json> fit(const Json& given, Fit how, const Api& api) const;
    Json input_of(const Json& fitted) const;  // For Work::input.
};

// nullptr when Unkai does not have the type.
const ResourceType* find_resource_type(std::string_view name);

// Handlers that do nothing, for tables.
Task<Result<Json>> no_attributes(Work& work);
Task<Result<Json>> id_attribute(Work& work);  // {Id: the physical id}
Task<Status> nothing_to_remove(Work& work);
// Does the error have one of these codes? "…Exception" and "…Fault" at the end do not count.
bool has_code(const Error& error, const std::vector<std::string>& codes);

// The tables, one a service.
std::span<const ResourceType> ec2_resources();
std::span<const ResourceType> security_group_resources();
std::span<const ResourceType> ecr_resources();
std::span<const ResourceType> ecs_resources();
std::span<const ResourceType> elbv2_resources();
std::span<const ResourceType> acm_resources();
std::span<const ResourceType> rds_resources();
std::span<const ResourceType> secret_resources();
std::span<const ResourceType> s3_resources();
std::span<const ResourceType> cloudfront_resources();
std::span<const ResourceType> route53_resources();
std::span<const ResourceType> iam_resources();
std::span<const ResourceType> lambda_resources();
std::span<const ResourceType> apigateway_resources();
std::span<const ResourceType> apigateway_access_resources();
std::span<const ResourceType> apigatewayv2_resources();
std::span<const ResourceType> messaging_resources();
std::span<const ResourceType> event_resources();
std::span<const ResourceType> monitoring_resources();
std::span<const ResourceType> other_resources();

}  // namespace unkai::services::cloudformation
