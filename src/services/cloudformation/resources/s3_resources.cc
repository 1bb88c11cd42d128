// AWS::S3: buckets and bucket policies.
#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

namespace {

Json bucket(const Work& work) { return Json::object({{"Bucket", work.physical_id}}); }

Task<Result<std::string>> create_bucket(Work& work) {
    const std::string name = work["BucketName"].string_or(work.generated_name(63, true));
    Json input = Json::object({{"Bucket", name}});
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

Json rules(Json list) { return Json::object({{"Rules", std::move(list)}}); }

// One setting of the bucket: put when the property is there, deleted when it no longer is.
struct Setting {
    const char* property;
    const char* put;
    const char* member;
    const char* remove;
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
    for (const Setting& setting : settings)
        if (work.previous.find(setting.property) && !work.properties.find(setting.property))
            CO_REQUIRE(co_await work.call("s3", setting.remove, bucket(work)));
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
     .properties = "BucketName^:s PublicAccessBlockConfiguration:{BlockPublicAcls:b "
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
