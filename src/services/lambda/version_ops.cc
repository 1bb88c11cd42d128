#include <algorithm>

#include "aws/paging.h"
#include "base/strings.h"
#include "services/lambda/lambda.h"
#include "services/lambda/settings.h"

namespace unkai::services::lambda {

namespace {

constexpr int32_t listed_versions = 50;

Error alias_missing(const FunctionName& name, const std::string& alias) {
    return errors::ResourceNotFoundException("Cannot find alias arn: " +
                                             function_arn(name.place, name.name, alias))
        .with("Type", "User");
}

Status check_routing(aws::Call& call, const FunctionName& name,
                     const model::AliasConfiguration& alias) {
    const std::string main = alias.function_version.value_or("");
    const auto number = version_number(main);
    if (!number || !schema::versions.has(call.txn(), version_key(name, *number)))
        return errors::ResourceNotFoundException("Function not found: " +
                                                 function_arn(name.place, name.name, main))
            .with("Type", "User");
    if (!alias.routing_config) return ok();
    const auto& weights = alias.routing_config->additional_version_weights;
    if (weights.size() > 1)
        return invalid("Number of items in AdditionalVersionWeights cannot be greater than 1.");
    for (const auto& [version, weight] : weights) {
        const auto other = version_number(version);
        if (main == "$LATEST" || !other || *other == 0)
            return invalid(
                "$LATEST is not supported for an alias pointing to more than 1 "
                "version.");
        if (version == main)
            return invalid("Invalid function version " + version + ". Function version " + version +
                           " is already included in routing configuration.");
        if (!schema::versions.has(call.txn(), version_key(name, *other)))
            return errors::ResourceNotFoundException("Function not found: " +
                                                     function_arn(name.place, name.name, version))
                .with("Type", "User");
        if (weight < 0 || weight > 1)
            return invalid("The weight of a version must lie between 0.0 and 1.0.");
    }
    return ok();
}

// An empty routing configuration takes it away.
void set_routing(const std::optional<model::AliasRoutingConfiguration>& given,
                 model::AliasConfiguration& alias) {
    if (!given) return;
    alias.routing_config.reset();
    if (!given->additional_version_weights.empty()) alias.routing_config = given;
}

}  // namespace

Result<model::FunctionConfiguration> publish(aws::Call& call, Engine& engine,
                                             const FunctionName& name, StoredFunction& function,
                                             const std::optional<std::string>& description) {
    store::Txn& txn = call.txn();
    const auto latest = schema::versions.get(txn, version_key(name, 0));
    CHECK(latest.has_value());
    if (function.last_version > 0) {
        const auto last = schema::versions.get(txn, version_key(name, function.last_version));
        if (last && last->deployment == latest->deployment) {
            model::FunctionConfiguration out = last->shape;
            out.function_arn = function_arn(name.place, name.name, *out.version);
            return out;
        }
    }
    REQUIRE(check_storage(txn, name.place, latest->code.zipped));
    StoredVersion version = *latest;
    const int64_t number = ++function.last_version;
    version.shape.version = version_name(number);
    version.shape.revision_id = new_revision(call);
    version.shape.function_arn = function_arn(name.place, name.name, *version.shape.version);
    version.shape.master_arn.reset();
    if (description) version.shape.description = description;
    version.shape.state = "Pending";
    version.shape.state_reason = "The function is being created.";
    version.shape.state_reason_code = "Creating";
    version.shape.last_update_status.reset();
    version.shape.last_update_status_reason.reset();
    version.shape.last_update_status_reason_code.reset();
    const VersionKey key = version_key(name, number);
    schema::versions.put(txn, key, version);
    schema::functions.put(txn, {name.place.account, name.place.region, name.name}, function);
    call.after_commit([&engine, key] { engine.activate(key); });
    return version.shape;
}

Result<model::PublishVersionOutput> Lambda::PublishVersion(aws::Call& call,
                                                           const model::PublishVersionInput& in) {
    TRY(Found found, find_function(call, in.function_name));
    TRY(const FoundVersion latest, find_version(call, {found.name.place, found.name.name, ""}));
    const model::FunctionConfiguration& shape = latest.version.shape;
    REQUIRE(check_settled(found.name, shape));
    REQUIRE(check_revision(in.revision_id, shape.revision_id.value_or("")));
    if (in.code_sha256 && !in.code_sha256->empty() && *in.code_sha256 != shape.code_sha256)
        return invalid("CodeSHA256 (" + *in.code_sha256 +
                       ") is different from current CodeSHA256 in $LATEST (" +
                       shape.code_sha256.value_or("") +
                       "). Please try again with the CodeSHA256 in $LATEST.");
    return publish(call, engine_, found.name, found.function, in.description);
}

Result<model::ListVersionsByFunctionOutput> Lambda::ListVersionsByFunction(
    aws::Call& call, const model::ListVersionsByFunctionInput& in) {
    TRY(const Found found, find_function(call, in.function_name));
    using Row = decltype(schema::versions)::Row;
    const std::vector<Row> rows =
        schema::versions.list(call.txn(), call.account, call.region, found.name.name);
    const auto key_of = [](const Row& row) { return schema::versions.encode(row.first); };
    const size_t most = std::min(in.max_items.value_or(listed_versions), listed_versions);
    TRY(auto page, aws::page(rows, key_of, in.marker, most, "InvalidParameterValueException"));
    model::ListVersionsByFunctionOutput out;
    for (const Row* row : page.items) {
        out.versions.push_back(row->second.shape);
        out.versions.back().function_arn =
            function_arn(found.name.place, found.name.name, version_name(std::get<3>(row->first)));
    }
    out.next_marker = page.next;
    return out;
}

Result<model::CreateAliasOutput> Lambda::CreateAlias(aws::Call& call,
                                                     const model::CreateAliasInput& in) {
    TRY(const Found found, find_function(call, in.function_name));
    const decltype(schema::aliases)::Key key{call.account, call.region, found.name.name, in.name};
    if (version_number(in.name))
        return invalid("The alias '" + in.name + "' looks like a version: give it a name.");
    if (schema::aliases.has(call.txn(), key))
        return errors::ResourceConflictException(
                   "Alias already exists: " +
                   function_arn(found.name.place, found.name.name, in.name))
            .with("Type", "User");
    model::AliasConfiguration alias;
    alias.alias_arn = function_arn(found.name.place, found.name.name, in.name);
    alias.name = in.name;
    alias.function_version = in.function_version;
    alias.description = in.description.value_or("");
    set_routing(in.routing_config, alias);
    REQUIRE(check_routing(call, found.name, alias));
    alias.revision_id = new_revision(call);
    schema::aliases.put(call.txn(), key, alias);
    return alias;
}

Result<model::UpdateAliasOutput> Lambda::UpdateAlias(aws::Call& call,
                                                     const model::UpdateAliasInput& in) {
    TRY(const Found found, find_function(call, in.function_name));
    const decltype(schema::aliases)::Key key{call.account, call.region, found.name.name, in.name};
    auto alias = schema::aliases.get(call.txn(), key);
    if (!alias) return alias_missing(found.name, in.name);
    REQUIRE(check_revision(in.revision_id, alias->revision_id.value_or("")));
    if (in.function_version) alias->function_version = in.function_version;
    if (in.description) alias->description = in.description;
    set_routing(in.routing_config, *alias);
    REQUIRE(check_routing(call, found.name, *alias));
    alias->revision_id = new_revision(call);
    schema::aliases.put(call.txn(), key, *alias);
    return *alias;
}

Result<model::GetAliasOutput> Lambda::GetAlias(aws::Call& call, const model::GetAliasInput& in) {
    TRY(const Found found, find_function(call, in.function_name));
    const auto alias =
        schema::aliases.get(call.txn(), {call.account, call.region, found.name.name, in.name});
    if (!alias) return alias_missing(found.name, in.name);
    return *alias;
}

Result<model::ListAliasesOutput> Lambda::ListAliases(aws::Call& call,
                                                     const model::ListAliasesInput& in) {
    TRY(const Found found, find_function(call, in.function_name));
    using Row = decltype(schema::aliases)::Row;
    std::vector<Row> rows =
        schema::aliases.list(call.txn(), call.account, call.region, found.name.name);
    if (in.function_version)
        std::erase_if(rows, [&](const Row& row) {
            return row.second.function_version != in.function_version;
        });
    const auto key_of = [](const Row& row) { return std::get<3>(row.first); };
    const size_t most = std::min(in.max_items.value_or(listed_versions), listed_versions);
    TRY(auto page, aws::page(rows, key_of, in.marker, most, "InvalidParameterValueException"));
    model::ListAliasesOutput out;
    for (const Row* row : page.items) out.aliases.push_back(row->second);
    out.next_marker = page.next;
    return out;
}

Result<model::DeleteAliasOutput> Lambda::DeleteAlias(aws::Call& call,
                                                     const model::DeleteAliasInput& in) {
    TRY(const Found found, find_function(call, in.function_name));
    const std::string& name = found.name.name;
    schema::aliases.erase(call.txn(), {call.account, call.region, name, in.name});
    schema::policies.erase(call.txn(), {call.account, call.region, name, in.name});
    schema::event_configs.erase(call.txn(), {call.account, call.region, name, in.name});
    if (const auto url = schema::urls.get(call.txn(), {call.account, call.region, name, in.name})) {
        schema::url_owners.erase(call.txn(), {url->id});
        schema::urls.erase(call.txn(), {call.account, call.region, name, in.name});
    }
    return model::DeleteAliasOutput{};
}

}  // namespace unkai::services::lambda
