#include "services/cloudformation/dynamic_reference.h"

#include "base/strings.h"

namespace unkai::services::cloudformation {

namespace {

constexpr std::string_view open = "{{resolve:", close = "}}";

// Calls `visit` with each piece of `text`: (text, is it inside a reference).
template <class Visit>
void each_piece(std::string_view text, const Visit& visit) {
    for (;;) {
        const size_t from = text.find(open);
        const size_t to = from == text.npos ? text.npos : text.find(close, from);
        if (to == text.npos) break;
        visit(text.substr(0, from), false);
        visit(text.substr(from + open.size(), to - from - open.size()), true);
        text.remove_prefix(to + close.size());
    }
    visit(text, false);
}

Result<DynamicReference> parse_secret(std::string_view text, std::string_view rest) {
    DynamicReference made{.service = DynamicReference::Service::secretsmanager};
    std::vector<std::string_view> parts = split(rest, ':');
    size_t id_parts = 1;
    if (parts[0] == "arn") id_parts = 7;  // arn:aws:secretsmanager:region:account:secret:name
    if (parts.size() < id_parts || parts[0].empty())
        return validation_error(
            "Incorrect format is used in the following dynamic reference: {{resolve:" +
            std::string(text) + "}}");
    for (size_t i = 0; i < id_parts; ++i) made.id += (i ? ":" : "") + std::string(parts[i]);
    const auto part = [&](size_t index) {
        return index < parts.size() ? std::string(parts[index]) : std::string();
    };
    const std::string kind = part(id_parts);
    if (!kind.empty() && kind != "SecretString")
        return validation_error(
            "Incorrect format is used in the following dynamic reference: {{resolve:" +
            std::string(text) + "}}: only SecretString can be retrieved");
    made.json_key = part(id_parts + 1);
    made.stage = part(id_parts + 2);
    made.version_id = part(id_parts + 3);
    return made;
}

}  // namespace

Result<DynamicReference> parse_dynamic_reference(std::string_view text) {
    const auto [service, rest] = split_once(text, ':');
    if (service == "secretsmanager") return parse_secret(text, rest);
    if (service != "ssm" && service != "ssm-secure")
        return validation_error(
            "Template error: the dynamic reference {{resolve:" + std::string(text) +
            "}} names no service that is supported: ssm, ssm-secure, secretsmanager");
    DynamicReference made{.service = service == "ssm" ? DynamicReference::Service::ssm
                                                      : DynamicReference::Service::ssm_secure};
    const auto [name, version] = split_once(rest, ':');
    made.id = name;
    made.version = version;
    if (name.empty() || (!version.empty() && !parse_uint(version)))
        return validation_error(
            "Incorrect format is used in the following dynamic reference: {{resolve:" +
            std::string(text) + "}}");
    return made;
}

void find_dynamic_references(const Json& value, std::set<std::string>& found) {
    if (value.is_string())
        each_piece(value.as_string(), [&](std::string_view piece, bool inside) {
            if (inside) found.emplace(piece);
        });
    if (value.is_array())
        for (const Json& item : value.as_array()) find_dynamic_references(item, found);
    if (value.is_object())
        for (const auto& [name, member] : value.as_object()) find_dynamic_references(member, found);
}

Json put_dynamic_values(const Json& value, const std::map<std::string, std::string>& values) {
    if (value.is_string()) {
        std::string out;
        each_piece(value.as_string(), [&](std::string_view piece, bool inside) {
            if (!inside) {
                out += piece;
                return;
            }
            const auto known = values.find(std::string(piece));
            if (known != values.end())
                out += known->second;
            else
                out.append(open).append(piece).append(close);
        });
        return out;
    }
    if (value.is_array()) {
        Json made = Json::array();
        for (const Json& item : value.as_array()) made.push(put_dynamic_values(item, values));
        return made;
    }
    if (!value.is_object()) return value;
    Json made = Json::object();
    for (const auto& [name, member] : value.as_object())
        made.set(name, put_dynamic_values(member, values));
    return made;
}

}  // namespace unkai::services::cloudformation
