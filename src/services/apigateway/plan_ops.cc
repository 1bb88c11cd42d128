#include "base/strings.h"
#include "services/apigateway/apigateway.h"

namespace unkai::services::apigateway {

namespace {

Result<UsagePlan> find_plan(aws::Call& call, const std::string& id) {
    return find<UsagePlan>(call, "", kind::plan, id, "Usage Plan ID");
}

// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateUsagePlan.html
Status check_plan(aws::Call& call, const UsagePlan& plan) {
    if (plan.name.value_or("").empty()) return bad("Usage Plan name cannot be empty");
    if (plan.throttle &&
        (plan.throttle->rate_limit.value_or(0) < 0 || plan.throttle->burst_limit.value_or(0) < 0))
        return bad("Usage Plan throttle limits must not be negative");
    if (plan.quota) {
        const std::string period = plan.quota->period.value_or("");
        if (period != "DAY" && period != "WEEK" && period != "MONTH")
            return bad("Usage Plan quota period must be one of: [DAY, WEEK, MONTH]");
        if (plan.quota->limit.value_or(0) <= 0)
            return bad("Usage Plan quota limit must be greater than 0");
        const int32_t longest = period == "DAY" ? 1 : period == "WEEK" ? 7 : 31;
        if (plan.quota->offset.value_or(0) < 0 || plan.quota->offset.value_or(0) >= longest)
            return bad("Usage Plan quota offset must lie within the period");
    }
    for (const ApiStage& one : plan.api_stages) {
        if (!load<Stage>(call, one.api_id.value_or(""), kind::stage, one.stage.value_or("")))
            return errors::NotFoundException(
                "Invalid API Stage specified: " + one.api_id.value_or("") + ":" +
                one.stage.value_or(""));
    }
    return check_tags(plan.tags);
}

// "/apiStages" and what lies below it; false: another path.
Result<bool> patch_stages(UsagePlan& plan, const PatchOperation& operation) {
    const auto path = patch_path(operation.path.value_or(""));
    if (path.empty() || path[0] != "apiStages") return false;
    const std::string named = path.size() > 1 ? path[1] : operation.value.value_or("");
    const auto [api, stage] = split_once(named, ':');
    const auto at =
        std::find_if(plan.api_stages.begin(), plan.api_stages.end(),
                     [&](const ApiStage& one) { return one.api_id == api && one.stage == stage; });
    if (path.size() == 1) {
        if (operation.op_ == "add" && at == plan.api_stages.end())
            plan.api_stages.push_back({.api_id = std::string(api), .stage = std::string(stage)});
        if (operation.op_ == "remove") {
            if (at == plan.api_stages.end())
                return errors::NotFoundException("Invalid API Stage specified: " + named);
            plan.api_stages.erase(at);
        }
        return true;
    }
    // /apiStages/API:STAGE/throttle[/PATH~1METHOD[/rateLimit]]
    if (at == plan.api_stages.end() || path.size() < 3 || path[2] != "throttle")
        return bad("Invalid patch path " + operation.path.value_or(""));
    if (operation.op_ == "remove") {
        if (path.size() == 3) at->throttle.clear();
        if (path.size() == 4) at->throttle.erase(path[3]);
        return true;
    }
    if (path.size() != 5) return bad("Invalid patch path " + operation.path.value_or(""));
    List<PatchOperation> inner = {operation};
    inner[0].path = "/" + path[4];
    REQUIRE(patch(at->throttle[path[3]], inner, {"/rateLimit", "/burstLimit"}));
    return true;
}

std::optional<std::chrono::sys_days> parse_day(const std::string& text) {
    const auto time = parse_iso8601(text + "T00:00:00Z");
    if (!time || text.size() != 10) return std::nullopt;
    return std::chrono::floor<std::chrono::days>(*time);
}

int64_t quota_left(const UsagePlan& plan, int64_t used) {
    return plan.quota ? std::max<int64_t>(0, plan.quota->limit.value_or(0) - used) : 0;
}

}  // namespace

Result<UsagePlan> ApiGateway::CreateUsagePlan(aws::Call& call, const CreateUsagePlanInput& in) {
    if (all<UsagePlan>(call, "", kind::plan).size() >= limits::plans)
        return errors::LimitExceededException(
            "Maximum number of usage plans for this account has been reached.");
    UsagePlan made{.id = new_id(call, 6),
                   .name = in.name,
                   .description = in.description,
                   .api_stages = in.api_stages,
                   .throttle = in.throttle,
                   .quota = in.quota,
                   .tags = in.tags};
    if (made.quota && !made.quota->offset) made.quota->offset = 0;
    made.api_stages.present = true;
    REQUIRE(check_plan(call, made));
    save(call, "", kind::plan, *made.id, made);
    return made;
}

Result<UsagePlan> ApiGateway::GetUsagePlan(aws::Call& call, const GetUsagePlanInput& in) {
    return find_plan(call, in.usage_plan_id);
}

Result<GetUsagePlansOutput> ApiGateway::GetUsagePlans(aws::Call& call,
                                                      const GetUsagePlansInput& in) {
    std::vector<UsagePlan> plans;
    for (UsagePlan& plan : all<UsagePlan>(call, "", kind::plan))
        if (!in.key_id || load<UsagePlanKey>(call, *plan.id, kind::plan_key, *in.key_id))
            plans.push_back(std::move(plan));
    GetUsagePlansOutput out;
    REQUIRE(
        put_page(plans, [](const UsagePlan& one) { return *one.id; }, in.position, in.limit, out));
    return out;
}

Result<UsagePlan> ApiGateway::UpdateUsagePlan(aws::Call& call, const UpdateUsagePlanInput& in) {
    TRY(UsagePlan plan, find_plan(call, in.usage_plan_id));
    List<PatchOperation> others;
    for (const PatchOperation& operation : in.patch_operations) {
        TRY(const bool done, patch_stages(plan, operation));
        if (!done) others.push_back(operation);
    }
    REQUIRE(patch(
        plan, others,
        {"/name", "/description", "/productCode", "/throttle", "/throttle/rateLimit",
         "/throttle/burstLimit", "/quota", "/quota/limit", "/quota/offset", "/quota/period"}));
    REQUIRE(check_plan(call, plan));
    save(call, "", kind::plan, in.usage_plan_id, plan);
    return plan;
}

Result<DeleteUsagePlanOutput> ApiGateway::DeleteUsagePlan(aws::Call& call,
                                                          const DeleteUsagePlanInput& in) {
    TRY(const UsagePlan plan, find_plan(call, in.usage_plan_id));
    if (!plan.api_stages.empty())
        return bad("Cannot delete usage plan " + in.usage_plan_id +
                   " because it has API stages "
                   "associated with it. Remove them first.");
    erase_scope(call, in.usage_plan_id);
    erase(call, "", kind::plan, in.usage_plan_id);
    return DeleteUsagePlanOutput{};
}

Result<UsagePlanKey> ApiGateway::CreateUsagePlanKey(aws::Call& call,
                                                    const CreateUsagePlanKeyInput& in) {
    TRY(const UsagePlan plan, find_plan(call, in.usage_plan_id));
    if (in.key_type != "API_KEY") return bad("Usage Plan key type must be API_KEY");
    TRY(const ApiKey key, find<ApiKey>(call, "", kind::key, in.key_id, "API Key identifier"));
    if (load<UsagePlanKey>(call, in.usage_plan_id, kind::plan_key, in.key_id))
        return errors::ConflictException("Usage Plan " + in.usage_plan_id +
                                         " cannot be added because API Key " + in.key_id +
                                         " is already a member of it");
    size_t plans = 0;
    for (const UsagePlan& other : all<UsagePlan>(call, "", kind::plan)) {
        if (!load<UsagePlanKey>(call, *other.id, kind::plan_key, in.key_id)) continue;
        ++plans;
        for (const ApiStage& theirs : other.api_stages)
            for (const ApiStage& ours : plan.api_stages)
                if (theirs.api_id == ours.api_id && theirs.stage == ours.stage)
                    return errors::ConflictException(
                        "Usage Plan " + in.usage_plan_id + " cannot be added because API Key " +
                        in.key_id + " is already a member of a usage plan with the stage " +
                        ours.api_id.value_or("") + ":" + ours.stage.value_or(""));
    }
    if (plans >= limits::plans_per_key)
        return errors::LimitExceededException("An API key belongs to at most 10 usage plans.");
    UsagePlanKey made{.id = in.key_id, .type = "API_KEY", .value = key.value, .name = key.name};
    save(call, in.usage_plan_id, kind::plan_key, in.key_id, made);
    return made;
}

Result<UsagePlanKey> ApiGateway::GetUsagePlanKey(aws::Call& call, const GetUsagePlanKeyInput& in) {
    REQUIRE(find_plan(call, in.usage_plan_id));
    return find<UsagePlanKey>(call, in.usage_plan_id, kind::plan_key, in.key_id,
                              "Usage Plan Key identifier");
}

Result<GetUsagePlanKeysOutput> ApiGateway::GetUsagePlanKeys(aws::Call& call,
                                                            const GetUsagePlanKeysInput& in) {
    REQUIRE(find_plan(call, in.usage_plan_id));
    std::vector<UsagePlanKey> keys;
    for (UsagePlanKey& key : all<UsagePlanKey>(call, in.usage_plan_id, kind::plan_key))
        if (!in.name_query || key.name.value_or("").starts_with(*in.name_query))
            keys.push_back(std::move(key));
    GetUsagePlanKeysOutput out;
    REQUIRE(put_page(
        keys, [](const UsagePlanKey& one) { return *one.id; }, in.position, in.limit, out));
    return out;
}

Result<DeleteUsagePlanKeyOutput> ApiGateway::DeleteUsagePlanKey(aws::Call& call,
                                                                const DeleteUsagePlanKeyInput& in) {
    REQUIRE(GetUsagePlanKey(call, {.usage_plan_id = in.usage_plan_id, .key_id = in.key_id}));
    erase(call, in.usage_plan_id, kind::plan_key, in.key_id);
    return DeleteUsagePlanKeyOutput{};
}

// A pair [used, left] for every day of the range, by key.
Result<Usage> ApiGateway::GetUsage(aws::Call& call, const GetUsageInput& in) {
    TRY(const UsagePlan plan, find_plan(call, in.usage_plan_id));
    const auto from = parse_day(in.start_date), to = parse_day(in.end_date);
    if (!from || !to || *to < *from)
        return bad("Usage dates must be of the form YYYY-MM-DD, the end not before the start");
    constexpr auto longest = std::chrono::days(90);
    if (*to - *from > longest) return bad("Usage can be asked for 90 days at the most");
    Usage out{
        .usage_plan_id = in.usage_plan_id, .start_date = in.start_date, .end_date = in.end_date};
    out.items.present = true;
    for (const UsagePlanKey& key : all<UsagePlanKey>(call, in.usage_plan_id, kind::plan_key)) {
        if (in.key_id && key.id != in.key_id) continue;
        auto& days = out.items[*key.id];
        int64_t used = 0;
        for (auto day = *from; day <= *to; day += std::chrono::days(1)) {
            const std::string text = iso8601(Time(day)).substr(0, 10);
            const auto record = schema::usage.get(
                call.txn(), {call.account, call.region, in.usage_plan_id, *key.id, text});
            used += record ? record->count : 0;
            days.push_back({record ? record->count : 0, quota_left(plan, used)});
        }
    }
    return out;
}

// "/remaining" gives a key a new rest of its quota for today.
Result<Usage> ApiGateway::UpdateUsage(aws::Call& call, const UpdateUsageInput& in) {
    TRY(const UsagePlan plan, find_plan(call, in.usage_plan_id));
    REQUIRE(GetUsagePlanKey(call, {.usage_plan_id = in.usage_plan_id, .key_id = in.key_id}));
    if (!plan.quota) return bad("Usage Plan " + in.usage_plan_id + " has no quota");
    std::optional<int64_t> remaining;
    for (const PatchOperation& operation : in.patch_operations) {
        if (operation.op_ != "replace" || operation.path != "/remaining")
            return bad("Invalid patch path  '" + operation.path.value_or("") +
                       "' specified for op '" + operation.op_.value_or("") +
                       "'. Must be one of: [/remaining]");
        remaining = parse_int(operation.value.value_or(""));
    }
    if (!remaining || *remaining < 0) return bad("Remaining must be a whole number");
    const std::string today = iso8601(call.now).substr(0, 10);
    const int64_t used = plan.quota->limit.value_or(0) - *remaining;
    schema::usage.put(call.txn(), {call.account, call.region, in.usage_plan_id, in.key_id, today},
                      {std::max<int64_t>(0, used)});
    call.after_commit([this, key = planes::gateway::UsageKey{in.usage_plan_id, in.key_id, today},
                       used] { gateway_.set_usage(key, std::max<int64_t>(0, used)); });
    Usage out{.usage_plan_id = in.usage_plan_id, .start_date = today, .end_date = today};
    out.items[in.key_id].push_back({std::max<int64_t>(0, used), *remaining});
    return out;
}

}  // namespace unkai::services::apigateway
