#include "services/lambda/lambda.h"
#include "services/lambda/settings.h"
#include "services/lambda/sources.h"

namespace unkai::services::lambda {

namespace {

// What both updates do at the end: the record is another one from here on.
void begin_update(aws::Call& call, Engine& engine, const FunctionName& name,
                  StoredVersion& version) {
    version.deployment = new_revision(call);
    version.shape.revision_id = new_revision(call);
    version.shape.last_modified = lambda_date(call.now);
    version.shape.last_update_status = "InProgress";
    version.shape.last_update_status_reason = "The function is being created.";
    version.shape.last_update_status_reason_code = "Creating";
    if (version.shape.state == "Failed") {  // A new attempt.
        version.shape.state = "Pending";
        version.shape.state_reason = "The function is being created.";
        version.shape.state_reason_code = "Creating";
    }
    const VersionKey key = version_key(name, 0);
    version.shape.function_arn = function_arn(name.place, name.name);
    schema::versions.put(call.txn(), key, version);
    call.after_commit([&engine, key] { engine.activate(key); });
}

// $LATEST, as it is now, when it may be changed.
Result<StoredVersion> latest_to_change(aws::Call& call, const FunctionName& name,
                                       const std::optional<std::string>& revision) {
    if (!name.qualifier.empty() && name.qualifier != "$LATEST")
        return invalid("Only $LATEST can be updated: published versions never change.");
    TRY(FoundVersion found, find_version(call, {name.place, name.name, ""}));
    REQUIRE(check_revision(revision, found.version.shape.revision_id.value_or("")));
    if (found.version.shape.state != "Failed") REQUIRE(check_settled(name, found.version.shape));
    return std::move(found.version);
}

}  // namespace

unkai::Task<Result<model::UpdateFunctionCodeOutput>> Lambda::UpdateFunctionCode(
    aws::Call& call, const model::UpdateFunctionCodeInput& in) {
    FunctionName name;
    {
        CO_TRY(const Found found, find_function(call, in.function_name));
        CO_TRY(const StoredVersion now, latest_to_change(call, found.name, in.revision_id));
        const bool image = now.shape.package_type == "Image";
        if (image != in.image_uri.has_value())
            co_return invalid(image ? "Please provide ImageUri when updating a function with "
                                      "packageType Image."
                                    : "Please don't provide ImageUri when updating a function "
                                      "with packageType Zip.");
        name = found.name;
    }
    call.abandon();
    if (in.architectures.size() > 1) co_return invalid("A function has exactly one architecture.");
    CO_TRY(const FetchedCode fetched, co_await fetch_code(engine_, aws::caller_of(call),
                                                          {in.zip_file, in.s3_bucket, in.s3_key,
                                                           in.s3_object_version, in.image_uri},
                                                          "UpdateFunctionCode"));

    CO_TRY(Found found, find_function(call, in.function_name));
    CO_TRY(StoredVersion version, latest_to_change(call, name, in.revision_id));
    version.code = fetched.code;
    version.image = fetched.image;
    version.resolved_image = fetched.resolved_image;
    version.shape.code_size = fetched.code.zipped;
    version.shape.code_sha256 =
        fetched.image.empty() ? code_sha256(fetched.code.id) : fetched.code.id;
    if (!in.architectures.empty()) version.shape.architectures = in.architectures;
    CO_REQUIRE(check_unzipped(version));
    if (in.dry_run.value_or(false)) co_return version.shape;
    begin_update(call, engine_, name, version);
    if (!in.publish.value_or(false)) co_return version.shape;
    co_return publish(call, engine_, name, found.function, {});
}

unkai::Task<Result<model::UpdateFunctionConfigurationOutput>> Lambda::UpdateFunctionConfiguration(
    aws::Call& call, const model::UpdateFunctionConfigurationInput& in) {
    FunctionName name;
    {
        CO_TRY(const Found found, find_function(call, in.function_name));
        CO_TRY(StoredVersion now, latest_to_change(call, found.name, in.revision_id));
        CO_REQUIRE(apply_settings(settings_of(in, in.role), now.shape));
        CO_REQUIRE(check_package_type(now.shape));
        name = found.name;
    }
    call.abandon();
    if (in.runtime)
        if (const auto can = engine_.plane().check_runtime(*in.runtime); !can)
            co_return invalid(can.error().message);
    if (in.role) CO_REQUIRE(co_await check_role(engine_, name.place, *in.role));
    std::optional<model::VpcConfigResponse> vpc;
    if (in.vpc_config) {
        CO_TRY(vpc, co_await engine_.interfaces().check(name.place, *in.vpc_config));
    }

    CO_REQUIRE(find_function(call, in.function_name));
    CO_TRY(StoredVersion version, latest_to_change(call, name, in.revision_id));
    CO_REQUIRE(apply_settings(settings_of(in, in.role), version.shape));
    CO_REQUIRE(check_package_type(version.shape));
    if (vpc) version.shape.vpc_config = vpc;
    if (in.layers.given()) {
        if (version.shape.package_type == "Image")
            co_return invalid(
                "Please don't provide Handler or Runtime or Layer when the intended "
                "function PackageType is Image.");
        CO_REQUIRE(set_layers(call.txn(), name.place, in.layers, version));
    }
    begin_update(call, engine_, name, version);
    co_return version.shape;
}

}  // namespace unkai::services::lambda
