// Policy documents: what a statement says of a request. Pure.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
// Used where a policy is enforced: bucket policies, role trust policies. Fails closed: a document
// that does not parse, a condition operator or key form that is not known, matches no Allow and
// every Deny.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "aws/call.h"
#include "wire/json.h"

namespace unkai::aws {

struct PolicyRequest {
    const Principal& principal;
    std::string_view action;    // "s3:GetObject"
    std::string_view resource;  // An ARN; empty where the policy has no Resource (trust policies).
    // Condition keys, lower case ("aws:sourcearn"), with their values. An absent key is an absent
    // key.
    std::multimap<std::string, std::string, std::less<>> context = {};
};

enum class Decision { none, allow, deny };

// What the document's statements say together: an explicit Deny wins.
Decision evaluate(const wire::Json& document, const PolicyRequest& request);
Decision evaluate(std::string_view document, const PolicyRequest& request);

// Whether a statement lets everybody in (for GetBucketPolicyStatus and Block Public Access):
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
bool is_public(const wire::Json& document);

}  // namespace unkai::aws
