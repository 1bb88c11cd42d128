// What the operations' files share.
#include "aws/protocol/json_shape.h"
#include "base/strings.h"
#include "services/cloudfront/cloudfront.h"
#include "services/cloudfront/distribution_rules.h"

namespace unkai::services::cloudfront {

namespace {

constexpr std::string_view capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

std::vector<std::string> users(aws::Call& call,
                               const std::function<bool(const DistributionConfig&)>& uses) {
    std::vector<std::string> out;
    for (const DistributionRecord& record : distributions_of(call))
        if (uses(config_of(record))) out.push_back(record.id);
    return out;
}

}  // namespace

Result<DistributionRecord> find_distribution(aws::Call& call, const std::string& id) {
    auto record = schema::distributions.get(call.txn(), {call.account, id});
    if (!record) return errors::NoSuchDistribution("The specified distribution does not exist.");
    return std::move(*record);
}

DistributionConfig config_of(const DistributionRecord& record) {
    DistributionConfig config;
    CHECK(aws::protocol::from_json(config, record.config).has_value(),
          "a distribution's config does not parse");
    return config;
}

std::vector<DistributionRecord> distributions_of(aws::Call& call) {
    std::vector<DistributionRecord> out;
    for (auto& [key, record] : schema::distributions.list(call.txn(), call.account))
        out.push_back(std::move(record));
    return out;
}

std::vector<std::string> users_of_cache_policy(aws::Call& call, const std::string& id) {
    return users(call, [&id](const DistributionConfig& config) {
        for (const CacheBehavior& behavior : behaviors_of(config))
            if (behavior.cache_policy_id == id) return true;
        return false;
    });
}

std::vector<std::string> users_of_request_policy(aws::Call& call, const std::string& id) {
    return users(call, [&id](const DistributionConfig& config) {
        for (const CacheBehavior& behavior : behaviors_of(config))
            if (behavior.origin_request_policy_id == id) return true;
        return false;
    });
}

std::vector<std::string> users_of_access_control(aws::Call& call, const std::string& id) {
    return users(call, [&id](const DistributionConfig& config) {
        for (const Origin& origin : config.origins.items)
            if (origin.origin_access_control_id == id) return true;
        return false;
    });
}

std::string new_id(aws::Call& call, std::string_view prefix) {
    constexpr size_t random_characters = 13;
    return std::string(prefix) + call.env.random.from(capitals, random_characters);
}

Status check_version(const std::optional<std::string>& if_match, const std::string& etag) {
    std::string_view given = if_match ? std::string_view(*if_match) : std::string_view();
    if (given.size() > 1 && given.front() == '"' && given.back() == '"')
        given = given.substr(1, given.size() - 2);
    const bool is_version = given.size() > 8 && given.front() == 'E' &&
                            given.find_first_not_of(capitals) == std::string_view::npos;
    if (!is_version)
        return errors::InvalidIfMatchVersion(
            "The If-Match version is missing or not valid for the resource.");
    if (given != etag)
        return errors::PreconditionFailed(
            "The request failed because it didn't meet the preconditions in one or more "
            "request-header fields.");
    return ok();
}

std::string location_of(std::string_view kind, const std::string& id) {
    return "https://cloudfront.amazonaws.com/2020-05-31/" + std::string(kind) + "/" + id;
}

Result<TagMap> read_tags(const Tags& tags) {
    TagMap out;
    for (const Tag& tag : tags.items) {
        if (tag.key.empty() || tag.key.size() > 128 || to_lower(tag.key).starts_with("aws:"))
            return errors::InvalidTagging("The tag key '" + tag.key +
                                          "' is not valid: 1 to 128 characters, not aws:.");
        if (!out.emplace(tag.key, tag.value.value_or("")).second)
            return errors::InvalidTagging("The tag key '" + tag.key + "' is given twice.");
    }
    if (out.size() > limits::tags)
        return errors::InvalidTagging("A distribution has at most 50 tags.");
    return out;
}

Result<size_t> page_size(const std::optional<std::string>& text) {
    if (!text || text->empty()) return limits::page;
    const auto size = parse_uint(*text);
    if (!size || *size < 1 || *size > limits::page)
        return errors::InvalidArgument("The parameter MaxItems must be 1 to 100.");
    return static_cast<size_t>(*size);
}

}  // namespace unkai::services::cloudfront
