#include "aws/protocol/json_shape.h"
#include "base/strings.h"
#include "services/cloudfront/cloudfront.h"
#include "services/cloudfront/distribution_rules.h"
#include "services/cloudfront/policies.h"

namespace unkai::services::cloudfront {

namespace {

constexpr std::string_view domain_characters = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr size_t domain_length = 13;

std::string certificate_of(const DistributionConfig& config) {
    if (!config.viewer_certificate) return {};
    return config.viewer_certificate->acm_certificate_arn.value_or("");
}

void set_config(aws::Call& call, DistributionRecord& record, const DistributionConfig& config) {
    record.config = aws::protocol::to_json(config);
    record.etag = new_id(call);
    record.modified = call.now;
    record.aliases.assign(config.aliases->items.begin(), config.aliases->items.end());
    record.certificate = certificate_of(config);
}

Status check_alias_owners(aws::Call& call, const DistributionConfig& config,
                          const std::string& own) {
    if (config.aliases->items.empty()) return ok();
    const std::set<std::string> wanted(config.aliases->items.begin(), config.aliases->items.end());
    for (const auto& [key, other] : schema::distributions.list(call.txn())) {
        if (other.id == own) continue;
        for (const std::string& alias : other.aliases)
            if (wanted.contains(alias))
                return errors::CNAMEAlreadyExists(
                    "One or more of the CNAMEs you provided are already associated with a "
                    "different resource: " +
                    alias);
    }
    return ok();
}

Status check_policies(aws::Call& call, const DistributionConfig& config) {
    for (const CacheBehavior& behavior : behaviors_of(config)) {
        const std::string cache = behavior.cache_policy_id.value_or("");
        if (!cache.empty() && !cache_policy(call.txn(), call.account, cache))
            return errors::NoSuchCachePolicy("The specified cache policy does not exist.");
        const std::string request = behavior.origin_request_policy_id.value_or("");
        if (!request.empty() && !request_policy(call.txn(), call.account, request))
            return errors::NoSuchOriginRequestPolicy(
                "The specified origin request policy does not exist.");
    }
    for (const Origin& origin : config.origins.items) {
        const std::string control = origin.origin_access_control_id.value_or("");
        if (!control.empty() && !access_control(call.txn(), call.account, control))
            return errors::InvalidOriginAccessControl(
                "The origin access control is not valid: there is none with the id " + control +
                ".");
    }
    return ok();
}

}  // namespace

// CloudFront guide, cnames-and-https-requirements.
Status CloudFront::check_certificate(aws::Call& call, const DistributionConfig& config) {
    const std::string arn = certificate_of(config);
    if (arn.empty()) return ok();
    if (!arn.starts_with("arn:aws:acm:us-east-1:" + call.account + ":certificate/"))
        return errors::InvalidViewerCertificate(
            "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, "
            "or doesn't include a valid certificate chain.");
    const auto identity = certificates_.find(arn);
    if (!identity)
        return errors::InvalidViewerCertificate(
            "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, "
            "or doesn't include a valid certificate chain: " +
            identity.error().message);
    for (const std::string& alias : config.aliases->items) {
        // A wildcard name is covered by the same wildcard only.
        const bool wild = alias.starts_with("*.");
        const std::string probe = wild ? "any-name-at-all" + alias.substr(1) : alias;
        if (!(*identity)->matches(probe))
            return errors::InvalidViewerCertificate(
                "The certificate that is attached to your distribution doesn't cover the alternate "
                "domain name (CNAME) that you're trying to add: " +
                alias);
    }
    return ok();
}

Status CloudFront::check_references(aws::Call& call, const DistributionConfig& config,
                                    const std::string& own) {
    REQUIRE(check_policies(call, config));
    REQUIRE(check_alias_owners(call, config, own));
    return check_certificate(call, config);
}

void CloudFront::declare_use(aws::Call& call, const DistributionRecord& record) {
    call.after_commit([this, arn = record.arn(), certificate = record.certificate] {
        certificates_.set_uses(arn, certificate.empty() ? std::set<std::string>{}
                                                        : std::set<std::string>{certificate});
    });
}

std::string CloudFront::status_of(const DistributionRecord& record) const {
    return publisher_.is_deployed(record.id, record.etag) ? "Deployed" : "InProgress";
}

Distribution CloudFront::show(aws::Call& call, const DistributionRecord& record) const {
    Distribution out;
    out.id = record.id;
    out.arn = record.arn();
    out.status = status_of(record);
    out.last_modified_time = record.modified;
    out.in_progress_invalidation_batches =
        static_cast<int32_t>(schema::pending.list(call.txn(), record.id).size());
    out.domain_name = record.domain;
    out.active_trusted_signers.emplace();
    out.active_trusted_key_groups.emplace();
    out.distribution_config = config_of(record);
    for (const std::string& alias : record.aliases)
        out.alias_icp_recordals.push_back(
            {.cname = alias, .icp_recordal_status = std::string(icp_recordal_status::approved)});
    return out;
}

Result<DistributionRecord> CloudFront::create(aws::Call& call, const DistributionConfig& given,
                                              const TagMap& tags) {
    REQUIRE(check_supported(given));
    REQUIRE(check_config(given));
    DistributionConfig config = given;
    fill_defaults(config);
    const auto known = distributions_of(call);
    for (const DistributionRecord& other : known) {
        if (other.reference != config.caller_reference) continue;
        // The same request once more gets the same answer.
        if (config_of(other) == config) return other;
        return errors::DistributionAlreadyExists(
            "The caller reference that you are using to create a distribution is associated with "
            "another distribution. Already exists: " +
            other.id);
    }
    if (known.size() >= limits::distributions)
        return errors::TooManyDistributions(
            "Processing your request would cause you to exceed the maximum number of distributions "
            "allowed.");
    REQUIRE(check_references(call, config, ""));
    DistributionRecord record;
    record.id = new_id(call);
    record.account = call.account;
    record.domain =
        "d" + call.env.random.from(domain_characters, domain_length) + ".cloudfront.net";
    record.reference = config.caller_reference;
    record.tags = tags;
    set_config(call, record, config);
    schema::distributions.put(call.txn(), {call.account, record.id}, record);
    declare_use(call, record);
    return record;
}

Result<CreateDistributionOutput> CloudFront::CreateDistribution(aws::Call& call,
                                                                const CreateDistributionInput& in) {
    TRY(const DistributionRecord record, create(call, in.distribution_config, {}));
    return CreateDistributionOutput{.distribution = show(call, record),
                                    .location = location_of("distribution", record.id),
                                    .e_tag = record.etag};
}

Result<CreateDistributionWithTagsOutput> CloudFront::CreateDistributionWithTags(
    aws::Call& call, const CreateDistributionWithTagsInput& in) {
    TRY(const TagMap tags, read_tags(in.distribution_config_with_tags.tags));
    TRY(const DistributionRecord record,
        create(call, in.distribution_config_with_tags.distribution_config, tags));
    return CreateDistributionWithTagsOutput{.distribution = show(call, record),
                                            .location = location_of("distribution", record.id),
                                            .e_tag = record.etag};
}

Result<GetDistributionOutput> CloudFront::GetDistribution(aws::Call& call,
                                                          const GetDistributionInput& in) {
    TRY(const DistributionRecord record, find_distribution(call, in.id));
    return GetDistributionOutput{.distribution = show(call, record), .e_tag = record.etag};
}

Result<GetDistributionConfigOutput> CloudFront::GetDistributionConfig(
    aws::Call& call, const GetDistributionConfigInput& in) {
    TRY(const DistributionRecord record, find_distribution(call, in.id));
    return GetDistributionConfigOutput{.distribution_config = config_of(record),
                                       .e_tag = record.etag};
}

Result<UpdateDistributionOutput> CloudFront::UpdateDistribution(aws::Call& call,
                                                                const UpdateDistributionInput& in) {
    TRY(DistributionRecord record, find_distribution(call, in.id));
    REQUIRE(check_version(in.if_match, record.etag));
    REQUIRE(check_supported(in.distribution_config));
    REQUIRE(check_config(in.distribution_config));
    if (in.distribution_config.caller_reference != record.reference)
        return errors::IllegalUpdate(
            "The update contains modifications that are not allowed: CallerReference.");
    DistributionConfig config = in.distribution_config;
    fill_defaults(config);
    REQUIRE(check_references(call, config, record.id));
    set_config(call, record, config);
    schema::distributions.put(call.txn(), {call.account, record.id}, record);
    declare_use(call, record);
    return UpdateDistributionOutput{.distribution = show(call, record), .e_tag = record.etag};
}

Result<DeleteDistributionOutput> CloudFront::DeleteDistribution(aws::Call& call,
                                                                const DeleteDistributionInput& in) {
    TRY(const DistributionRecord record, find_distribution(call, in.id));
    REQUIRE(check_version(in.if_match, record.etag));
    if (config_of(record).enabled || !publisher_.is_deployed(record.id, record.etag))
        return errors::DistributionNotDisabled(
            "The distribution you are trying to delete has not been disabled, or is still being "
            "deployed.");
    for (const auto& [key, invalidation] : schema::invalidations.list(call.txn(), record.id)) {
        schema::invalidations.erase(call.txn(), key);
        schema::pending.erase(call.txn(), key);
    }
    schema::distributions.erase(call.txn(), {call.account, record.id});
    call.after_commit([this, arn = record.arn()] { certificates_.set_uses(arn, {}); });
    return DeleteDistributionOutput{};
}

}  // namespace unkai::services::cloudfront
