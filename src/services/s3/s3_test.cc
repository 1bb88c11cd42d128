#include "services/s3/s3.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "rt/sim/sim_loop.h"
#include "services/s3/lifecycle.h"
#include "services/s3/object_rules.h"

namespace unkai::services::s3 {
namespace {

constexpr std::chrono::hours day{24};

struct World {
    World() : folder(std::filesystem::temp_directory_path() / ("unkai-s3-" + real->hex(12))) {
        CreateBucketInput in;
        in.bucket = "bucket";
        EXPECT_EQ(run(&S3::CreateBucket, in), "");
    }
    ~World() {
        sim.loop.run_until_done(s3.stop());
        std::filesystem::remove_all(folder);
    }

    void owned(aws::Call& call) {
        call.account = "123456789012";
        call.region = "us-east-1";
        call.principal = {aws::Principal::Kind::root, call.account,
                          "arn:aws:iam::123456789012:root"};
    }
    // "" or the error's code.
    template <class In, class Out>
    std::string run(Result<Out> (S3::*operation)(aws::Call&, const In&), const In& in,
                    Out* out = nullptr) {
        aws::Call call(sim.env, store);
        owned(call);
        Result<Out> done = (s3.*operation)(call, in);
        if (!done) return done.error().code;
        EXPECT_TRUE(sim.loop.run_until_done(call.commit()));
        if (out) *out = *done;
        return "";
    }
    // The version's id, or the error's code.
    std::string put(const std::string& key, const std::string& body = "body") {
        aws::Call call(sim.env, store);
        owned(call);
        call.request_body = std::make_unique<aws::TextBody>(body);
        PutObjectInput in;
        in.bucket = "bucket";
        in.key = key;
        in.tagging = tagging;
        const auto done = sim.loop.run_until_done(s3.PutObject(call, in));
        return done ? done->version_id.value_or("") : done.error().code;
    }
    // The body, or the error's code.
    std::string get(const std::string& key, std::optional<std::string> version = {}) {
        return sim.loop.run_until_done(read(key, std::move(version)));
    }
    Task<std::string> read(std::string key, std::optional<std::string> version) {
        aws::Call call(sim.env, store);
        owned(call);
        GetObjectInput in;
        in.bucket = "bucket";
        in.key = key;
        in.version_id = version;
        const auto done = co_await s3.GetObject(call, in);
        if (!done) co_return done.error().code;
        std::string body;
        for (;;) {
            const auto piece = co_await call.response_body->read();
            if (!piece || piece->empty()) co_return body;
            body += *piece;
        }
    }
    DeleteObjectOutput remove(const std::string& key, std::optional<std::string> version = {}) {
        DeleteObjectOutput out;
        DeleteObjectInput in;
        in.bucket = "bucket";
        in.key = key;
        in.version_id = version;
        EXPECT_EQ(run(&S3::DeleteObject, in, &out), "");
        return out;
    }
    void versioning(const std::string& status) {
        PutBucketVersioningInput in;
        in.bucket = "bucket";
        in.versioning_configuration.status = status;
        EXPECT_EQ(run(&S3::PutBucketVersioning, in), "");
    }
    std::string lifecycle(std::vector<LifecycleRule> rules) {
        PutBucketLifecycleConfigurationInput in;
        in.bucket = "bucket";
        in.lifecycle_configuration = BucketLifecycleConfiguration{.rules = std::move(rules)};
        return run(&S3::PutBucketLifecycleConfiguration, in);
    }
    // "key:body*" of versions and "key:-" of markers, newest first; * is the latest.
    std::string listed(ListObjectVersionsInput in = {}) {
        in.bucket = "bucket";
        std::string text;
        for (int pages = 0; pages < 100; ++pages) {
            ListObjectVersionsOutput out;
            const std::string error = run(&S3::ListObjectVersions, in, &out);
            if (!error.empty()) return error;
            for (const auto& one : out.versions)
                text +=
                    *one.key + ":" + get(*one.key, one.version_id) + (*one.is_latest ? "* " : " ");
            for (const auto& one : out.delete_markers)
                text += *one.key + ":-" + (*one.is_latest ? "* " : " ");
            for (const auto& one : out.common_prefixes) text += *one.prefix + " ";
            if (!out.is_truncated.value_or(false)) return text;
            in.key_marker = out.next_key_marker;
            in.version_id_marker = out.next_version_id_marker;
        }
        return "it does not end";
    }
    void pass(Duration time) { sim.loop.run_until_done(sleep(time)); }
    Task<void> sleep(Duration time) { co_await sim.loop.sleep(time); }

