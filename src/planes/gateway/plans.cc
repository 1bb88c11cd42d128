// Usage plans: keys, their throttles and quotas, and what was used.
#include "base/log.h"
#include "planes/gateway/serving.h"

namespace unkai::planes::gateway {

std::optional<Outgoing> Gateway::check_key(Turn& turn, const std::string& given) {
    const std::string stage = turn.api->id + ":" + turn.stage->name;
    const auto [first, last] = keys_.equal_range(given);
    for (auto at = first; at != last && !given.empty(); ++at) {
        const auto& [plan, key] = at->second;
        const auto limits = plan->stages.find(stage);
        if (!key->enabled || limits == plan->stages.end()) continue;
        turn.api_key = given;
        turn.api_key_id = key->id;
        const Steady now = env_.loop.steady();
        const std::string method = turn.route->resource + "/" + turn.route->method;
        const auto own = limits->second.find(method);
        const std::string bucket = "plan/" + plan->id + "/" + key->id;
        const bool room = own == limits->second.end()
                              ? buckets_[bucket].take(plan->throttle, now)
                              : buckets_[bucket + "/" + stage + method].take(own->second, now);
        if (!room) return own_answer(turn, "THROTTLED");
        return check_quota(turn, *plan, *key);
    }
    return own_answer(turn, "INVALID_API_KEY");
}

std::optional<Outgoing> Gateway::check_quota(Turn& turn, const UsagePlan& plan, const ApiKey& key) {
    const auto today = std::chrono::floor<std::chrono::days>(turn.now);
    const auto day_text = [](std::chrono::sys_days day) {
        return iso8601(Time(day)).substr(0, 10);
    };
    if (plan.quota > 0) {
        std::chrono::sys_days from = today;
        const std::chrono::year_month_day date{today};
        if (plan.period == "WEEK")
            from = today - (std::chrono::weekday(today) - std::chrono::Sunday);
        if (plan.period == "MONTH") from = date.year() / date.month() / 1;
        int64_t used = plan.offset;
        for (auto at = usage_.lower_bound({plan.id, key.id, day_text(from)});
             at != usage_.end() && at->first.plan == plan.id && at->first.key == key.id; ++at)
            used += at->second;
        if (used >= plan.quota) return own_answer(turn, "QUOTA_EXCEEDED");
    }
    const UsageKey counted{plan.id, key.id, day_text(today)};
    new_usage_[counted] = ++usage_[counted];
    turn.usage = ++counted_;
    usage_counted_.notify_all();
    return std::nullopt;
}

void Gateway::set_usage(const UsageKey& key, int64_t count) {
    usage_[key] = count;
    new_usage_.erase(key);
}

void Gateway::usage_stored(uint64_t up_to) {
    stored_ = up_to;
    usage_stored_.notify_all();
}

Task<void> Gateway::usage_kept(uint64_t own) {
    if (!keeps_usage_) co_return;
    constexpr auto patience = std::chrono::seconds(5);
    const Steady deadline = env_.loop.steady() + patience;
    while (stored_ < own)
        if (co_await usage_stored_.wait(env_.loop, deadline) != Wake::ready) {
            log::warn("a request is answered before its usage is stored");
            co_return;
        }
}

}  // namespace unkai::planes::gateway
