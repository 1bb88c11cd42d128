// Validation of inputs before an operation runs: what must be there, lengths, ranges, enums,
// patterns.
//
// Messages are AWS's own ("2 validation errors detected: Value null at 'roleName' failed to satisfy
// constraint: Member must not be null; ..."), codes those of the service at hand.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
// S3 and EC2 check their own way and say it their own way; of their models only what is missing
// counts.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/service_info.h"

namespace unkai::aws::protocol {

// `missing`: paths of required members that the decoder did not meet; empty for calls in process,
// whose structs cannot lack them.
Status validate(const ServiceInfo& service, const ShapeInfo& shape, const void* input,
                const std::vector<std::string>& missing = {});

// The broken constraints alone, as AWS's sentences; what is missing is not looked at.
std::vector<std::string> broken_constraints(const ShapeInfo& shape, const void* input,
                                            const std::vector<std::string>& missing = {});

// The code and status of a refused input at this service, for decoders and for services' own
// checks.
Error validation_error(const ServiceInfo& service, std::string message);

}  // namespace unkai::aws::protocol
