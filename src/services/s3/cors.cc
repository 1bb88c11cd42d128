// https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html: the first rule that fits
// decides.
#include <algorithm>

#include "aws/protocol/json_shape.h"
#include "services/s3/s3.h"

namespace unkai::services::s3 {

namespace {

bool header_allowed(const CORSRule& rule, std::string_view wanted) {
    return std::any_of(rule.allowed_headers.begin(), rule.allowed_headers.end(),
                       [&](const std::string& pattern) {
                           return glob_match(to_lower(pattern), to_lower(wanted));
                       });
}

bool fits(const CORSRule& rule, const aws::CrossOrigin::Question& question) {
    const bool origin = std::any_of(
        rule.allowed_origins.begin(), rule.allowed_origins.end(),
        [&](const std::string& pattern) { return glob_match(pattern, question.origin); });
    const bool method = std::find(rule.allowed_methods.begin(), rule.allowed_methods.end(),
                                  question.method) != rule.allowed_methods.end();
    if (!origin || !method) return false;
    if (!question.preflight || question.request_headers.empty()) return true;
    for (const std::string_view header : split(question.request_headers, ','))
        if (!header_allowed(rule, trim(header))) return false;
    return true;
}

}  // namespace

bool S3::allow(const Question& question, wire::Headers& headers) {
    store::Txn txn = store_.begin();
    const auto bucket = schema::buckets.get(txn, {question.bucket});
    if (!bucket || bucket->cors.empty()) return false;
    CORSConfiguration configuration;
    if (!aws::protocol::from_json(configuration, bucket->cors)) return false;
    for (const CORSRule& rule : configuration.cors_rules) {
        if (!fits(rule, question)) continue;
        const bool anybody = std::find(rule.allowed_origins.begin(), rule.allowed_origins.end(),
                                       "*") != rule.allowed_origins.end();
        headers.add("access-control-allow-origin", anybody ? "*" : question.origin);
        if (!anybody) headers.add("access-control-allow-credentials", "true");
        const std::vector<std::string> methods(rule.allowed_methods.begin(),
                                               rule.allowed_methods.end());
        headers.add("access-control-allow-methods", join(methods, ", "));
        if (question.preflight && !question.request_headers.empty())
            headers.add("access-control-allow-headers", question.request_headers);
        const std::vector<std::string> exposed(rule.expose_headers.begin(),
                                               rule.expose_headers.end());
        if (!exposed.empty()) headers.add("access-control-expose-headers", join(exposed, ", "));
        if (rule.max_age_seconds)
            headers.add("access-control-max-age", std::to_string(*rule.max_age_seconds));
        headers.add("vary",
                    "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
        return true;
    }
    return false;
}

}  // namespace unkai::services::s3
