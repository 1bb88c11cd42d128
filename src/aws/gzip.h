// Request bodies with `Content-Encoding: gzip`, as SDKs send large ones of operations such as
// PutMetricData. The signature is over the bytes as sent; what they hold is bounded, so that a
// small body cannot become a large one in memory.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-compression.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace unkai::aws {

// Errors: SerializationException (400) for what is no gzip or ends early, RequestEntityTooLarge
// (413) beyond `most` bytes. Cost: one pass, in pieces of 64 KiB.
Result<std::string> gunzip(std::string_view compressed, uint64_t most);

}  // namespace unkai::aws
