#include "base/strings.h"
#include "services/cloudformation/cloudformation.h"

namespace unkai::services::cloudformation {

namespace {

struct ObjectName {
    std::string bucket, key;
};

// https://bucket.s3.region.amazonaws.com/key, https://s3.region.amazonaws.com/bucket/key,
// http://localhost:4566/…
std::optional<ObjectName> object_of(std::string_view url) {
    const size_t scheme = url.find("://");
    if (scheme == url.npos || !url.starts_with("http")) return std::nullopt;
    url.remove_prefix(scheme + 3);
    const auto [authority, encoded] = split_once(split_once(url, '?').first, '/');
    const auto path = percent_decode(encoded);
    const std::string_view host = split_once(authority, ':').first;
    if (!path) return std::nullopt;
    if (const size_t mark = host.find(".s3"); mark != host.npos && !host.starts_with("s3."))
        return ObjectName{std::string(host.substr(0, mark)), *path};
    const auto [bucket, key] = split_once(*path, '/');
    if (bucket.empty() || key.empty()) return std::nullopt;
    return ObjectName{std::string(bucket), std::string(key)};
}

void capabilities_of(const Template& declared, auto& out) {
    for (const std::string& capability : needed_capabilities(declared))
        out.capabilities.push_back(capability);
    if (out.capabilities.empty()) return;
    std::vector<std::string> types;
    for (const Resource& resource : declared.resources)
        if (const ResourceType* type = find_resource_type(resource.type);
            type && !type->capability.empty())
            types.push_back(resource.type);
    std::sort(types.begin(), types.end());
    types.erase(std::unique(types.begin(), types.end()), types.end());
    out.capabilities_reason =
        "The following resource(s) require capabilities: [" + join(types, ", ") + "]";
}

}  // namespace

Task<Result<std::string>> CloudFormation::fetch_template(aws::Call& call,
                                                         std::optional<std::string> body,
                                                         std::optional<std::string> url) {
    if (body && url)
        co_return validation_error("Specify either TemplateBody or TemplateURL, not both.");
    if (!body && !url)
        co_return validation_error("Either Template URL or Template Body must be specified.");
    if (body) {
        if (body->size() > limits::template_body_bytes)
            co_return validation_error(
                "1 validation error detected: Value at 'templateBody' failed to satisfy "
                "constraint: Member must have "
                "length less than or equal to 51200. Put the template into S3 and give its "
                "TemplateURL.");
        co_return *body;
    }
    const auto object = object_of(*url);
    if (!object)
        co_return validation_error(
            "TemplateURL must reference a valid S3 object to which you have access.");
    auto text = co_await api_.object(aws::caller_of(call), object->bucket, object->key,
                                     limits::template_url_bytes);
    if (!text)
        co_return validation_error("S3 error: " + text.error().message + " (s3://" +
                                   object->bucket + "/" + object->key + ")");
    co_return *std::move(text);
}

Task<Result<api::ValidateTemplateOutput>> CloudFormation::ValidateTemplate(
    aws::Call& call, const api::ValidateTemplateInput& in) {
    CO_TRY(const std::string body,
           co_await fetch_template(call, in.template_body, in.template_url));
    CO_TRY(const Template declared, parse_template(body));
    CO_REQUIRE(check_types(declared, api_));
    api::ValidateTemplateOutput out;
    for (const Parameter& parameter : declared.parameters)
        out.parameters.push_back({.parameter_key = parameter.name,
                                  .default_value = parameter.default_value,
                                  .no_echo = parameter.no_echo,
                                  .description = parameter.description});
    if (!declared.description.empty()) out.description = declared.description;
    capabilities_of(declared, out);
    co_return out;
}

Task<Result<api::GetTemplateSummaryOutput>> CloudFormation::GetTemplateSummary(
    aws::Call& call, const api::GetTemplateSummaryInput& in) {
    if (in.stack_set_name)
        co_return validation_error("Unkai has no stack sets. Leave out StackSetName.");
    std::string body;
    if (in.stack_name) {
        store::Txn txn = call.store.begin();
        CO_TRY(const StackRecord stack, find_stack(txn, call.account, call.region, *in.stack_name));
        body = template_text(txn, stack.id, "current");
    } else {
        CO_TRY(body, co_await fetch_template(call, in.template_body, in.template_url));
    }
    CO_TRY(const Template declared, parse_template(body));
    api::GetTemplateSummaryOutput out;
    for (const Parameter& parameter : declared.parameters) {
        api::ParameterDeclaration row;
        row.parameter_key = parameter.name;
        row.default_value = parameter.default_value;
        row.parameter_type = parameter.type;
        row.no_echo = parameter.no_echo;
        if (!parameter.description.empty()) row.description = parameter.description;
        row.parameter_constraints.emplace();
        for (const std::string& value : parameter.allowed_values)
            row.parameter_constraints->allowed_values.push_back(value);
        out.parameters.push_back(std::move(row));
    }
    if (!declared.description.empty()) out.description = declared.description;
    if (!declared.metadata.is_null()) out.metadata = declared.metadata.dump();
    for (const Resource& resource : declared.resources)
        if (std::find(out.resource_types.begin(), out.resource_types.end(), resource.type) ==
            out.resource_types.end())
            out.resource_types.push_back(resource.type);
    out.version = "2010-09-09";
    capabilities_of(declared, out);
    co_return out;
}

Result<api::GetTemplateOutput> CloudFormation::GetTemplate(aws::Call& call,
                                                           const api::GetTemplateInput& in) {
    if (!in.stack_name) return validation_error("StackName must be given.");
    TRY(const StackRecord stack, find_stack(call.txn(), call.account, call.region, *in.stack_name));
    std::string slot = "current";
    if (in.change_set_name) {
        slot.clear();
        for (const auto& [key, change_set] : schema::change_sets.list(call.txn(), stack.id))
            if (change_set.name == *in.change_set_name || change_set.arn == *in.change_set_name)
                slot = change_set.id;
        if (slot.empty())
            return errors::ChangeSetNotFoundException("ChangeSet [" + *in.change_set_name +
                                                      "] does not exist");
    }
    api::GetTemplateOutput out;
    out.template_body = template_text(call.txn(), stack.id, slot);
    out.stages_available = {"Original", "Processed"};
    return out;
}

}  // namespace unkai::services::cloudformation
