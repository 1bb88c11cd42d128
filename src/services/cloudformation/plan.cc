#include "services/cloudformation/plan.h"

#include "base/strings.h"
#include "services/cloudformation/parameters.h"
#include "services/cloudformation/references.h"
#include "services/cloudformation/rules.h"

namespace unkai::services::cloudformation {

namespace {

constexpr std::string_view unknown_value = "{{changeSet:KNOWN_AFTER_APPLY}}";

bool mentions_unknown(const Json& value) {
    return value.dump().find(unknown_value) != std::string::npos;
}

Status check_attributes(const Template& declared, const Json& expression) {
    References found;
    REQUIRE(collect_references(expression, false, found));
    for (const auto& [resource, attribute] : found.attributes) {
        const Resource* known = declared.resource(resource);
        const ResourceType* type = known ? find_resource_type(known->type) : nullptr;
        if (type && attribute != "*" && !type->has_attribute(attribute))
            return validation_error("Template error: resource " + resource +
                                    " does not support attribute type " + attribute +
                                    " in Fn::GetAtt");
    }
    return ok();
}

// Resources in an order in which each comes after those that it needs.
std::vector<std::string> in_order(const Graph& graph) {
    std::vector<std::string> order;
    std::set<std::string> done;
    while (order.size() < graph.size())
        for (const auto& [name, needs] : graph)
            if (!done.contains(name) &&
                std::includes(done.begin(), done.end(), needs.begin(), needs.end())) {
                done.insert(name);
                order.push_back(name);
            }
    return order;
}

bool is_there(const ResourceRecord& record) {
    return !record.now.id.empty() && record.status != "DELETE_COMPLETE" &&
           record.status != "DELETE_SKIPPED";
}

// The change of a resource that is there, or nothing.
std::optional<PlannedChange> compare(const ResourceRecord& record, const ResourceType& type,
                                     const Json& wanted) {
    const Json before = json_of(record.now.properties);
    PlannedChange change{.action = "Modify",
                         .logical_id = record.name,
                         .physical_id = record.now.id,
                         .type = std::string(type.name),
                         .replacement = "False"};
    if (record.now.type != type.name) change.replacement = "True";
    bool unknown = false;
    for (const auto& member : type.schema().members) {
        if (before[member.name] == wanted[member.name]) continue;
        change.properties.push_back(member.name);
        if (member.replaces || !type.update) {
            if (mentions_unknown(wanted[member.name]))
                unknown = true;
            else
                change.replacement = "True";
        }
    }
    if (change.properties.empty() && change.replacement == "False") return std::nullopt;
    if (unknown && change.replacement == "False") change.replacement = "Conditional";
    return change;
}

}  // namespace

Json json_of(const std::string& text) {
    if (text.empty()) return Json::object();
    auto value = Json::parse(text);
    CHECK(value.has_value(), "a record holds JSON that cannot be read");
    return *std::move(value);
}

namespace {

template <class IsMeant>
Status refuse_unknown_types(const Template& declared, const IsMeant& is_meant) {
    std::vector<std::string> unknown;
    for (const Resource& resource : declared.resources)
        if (!find_resource_type(resource.type) && is_meant(resource) &&
            std::find(unknown.begin(), unknown.end(), resource.type) == unknown.end())
            unknown.push_back(resource.type);
    if (unknown.empty()) return ok();
    return validation_error("Template format error: Unrecognized resource types: [" +
                            join(unknown, ", ") + "]");
}

}  // namespace

Status check_active_types(const Values& values) {
    return refuse_unknown_types(
        values.declared, [&](const Resource& resource) { return values.is_active(resource); });
}

Status check_types(const Template& declared, const Api& api) {
    REQUIRE(refuse_unknown_types(
        declared, [](const Resource& resource) { return resource.condition.empty(); }));
    for (const Resource& resource : declared.resources) {
        const ResourceType* type = find_resource_type(resource.type);
        if (!type) continue;
        if (const auto fitted = type->fit(resource.properties, Fit::unevaluated, api); !fitted)
            return validation_error("Properties validation failed for resource " + resource.name +
                                    " with message: " + fitted.error().message);
        REQUIRE(check_attributes(declared, resource.properties));
    }
    for (const Output& output : declared.outputs) REQUIRE(check_attributes(declared, output.value));
    return ok();
}

std::vector<std::string> needed_capabilities(const Template& declared) {
    bool iam = false, named = false;
    for (const Resource& resource : declared.resources) {
        const ResourceType* type = find_resource_type(resource.type);
        if (!type || type->capability.empty()) continue;
        iam = true;
        named = named ||
                (!type->name_property.empty() && resource.properties.find(type->name_property));
    }
    if (named) return {"CAPABILITY_NAMED_IAM"};
    if (iam) return {"CAPABILITY_IAM"};
    return {};
}

Status check_capabilities(const Template& declared, const std::vector<std::string>& given) {
    for (const std::string& needed : needed_capabilities(declared)) {
        const bool there = std::any_of(given.begin(), given.end(), [&](const std::string& one) {
            return one == needed || one == "CAPABILITY_NAMED_IAM";
        });
        if (!there)
            return fail("InsufficientCapabilitiesException",
                        "Requires capabilities : [" + needed + "]", 400);
    }
    return ok();
}

Result<Values> values_of(const Template& declared, const Inputs& inputs, const StackRecord& stack) {
    Values values{.declared = declared};
    values.account = stack.account;
    values.region = stack.region;
    values.stack_name = stack.name;
    values.stack_id = stack.arn;
    values.notification_arns = inputs.notification_arns;
    for (const Parameter& parameter : declared.parameters) {
        const Texts& from = parameter.is_ssm() ? inputs.resolved : inputs.parameters;
        const auto found = from.find(parameter.name);
        if (found != from.end())
            values.parameters[parameter.name] = parameter_value(parameter, found->second);
    }
    TRY(values.conditions, evaluate_conditions(values));
    REQUIRE(check_rules(values));
    return values;
}

Result<std::vector<PlannedChange>> plan_changes(Values values,
                                                const std::vector<ResourceRecord>& there,
                                                const Api& api) {
    TRY(const Graph graph, dependency_graph(values));
    std::map<std::string, const ResourceRecord*> known;
    for (const ResourceRecord& record : there)
        if (is_there(record)) known[record.name] = &record;
    std::set<std::string> changed, replaced;
    values.reference = [&](const std::string& name) -> Result<Json> {
        if (!known.contains(name) || replaced.contains(name)) return Json(unknown_value);
        return Json(known[name]->now.id);
    };
    values.attribute = [&](const std::string& name, const std::string& wanted) -> Result<Json> {
        if (!known.contains(name) || replaced.contains(name)) return Json(unknown_value);
        const Json value = json_of(known[name]->now.attributes)[wanted];
        // An update in place may change an attribute; most do not.
        return value.is_null() ? Json(unknown_value) : value;
    };
    std::map<std::string, PlannedChange> changes;
    for (const std::string& name : in_order(graph)) {
        const Resource& resource = *values.declared.resource(name);
        const ResourceType* type = find_resource_type(resource.type);
        if (!known.contains(name)) {
            changes[name] = {.action = "Add", .logical_id = name, .type = resource.type};
            continue;
        }
        TRY(const Json evaluated, evaluate(resource.properties, values));
        TRY(const Json wanted, type->fit(evaluated, Fit::unevaluated, api));
        if (auto change = compare(*known[name], *type, wanted)) {
            if (change->replacement != "False") replaced.insert(name);
            changes[name] = *std::move(change);
        }
    }
    std::vector<PlannedChange> list;
    for (const Resource& resource : values.declared.resources)
        if (changes.contains(resource.name)) list.push_back(std::move(changes[resource.name]));
    for (const auto& [name, record] : known)
        if (!graph.contains(name))
            list.push_back({.action = "Remove",
                            .logical_id = name,
                            .physical_id = record->now.id,
                            .type = record->now.type});
    return list;
}

Result<std::vector<OutputRecord>> evaluate_outputs(const Values& values) {
    std::vector<OutputRecord> outputs;
    for (const Output& output : values.declared.outputs) {
        if (!output.condition.empty()) {
            const auto condition = values.conditions.find(output.condition);
            if (condition == values.conditions.end() || !condition->second) continue;
        }
        TRY(const Json value, evaluate(output.value, values));
        if (!value.is_scalar())
            return validation_error(
                "Template format error: The Value field of every Outputs member must evaluate to "
                "a String. (" +
                output.name + ")");
        TRY(const Json name, evaluate(output.export_name, values));
        outputs.push_back({output.name, value.text(), output.description, name.text()});
    }
    return outputs;
}

}  // namespace unkai::services::cloudformation
