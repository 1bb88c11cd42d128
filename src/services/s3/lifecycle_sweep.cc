// Carries lifecycle rules out: once a day, a bounded piece a transaction.
#include "base/log.h"
#include "services/s3/lifecycle.h"
#include "services/s3/s3.h"

namespace unkai::services::s3 {

constexpr size_t sweep_rows = 500;

Task<void> S3::run_lifecycles() {
    using std::chrono::floor, std::chrono::days;
    std::optional<std::chrono::sys_days> done;
    // The machine may sleep through midnight: look at the clock every hour.
    do {
        const auto today = floor<days>(env_.now());
        if (done == today) continue;
        if (const Status swept = co_await sweep_lifecycles(); !swept)
            log::warn("s3: a lifecycle was not carried out", {{"error", swept.error().message}});
        done = today;
    } while (co_await env_.loop.sleep(
        std::min<Duration>(std::chrono::hours{1}, midnight_after(env_.now(), 0) - env_.now()),
        &stop_));
}

Task<Status> S3::sweep_lifecycles() {
    std::vector<std::string> names;
    store::Txn txn = store_.begin();
    for (const auto& [key, bucket] : schema::buckets.list(txn))
        if (!bucket.lifecycle.empty()) names.push_back(bucket.name);
    for (const std::string& name : names) {
        CO_REQUIRE(co_await sweep_uploads(name));
        CO_REQUIRE(co_await sweep_objects(name));
        CO_REQUIRE(co_await sweep_versions(name));
    }
    co_return ok();
}

Task<Status> S3::sweep_objects(std::string name) {
    std::optional<std::tuple<std::string, std::string>> after;
    for (bool more = true; more;) {
        aws::Call call(env_, store_);
        const auto bucket = schema::buckets.get(call.txn(), {name});
        if (!bucket) co_return ok();
        const LifecycleRules rules = lifecycle_rules(*bucket);
        std::vector<std::string> expired;
        size_t rows = 0;
        schema::objects.each(
            call.txn(), store::key_prefix(name),
            [&](const auto& row, const s3::Object& object) {
                after = row;
                const auto found = expiration(rules, std::get<1>(row), object);
                if (found && found->due <= call.now) expired.push_back(std::get<1>(row));
                return ++rows < sweep_rows;
            },
            after);
        for (const std::string& key : expired) versions(call, *bucket).remove(key);
        more = rows == sweep_rows;
        CO_REQUIRE(co_await call.commit());
        co_await env_.loop.yield();
    }
    co_return ok();
}

namespace {

// The walk over the versions of a bucket, newest first within a key.
struct VersionWalk {
    std::string key;
    bool has_current = false;  // The key shows an object.
    int32_t newer = 0;         // Noncurrent versions of the key that came before this one.
    std::optional<std::tuple<std::string, std::string, int64_t>> after;
};

bool is_alone(aws::Call& call, const std::string& bucket, const std::string& key) {
    size_t rows = 0;
    schema::versions.each(call.txn(), store::key_prefix(bucket, key),
                          [&](const auto&, const Version&) { return ++rows < 2; });
    return rows < 2;
}

// What of the next rows is due: key and version id.
std::vector<std::pair<std::string, std::string>> due_versions(aws::Call& call, const Bucket& bucket,
                                                              VersionWalk& walk, bool& more) {
    const LifecycleRules rules = lifecycle_rules(bucket);
    std::vector<std::pair<std::string, std::string>> due;
    size_t rows = 0;
    schema::versions.each(
        call.txn(), store::key_prefix(bucket.name),
        [&](const auto& row, const Version& version) {
            const std::string& key = std::get<1>(row);
            const bool first = !walk.after || walk.key != key;
            if (first) walk = {key, schema::objects.has(call.txn(), {bucket.name, key}), 0, {}};
            walk.after = row;
            if (first && !walk.has_current) {  // The newest, and so a delete marker.
                if (removes_marker(rules, key, version, call.now) &&
                    is_alone(call, bucket.name, key))
                    due.emplace_back(key, shown_version(version.object));
            } else {
                const auto found = noncurrent_expiration(rules, key, version, walk.newer++);
                if (found && found->due <= call.now)
                    due.emplace_back(key, shown_version(version.object));
            }
            return ++rows < sweep_rows;
        },
        walk.after);
    more = rows == sweep_rows;
    return due;
}

}  // namespace

Task<Status> S3::sweep_versions(std::string name) {
    VersionWalk walk;
    for (bool more = true; more;) {
        aws::Call call(env_, store_);
        const auto bucket = schema::buckets.get(call.txn(), {name});
        if (!bucket) co_return ok();
        for (const auto& [key, id] : due_versions(call, *bucket, walk, more))
            versions(call, *bucket).remove(key, id);
        CO_REQUIRE(co_await call.commit());
        co_await env_.loop.yield();
    }
    co_return ok();
}

Task<Status> S3::sweep_uploads(std::string name) {
    aws::Call call(env_, store_);
    const auto bucket = schema::buckets.get(call.txn(), {name});
    if (!bucket) co_return ok();
    const LifecycleRules rules = lifecycle_rules(*bucket);
    size_t dropped = 0;
    for (const auto& [key, upload] : schema::uploads.list(call.txn(), name)) {
        const auto found = abortion(rules, upload.key, upload.initiated);
        if (!found || found->due > call.now) continue;
        drop_upload(call, key);
        if (++dropped % sweep_rows == 0) CO_REQUIRE(co_await call.commit());
    }
    co_return co_await call.commit();
}

}  // namespace unkai::services::s3
