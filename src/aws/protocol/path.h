// Path: where in an input a value lies, as AWS's validation messages spell it: lower camel case,
// elements of lists as `.2.member`. Lives on the stack of the walk that is under way; costs nothing
// until rendered.
#pragma once

#include <string>
#include <string_view>

namespace unkai::aws::protocol {

struct Path {
    static constexpr int most_depth = 100;  // Of values within values; deeper input is refused.

    const Path* parent = nullptr;
    std::string_view name = {};  // Of a member or a map's key; empty: the element `index`, from 1.
    size_t index = 0;
    int depth = 0;

    Path member(std::string_view member_name) const { return {this, member_name, 0, depth + 1}; }
    Path element(size_t at) const { return {this, {}, at + 1, depth + 1}; }
    bool too_deep() const { return depth > most_depth; }

    std::string text() const {
        std::string out =
            parent != nullptr && parent->parent != nullptr ? parent->text() + "." : "";
        if (parent == nullptr) return out;
        if (name.empty()) return out + std::to_string(index) + ".member";
        out += name[0] >= 'A' && name[0] <= 'Z' ? static_cast<char>(name[0] + 32) : name[0];
        return out += name.substr(1);
    }
};

}  // namespace unkai::aws::protocol
