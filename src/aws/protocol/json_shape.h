// Shapes as JSON: bodies of json 1.0, json 1.1 and rest-json, and AWS shapes kept in the store.
//
//     std::string text = protocol::to_json(task_definition);      // names as the AWS CLI prints
//     them REQUIRE(protocol::from_json(task_definition, text));
//
// Reading: unknown members are passed over, null is absent, a wrong type is a
// SerializationException. Required members that are missing are not an error here but named in
// `missing` (for validate.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/protocol/path.h"
#include "base/result.h"
#include "base/shape.h"
#include "wire/json_stream.h"

namespace unkai::aws::protocol {

struct JsonStyle {
    bool wire_names = true;  // Else the model's names.
    bool body_only = true;   // Leave out members that travel in headers, the URI or the payload.
    bool empty_lists =
        true;             // Write lists and maps of the outermost structure even when not given.
    bool answer = false;  // Of an output, which has no URI and no query.
    bool exact_times = false;  // With microseconds.
};

void write_json(wire::JsonWriter& out, const ShapeInfo& shape, const void* value,
                const JsonStyle& style, bool outermost = true);
// False when the reader has failed; its finish() tells why.
bool read_json(wire::JsonReader& in, const ShapeInfo& shape, void* value, const JsonStyle& style,
               const Path& path, std::vector<std::string>& missing);

// Every member, by the model's names; what is not given is left out. Round-trips exactly.
std::string shape_to_json(const ShapeInfo& shape, const void* value);
// Missing required members are an error that names them; so is anything else that does not fit.
Status shape_from_json(const ShapeInfo& shape, void* value, std::string_view text);

template <class T>
std::string to_json(const T& value) {
    return shape_to_json(T::shape_info, &value);
}
template <class T>
Status from_json(T& value, std::string_view text) {
    return shape_from_json(T::shape_info, &value, text);
}

}  // namespace unkai::aws::protocol
