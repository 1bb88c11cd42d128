// When the rules of a bucket's lifecycle act. Pure.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
// Days count from the creation (of noncurrent versions: from when a newer one came) and are rounded
// up to the next midnight UTC. What acts is lifecycle_sweep.cc, once a day.
#pragma once

#include "services/s3/object_rules.h"

namespace unkai::services::s3 {

struct Due {
    Time due;
    std::string rule;  // Its id.
};

using LifecycleRules = List<LifecycleRule>;

// Of the bucket; empty when it has none.
LifecycleRules lifecycle_rules(const Bucket& bucket);
// Errors: MalformedXML, InvalidArgument, InvalidRequest, NotImplemented (transitions).
Status check_lifecycle(const LifecycleRules& rules);

Time midnight_after(Time from, int32_t days);
// The earliest of what the enabled rules say.
std::optional<Due> expiration(const LifecycleRules& rules, const std::string& key,
                              const s3::Object& object);
// `newer`: how many noncurrent versions of the key are newer.
std::optional<Due> noncurrent_expiration(const LifecycleRules& rules, const std::string& key,
                                         const Version& version, int32_t newer);
// Of a delete marker under which nothing is left.
bool removes_marker(const LifecycleRules& rules, const std::string& key, const Version& marker,
                    Time now);
std::optional<Due> abortion(const LifecycleRules& rules, const std::string& key, Time initiated);

// What answers say of it: x-amz-expiration, and when an upload is aborted.
std::optional<std::string> expiration_header(const Bucket& bucket, const std::string& key,
                                             const s3::Object& object);
std::optional<Due> abort_date(const Bucket& bucket, const std::string& key, Time initiated);

}  // namespace unkai::services::s3
