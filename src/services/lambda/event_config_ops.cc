#include "aws/paging.h"
#include "services/lambda/destinations.h"
#include "services/lambda/lambda.h"
#include "services/lambda/settings.h"

namespace unkai::services::lambda {

namespace {

constexpr int32_t listed_configs = 50;

using ConfigKey = decltype(schema::event_configs)::Key;

// Without a qualifier it is $LATEST's.
Result<FunctionName> config_name(aws::Call& call, const std::string& function,
                                 const std::optional<std::string>& qualifier) {
    TRY(Found found, find_function(call, function, qualifier));
    REQUIRE(check_qualifier(call, found.name));
    if (found.name.qualifier.empty()) found.name.qualifier = "$LATEST";
    return std::move(found.name);
}

ConfigKey config_key(const FunctionName& name) {
    return {name.place.account, name.place.region, name.name, name.qualifier};
}

Error config_missing(const FunctionName& name) {
    return errors::ResourceNotFoundException("The function " +
                                             function_arn(name.place, name.name, name.qualifier) +
                                             " doesn't have an EventInvokeConfig")
        .with("Type", "User");
}

Status check_destinations(const model::DestinationConfig& config, const FunctionName& name) {
    const std::string arn = function_arn(name.place, name.name);
    if (config.on_success && config.on_success->destination)
        REQUIRE(check_destination(*config.on_success->destination, arn));
    if (config.on_failure && config.on_failure->destination)
        REQUIRE(check_destination(*config.on_failure->destination, arn));
    return ok();
}

template <class Input>
Status set_config(aws::Call& call, const Input& in, const FunctionName& name,
                  model::FunctionEventInvokeConfig& config) {
    if (in.maximum_retry_attempts) config.maximum_retry_attempts = in.maximum_retry_attempts;
    if (in.maximum_event_age_in_seconds)
        config.maximum_event_age_in_seconds = in.maximum_event_age_in_seconds;
    if (in.destination_config) {
        REQUIRE(check_destinations(*in.destination_config, name));
        config.destination_config = in.destination_config;
    }
    if (!config.destination_config) config.destination_config.emplace();
    if (!config.destination_config->on_success) config.destination_config->on_success.emplace();
    if (!config.destination_config->on_failure) config.destination_config->on_failure.emplace();
    config.last_modified = call.now;
    config.function_arn = function_arn(name.place, name.name, name.qualifier);
    schema::event_configs.put(call.txn(), config_key(name), config);
    return ok();
}

}  // namespace

Result<model::PutFunctionEventInvokeConfigOutput> Lambda::PutFunctionEventInvokeConfig(
    aws::Call& call, const model::PutFunctionEventInvokeConfigInput& in) {
    TRY(const FunctionName name, config_name(call, in.function_name, in.qualifier));
    if (!in.maximum_retry_attempts && !in.maximum_event_age_in_seconds && !in.destination_config)
        return invalid("You must specify at least one of error handling or destination setting.");
    model::FunctionEventInvokeConfig config;
    REQUIRE(set_config(call, in, name, config));
    return config;
}

Result<model::UpdateFunctionEventInvokeConfigOutput> Lambda::UpdateFunctionEventInvokeConfig(
    aws::Call& call, const model::UpdateFunctionEventInvokeConfigInput& in) {
    TRY(const FunctionName name, config_name(call, in.function_name, in.qualifier));
    auto config = schema::event_configs.get(call.txn(), config_key(name));
    if (!config) return config_missing(name);
    REQUIRE(set_config(call, in, name, *config));
    return *config;
}

Result<model::GetFunctionEventInvokeConfigOutput> Lambda::GetFunctionEventInvokeConfig(
    aws::Call& call, const model::GetFunctionEventInvokeConfigInput& in) {
    TRY(const FunctionName name, config_name(call, in.function_name, in.qualifier));
    const auto config = schema::event_configs.get(call.txn(), config_key(name));
    if (!config) return config_missing(name);
    return *config;
}

Result<model::ListFunctionEventInvokeConfigsOutput> Lambda::ListFunctionEventInvokeConfigs(
    aws::Call& call, const model::ListFunctionEventInvokeConfigsInput& in) {
    TRY(const Found found, find_function(call, in.function_name));
    using Row = decltype(schema::event_configs)::Row;
    const std::vector<Row> rows =
        schema::event_configs.list(call.txn(), call.account, call.region, found.name.name);
    const auto key_of = [](const Row& row) { return std::get<3>(row.first); };
    const size_t most = std::min(in.max_items.value_or(listed_configs), listed_configs);
    TRY(auto page, aws::page(rows, key_of, in.marker, most, "InvalidParameterValueException"));
    model::ListFunctionEventInvokeConfigsOutput out;
    for (const Row* row : page.items) out.function_event_invoke_configs.push_back(row->second);
    out.next_marker = page.next;
    return out;
}

Result<model::DeleteFunctionEventInvokeConfigOutput> Lambda::DeleteFunctionEventInvokeConfig(
    aws::Call& call, const model::DeleteFunctionEventInvokeConfigInput& in) {
    TRY(const FunctionName name, config_name(call, in.function_name, in.qualifier));
    if (!schema::event_configs.has(call.txn(), config_key(name))) return config_missing(name);
    schema::event_configs.erase(call.txn(), config_key(name));
    return model::DeleteFunctionEventInvokeConfigOutput{};
}

}  // namespace unkai::services::lambda
