// EC2's error codes. The model names none, so they are here.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace unkai::services::ec2 {

inline Unexpected bad(std::string code, std::string message) {
    return fail(std::move(code), std::move(message), 400);
}
inline Unexpected invalid_value(std::string message) {
    return bad("InvalidParameterValue", std::move(message));
}
inline Unexpected missing_parameter(std::string_view name) {
    return bad("MissingParameter",
               "The request must contain the parameter " + std::string(name) + ".");
}
inline Unexpected dependency(std::string message) {
    return bad("DependencyViolation", std::move(message));
}
inline Unexpected unsupported(std::string message) {
    return bad("UnsupportedOperation", std::move(message));
}

}  // namespace unkai::services::ec2
