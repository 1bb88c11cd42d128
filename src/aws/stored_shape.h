// Shapes of the API inside of stored records, kept as they are (as JSON): what a client described
// is what it gets back.
#pragma once

#include "aws/protocol/json_shape.h"
#include "store/record.h"

namespace unkai::store {

template <class T>
    requires requires { T::shape_info; }
struct Codec<T> {
    static void encode(std::string& out, const T& value) { out += aws::protocol::to_json(value); }
    static bool decode(std::string_view in, T& value) {
        return aws::protocol::from_json(value, in).has_value();
    }
};

}  // namespace unkai::store
