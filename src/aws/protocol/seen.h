// Seen: which members of a structure a decoder has met, and what of the required ones it has not.
#pragma once

#include <bitset>
#include <string>
#include <vector>

#include "aws/protocol/path.h"
#include "base/shape.h"

namespace unkai::aws::protocol {

class Seen {
public:
    static constexpr size_t most_members = 512;

    void set(const ShapeInfo& shape, const MemberInfo& member) {
        bits_.set(static_cast<size_t>(&member - shape.members));
    }
    // Appends the paths of required members that were not met, among those for which `counts`
    // holds.
    template <class Counts>
    void missing(const ShapeInfo& shape, const Path& path, std::vector<std::string>& out,
                 Counts counts) const {
        for (const MemberInfo& member : shape)
            if (member.has(MemberInfo::required) && counts(member) &&
                !bits_.test(static_cast<size_t>(&member - shape.members)))
                out.push_back(path.member(member.name).text());
    }
    void missing(const ShapeInfo& shape, const Path& path, std::vector<std::string>& out) const {
        missing(shape, path, out, [](const MemberInfo&) { return true; });
    }

private:
    std::bitset<most_members> bits_;
};

}  // namespace unkai::aws::protocol
