// Forms: the requests of the query and ec2 protocols,
// `Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1`.
//
// A form becomes a tree by the dots of its keys; then the shape decides what is looked up. Limits:
// 20,000 parameters, 32 levels. Lists take their elements by the order of their numbers, gaps
// allowed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/protocol/path.h"
#include "base/result.h"
#include "base/shape.h"

namespace unkai::aws::protocol {

struct FormNode {
    std::optional<std::string> value;
    std::map<std::string, FormNode, std::less<>> children;
    mutable bool used = false;

    const FormNode* child(std::string_view name) const {
        const auto found = children.find(name);
        return found == children.end() ? nullptr : &found->second;
    }
};

struct FormStyle {
    bool ec2 = false;  // Lists are always flat, names begin with a capital.
};

// From percent-encoded text; a later value of the same key wins.
Status parse_form(std::string_view text, FormNode& root);
Status read_form(const FormNode& node, const ShapeInfo& shape, void* value, const FormStyle& style,
                 const Path& path, std::vector<std::string>& missing);
// The first key that no shape asked for, Action and what signatures add left out.
std::optional<std::string> unused_key(const FormNode& root);

}  // namespace unkai::aws::protocol
