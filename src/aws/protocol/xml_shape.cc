#include "aws/protocol/xml_shape.h"

#include <pugixml.hpp>

#include "aws/protocol/scalar.h"
#include "aws/protocol/seen.h"
#include "base/strings.h"

namespace unkai::aws::protocol {

using wire::XmlWriter;

void write_xmlns(XmlWriter& out, std::string_view xmlns) {
    if (xmlns.empty()) return;
    const auto [prefix, uri] = split_once(xmlns, ' ');
    if (uri.empty())
        out.attribute("xmlns", xmlns);
    else
        out.attribute("xmlns:" + std::string(prefix), uri);
}

static std::string_view element_name(const ShapeInfo& list, const XmlStyle& style) {
    if (!list.element_name.empty()) return list.element_name;
    return style.ec2 ? "item" : "member";
}

static void write_element(XmlWriter& out, std::string_view name, std::string_view xmlns,
                          const ShapeInfo& shape, const void* value, const XmlStyle& style) {
    out.open(name);
    write_xmlns(out, xmlns.empty() ? shape.xmlns : xmlns);
    write_xml(out, shape, value, style, false);
    out.close();
}

static void write_items(XmlWriter& out, std::string_view name, std::string_view xmlns,
                        const ShapeInfo& shape, const void* value, const XmlStyle& style) {
    for (size_t i = 0; i < shape.list->size(value); ++i)
        write_element(out, name, xmlns, *shape.element, shape.list->at(value, i), style);
}

static void write_entries(XmlWriter& out, std::string_view name, std::string_view xmlns,
                          const ShapeInfo& shape, const void* value, const XmlStyle& style) {
    struct Context {
        XmlWriter& out;
        std::string_view name, xmlns;
        const ShapeInfo& shape;
        const XmlStyle& style;
    } context{out, name, xmlns, shape, style};
    shape.map->each(value, &context, [](void* at, const std::string& key, const void* item) {
        const auto& to = *static_cast<const Context*>(at);
        to.out.open(to.name);
        write_xmlns(to.out, to.xmlns);
        to.out.leaf(to.shape.key_name.empty() ? "key" : to.shape.key_name, key);
        write_element(to.out, to.shape.element_name.empty() ? "value" : to.shape.element_name, {},
                      *to.shape.element, item, to.style);
        to.out.close();
    });
}

static void write_member(XmlWriter& out, const MemberInfo& member, const void* item,
                         const XmlStyle& style) {
    const ShapeInfo& shape = *member.shape;
    const bool old = style.query && !member.query_name.empty();
    const std::string_view name = old ? member.query_name : member.wire_name;
    if (member.has(MemberInfo::flattened) && shape.kind == Kind::list)
        return write_items(out, name, member.xmlns, shape, item, style);
    if (member.has(MemberInfo::flattened) && shape.kind == Kind::map)
        return write_entries(out, name, member.xmlns, shape, item, style);
    write_element(out, name, member.xmlns, shape, item, style);
}

static void write_structure(XmlWriter& out, const ShapeInfo& shape, const void* value,
                            const XmlStyle& style, bool outermost) {
    for (const MemberInfo& member : shape)
        if (member.has(MemberInfo::xml_attribute))
            if (const void* item = member.get(value))
                out.attribute(member.wire_name,
                              scalar_text(*member.shape, item, TimeFormat::iso8601));
    for (const MemberInfo& member : shape) {
        if (member.has(MemberInfo::xml_attribute)) continue;
        if (style.body_only && outermost && !member.in_body(style.answer)) continue;
        const void* item = member.get(value);
        const bool collection =
            !is_scalar(member.shape->kind) && member.shape->kind != Kind::structure;
        if (item == nullptr && collection && style.empty_lists && !shape.is_union &&
            (outermost || member.has(MemberInfo::required)))
            item = member.field(value);
        if (item != nullptr) write_member(out, member, item, style);
    }
}

void write_xml(XmlWriter& out, const ShapeInfo& shape, const void* value, const XmlStyle& style,
               bool outermost) {
    switch (shape.kind) {
        case Kind::structure:
            return write_structure(out, shape, value, style, outermost);
        case Kind::list:
            return write_items(out, element_name(shape, style), {}, shape, value, style);
        case Kind::map:
            return write_entries(out, "entry", {}, shape, value, style);
        case Kind::string:
            return out.text(*static_cast<const std::string*>(value));
        default:
            return out.text(scalar_text(shape, value, TimeFormat::iso8601));
    }
}

// Reading.

static std::string_view local_name(const pugi::xml_node& node) {
    const std::string_view name = node.name();
    const size_t colon = name.find(':');
    return colon == name.npos ? name : name.substr(colon + 1);
}

static pugi::xml_node first_child(const pugi::xml_node& node, std::string_view name) {
    for (const pugi::xml_node child : node.children())
        if (child.type() == pugi::node_element && local_name(child) == name) return child;
    return {};
}

// Text may come in pieces: character data and CDATA sections.
static std::string text_of(const pugi::xml_node& node) {
    std::string out;
    for (const pugi::xml_node child : node.children())
        if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata)
            out += child.value();
    return out;
}

