// AWS::CloudFront: distributions, origin access controls, policies.
#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

namespace {

using Made = Task<Result<std::string>>;
using Attributes = Task<Result<Json>>;

Json quantity(const Json& items) {
    return Json::object({{"Quantity", items.size()}, {"Items", items}});
}

// A behaviour as the API has it: the cached methods lie inside the allowed ones.
Json behaviour_of(const Json& given) {
    if (!given.is_object()) return given;
    Json made = Json::object();
    for (const auto& [name, value] : given.as_object())
        if (name != "AllowedMethods" && name != "CachedMethods") made.set(name, value);
    const Json& allowed = given["AllowedMethods"];
    const Json& cached = given["CachedMethods"];
    if (allowed.is_array() || cached.is_array()) {
        const Json both = Json::array({"GET", "HEAD"});
        Json methods = quantity(allowed.is_array() ? allowed : both);
        methods.set("CachedMethods", quantity(cached.is_array() ? cached : both));
        made.set("AllowedMethods", methods);
    }
    return made;
}

Json origin_of(const Json& given) {
    if (!given.is_object()) return given;
    Json made = Json::object();
    for (const auto& [name, value] : given.as_object()) {
        if (name == "OriginCustomHeaders")
            made.set("CustomHeaders", value.is_array() ? quantity(value) : value);
        else
            made.set(name, value);
    }
    if (Json custom = given["CustomOriginConfig"]; custom.is_object()) {
        for (const auto& [name, port] : {std::pair{"HTTPPort", 80}, std::pair{"HTTPSPort", 443}})
            if (!custom.find(name)) custom.set(name, port);
        made.set("CustomOriginConfig", custom);
    }
    return made;
}

Json each(const Json& list, Json (*change)(const Json&)) {
    if (!list.is_array()) return list;
    Json made = Json::array();
    for (const Json& item : list.as_array()) made.push(change(item));
    return made;
}

// The template's DistributionConfig as the API's.
Json distribution_config(const Json& given) {
    if (!given.is_object()) return given;
    Json made = Json::object();
    for (const auto& [name, value] : given.as_object()) {
        if (name == "DefaultCacheBehavior")
            made.set(name, behaviour_of(value));
        else if (name == "CacheBehaviors")
            made.set(name, each(value, behaviour_of));
        else if (name == "Origins")
            made.set(name, each(value, origin_of));
        else if (name == "IPV6Enabled")
            made.set("IsIPV6Enabled", value);
        else if (name == "Restrictions" && value["GeoRestriction"].is_object()) {
            const Json& geo = value["GeoRestriction"];
            Json restriction =
                quantity(geo["Locations"].is_array() ? geo["Locations"] : Json::array());
            restriction.set("RestrictionType", geo["RestrictionType"]);
            made.set(name, Json::object({{"GeoRestriction", restriction}}));
        } else if (name == "Logging" && value.is_object()) {
            Json logging = value;
            logging.set("Enabled", true);
            for (const auto& [member, other] :
                 {std::pair<const char*, Json>{"IncludeCookies", false}, {"Prefix", ""}})
                if (!logging.find(member)) logging.set(member, other);
            made.set(name, logging);
        } else
            made.set(name, value);
    }
    if (!made.find("Comment")) made.set("Comment", "");
    return made;
}

Json prepare_distribution(Json input) {
    return Json::object({{"DistributionConfig", distribution_config(input["DistributionConfig"])}});
}

Json with_reference(const Work& work) {
    Json input = work.input;
    Json config = input["DistributionConfig"];
    config.set("CallerReference", work.token);
    input.set("DistributionConfig", config);
    return input;
}

Made create_distribution(Work& work) {
    const Json tags = work.tags();
    if (tags.size() == 0) {
        CO_TRY(const Json made,
               co_await work.call("cloudfront", "CreateDistribution", with_reference(work)));
        co_return made["Distribution"]["Id"].text();
    }
    const Json input = Json::object(
        {{"DistributionConfigWithTags",
          Json::object({{"DistributionConfig", with_reference(work)["DistributionConfig"]},
                        {"Tags", Json::object({{"Items", tags}})}})}});
    CO_TRY(const Json made, co_await work.call("cloudfront", "CreateDistributionWithTags", input));
    co_return made["Distribution"]["Id"].text();
}

Json this_one(const Work& work) { return Json::object({{"Id", work.physical_id}}); }

Result<bool> is_deployed(const Json& answer) {
    return answer["Distribution"]["Status"].text() == "Deployed";
}

Attributes settle_distribution(Work& work) {
    CO_TRY(const Json answer,
           co_await work.wait_until("cloudfront", "GetDistribution", this_one(work), is_deployed));
    co_return Json::object(
        {{"Id", work.physical_id}, {"DomainName", answer["Distribution"]["DomainName"]}});
}

Task<Status> put_distribution(Work& work, Json config) {
    CO_TRY(const Json now, co_await work.call("cloudfront", "GetDistribution", this_one(work)));
    config.set("CallerReference", now["Distribution"]["DistributionConfig"]["CallerReference"]);
    CO_REQUIRE(co_await work.call(
        "cloudfront", "UpdateDistribution",
        Json::object(
            {{"Id", work.physical_id}, {"IfMatch", now["ETag"]}, {"DistributionConfig", config}})));
    co_return ok();
}

Task<Status> update_distribution(Work& work) {
    return put_distribution(work, work.input["DistributionConfig"]);
}

// Disabled first, and deployed so: CloudFront deletes no other.
Task<Status> remove_distribution(Work& work) {
    const std::vector<std::string> gone{"NoSuchDistribution"};
    const Result<Json> now = co_await work.call("cloudfront", "GetDistribution", this_one(work));
    if (!now) {
        if (has_code(now.error(), gone)) co_return ok();
        co_return now.error();
    }
    Json config = (*now)["Distribution"]["DistributionConfig"];
    if (config["Enabled"].bool_or(false)) {
        config.set("Enabled", false);
        CO_REQUIRE(co_await work.call("cloudfront", "UpdateDistribution",
                                      Json::object({{"Id", work.physical_id},
                                                    {"IfMatch", (*now)["ETag"]},
                                                    {"DistributionConfig", config}})));
    }
    CO_TRY(const Json disabled,
           co_await work.wait_until("cloudfront", "GetDistribution", this_one(work), is_deployed));
    Json input = this_one(work);
    input.set("IfMatch", disabled["ETag"]);
    co_return co_await work.remove("cloudfront", "DeleteDistribution", std::move(input), gone);
}

// ---- What has a config, an id and an ETag, and nothing else.

struct ConfigCalls {
    const char* create;
    const char* get;
    const char* update;
    const char* remove;
    const char* answer;  // The member of the answers.
    const char* config;  // The member of inputs.
    const char* gone;
};
constexpr ConfigCalls access_control{"CreateOriginAccessControl", "GetOriginAccessControl",
                                     "UpdateOriginAccessControl", "DeleteOriginAccessControl",
                                     "OriginAccessControl",       "OriginAccessControlConfig",
                                     "NoSuchOriginAccessControl"};
constexpr ConfigCalls cache_policy{"CreateCachePolicy", "GetCachePolicy", "UpdateCachePolicy",
                                   "DeleteCachePolicy", "CachePolicy",    "CachePolicyConfig",
                                   "NoSuchCachePolicy"};
constexpr ConfigCalls request_policy{"CreateOriginRequestPolicy", "GetOriginRequestPolicy",
                                     "UpdateOriginRequestPolicy", "DeleteOriginRequestPolicy",
                                     "OriginRequestPolicy",       "OriginRequestPolicyConfig",
                                     "NoSuchOriginRequestPolicy"};
constexpr ConfigCalls headers_policy{"CreateResponseHeadersPolicy", "GetResponseHeadersPolicy",
                                     "UpdateResponseHeadersPolicy", "DeleteResponseHeadersPolicy",
                                     "ResponseHeadersPolicy",       "ResponseHeadersPolicyConfig",
                                     "NoSuchResponseHeadersPolicy"};

Made create_kind(Work& work, const ConfigCalls& kind) {
    CO_TRY(const Json made, co_await work.call("cloudfront", kind.create, work.input));
    co_return made[kind.answer]["Id"].text();
}

Attributes settle_kind(Work& work, const ConfigCalls& kind) {
    CO_TRY(const Json now, co_await work.call("cloudfront", kind.get, this_one(work)));
    co_return Json::object({{"Id", work.physical_id},
                            {"LastModifiedTime", now[kind.answer]["LastModifiedTime"].text()}});
}

Task<Status> update_kind(Work& work, const ConfigCalls& kind) {
    CO_TRY(const Json now, co_await work.call("cloudfront", kind.get, this_one(work)));
    Json input = work.input;
    input.set("Id", work.physical_id);
    input.set("IfMatch", now["ETag"]);
    CO_REQUIRE(co_await work.call("cloudfront", kind.update, std::move(input)));
    co_return ok();
}

Task<Status> remove_kind(Work& work, const ConfigCalls& kind) {
    const Result<Json> now = co_await work.call("cloudfront", kind.get, this_one(work));
    if (!now) {
        if (has_code(now.error(), {kind.gone})) co_return ok();
        co_return now.error();
    }
    Json input = this_one(work);
    input.set("IfMatch", (*now)["ETag"]);
    co_return co_await work.remove("cloudfront", kind.remove, std::move(input), {kind.gone});
}

// A handler for tables, bound to its kind.
template <const ConfigCalls& kind>
struct Bound {
    static Made create(Work& work) { return create_kind(work, kind); }
    static Attributes settle(Work& work) { return settle_kind(work, kind); }
    static Task<Status> update(Work& work) { return update_kind(work, kind); }
    static Task<Status> remove(Work& work) { return remove_kind(work, kind); }
    static constexpr ResourceType type(std::string_view name, std::string_view properties) {
        return {.name = name,
                .properties = properties,
                .attributes = "Id LastModifiedTime",
                .service = "cloudfront",
                .operation = kind.create,
                .create = create,
                .settle = settle,
                .update = update,
                .remove = remove};
    }
};

constexpr ResourceType cloudfront_types[] = {
    {.name = "AWS::CloudFront::Distribution",
     .properties = "DistributionConfig! Tags:tags",
     .attributes = "Id DomainName",
     .service = "cloudfront",
     .operation = "CreateDistribution",
     .prepare = prepare_distribution,
     .create = create_distribution,
     .settle = settle_distribution,
     .update = update_distribution,
     .remove = remove_distribution},
    Bound<access_control>::type("AWS::CloudFront::OriginAccessControl",
                                "OriginAccessControlConfig!"),
    Bound<cache_policy>::type("AWS::CloudFront::CachePolicy", "CachePolicyConfig!"),
    Bound<request_policy>::type("AWS::CloudFront::OriginRequestPolicy",
                                "OriginRequestPolicyConfig!"),
    Bound<headers_policy>::type("AWS::CloudFront::ResponseHeadersPolicy",
                                "ResponseHeadersPolicyConfig!"),
};

}  // namespace

std::span<const ResourceType> cloudfront_resources() { return cloudfront_types; }

}  // namespace unkai::services::cloudformation