    SimWorld sim;
    std::unique_ptr<Random> real = system_random();
    std::filesystem::path folder;
    store::Store store{sim.env, store::memory_engine()};
    store::Blobs blobs{sim.env, folder};
    S3 s3{sim.env, store, blobs};
    std::optional<std::string> tagging;
};

TEST(Versions, AreKeptUnderIdsAndDeletionsAreMarkers) {
    World world;
    EXPECT_EQ(world.put("k", "zero"), "");
    EXPECT_EQ(world.get("k", "null"), "zero");
    world.versioning("Enabled");
    const std::string one = world.put("k", "one"), two = world.put("k", "two");
    EXPECT_EQ(one.size(), 32u);
    EXPECT_EQ(world.get("k"), "two");
    EXPECT_EQ(world.get("k", one), "one");
    EXPECT_EQ(world.get("k", "null"), "zero");
    EXPECT_EQ(world.listed(), "k:two* k:one k:zero ");
    const auto marker = world.remove("k");
    EXPECT_TRUE(*marker.delete_marker);
    EXPECT_EQ(world.get("k"), "NoSuchKey");
    EXPECT_EQ(world.get("k", marker.version_id), "MethodNotAllowed");
    EXPECT_EQ(world.listed(), "k:two k:one k:zero k:-* ");
    EXPECT_TRUE(*world.remove("k", marker.version_id).delete_marker);
    EXPECT_EQ(world.get("k"), "two");
    world.remove("k", two);
    EXPECT_EQ(world.get("k"), "one");
    EXPECT_EQ(world.get("k", two), "NoSuchVersion");
    EXPECT_EQ(world.get("k", "rubbish"), "InvalidArgument");
    world.remove("k", "null");
    EXPECT_EQ(world.listed(), "k:one* ");
    world.remove("k", one);
    EXPECT_EQ(world.listed(), "");
}

TEST(Versions, SuspendedWritesReplaceTheNullVersionAlone) {
    World world;
    world.versioning("Enabled");
    const std::string one = world.put("k", "one");
    world.versioning("Suspended");
    EXPECT_EQ(world.put("k", "a"), "");
    EXPECT_EQ(world.put("k", "b"), "");
    EXPECT_EQ(world.listed(), "k:b* k:one ");
    EXPECT_EQ(*world.remove("k").version_id, "null");
    EXPECT_EQ(world.listed(), "k:one k:-* ");
    EXPECT_EQ(world.put("k", "c"), "");  // Replaces the marker, whose id is null too.
    EXPECT_EQ(world.listed(), "k:c* k:one ");
    world.versioning("Enabled");
    world.put("k", "d");
    EXPECT_EQ(world.get("k", "null"), "c");
    DeleteBucketInput in;
    in.bucket = "bucket";
    EXPECT_EQ(world.run(&S3::DeleteBucket, in), "BucketNotEmpty");
}

TEST(Versions, ListingsPageAndFold) {
    World world;
    world.versioning("Enabled");
    for (const char* key : {"a", "d/1", "d/2", "e"})
        for (const char* body : {"1", "2"}) world.put(key, body);
    world.remove("d/2");
    const std::string all = "a:2* a:1 d/1:2* d/1:1 d/2:2 d/2:1 e:2* e:1 d/2:-* ";
    EXPECT_EQ(world.listed(), all);
    for (const int page : {1, 2, 3}) {
        ListObjectVersionsInput in;
        in.max_keys = page;
        std::string paged = world.listed(in);
        // Markers come after the versions of their own page.
        EXPECT_EQ(paged.size(), all.size()) << paged;
        in.delimiter = "/";
        EXPECT_EQ(world.listed(in).size(), std::string("a:2* a:1 d/ e:2* e:1 ").size());
    }
    ListObjectVersionsInput in;
    in.prefix = "d/1";
    EXPECT_EQ(world.listed(in), "d/1:2* d/1:1 ");
    in.prefix = "";
    in.version_id_marker = "null";
    EXPECT_EQ(world.listed(in), "InvalidArgument");
}

LifecycleRule rule_of(const std::string& id) {
    LifecycleRule rule;
    rule.id = id;
    rule.status = "Enabled";
    rule.filter.emplace().prefix = "";
    return rule;
}

TEST(Lifecycle, DaysEndAtMidnight) {
    const Time start = *parse_iso8601("2026-01-15T10:30:00Z");
    EXPECT_EQ(iso8601(midnight_after(start, 3)), "2026-01-19T00:00:00Z");
    EXPECT_EQ(iso8601(midnight_after(start, 0)), "2026-01-16T00:00:00Z");
}

TEST(Lifecycle, ObjectsExpireByTheClock) {
    World world;
    ASSERT_TRUE(world.sim.loop.run_until_done(world.s3.recover()));
    LifecycleRule rule = rule_of("old");
    rule.filter->prefix = "logs/";
    rule.expiration.emplace().days = 2;
    ASSERT_EQ(world.lifecycle({rule}), "");
    world.pass(day / 2);
    world.put("logs/a");
    world.put("kept");
    world.pass(day * 2);  // Noon, two days later.
    EXPECT_EQ(world.get("logs/a"), "body");
    world.pass(day / 2 + std::chrono::minutes{1});  // Past midnight.
    EXPECT_EQ(world.get("logs/a"), "NoSuchKey");
    EXPECT_EQ(world.get("kept"), "body");
}

TEST(Lifecycle, NoncurrentVersionsMarkersAndUploadsGo) {
    World world;
    ASSERT_TRUE(world.sim.loop.run_until_done(world.s3.recover()));
    world.pass(day / 2);  // Noon: what follows ends between two midnights.
    world.versioning("Enabled");
    LifecycleRule rule = rule_of("versions");
    rule.expiration.emplace().expired_object_delete_marker = true;
    rule.noncurrent_version_expiration.emplace().noncurrent_days = 1;
    rule.noncurrent_version_expiration->newer_noncurrent_versions = 1;
    rule.abort_incomplete_multipart_upload.emplace().days_after_initiation = 1;
    ASSERT_EQ(world.lifecycle({rule}), "");
    for (const char* body : {"1", "2", "3", "4"}) world.put("k", body);
    world.put("gone", "1");
    world.remove("gone");
    CreateMultipartUploadInput upload;
    upload.bucket = "bucket";
    upload.key = "parts";
    CreateMultipartUploadOutput begun;
    ASSERT_EQ(world.run(&S3::CreateMultipartUpload, upload, &begun), "");
    EXPECT_EQ(*begun.abort_rule_id, "versions");
    EXPECT_EQ(world.listed(), "gone:1 k:4* k:3 k:2 k:1 gone:-* ");
    world.pass(day * 3);
    EXPECT_EQ(world.listed(), "gone:1 k:4* k:3 gone:-* ");  // One newer noncurrent version stays.
    ListMultipartUploadsInput list;
    list.bucket = "bucket";
    ListMultipartUploadsOutput uploads;
    ASSERT_EQ(world.run(&S3::ListMultipartUploads, list, &uploads), "");
    EXPECT_TRUE(uploads.uploads.empty());
    rule.noncurrent_version_expiration->newer_noncurrent_versions.reset();
    ASSERT_EQ(world.lifecycle({rule}), "");
    world.pass(day);
    EXPECT_EQ(world.listed(), "k:4* gone:-* ");
    world.pass(day);  // A marker goes once it is alone.
    EXPECT_EQ(world.listed(), "k:4* ");
}

TEST(Lifecycle, ExpiredObjectsOfVersionedBucketsGetMarkers) {
    World world;
    ASSERT_TRUE(world.sim.loop.run_until_done(world.s3.recover()));
    world.versioning("Enabled");
    LifecycleRule rule = rule_of("dated");
    rule.filter.emplace().tag = Tag{.key = "class", .value = "temporary"};
    rule.expiration.emplace().date = *parse_iso8601("2026-01-03T00:00:00Z");
    ASSERT_EQ(world.lifecycle({rule}), "");
    world.put("plain");
    world.tagging = "class=temporary";
    world.put("tagged");
    world.pass(day * 3);
    EXPECT_EQ(world.listed(), "plain:body* tagged:body tagged:-* ");
}

TEST(Lifecycle, RefusesWhatAwsRefuses) {
    World world;
    const auto with = [](auto change) {
        LifecycleRule rule = rule_of("r");
        rule.expiration.emplace().days = 1;
        change(rule);
        return std::vector<LifecycleRule>{rule};
    };
    EXPECT_EQ(world.lifecycle({}), "MalformedXML");
    EXPECT_EQ(world.lifecycle({rule_of("a")}), "InvalidRequest");
    EXPECT_EQ(world.lifecycle(with([](auto& rule) { rule.status = "On"; })), "MalformedXML");
    EXPECT_EQ(world.lifecycle(with([](auto& rule) { rule.expiration->days = 0; })),
              "InvalidArgument");
    EXPECT_EQ(world.lifecycle(with([](auto& rule) {
        rule.expiration->days.reset();
        rule.expiration->date = Time{std::chrono::seconds{100}};
    })),
              "InvalidArgument");
    EXPECT_EQ(world.lifecycle(with([](auto& rule) { rule.filter.reset(); })), "MalformedXML");
    EXPECT_EQ(world.lifecycle(with([](auto& rule) {
        rule.transitions.push_back({.days = 30, .storage_class = "GLACIER"});
    })),
              "NotImplemented");
    auto twice = with([](auto&) {});
    twice.push_back(twice[0]);
    EXPECT_EQ(world.lifecycle(twice), "InvalidArgument");
}

TEST(ContentEncoding, IsKeptWithoutTheChunksOfTheUpload) {
    EXPECT_EQ(kept_encoding(""), "");
    EXPECT_EQ(kept_encoding("gzip"), "gzip");
    EXPECT_EQ(kept_encoding("aws-chunked"), "");
    EXPECT_EQ(kept_encoding("aws-chunked, gzip,br"), "gzip,br");
    EXPECT_EQ(kept_encoding("gzip,AWS-chunked"), "gzip");
}

TEST(Encryption, FollowsTheRequestThenTheBucket) {
    Bucket bucket;
    bucket.account = "123456789012";
    bucket.region = "us-east-1";
    const std::string key = managed_key_arn(bucket.account, bucket.region);
    EXPECT_EQ(key.size(), std::string("arn:aws:kms:us-east-1:123456789012:key/").size() + 36);
    s3::Headers headers;
    EXPECT_TRUE(encrypt(bucket, EncryptionRequest{}, headers));
    EXPECT_EQ(headers.encryption, "AES256");
    bucket.encryption =
        R"({"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms"},"BucketKeyEnabled":true}]})";
    EXPECT_TRUE(encrypt(bucket, EncryptionRequest{}, headers));
    EXPECT_EQ(headers.kms_key, key);
    EXPECT_TRUE(headers.bucket_key);
    EXPECT_TRUE(encrypt(bucket, EncryptionRequest{.algorithm = "AES256"}, headers));
    EXPECT_EQ(headers.kms_key, "");
    const auto code = [&](EncryptionRequest request) {
        return encrypt(bucket, request, headers).error().code;
    };
    EXPECT_EQ(code({.algorithm = "aws:kms", .key = "alias/mine"}), "KMS.NotFoundException");
    EXPECT_EQ(code({.algorithm = "AES256", .key = key}), "InvalidArgument");
    EXPECT_EQ(code({.algorithm = "rot13"}), "InvalidEncryptionAlgorithmError");
    EXPECT_EQ(code({.algorithm = "aws:kms:dsse"}), "NotImplemented");
}

}  // namespace
}  // namespace unkai::services::s3
