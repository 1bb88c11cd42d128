#include "aws/paging.h"
#include "base/strings.h"
#include "services/lambda/lambda.h"
#include "services/lambda/limits.h"
#include "services/lambda/settings.h"
#include "services/lambda/sources.h"

namespace unkai::services::lambda {

namespace {

constexpr int32_t listed_functions = 50;

Error runtime_refused(const Error& error, const std::string& runtime) {
    if (error.is("InvalidRuntime"))
        return invalid("Value " + runtime +
                       " at 'runtime' failed to satisfy constraint: " + error.message);
    return invalid(error.message);
}

Status check_architecture(const List<std::string>& architectures) {
    if (architectures.size() > 1) return invalid("A function has exactly one architecture.");
    return ok();
}

// Lists leave out what costs AWS a look at the function itself.
model::FunctionConfiguration listed(const StoredVersion& version, std::string arn) {
    model::FunctionConfiguration out = version.shape;
    out.function_arn = std::move(arn);
    out.state.reset();
    out.state_reason.reset();
    out.state_reason_code.reset();
    out.last_update_status.reset();
    out.last_update_status_reason.reset();
    out.last_update_status_reason_code.reset();
    return out;
}

}  // namespace

Error function_missing(const FunctionName& name) {
    return errors::ResourceNotFoundException("Function not found: " +
                                             function_arn(name.place, name.name, name.qualifier))
        .with("Type", "User");
}

VersionKey version_key(const FunctionName& name, int64_t number) {
    return {name.place.account, name.place.region, name.name, number};
}

std::string new_revision(aws::Call& call) { return call.env.random.uuid(); }

Status check_revision(const std::optional<std::string>& given, const std::string& now) {
    if (!given || *given == now) return ok();
    return errors::PreconditionFailedException(
               "The Revision Id provided does not match the latest Revision Id. Call the "
               "GetFunction/GetAlias API to retrieve the latest Revision Id")
        .with("Type", "User");
}

Status check_settled(const FunctionName& name, const model::FunctionConfiguration& shape) {
    if (shape.state == "Pending")
        return errors::ResourceConflictException(
                   "The operation cannot be performed at this time. The function is currently in "
                   "the following state: Pending")
            .with("Type", "User");
    if (shape.last_update_status == "InProgress")
        return errors::ResourceConflictException(
                   "The operation cannot be performed at this time. An update is in progress for "
                   "resource: " +
                   function_arn(name.place, name.name))
            .with("Type", "User");
    return ok();
}

Result<Found> find_function(aws::Call& call, std::string_view text,
                            const std::optional<std::string>& qualifier) {
    TRY(FunctionName name, parse_function(place_of(call), text, qualifier));
    auto function =
        schema::functions.get(call.txn(), {name.place.account, name.place.region, name.name});
    if (!function) return function_missing(name);
    return Found{std::move(name), std::move(*function)};
}

Result<FoundVersion> find_version(aws::Call& call, const FunctionName& name) {
    auto number = version_number(name.qualifier);
    if (!number) {
        const auto alias = schema::aliases.get(
            call.txn(), {name.place.account, name.place.region, name.name, name.qualifier});
        if (!alias) return function_missing(name);
        number = version_number(alias->function_version.value_or(""));
    }
    auto version = schema::versions.get(call.txn(), version_key(name, number.value_or(0)));
    if (!version) return function_missing(name);
    version->shape.function_arn = function_arn(name.place, name.name, name.qualifier);
    return FoundVersion{*number, std::move(*version)};
}

Status check_qualifier(aws::Call& call, const FunctionName& name) {
    if (name.qualifier.empty()) return ok();
    REQUIRE(find_version(call, name));
    return ok();
}

unkai::Task<Result<model::CreateFunctionOutput>> Lambda::CreateFunction(
    aws::Call& call, const model::CreateFunctionInput& in) {
    CO_TRY(const FunctionName name, parse_function(place_of(call), in.function_name));
    if (!name.qualifier.empty()) co_return invalid("The name of a new function has no qualifier.");
    const decltype(schema::functions)::Key key{call.account, call.region, name.name};
    const auto exists = errors::ResourceConflictException("Function already exist: " + name.name)
                            .with("Type", "User");
    if (schema::functions.has(call.txn(), key)) co_return exists;
    call.abandon();

    StoredVersion version;
    version.shape = fresh_configuration(name.name);
    if (in.package_type) version.shape.package_type = in.package_type;
    CO_REQUIRE(check_architecture(in.architectures));
    if (!in.architectures.empty()) version.shape.architectures = in.architectures;
    if (in.code_signing_config_arn || in.tenancy_config)
        co_return invalid("CodeSigningConfigArn and TenancyConfig are not done by Unkai.");
    CO_REQUIRE(apply_settings(settings_of(in, in.role), version.shape));
    CO_REQUIRE(check_tags(in.tags));
    if ((version.shape.package_type == "Image") != in.code.image_uri.has_value())
        co_return invalid(
            "Provide a PackageType of Image for an ImageUri, and of Zip for a "
            "deployment package.");
    if (in.layers.given() && version.shape.package_type == "Image")
        co_return invalid(
            "Please don't provide Handler or Runtime or Layer when the intended "
            "function PackageType is Image.");
    CO_REQUIRE(check_package_type(version.shape));
    if (version.shape.runtime)
        if (const auto can = engine_.plane().check_runtime(*version.shape.runtime); !can)
            co_return runtime_refused(can.error(), *version.shape.runtime);
    CO_REQUIRE(co_await check_role(engine_, name.place, in.role));
    if (in.vpc_config) {
        CO_TRY(version.shape.vpc_config,
               co_await engine_.interfaces().check(name.place, *in.vpc_config));
    }
    CO_TRY(FetchedCode fetched,
           co_await fetch_code(engine_, aws::caller_of(call),
                               {in.code.zip_file, in.code.s3_bucket, in.code.s3_key,
                                in.code.s3_object_version, in.code.image_uri},
                               "CreateFunction"));

    if (schema::functions.has(call.txn(), key)) co_return exists;
    version.code = fetched.code;
    version.image = fetched.image;
    version.resolved_image = fetched.resolved_image;
    version.deployment = new_revision(call);
    version.shape.code_size = fetched.code.zipped;
    version.shape.code_sha256 =
        fetched.image.empty() ? code_sha256(fetched.code.id) : fetched.code.id;
    CO_REQUIRE(set_layers(call.txn(), name.place, in.layers, version));
    version.shape.function_arn = function_arn(name.place, name.name);
    version.shape.last_modified = lambda_date(call.now);
    version.shape.revision_id = new_revision(call);
    version.shape.state = "Pending";
    version.shape.state_reason = "The function is being created.";
    version.shape.state_reason_code = "Creating";
    StoredFunction function;
    for (const auto& [tag, value] : in.tags) function.tags[tag] = value;
    const VersionKey latest = version_key(name, 0);
    schema::versions.put(call.txn(), latest, version);
    schema::functions.put(call.txn(), key, function);
    call.after_commit([this, latest] { engine_.activate(latest); });
    if (!in.publish.value_or(false)) co_return version.shape;
    co_return publish(call, engine_, name, function, in.description);
}

Result<model::GetFunctionOutput> Lambda::GetFunction(aws::Call& call,
                                                     const model::GetFunctionInput& in) {
    TRY(const Found found, find_function(call, in.function_name, in.qualifier));
    TRY(FoundVersion one, find_version(call, found.name));
    model::GetFunctionOutput out;
    model::FunctionCodeLocation code;
    if (one.version.image.empty()) {
        code.repository_type = "S3";
        code.location = package_link(call, engine_, one.version.code);
    } else {
        code.repository_type = "ECR";
        code.image_uri = one.version.image;
        code.resolved_image_uri = one.version.resolved_image;
    }
    out.code = std::move(code);
    out.configuration = std::move(one.version.shape);
    for (const auto& [tag, value] : found.function.tags) out.tags[tag] = value;
    if (found.function.reserved) {
        model::Concurrency concurrency;
        concurrency.reserved_concurrent_executions = static_cast<int32_t>(*found.function.reserved);
        out.concurrency = concurrency;
    }
    return out;
}

Result<model::GetFunctionConfigurationOutput> Lambda::GetFunctionConfiguration(
    aws::Call& call, const model::GetFunctionConfigurationInput& in) {
    TRY(const Found found, find_function(call, in.function_name, in.qualifier));
    TRY(FoundVersion one, find_version(call, found.name));
    return std::move(one.version.shape);
}

Result<model::ListFunctionsOutput> Lambda::ListFunctions(aws::Call& call,
                                                         const model::ListFunctionsInput& in) {
    using Row = decltype(schema::versions)::Row;
    const bool all = in.function_version == "ALL";
    std::vector<Row> rows = schema::versions.list(call.txn(), call.account, call.region);
    if (!all) std::erase_if(rows, [](const Row& row) { return std::get<3>(row.first) != 0; });
    const auto key_of = [](const Row& row) { return schema::versions.encode(row.first); };
    const size_t most = std::min(in.max_items.value_or(listed_functions), listed_functions);
    TRY(auto page, aws::page(rows, key_of, in.marker, most, "InvalidParameterValueException"));
    model::ListFunctionsOutput out;
    for (const Row* row : page.items) {
        const auto& [account, region, name, number] = row->first;
        out.functions.push_back(listed(
            row->second, function_arn({account, region}, name, all ? version_name(number) : "")));
    }
    out.next_marker = page.next;
    return out;
}

Result<model::DeleteFunctionOutput> Lambda::DeleteFunction(aws::Call& call,
                                                           const model::DeleteFunctionInput& in) {
    TRY(const Found found, find_function(call, in.function_name, in.qualifier));
    const FunctionName& name = found.name;
    store::Txn& txn = call.txn();
    std::vector<VersionKey> gone;
    model::DeleteFunctionOutput out;
    out.status_code = 204;
    if (!name.qualifier.empty()) {
        const auto number = version_number(name.qualifier);
        if (!number || *number == 0)
            return invalid(
                "$LATEST and aliases cannot be deleted by DeleteFunction: leave the "
                "qualifier out to delete the function, or call DeleteAlias.");
        for (const auto& [key, alias] :
             schema::aliases.list(txn, call.account, call.region, name.name))
            if (alias.function_version == name.qualifier ||
                (alias.routing_config &&
                 alias.routing_config->additional_version_weights.contains(name.qualifier)))
                return errors::ResourceConflictException(
                           "Unable to delete version because the following aliases reference it: "
                           "[" +
                           std::get<3>(key) + "]")
                    .with("Type", "User");
        const VersionKey key = version_key(name, *number);
        if (!schema::versions.has(txn, key)) return out;
        schema::versions.erase(txn, key);
        gone.push_back(key);
    } else {
        const Place& at = name.place;
        const auto erase = [&](const auto& table) {
            for (const auto& [key, unused] : table.list(txn, at.account, at.region, name.name))
                table.erase(txn, key);
        };
        for (const auto& [key, version] :
             schema::versions.list(txn, at.account, at.region, name.name))
            gone.push_back(key);
        for (const auto& [key, url] : schema::urls.list(txn, at.account, at.region, name.name))
            schema::url_owners.erase(txn, {url.id});
        erase(schema::versions);
        erase(schema::aliases);
        erase(schema::policies);
        erase(schema::event_configs);
        erase(schema::urls);
        schema::functions.erase(txn, {at.account, at.region, name.name});
    }
    call.after_commit([this, gone] { engine_.bury(gone); });
    return out;
}

}  // namespace unkai::services::lambda
