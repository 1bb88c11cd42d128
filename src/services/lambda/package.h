// Zip packages: looked into and unpacked without trusting them. Blocks: for Workers.
//
// Nothing leaves the folder: absolute names, "..", devices and what would pass through a symbolic
// link are refused, and sizes are counted while unpacking, whatever the archive says of itself.
// Symbolic links stay as they are: they are followed inside the function's own root only.
// Everybody may read what is unpacked; on AWS, files without that right fail at the first
// invocation.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace unkai::services::lambda {

// Unpacks the archive into a folder that is there and empty; the answer is the unpacked size.
// Errors: InvalidParameterValueException, "Could not unzip uploaded file. …" for what is no zip,
// "Unzipped size must be smaller than 262144000 bytes" beyond `most_bytes`.
Result<int64_t> unpack_zip(const std::string& archive_file, const std::string& folder,
                           int64_t most_bytes);

}  // namespace unkai::services::lambda
