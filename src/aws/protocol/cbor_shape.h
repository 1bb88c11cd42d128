// Shapes as CBOR: bodies of rpc-v2-cbor. The rules of reading are those of json_shape.h.
#pragma once

#include <string>
#include <vector>

#include "aws/protocol/path.h"
#include "base/shape.h"
#include "wire/cbor.h"

namespace unkai::aws::protocol {

void write_cbor(wire::CborWriter& out, const ShapeInfo& shape, const void* value,
                bool outermost = true);
// False when the reader has failed; its finish() tells why.
bool read_cbor(wire::CborReader& in, const ShapeInfo& shape, void* value, const Path& path,
               std::vector<std::string>& missing);

}  // namespace unkai::aws::protocol
