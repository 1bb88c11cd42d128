#include "base/strings.h"
#include "services/apigateway/documents.h"
#include "wire/json.h"

namespace unkai::services::apigateway {

using wire::Json;

namespace {

bool path_fits(std::string_view pattern, const std::vector<std::string>& path) {
    const auto parts = split(pattern.substr(1), '/');
    if (parts.size() != path.size()) return false;
    for (size_t i = 0; i < parts.size(); ++i)
        if (parts[i] != "*" && parts[i] != path[i]) return false;
    return true;
}

Result<Json> convert(const ShapeInfo& shape, const std::string& path, const std::string& value) {
    const auto wrong = [&](std::string_view kind) {
        return bad("Invalid patch value '" + value + "' for path " + path + ": it must be " +
                   std::string(kind) + ".");
    };
    switch (shape.kind) {
        case Kind::boolean:
            if (value != "true" && value != "false") return wrong("true or false");
            return Json(value == "true");
        case Kind::int32:
        case Kind::int64:
            if (const auto number = parse_int(value)) return Json(*number);
            return wrong("a whole number");
        case Kind::number:
            if (const auto number = parse_double(value)) return Json(*number);
            return wrong("a number");
        case Kind::list: {
            Json out = Json::array();
            for (const std::string_view one : split(value, ',')) out.push(one);
            return out;
        }
        case Kind::structure:
        case Kind::map:
            return wrong("given member by member");
        default:
            break;
    }
    if (shape.constraints != nullptr && shape.constraints->value_count > 0) {
        for (uint16_t i = 0; i < shape.constraints->value_count; ++i)
            if (shape.constraints->values[i] == value) return Json(value);
        return wrong("one of AWS's values");
    }
    return Json(value);
}

struct Step {
    const PatchOperation& operation;
    const std::string& path;
    std::string_view op;
    std::string value;
};

Status patch_list(const ShapeInfo& shape, Json& list, const std::string& element,
                  const Step& step) {
    if (shape.element->kind != Kind::string) return bad("Invalid patch path " + step.path);
    Json::Array& items = list.as_array();
    const auto at = std::find(items.begin(), items.end(), Json(element));
    if (step.op == "remove") {
        if (at == items.end()) return errors::NotFoundException("Invalid patch path " + step.path);
        items.erase(at);
    } else if (step.op == "replace" && at != items.end() && !step.value.empty()) {
        *at = Json(step.value);
    } else if (at == items.end()) {
        items.emplace_back(element);
    }
    return ok();
}

const MemberInfo* member_of(const ShapeInfo& shape, std::string_view name) {
    for (const MemberInfo& member : shape)
        if (member.name == name) return &member;
    return nullptr;
}

Status apply_step(const ShapeInfo& shape, Json& at, const std::vector<std::string>& path,
                  size_t depth, const Step& step) {
    const std::string& name = path[depth];
    const ShapeInfo* inner = nullptr;
    if (shape.kind == Kind::structure) {
        const MemberInfo* const member = member_of(shape, name);
        if (member == nullptr) return bad("Invalid patch path " + step.path);
        inner = member->shape;
    } else if (shape.kind == Kind::map) {
        inner = shape.element;
    } else {
        return bad("Invalid patch path " + step.path);
    }
    if (!at.is_object()) at = Json::object();
    if (depth + 1 == path.size()) {
        if (step.op == "remove") {
            if (inner->kind == Kind::list && !step.value.empty()) {
                Json& list = at.as_object()[name];
                if (!list.is_array()) list = Json::array();
                return patch_list(*inner, list, step.value, step);
            }
            at.as_object().erase(name);
            return ok();
        }
        if (inner->kind == Kind::list && step.op == "add") {
            Json& list = at.as_object()[name];
            if (!list.is_array()) list = Json::array();
            return patch_list(*inner, list, step.value, step);
        }
        TRY(Json value, convert(*inner, step.path, step.value));
        at.set(name, std::move(value));
        return ok();
    }
    Json& next = at.as_object()[name];
    if (inner->kind == Kind::list && depth + 2 == path.size()) {
        if (!next.is_array()) next = Json::array();
        return patch_list(*inner, next, path[depth + 1], step);
    }
    return apply_step(*inner, next, path, depth + 1, step);
}

}  // namespace

std::vector<std::string> patch_path(std::string_view path) {
    std::vector<std::string> out;
    if (path.starts_with('/')) path.remove_prefix(1);
    for (const std::string_view part : split(path, '/'))
        out.push_back(replace_all(replace_all(part, "~1", "/"), "~0", "~"));
    return out;
}

Result<std::string> patched_json(const ShapeInfo& shape, const void* value,
                                 const List<PatchOperation>& operations,
                                 const std::vector<std::string_view>& allowed) {
    auto document = Json::parse(aws::protocol::shape_to_json(shape, value));
    CHECK(document.has_value(), "a shape does not become JSON");
    for (const PatchOperation& operation : operations) {
        const std::string path = operation.path.value_or("");
        const std::string op = operation.op_.value_or("");
        if (op != "add" && op != "replace" && op != "remove")
            return bad("Invalid patch operation '" + op +
                       "' specified. Must be one of: [add, remove, replace]");
        const auto parts = patch_path(path);
        const bool good =
            path.starts_with('/') && std::any_of(allowed.begin(), allowed.end(),
                                                 [&](auto one) { return path_fits(one, parts); });
        if (!good) {
            std::string list;
            for (const std::string_view one : allowed)
                list += (list.empty() ? "" : ", ") + std::string(one);
            return bad("Invalid patch path  '" + path + "' specified for op '" + op +
                       "'. Must be one of: [" + list + "]");
        }
        REQUIRE(apply_step(shape, *document, parts, 0,
                           {operation, path, op, operation.value.value_or("")}));
    }
    return document->dump();
}

}  // namespace unkai::services::apigateway
