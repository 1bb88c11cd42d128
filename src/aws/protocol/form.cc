#include "aws/protocol/form.h"

#include "aws/protocol/scalar.h"
#include "aws/protocol/seen.h"
#include "base/strings.h"

namespace unkai::aws::protocol {

static constexpr size_t most_parameters = 20000;
static constexpr size_t most_levels = 32;

static Unexpected malformed(std::string message) {
    return fail("MalformedQueryString", std::move(message), 400);
}

static Status insert(FormNode& root, std::string_view key, std::string value) {
    FormNode* node = &root;
    size_t levels = 0;
    while (true) {
        if (++levels > most_levels) return malformed("The parameter name has too many levels.");
        const size_t dot = key.find('.');
        node = &node->children[std::string(key.substr(0, dot))];
        if (dot == key.npos) break;
        key.remove_prefix(dot + 1);
    }
    node->value = std::move(value);
    return ok();
}

Status parse_form(std::string_view text, FormNode& root) {
    size_t count = 0;
    while (!text.empty()) {
        const auto [pair, rest] = split_once(text, '&');
        text = rest;
        if (pair.empty()) continue;
        if (++count > most_parameters) return malformed("The request has too many parameters.");
        const auto [name, value] = split_once(pair, '=');
        const auto key = percent_decode(name, true);
        auto decoded = percent_decode(value, true);
        if (!key || !decoded || !is_valid_utf8(*key) || !is_valid_utf8(*decoded))
            return malformed("The parameter '" + std::string(name) + "' is not well encoded.");
        REQUIRE(insert(root, *key, std::move(*decoded)));
    }
    return ok();
}

static Status read_scalar(const FormNode& node, const ShapeInfo& shape, void* value,
                          const Path& path) {
    if (!node.value)
        return fail("MalformedValue",
                    "The parameter at '" + path.text() + "' takes a value, not parts.", 400);
    if (!parse_scalar(shape, *node.value, value, TimeFormat::iso8601))
        return fail("MalformedValue",
                    "'" + *node.value + "' at '" + path.text() + "' is not a valid " +
                        std::string(kind_name(shape.kind)) + ".",
                    400);
    return ok();
}

// The children whose names are numbers, in their order.
static std::vector<const FormNode*> numbered(const FormNode& node) {
    std::map<uint64_t, const FormNode*> found;
    for (const auto& [name, child] : node.children)
        if (const auto number = parse_uint(name)) found.emplace(*number, &child);
    std::vector<const FormNode*> out;
    for (const auto& [number, child] : found) out.push_back(child);
    return out;
}

// Where the numbered items lie: below `member` (or the list's own word) or, flattened, right here.
static const FormNode& items_of(const FormNode& node, std::string_view own,
                                std::string_view usual) {
    const FormNode* inner = own.empty() ? nullptr : node.child(own);
    if (inner == nullptr) inner = node.child(usual);
    if (inner == nullptr) return node;
    node.used = true;
    return *inner;
}

static Status read_list(const FormNode& node, const ShapeInfo& shape, void* value,
                        const FormStyle& style, const Path& path,
                        std::vector<std::string>& missing) {
    const FormNode& items = items_of(node, shape.element_name, "member");
    items.used = true;
    size_t index = 0;
    for (const FormNode* item : numbered(items)) {
        REQUIRE(read_form(*item, *shape.element, shape.list->append(value), style,
                          path.element(index), missing));
        ++index;
    }
    return ok();
}

static Status read_map(const FormNode& node, const ShapeInfo& shape, void* value,
                       const FormStyle& style, const Path& path,
                       std::vector<std::string>& missing) {
    const FormNode& items = items_of(node, "entry", "entry");
    items.used = true;
    for (const FormNode* item : numbered(items)) {
        item->used = true;
        const FormNode* key = item->child(shape.key_name.empty() ? "key" : shape.key_name);
        if (key == nullptr) key = item->child("Name");  // As SQS and SNS named them.
        const FormNode* inner =
            item->child(shape.element_name.empty() ? "value" : shape.element_name);
        if (inner == nullptr) inner = item->child("Value");
        if (key == nullptr || !key->value || inner == nullptr)
            return fail("MalformedValue",
                        "The map at '" + path.text() + "' has an entry without key or value.", 400);
        key->used = true;
        REQUIRE(read_form(*inner, *shape.element, shape.map->insert(value, *key->value), style,
                          path.member(*key->value), missing));
    }
    return ok();
}

static std::string wire_name(const MemberInfo& member, const FormStyle& style) {
    if (!member.query_name.empty()) return std::string(member.query_name);
    std::string name(member.wire_name);
    if (!style.ec2) return name;
    if (!name.empty() && name[0] >= 'a' && name[0] <= 'z')
        name[0] = static_cast<char>(name[0] - 32);
    return name;
}

static Status read_structure(const FormNode& node, const ShapeInfo& shape, void* value,
                             const FormStyle& style, const Path& path,
                             std::vector<std::string>& missing) {
    Seen seen;
    for (const MemberInfo& member : shape) {
        const FormNode* found = node.child(wire_name(member, style));
        if (found == nullptr) continue;
        seen.set(shape, member);
        REQUIRE(read_form(*found, *member.shape, member.make(value), style,
                          path.member(member.name), missing));
    }
    seen.missing(shape, path, missing);
    return ok();
}

Status read_form(const FormNode& node, const ShapeInfo& shape, void* value, const FormStyle& style,
                 const Path& path, std::vector<std::string>& missing) {
    node.used = true;
    switch (shape.kind) {
        case Kind::structure:
            return read_structure(node, shape, value, style, path, missing);
        case Kind::list:
            return read_list(node, shape, value, style, path, missing);
        case Kind::map:
            return read_map(node, shape, value, style, path, missing);
        default:
            return read_scalar(node, shape, value, path);
    }
}

static bool is_of_the_protocol(std::string_view key) {
    constexpr std::string_view known[] = {"Action",           "Version",   "AWSAccessKeyId",
                                          "SecurityToken",    "Signature", "SignatureMethod",
                                          "SignatureVersion", "Timestamp"};
    for (const std::string_view name : known)
        if (key == name) return true;
    return key.starts_with("X-Amz-");
}

static std::optional<std::string> unused_below(const FormNode& node) {
    for (const auto& [name, child] : node.children) {
        if (!child.used) return name;
        if (const auto inner = unused_below(child)) return name + "." + *inner;
    }
    return std::nullopt;
}

std::optional<std::string> unused_key(const FormNode& root) {
    for (const auto& [name, child] : root.children) {
        if (is_of_the_protocol(name)) continue;
        if (!child.used) return name;
        if (const auto inner = unused_below(child)) return name + "." + *inner;
    }
    return std::nullopt;
}

}  // namespace unkai::aws::protocol
