// For tests: shapes made at run time from a model in JSON, as a test vector brings it.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "aws/protocol/dynamic_value.h"

namespace unkai::aws::protocol {

// Makes the tables from the "shapes" of a model. What it returns lives as long as it.
class DynamicShapes {
public:
    explicit DynamicShapes(const wire::Json& shapes) : shapes_(shapes) {}

    // A reference with its traits, as the generator resolves them.
    const ShapeInfo* of(const wire::Json& reference) {
        const std::string name = reference["shape"].as_string();
        const wire::Json& model = shapes_[name];
        if (model["type"].string_or("") == "timestamp")
            return &timestamp(trait(reference, "timestampFormat"));
        if (const auto found = made_.find(name); found != made_.end()) return found->second;
        ShapeInfo& shape = infos_.emplace_back(ShapeInfo{.kind = kind_of(model)});
        made_[name] = &shape;
        shape.name = keep(model["locationName"].string_or(name));
        shape.xmlns = xmlns(model["xmlNamespace"]);
        if (shape.kind == Kind::list) fill_list(shape, model["member"]);
        if (shape.kind == Kind::map) fill_map(shape, model);
        if (shape.kind == Kind::structure) fill_structure(shape, model);
        return &shape;
    }

    std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
    std::string_view xmlns(const wire::Json& value) {
        if (value.is_string()) return keep(value.as_string());
        const std::string uri = value["uri"].string_or("");
        const std::string prefix = value["prefix"].string_or("");
        return keep(prefix.empty() ? uri : prefix + " " + uri);
    }

private:
    const wire::Json& trait(const wire::Json& reference, const char* name) const {
        if (const wire::Json* own = reference.find(name)) return *own;
        return shapes_[reference["shape"].as_string()][name];
    }

    static const ShapeInfo& timestamp(const wire::Json& format) {
        const std::string name = format.string_or("");
        if (name == "iso8601") return shapes::timestamp_iso8601;
        if (name == "unixTimestamp") return shapes::timestamp_epoch;
        if (name == "rfc822") return shapes::timestamp_http;
        return shapes::timestamp;
    }

    static Kind kind_of(const wire::Json& model) {
        static const std::map<std::string, Kind> kinds = {
            {"boolean", Kind::boolean},    {"integer", Kind::int32}, {"long", Kind::int64},
            {"float", Kind::number},       {"double", Kind::number}, {"string", Kind::string},
            {"blob", Kind::blob},          {"list", Kind::list},     {"map", Kind::map},
            {"structure", Kind::structure}};
        return model["document"].bool_or(false) ? Kind::document
                                                : kinds.at(model["type"].as_string());
    }

    void fill_list(ShapeInfo& shape, const wire::Json& member) {
        shape.element = of(member);
        shape.element_name = keep(member["locationName"].string_or(""));
        shape.list = tables_of(shape.element->kind).list;
    }

    void fill_map(ShapeInfo& shape, const wire::Json& model) {
        shape.element = of(model["value"]);
        shape.element_name = keep(model["value"]["locationName"].string_or(""));
        shape.key_name = keep(model["key"]["locationName"].string_or(""));
        shape.map = tables_of(shape.element->kind).map;
    }

    void fill_structure(ShapeInfo& shape, const wire::Json& model) {
        std::vector<MemberInfo>& members = members_.emplace_back();
        shape.is_union = model["union"].bool_or(false);
        if (!model["members"].is_object()) return;
        for (const auto& [name, reference] : model["members"].as_object())
            members.push_back(member(name, reference, model, members.size()));
        CHECK(members.size() <= Dynamic::most_members, "too many members for the test");
        shape.members = members.data();
        shape.member_count = static_cast<uint16_t>(members.size());
    }

    MemberInfo member(const std::string& name, const wire::Json& reference, const wire::Json& owner,
                      size_t index) {
        static const std::map<std::string, Location> locations = {
            {"header", Location::header},
            {"headers", Location::header_prefix},
            {"uri", Location::uri},
            {"querystring", Location::query},
            {"statusCode", Location::status_code}};
        MemberInfo out{};
        out.name = keep(name);
        out.wire_name = keep(reference["locationName"].string_or(name));
        out.shape = of(reference);
        out.storage = tables_of(out.shape->kind).storage;
        out.offset = static_cast<uint32_t>(index * sizeof(Slot));
        if (const auto at = locations.find(trait(reference, "location").string_or(""));
            at != locations.end())
            out.location = at->second;
        if (owner["payload"].string_or("") == name) out.location = Location::payload;
        const auto flag = [&](bool on, MemberInfo::Flag which) {
            if (on) out.flags = static_cast<uint8_t>(out.flags | which);
        };
        flag(trait(reference, "flattened").bool_or(false), MemberInfo::flattened);
        flag(trait(reference, "xmlAttribute").bool_or(false), MemberInfo::xml_attribute);
        flag(trait(reference, "jsonvalue").bool_or(false), MemberInfo::json_value);
        if (owner["required"].is_array())
            for (const wire::Json& required : owner["required"].as_array())
                flag(required.as_string() == name, MemberInfo::required);
        out.query_name = keep(reference["queryName"].string_or(""));
        out.xmlns = xmlns(trait(reference, "xmlNamespace"));
        return out;
    }

    const wire::Json& shapes_;
    std::map<std::string, const ShapeInfo*> made_;
    std::deque<ShapeInfo> infos_;
    std::deque<std::vector<MemberInfo>> members_;
    std::deque<std::string> texts_;
};

}  // namespace unkai::aws::protocol
