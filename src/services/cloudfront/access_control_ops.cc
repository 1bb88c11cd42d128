// CloudFront guide, private-content-restricting-access-to-s3.
#include "aws/protocol/json_shape.h"
#include "services/cloudfront/cloudfront.h"
#include "services/cloudfront/policies.h"

namespace unkai::services::cloudfront {

namespace {

Result<ConfigRecord> find(aws::Call& call, const std::string& id) {
    auto record = schema::access_controls.get(call.txn(), {call.account, id});
    if (!record)
        return errors::NoSuchOriginAccessControl(
            "The specified origin access control does not "
            "exist.");
    return std::move(*record);
}

OriginAccessControlConfig config_of(const ConfigRecord& record) {
    OriginAccessControlConfig config;
    CHECK(aws::protocol::from_json(config, record.config).has_value());
    return config;
}

OriginAccessControl describe(const ConfigRecord& record) {
    return {.id = record.id, .origin_access_control_config = config_of(record)};
}

Status check(aws::Call& call, const OriginAccessControlConfig& config, const std::string& own) {
    namespace types = origin_access_control_origin_types;
    namespace behaviors = origin_access_control_signing_behaviors;
    if (config.name.empty() || config.name.size() > limits::access_control_name)
        return errors::InvalidArgument("The parameter Name must have 1 to 64 characters.");
    if (config.description.value_or("").size() > 256)
        return errors::InvalidArgument("The parameter Description is too big.");
    if (config.origin_access_control_origin_type != types::s3)
        return fail("NotImplemented",
                    "Unkai's CloudFront signs requests to S3 only; the only "
                    "OriginAccessControlOriginType is s3.",
                    501);
    if (config.signing_protocol != origin_access_control_signing_protocols::sigv4)
        return fail("NotImplemented", "The only SigningProtocol is sigv4.", 501);
    if (config.signing_behavior != behaviors::always && config.signing_behavior != behaviors::never)
        return fail("NotImplemented",
                    "Unkai's CloudFront signs every request or none; choose always or never as "
                    "SigningBehavior.",
                    501);
    for (const auto& [key, other] : schema::access_controls.list(call.txn(), call.account))
        if (other.name == config.name && other.id != own)
            return errors::OriginAccessControlAlreadyExists(
                "An origin access control with the specified parameters already exists: " +
                other.id);
    return ok();
}

ConfigRecord save(aws::Call& call, const std::string& id, OriginAccessControlConfig config) {
    if (!config.description) config.description = "";
    ConfigRecord record{.id = id,
                        .name = config.name,
                        .config = aws::protocol::to_json(config),
                        .etag = new_id(call),
                        .modified = call.now};
    schema::access_controls.put(call.txn(), {call.account, id}, record);
    return record;
}

}  // namespace

Result<CreateOriginAccessControlOutput> CloudFront::CreateOriginAccessControl(
    aws::Call& call, const CreateOriginAccessControlInput& in) {
    REQUIRE(check(call, in.origin_access_control_config, ""));
    if (schema::access_controls.list(call.txn(), call.account).size() >= limits::access_controls)
        return errors::TooManyOriginAccessControls(
            "The number of origin access controls in your Amazon Web Services account exceeds the "
            "maximum allowed.");
    const ConfigRecord record = save(call, new_id(call), in.origin_access_control_config);
    return CreateOriginAccessControlOutput{
        .origin_access_control = describe(record),
        .location = location_of("origin-access-control", record.id),
        .e_tag = record.etag};
}

Result<GetOriginAccessControlOutput> CloudFront::GetOriginAccessControl(
    aws::Call& call, const GetOriginAccessControlInput& in) {
    TRY(const ConfigRecord record, find(call, in.id));
    return GetOriginAccessControlOutput{.origin_access_control = describe(record),
                                        .e_tag = record.etag};
}

Result<GetOriginAccessControlConfigOutput> CloudFront::GetOriginAccessControlConfig(
    aws::Call& call, const GetOriginAccessControlConfigInput& in) {
    TRY(const ConfigRecord record, find(call, in.id));
    return GetOriginAccessControlConfigOutput{.origin_access_control_config = config_of(record),
                                              .e_tag = record.etag};
}

Result<UpdateOriginAccessControlOutput> CloudFront::UpdateOriginAccessControl(
    aws::Call& call, const UpdateOriginAccessControlInput& in) {
    TRY(const ConfigRecord before, find(call, in.id));
    REQUIRE(check_version(in.if_match, before.etag));
    REQUIRE(check(call, in.origin_access_control_config, in.id));
    const ConfigRecord record = save(call, in.id, in.origin_access_control_config);
    return UpdateOriginAccessControlOutput{.origin_access_control = describe(record),
                                           .e_tag = record.etag};
}

Result<DeleteOriginAccessControlOutput> CloudFront::DeleteOriginAccessControl(
    aws::Call& call, const DeleteOriginAccessControlInput& in) {
    TRY(const ConfigRecord record, find(call, in.id));
    REQUIRE(check_version(in.if_match, record.etag));
    if (!users_of_access_control(call, in.id).empty())
        return errors::OriginAccessControlInUse(
            "Cannot delete the origin access control because it's in use by one or more "
            "distributions.");
    schema::access_controls.erase(call.txn(), {call.account, in.id});
    return DeleteOriginAccessControlOutput{};
}

Result<ListOriginAccessControlsOutput> CloudFront::ListOriginAccessControls(
    aws::Call& call, const ListOriginAccessControlsInput& in) {
    TRY(const size_t most, page_size(in.max_items));
    std::vector<ConfigRecord> records;
    for (auto& [key, record] : schema::access_controls.list(call.txn(), call.account))
        records.push_back(std::move(record));
    TRY(const auto page, aws::page(
                             records, [](const ConfigRecord& one) { return one.id; }, in.marker,
                             most, "InvalidArgument"));
    OriginAccessControlList out;
    out.marker = in.marker.value_or("");
    out.max_items = static_cast<int32_t>(most);
    out.is_truncated = page.next.has_value();
    out.next_marker = page.next;
    out.quantity = static_cast<int32_t>(page.items.size());
    for (const ConfigRecord* record : page.items) {
        const OriginAccessControlConfig config = config_of(*record);
        out.items.push_back(
            {.id = record->id,
             .description = config.description.value_or(""),
             .name = config.name,
             .signing_protocol = config.signing_protocol,
             .signing_behavior = config.signing_behavior,
             .origin_access_control_origin_type = config.origin_access_control_origin_type});
    }
    return ListOriginAccessControlsOutput{.origin_access_control_list = std::move(out)};
}

}  // namespace unkai::services::cloudfront