static Status bad_value(const ShapeInfo& shape, const std::string& text, const Path& path) {
    return fail("MalformedValue",
                "'" + text + "' at '" + path.text() + "' is not a valid " +
                    std::string(kind_name(shape.kind)) + ".",
                400);
}

static Status read_scalar(const std::string& text, const ShapeInfo& shape, void* value,
                          const Path& path) {
    const bool keep_space = shape.kind == Kind::string || shape.kind == Kind::document;
    if (!parse_scalar(shape, keep_space ? text : trim(text), value, TimeFormat::iso8601))
        return bad_value(shape, text, path);
    return ok();
}

// Elements: all children of `node`; with a name, those of that name.
static Status read_items(const pugi::xml_node& node, std::string_view name, const ShapeInfo& shape,
                         void* value, const XmlStyle& style, const Path& path,
                         std::vector<std::string>& missing) {
    size_t index = 0;
    for (const pugi::xml_node child : node.children()) {
        if (child.type() != pugi::node_element || (!name.empty() && local_name(child) != name))
            continue;
        REQUIRE(read_xml(child, *shape.element, shape.list->append(value), style,
                         path.element(index), missing));
        ++index;
    }
    return ok();
}

static Status read_entries(const pugi::xml_node& node, std::string_view name,
                           const ShapeInfo& shape, void* value, const XmlStyle& style,
                           const Path& path, std::vector<std::string>& missing) {
    for (const pugi::xml_node entry : node.children()) {
        if (entry.type() != pugi::node_element || local_name(entry) != name) continue;
        const auto key = first_child(entry, shape.key_name.empty() ? "key" : shape.key_name);
        const auto item =
            first_child(entry, shape.element_name.empty() ? "value" : shape.element_name);
        if (!key)
            return fail("MalformedValue",
                        "A map at '" + path.text() + "' has an entry without key.", 400);
        const std::string word = text_of(key);
        REQUIRE(read_xml(item, *shape.element, shape.map->insert(value, word), style,
                         path.member(word), missing));
    }
    return ok();
}

// False in `found` when the element has no such member.
static Status read_member(const pugi::xml_node& node, const MemberInfo& member, void* object,
                          const XmlStyle& style, const Path& path,
                          std::vector<std::string>& missing, bool& found) {
    const ShapeInfo& shape = *member.shape;
    if (member.has(MemberInfo::xml_attribute)) {
        const auto attribute = node.attribute(std::string(member.wire_name).c_str());
        found = !attribute.empty();
        return found ? read_scalar(attribute.value(), shape, member.make(object), path) : ok();
    }
    const auto child = first_child(node, member.wire_name);
    found = !child.empty();
    if (!found) return ok();
    void* value = member.make(object);
    if (member.has(MemberInfo::flattened) && shape.kind == Kind::list)
        return read_items(node, member.wire_name, shape, value, style, path, missing);
    if (member.has(MemberInfo::flattened) && shape.kind == Kind::map)
        return read_entries(node, member.wire_name, shape, value, style, path, missing);
    return read_xml(child, shape, value, style, path, missing);
}

static Status read_structure(const pugi::xml_node& node, const ShapeInfo& shape, void* value,
                             const XmlStyle& style, const Path& path,
                             std::vector<std::string>& missing) {
    const bool outermost = path.parent == nullptr;
    const auto in_body = [&](const MemberInfo& member) {
        return !style.body_only || !outermost || member.in_body(style.answer);
    };
    Seen seen;
    for (const MemberInfo& member : shape) {
        if (!in_body(member)) continue;
        bool found = false;
        REQUIRE(read_member(node, member, value, style, path.member(member.name), missing, found));
        if (found) seen.set(shape, member);
    }
    seen.missing(shape, path, missing, in_body);
    return ok();
}

Status read_xml(const pugi::xml_node& node, const ShapeInfo& shape, void* value,
                const XmlStyle& style, const Path& path, std::vector<std::string>& missing) {
    if (path.too_deep())
        return fail("MalformedValue", "Elements lie too deep within each other.", 400);
    switch (shape.kind) {
        case Kind::structure:
            return read_structure(node, shape, value, style, path, missing);
        case Kind::list:
            return read_items(node, {}, shape, value, style, path, missing);
        case Kind::map:
            return read_entries(node, "entry", shape, value, style, path, missing);
        default:
            return read_scalar(text_of(node), shape, value, path);
    }
}

}  // namespace unkai::aws::protocol
