// A CloudFormation template, as far as it can be known without deploying it.
#include "base/strings.h"
#include "migration/cost.h"
#include "wire/yaml.h"

namespace unkai::migration {

using wire::Json;

namespace {

constexpr int most_depth = 60;

struct TemplateValues {
    const Json& document;
    std::map<std::string, std::string> parameters;

    Json resolve(const Json& value, int depth = 0) const;
    bool holds(const Json& condition, int depth = 0) const;
    Json reference(const std::string& name) const;
};

Json TemplateValues::reference(const std::string& name) const {
    if (const auto given = parameters.find(name); given != parameters.end()) return given->second;
    const Json& parameter = document["Parameters"][name];
    if (!parameter["Default"].is_null()) return parameter["Default"];
    return Json::object({{"Ref", name}});
}

bool TemplateValues::holds(const Json& condition, int depth) const {
    if (depth > most_depth) return true;
    if (condition.is_string())
        return holds(document["Conditions"][condition.as_string()], depth + 1);
    if (const Json* named = condition.find("Condition")) return holds(*named, depth + 1);
    if (const Json* both = condition.find("Fn::Equals"))
        return resolve((*both)[0], depth + 1).text() == resolve((*both)[1], depth + 1).text();
    if (const Json* inner = condition.find("Fn::Not")) return !holds((*inner)[0], depth + 1);
    for (const bool all : {true, false}) {
        const Json* parts = condition.find(all ? "Fn::And" : "Fn::Or");
        if (parts == nullptr) continue;
        for (size_t i = 0; i < parts->size(); ++i)
            if (holds((*parts)[i], depth + 1) != all) return !all;
        return all;
    }
    return true;
}

Json TemplateValues::resolve(const Json& value, int depth) const {
    if (depth > most_depth) return value;
    if (value.is_array()) {
        Json out = Json::array();
        for (const Json& one : value.as_array()) {
            Json item = resolve(one, depth + 1);
            if (item.find("Ref") == nullptr || item["Ref"].text() != "AWS::NoValue")
                out.push(std::move(item));
        }
        return out;
    }
    if (!value.is_object()) return value;
    if (value.size() == 1) {
        if (const Json* name = value.find("Ref")) return reference(name->text());
        if (const Json* parts = value.find("Fn::If"))
            return resolve((*parts)[holds((*parts)[0], depth + 1) ? 1 : 2], depth + 1);
        if (const Json* path = value.find("Fn::FindInMap")) {
            const Json& found = document["Mappings"][resolve((*path)[0], depth + 1).text()]
                                        [resolve((*path)[1], depth + 1).text()]
                                        [resolve((*path)[2], depth + 1).text()];
            if (!found.is_null()) return found;
        }
    }
    Json out = Json::object();
    for (const auto& member : value.as_object())
        out.set(member.name, resolve(member.value, depth + 1));
    return out;
}

}  // namespace

Result<Json> read_template(std::string_view text,
                           const std::map<std::string, std::string>& parameters) {
    auto document = trim(text).starts_with('{') ? Json::parse(text) : wire::parse_yaml(text);
    if (!document)
        return fail("TemplateInvalid", "This is no template: " + document.error().message, 400);
    if (!(*document)["Resources"].is_object())
        return fail("TemplateInvalid", "This is no CloudFormation template: it has no Resources.",
                    400);
    const TemplateValues values{*document, parameters};
    Json out = Json::object();
    for (const auto& [name, resource] : (*document)["Resources"].as_object()) {
        if (const Json* condition = resource.find("Condition");
            condition && !values.holds(*condition))
            continue;
        out.set(name, values.resolve(resource));
    }
    return out;
}

}  // namespace unkai::migration
