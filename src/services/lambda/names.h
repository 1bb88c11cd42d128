// Names of functions, layers and what belongs to them: the forms in which a caller may say them,
// and their ARNs. Pure.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html (FunctionName)
// my-function, my-function:v1, 123456789012:function:my-function and the full ARN, each with a
// version or alias behind it or not.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace unkai::services::lambda {

// For whom: account and region.
struct Place {
    std::string account, region;
    auto operator<=>(const Place&) const = default;
};

struct FunctionName {
    Place place;
    std::string name;
    std::string qualifier;  // Empty, "$LATEST", a version's number or an alias.
};

// `qualifier` as the operation's own parameter; both given must be the same. Errors:
// InvalidParameterValueException, ResourceNotFoundException for another region or account.
Result<FunctionName> parse_function(const Place& place, std::string_view text,
                                    const std::optional<std::string>& qualifier = {});
std::string function_arn(const Place& place, std::string_view name,
                         std::string_view qualifier = {});

// "$LATEST" is 0; nullopt when it is no version but an alias.
std::optional<int64_t> version_number(std::string_view qualifier);
std::string version_name(int64_t number);

struct LayerName {
    Place place;
    std::string name;
    std::optional<int64_t> version;
};
// A name or an ARN, with or without a version. nullopt when it is neither.
std::optional<LayerName> parse_layer(const Place& place, std::string_view text);
std::string layer_arn(const Place& place, std::string_view name,
                      std::optional<int64_t> version = {});

// The parts of an ARN; empty strings when it is none.
struct Arn {
    std::string service, region, account, resource;
};
Arn parse_arn(std::string_view text);

}  // namespace unkai::services::lambda
