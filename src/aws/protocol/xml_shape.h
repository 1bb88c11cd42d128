// Shapes as XML: answers of query and ec2, bodies of rest-xml both ways.
//
// Reading takes any element order, passes over what it does not know, ignores namespaces and
// prefixes. Timestamps are ISO 8601 unless their shape says otherwise.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/protocol/path.h"
#include "base/result.h"
#include "base/shape.h"
#include "wire/xml.h"

namespace pugi {
class xml_node;
}

namespace unkai::aws::protocol {

struct XmlStyle {
    bool ec2 = false;         // Elements of lists are <item> where the model does not name them.
    bool body_only = true;    // Leave out members of the outermost structure that travel elsewhere.
    bool empty_lists = true;  // Write the outermost structure's lists even when not given.
    bool answer = false;      // Of an output, which has no URI and no query.
    bool query = false;       // Names of members are the query protocol's, where they differ.
};

// The content of an element that the caller has opened: attributes, then members.
void write_xml(wire::XmlWriter& out, const ShapeInfo& shape, const void* value,
               const XmlStyle& style, bool outermost = true);
Status read_xml(const pugi::xml_node& node, const ShapeInfo& shape, void* value,
                const XmlStyle& style, const Path& path, std::vector<std::string>& missing);

// xmlns="uri", or xmlns:prefix="uri" for "prefix uri"; nothing for an empty text.
void write_xmlns(wire::XmlWriter& out, std::string_view xmlns);

}  // namespace unkai::aws::protocol
