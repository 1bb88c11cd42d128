#include "services/lambda/lambda.h"
#include "services/lambda/limits.h"
#include "services/lambda/settings.h"
#include "services/lambda/sources.h"

namespace unkai::services::lambda {

namespace {

// What all functions of the place but one have reserved.
int64_t reserved_by_others(aws::Call& call, const std::string& name) {
    int64_t sum = 0;
    for (const auto& [key, function] :
         schema::functions.list(call.txn(), call.account, call.region))
        if (std::get<2>(key) != name) sum += function.reserved.value_or(0);
    return sum;
}

Result<Found> unqualified(aws::Call& call, const std::string& text) {
    TRY(Found found, find_function(call, text));
    if (!found.name.qualifier.empty())
        return invalid(
            "Reserved concurrency belongs to the whole function: leave the qualifier "
            "out.");
    return found;
}

}  // namespace

Result<model::PutFunctionConcurrencyOutput> Lambda::PutFunctionConcurrency(
    aws::Call& call, const model::PutFunctionConcurrencyInput& in) {
    TRY(Found found, unqualified(call, in.function_name));
    const int64_t wanted = in.reserved_concurrent_executions;
    const int64_t left = limits::concurrency - reserved_by_others(call, found.name.name) - wanted;
    if (left < limits::unreserved_concurrency)
        return invalid(
            "Specified ReservedConcurrentExecutions for function decreases account's "
            "UnreservedConcurrentExecution below its minimum value of [100].");
    found.function.reserved = wanted;
    schema::functions.put(call.txn(), {call.account, call.region, found.name.name}, found.function);
    model::PutFunctionConcurrencyOutput out;
    out.reserved_concurrent_executions = in.reserved_concurrent_executions;
    return out;
}

Result<model::GetFunctionConcurrencyOutput> Lambda::GetFunctionConcurrency(
    aws::Call& call, const model::GetFunctionConcurrencyInput& in) {
    TRY(const Found found, find_function(call, in.function_name));
    model::GetFunctionConcurrencyOutput out;
    if (found.function.reserved)
        out.reserved_concurrent_executions = static_cast<int32_t>(*found.function.reserved);
    return out;
}

Result<model::DeleteFunctionConcurrencyOutput> Lambda::DeleteFunctionConcurrency(
    aws::Call& call, const model::DeleteFunctionConcurrencyInput& in) {
    TRY(Found found, unqualified(call, in.function_name));
    found.function.reserved.reset();
    schema::functions.put(call.txn(), {call.account, call.region, found.name.name}, found.function);
    return model::DeleteFunctionConcurrencyOutput{};
}

Result<model::GetAccountSettingsOutput> Lambda::GetAccountSettings(
    aws::Call& call, const model::GetAccountSettingsInput&) {
    model::AccountLimit limit;
    limit.total_code_size = limits::storage_bytes;
    limit.code_size_unzipped = limits::unzipped_bytes;
    limit.code_size_zipped = static_cast<int64_t>(limits::zipped_bytes);
    limit.concurrent_executions = static_cast<int32_t>(limits::concurrency);
    limit.unreserved_concurrent_executions =
        static_cast<int32_t>(limits::concurrency - reserved_by_others(call, ""));
    model::AccountUsage usage;
    usage.total_code_size = code_storage(call.txn(), place_of(call));
    usage.function_count =
        static_cast<int64_t>(schema::functions.list(call.txn(), call.account, call.region).size());
    model::GetAccountSettingsOutput out;
    out.account_limit = limit;
    out.account_usage = usage;
    return out;
}

}  // namespace unkai::services::lambda
