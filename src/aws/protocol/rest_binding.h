// Members that travel outside of the body: headers, header prefixes, the URI, the query, the
// status.
#pragma once

#include <string>
#include <vector>

#include "aws/protocol/protocol.h"

namespace unkai::aws::protocol {

// Reads them into `input`; `missing` gets required ones that are absent.
Status read_bindings(const ShapeInfo& shape, const Route& route, const WireRequest& request,
                     void* input, std::vector<std::string>& missing);
// The headers and prefix headers alone, of a request or an answer.
Status read_headers(const ShapeInfo& shape, const wire::Headers& headers, void* value,
                    std::vector<std::string>& missing);
// Puts an output's headers and status into the answer.
void write_bindings(const ShapeInfo& shape, const void* output, WireResponse& answer);

// The member that is the whole body; nullptr when the body is the other members.
const MemberInfo* payload_of(const ShapeInfo& shape);
// Whether any member travels in the body, of a request or of an answer.
bool has_body(const ShapeInfo& shape, bool answer);

}  // namespace unkai::aws::protocol
