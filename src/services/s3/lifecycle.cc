#include "services/s3/lifecycle.h"

#include <set>

#include "aws/protocol/json_shape.h"
#include "base/strings.h"
#include "services/s3/limits.h"

namespace unkai::services::s3 {

namespace {

constexpr std::chrono::hours one_day{24};

// What a rule is about: all conditions must hold.
struct RuleScope {
    std::string prefix;
    std::vector<Tag> tags;
    int64_t larger_than = -1;
    std::optional<int64_t> smaller_than;
    size_t conditions = 0;
};

RuleScope scope_of(const LifecycleRule& rule) {
    RuleScope out;
    out.prefix = rule.prefix.value_or("");
    if (!rule.filter) return out;
    const auto take = [&](const auto& from) {
        if (from.prefix) ++out.conditions, out.prefix = *from.prefix;
        if (from.object_size_greater_than)
            ++out.conditions, out.larger_than = *from.object_size_greater_than;
        if (from.object_size_less_than)
            ++out.conditions, out.smaller_than = from.object_size_less_than;
    };
    take(*rule.filter);
    if (rule.filter->tag) ++out.conditions, out.tags.push_back(*rule.filter->tag);
    if (rule.filter->and_) {
        ++out.conditions;
        take(*rule.filter->and_);
        for (const Tag& tag : rule.filter->and_->tags) out.tags.push_back(tag);
    }
    return out;
}

// Delete markers have neither size nor tags: rules that ask for them do not mean markers.
bool is_meant(const LifecycleRule& rule, const std::string& key, const s3::Object& object,
              bool marker) {
    if (rule.status != "Enabled") return false;
    const RuleScope scope = scope_of(rule);
    if (!key.starts_with(scope.prefix)) return false;
    if (marker) return scope.tags.empty() && scope.larger_than < 0 && !scope.smaller_than;
    const auto size = static_cast<int64_t>(object.size);
    if (size <= scope.larger_than || (scope.smaller_than && size >= *scope.smaller_than))
        return false;
    return std::all_of(scope.tags.begin(), scope.tags.end(), [&](const Tag& tag) {
        const auto found = object.tags.find(tag.key);
        return found != object.tags.end() && found->second == tag.value;
    });
}

void take_earlier(std::optional<Due>& best, Time due, const LifecycleRule& rule) {
    if (!best || due < best->due) best = Due{due, rule.id.value_or("")};
}

Unexpected malformed_lifecycle() {
    return fail("MalformedXML",
                "The XML you provided was not well-formed or did not validate against our "
                "published schema",
                400);
}

Unexpected not_positive(std::string_view what) {
    return fail("InvalidArgument", std::string(what) + " action must be a positive integer", 400);
}

Status check_expiration(const LifecycleExpiration& expiration, const RuleScope& scope) {
    const bool marker = expiration.expired_object_delete_marker.has_value();
    if (int{expiration.days.has_value()} + int{expiration.date.has_value()} + int{marker} != 1)
        return malformed_lifecycle();
    if (expiration.days && *expiration.days < 1) return not_positive("'Days' for Expiration");
    if (expiration.date &&
        std::chrono::floor<std::chrono::days>(*expiration.date) != *expiration.date)
        return fail("InvalidArgument", "'Date' must be at midnight GMT", 400);
    if (marker && !scope.tags.empty())
        return fail("InvalidRequest", "ExpiredObjectDeleteMarker cannot be specified with Tags.",
                    400);
    return ok();
}

Status check_noncurrent(const NoncurrentVersionExpiration& expiration) {
    if (expiration.noncurrent_days.value_or(0) < 1)
        return not_positive("'NoncurrentDays' for NoncurrentVersionExpiration");
    if (const auto newer = expiration.newer_noncurrent_versions;
        newer && (*newer < 1 || *newer > limits::newer_versions))
        return fail("InvalidArgument",
                    "'NewerNoncurrentVersions' must be an integer between 1 and 100", 400);
    return ok();
}

Status check_rule(const LifecycleRule& rule) {
    if (rule.status != "Enabled" && rule.status != "Disabled") return malformed_lifecycle();
    if (rule.prefix.has_value() == rule.filter.has_value()) return malformed_lifecycle();
    if (rule.id.value_or("").size() > 255)
        return fail("InvalidArgument", "ID length should not exceed allowed limit of 255", 400);
    const RuleScope scope = scope_of(rule);
    if (rule.filter && !rule.filter->and_ && scope.conditions > 1) return malformed_lifecycle();
    if (!rule.transitions.empty() || !rule.noncurrent_version_transitions.empty())
        return fail("NotImplemented",
                    "Unkai has one place for objects, whatever their storage class: leave "
                    "transitions out of the lifecycle.",
                    501);
    const auto& abort = rule.abort_incomplete_multipart_upload;
    if (!rule.expiration && !rule.noncurrent_version_expiration && !abort)
        return fail("InvalidRequest", "At least one action needs to be specified in a rule", 400);
    if (rule.expiration) REQUIRE(check_expiration(*rule.expiration, scope));
    if (rule.noncurrent_version_expiration)
        REQUIRE(check_noncurrent(*rule.noncurrent_version_expiration));
    if (abort && abort->days_after_initiation.value_or(0) < 1)
        return not_positive("'DaysAfterInitiation' for AbortIncompleteMultipartUpload");
    if (abort && !scope.tags.empty())
        return fail("InvalidRequest",
                    "AbortIncompleteMultipartUpload cannot be specified with Tags.", 400);
    return ok();
}

}  // namespace

LifecycleRules lifecycle_rules(const Bucket& bucket) {
    BucketLifecycleConfiguration configuration;
    if (!bucket.lifecycle.empty())
        CHECK(aws::protocol::from_json(configuration, bucket.lifecycle).has_value());
    return std::move(configuration.rules);
}

Status check_lifecycle(const LifecycleRules& rules) {
    if (rules.empty()) return malformed_lifecycle();
    if (rules.size() > limits::lifecycle_rules)
        return fail("InvalidRequest",
                    "The number of lifecycle rules must not exceed the allowed limit of 1000 rules",
                    400);
    std::set<std::string> ids;
    for (const LifecycleRule& rule : rules) {
        REQUIRE(check_rule(rule));
        if (rule.id && !rule.id->empty() && !ids.insert(*rule.id).second)
            return fail("InvalidArgument",
                        "Rule ID must be unique. Found same ID for more than one rule", 400);
    }
    return ok();
}

Time midnight_after(Time from, int32_t days) {
    return std::chrono::floor<std::chrono::days>(from + one_day * days) + one_day;
}

std::optional<Due> expiration(const LifecycleRules& rules, const std::string& key,
                              const s3::Object& object) {
    std::optional<Due> best;
    for (const LifecycleRule& rule : rules) {
        if (!rule.expiration || !is_meant(rule, key, object, false)) continue;
        if (rule.expiration->days)
            take_earlier(best, midnight_after(object.modified, *rule.expiration->days), rule);
        if (rule.expiration->date) take_earlier(best, *rule.expiration->date, rule);
    }
    return best;
}

std::optional<Due> noncurrent_expiration(const LifecycleRules& rules, const std::string& key,
                                         const Version& version, int32_t newer) {
    std::optional<Due> best;
    for (const LifecycleRule& rule : rules) {
        const auto& action = rule.noncurrent_version_expiration;
        if (!action || !is_meant(rule, key, version.object, version.marker)) continue;
        if (newer < action->newer_noncurrent_versions.value_or(0)) continue;
        take_earlier(best, midnight_after(version.since, action->noncurrent_days.value_or(1)),
                     rule);
    }
    return best;
}

bool removes_marker(const LifecycleRules& rules, const std::string& key, const Version& marker,
                    Time now) {
    return std::any_of(rules.begin(), rules.end(), [&](const LifecycleRule& rule) {
        if (!rule.expiration || !is_meant(rule, key, marker.object, true)) return false;
        if (rule.expiration->days)
            return midnight_after(marker.object.modified, *rule.expiration->days) <= now;
        if (rule.expiration->date) return *rule.expiration->date <= now;
        return rule.expiration->expired_object_delete_marker.value_or(false);
    });
}

std::optional<Due> abortion(const LifecycleRules& rules, const std::string& key, Time initiated) {
    std::optional<Due> best;
    for (const LifecycleRule& rule : rules)
        if (const auto& abort = rule.abort_incomplete_multipart_upload;
            abort && rule.status == "Enabled" && key.starts_with(scope_of(rule).prefix))
            take_earlier(best, midnight_after(initiated, abort->days_after_initiation.value_or(1)),
                         rule);
    return best;
}

std::optional<std::string> expiration_header(const Bucket& bucket, const std::string& key,
                                             const s3::Object& object) {
    if (bucket.lifecycle.empty()) return std::nullopt;
    const auto found = expiration(lifecycle_rules(bucket), key, object);
    if (!found) return std::nullopt;
    return "expiry-date=\"" + http_date(found->due) + "\", rule-id=\"" +
           percent_encode(found->rule) + "\"";
}

std::optional<Due> abort_date(const Bucket& bucket, const std::string& key, Time initiated) {
    if (bucket.lifecycle.empty()) return std::nullopt;
    return abortion(lifecycle_rules(bucket), key, initiated);
}

}  // namespace unkai::services::s3
