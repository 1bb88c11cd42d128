// AWS::S3: buckets and bucket policies.
#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

namespace {

Json bucket(const Work& work) { return Json::object({{"Bucket", work.physical_id}}); }

// PublicRead to public-read.
std::string canned_acl(std::string_view name) {
    std::string made;
    for (const char letter : name) {
        const bool capital = letter >= 'A' && letter <= 'Z';
        if (capital && !made.empty()) made += '-';
        made += capital ? static_cast<char>(letter - 'A' + 'a') : letter;
    }
    return made;
}

Task<Result<std::string>> create_bucket(Work& work) {
    const std::string name = work["BucketName"].string_or(work.generated_name(63, true));
    Json input = Json::object({{"Bucket", name}});
    if (work.properties.find("AccessControl"))
        input.set("ACL", canned_acl(work["AccessControl"].text()));
    if (const Json& rules = work["OwnershipControls"]["Rules"]; rules.size() > 0)
        input.set("ObjectOwnership", rules[0]["ObjectOwnership"]);
    if (work.caller.region != "us-east-1")
        input.set("CreateBucketConfiguration",
                  Json::object({{"LocationConstraint", work.caller.region}}));
    CO_REQUIRE(co_await work.call_unless("s3", "CreateBucket", std::move(input),
                                         work.again
                                             ? std::vector<std::string>{"BucketAlreadyOwnedByYou"}
                                             : std::vector<std::string>{}));
    co_return name;
}

// Template's names to the API's, inside a list of objects.
Json renamed(const Json& list,
             std::initializer_list<std::pair<std::string_view, std::string_view>> names) {
    Json made = Json::array();
    for (const Json& item : list.is_array() ? list.as_array() : Json::Array()) {
        Json object = Json::object();
        for (const auto& [name, value] : item.as_object()) {
            std::string_view other = name;
            for (const auto& [from, to] : names)
                if (from == name) other = to;
            object.set(other, value);
        }
        made.push(std::move(object));
    }
    return made;
}

// A lifecycle rule's conditions, which the template has beside its actions.
Json filter_of(const Json& rule) {
    Json all = Json::object();
    for (const char* name : {"Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan"})
        if (const Json* value = rule.find(name)) all.set(name, *value);
    const Json& tags = rule["TagFilters"];
    if (tags.size() == 1 && all.size() == 0) return Json::object({{"Tag", tags[0]}});
    if (tags.size() == 0 && all.size() == 0) return Json::object({{"Prefix", ""}});
    if (tags.size() > 0) all.set("Tags", tags);
    return all.size() == 1 ? all : Json::object({{"And", all}});
}

Json lifecycle_rule(const Json& rule) {
    Json made = Json::object({{"Status", rule["Status"]}, {"Filter", filter_of(rule)}});
    if (const Json* id = rule.find("Id")) made.set("ID", *id);
    Json expiration = Json::object();
    if (const Json* days = rule.find("ExpirationInDays")) expiration.set("Days", *days);
    if (const Json* date = rule.find("ExpirationDate")) expiration.set("Date", *date);
    if (const Json* marker = rule.find("ExpiredObjectDeleteMarker"))
        expiration.set("ExpiredObjectDeleteMarker", *marker);
    if (expiration.size() > 0) made.set("Expiration", std::move(expiration));
    if (const Json* days = rule.find("NoncurrentVersionExpirationInDays"))
        made.set("NoncurrentVersionExpiration", Json::object({{"NoncurrentDays", *days}}));
    for (const char* name : {"NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"})
        if (const Json* value = rule.find(name)) made.set(name, *value);
    return made;
}

Json lifecycle(const Json& value) {
    Json made = Json::array();
    for (const Json& rule : value["Rules"].as_array()) made.push(lifecycle_rule(rule));
    return Json::object({{"Rules", std::move(made)}});
}

Json rules(Json list) { return Json::object({{"Rules", std::move(list)}}); }

// One setting of the bucket: put when the property is there, deleted when it no longer is.
struct Setting {
    const char* property;
    const char* put;
    const char* member;
    const char* remove;  // Null: it cannot be.
    Json (*value)(const Json& property);
};

constexpr Setting settings[] = {
    {"PublicAccessBlockConfiguration", "PutPublicAccessBlock", "PublicAccessBlockConfiguration",
     "DeletePublicAccessBlock", [](const Json& value) { return value; }},
    {"BucketEncryption", "PutBucketEncryption", "ServerSideEncryptionConfiguration",
     "DeleteBucketEncryption",
     [](const Json& value) {
         return rules(
             renamed(value["ServerSideEncryptionConfiguration"],
                     {{"ServerSideEncryptionByDefault", "ApplyServerSideEncryptionByDefault"}}));
     }},
    {"VersioningConfiguration", "PutBucketVersioning", "VersioningConfiguration", nullptr,
     [](const Json& value) { return value; }},
    {"LifecycleConfiguration", "PutBucketLifecycleConfiguration", "LifecycleConfiguration",
     "DeleteBucketLifecycle", lifecycle},
    {"CorsConfiguration", "PutBucketCors", "CORSConfiguration", "DeleteBucketCors",
     [](const Json& value) {
         return Json::object(
             {{"CORSRules", renamed(value["CorsRules"], {{"ExposedHeaders", "ExposeHeaders"},
                                                         {"MaxAge", "MaxAgeSeconds"},
                                                         {"Id", "ID"}})}});
     }},
    {"OwnershipControls", "PutBucketOwnershipControls", "OwnershipControls",
     "DeleteBucketOwnershipControls", [](const Json& value) { return rules(value["Rules"]); }},
};

Task<Result<Json>> settle_bucket(Work& work) {
    for (const Setting& setting : settings) {
        const Json* value = work.properties.find(setting.property);
        if (!value) continue;
        Json input = bucket(work);
        input.set(setting.member, setting.value(*value));
        CO_REQUIRE(co_await work.call("s3", setting.put, std::move(input)));
    }
    if (const Json tags = work.tags(); tags.size() > 0) {
        Json input = bucket(work);
        input.set("Tagging", Json::object({{"TagSet", tags}}));
        CO_REQUIRE(co_await work.call("s3", "PutBucketTagging", std::move(input)));
    }
    const std::string& name = work.physical_id;
    const std::string& region = work.caller.region;
    co_return Json::object(
        {{"Arn", "arn:aws:s3:::" + name},
         {"DomainName", name + ".s3.amazonaws.com"},
         {"RegionalDomainName", name + ".s3." + region + ".amazonaws.com"},
         {"DualStackDomainName", name + ".s3.dualstack." + region + ".amazonaws.com"},
         {"WebsiteURL", "http://" + name + ".s3-website-" + region + ".amazonaws.com"}});
}

Task<Status> update_bucket(Work& work) {
    if (const std::string acl = canned_acl(work["AccessControl"].string_or("Private"));
        work.changed("AccessControl") && acl != "private")
        co_return fail("InvalidBucketAclWithObjectOwnership",
                       "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced "
                       "setting: leave AccessControl out and use a bucket policy.",
                       400);
    for (const Setting& setting : settings) {
        if (!work.previous.find(setting.property) || work.properties.find(setting.property))
            continue;
        Json input = bucket(work);
        if (!setting.remove) input.set(setting.member, Json::object({{"Status", "Suspended"}}));
        CO_REQUIRE(co_await work.call("s3", setting.remove ? setting.remove : setting.put,
                                      std::move(input)));
    }
    co_return ok();  // settle puts the rest.
}

Task<Status> remove_bucket(Work& work) {
    return work.remove("s3", "DeleteBucket", bucket(work), {"NoSuchBucket"});
}

Task<Result<std::string>> put_policy(Work& work) {
    CO_REQUIRE(co_await work.call(
        "s3", "PutBucketPolicy",
        Json::object({{"Bucket", work["Bucket"]}, {"Policy", work["PolicyDocument"].dump()}})));
    co_return work["Bucket"].text();
}

Task<Status> update_bucket_policy(Work& work) {
    CO_REQUIRE(co_await put_policy(work));
    co_return ok();
}

Task<Status> remove_bucket_policy(Work& work) {
    return work.remove("s3", "DeleteBucketPolicy", bucket(work),
                       {"NoSuchBucket", "NoSuchBucketPolicy"});
}

constexpr ResourceType s3_types[] = {
    {.name = "AWS::S3::Bucket",
     .properties = "BucketName^:s AccessControl:s VersioningConfiguration:{Status!:s} "
                   "LifecycleConfiguration:{Rules!:[{Id:s Status!:s Prefix:s "
                   "TagFilters:[{Key!:s Value!:s}] ObjectSizeGreaterThan:i ObjectSizeLessThan:i "
                   "ExpirationInDays:i ExpirationDate:s ExpiredObjectDeleteMarker:b "
                   "NoncurrentVersionExpiration:{NoncurrentDays!:i NewerNoncurrentVersions:i} "
                   "NoncurrentVersionExpirationInDays:i "
                   "AbortIncompleteMultipartUpload:{DaysAfterInitiation!:i}}]} "
                   "PublicAccessBlockConfiguration:{BlockPublicAcls:b "
                   "BlockPublicPolicy:b IgnorePublicAcls:b "
                   "RestrictPublicBuckets:b} "
                   "BucketEncryption:{ServerSideEncryptionConfiguration!:[{BucketKeyEnabled:b "
                   "ServerSideEncryptionByDefault:{SSEAlgorithm!:s KMSMasterKeyID:s}}]} "
                   "CorsConfiguration:{CorsRules!:[{AllowedHeaders:[s] AllowedMethods!:[s] "
                   "AllowedOrigins!:[s] "
                   "ExposedHeaders:[s] Id:s MaxAge:i}]} "
                   "OwnershipControls:{Rules!:[{ObjectOwnership:s}]} Tags:tags",
     .attributes = "Arn DomainName RegionalDomainName DualStackDomainName WebsiteURL",
     .service = "s3",
     .operation = "CreateBucket",
     .create = create_bucket,
     .settle = settle_bucket,
     .update = update_bucket,
     .remove = remove_bucket},
    {.name = "AWS::S3::BucketPolicy",
     .properties = "Bucket!^:s PolicyDocument!:j",
     .attributes = "",
     .service = "s3",
     .operation = "PutBucketPolicy",
     .create = put_policy,
     .settle = no_attributes,
     .update = update_bucket_policy,
     .remove = remove_bucket_policy},
};

}  // namespace

std::span<const ResourceType> s3_resources() { return s3_types; }

}  // namespace unkai::services::cloudformation
