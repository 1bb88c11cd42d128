#include <regex>

#include "base/strings.h"
#include "services/ssm/limits.h"
#include "services/ssm/sealing.h"
#include "services/ssm/ssm.h"

namespace unkai::services::ssm {

namespace {

Unexpected invalid(std::string message) {
    return fail("ValidationException", std::move(message), 400);
}

// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html, Name
Status check_name(const std::string& name) {
    const bool good = std::all_of(name.begin(), name.end(), [](char c) {
        return isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-' ||
               c == '/';
    });
    if (!good || name.empty() || name.size() > limits::name_characters)
        return invalid(
            "Parameter name: only a mix of letters, numbers and the following 4 symbols .-/_ are "
            "allowed.");
    if (name.find('/') != name.npos && name[0] != '/')
        return invalid("Parameter name must be a fully qualified name.");
    if (name.ends_with('/') || name.find("//") != name.npos)
        return invalid("Parameter name must not end with a slash or hold an empty level: " + name);
    const std::string lower = to_lower(name[0] == '/' ? std::string_view(name).substr(1) : name);
    for (const char* reserved : {"aws", "ssm"})
        if (lower.starts_with(reserved))
            return invalid("Parameter name: can't be prefixed with \"" + std::string(reserved) +
                           "\" (case-insensitive).");
    if (static_cast<size_t>(std::count(name.begin(), name.end(), '/')) > limits::hierarchy_levels)
        return errors::HierarchyLevelLimitExceededException(
            "A hierarchy can have a maximum of 15 levels. To create a parameter, use fewer "
            "levels.");
    return ok();
}

Status check_pattern(const std::string& pattern, const std::string& value) {
    if (pattern.empty()) return ok();
    try {
        const std::regex regex(pattern,
                               std::regex::ECMAScript | std::regex_constants::__polynomial);
        if (std::regex_match(value, regex)) return ok();
    } catch (const std::regex_error&) {
        return errors::InvalidAllowedPatternException("The allowed pattern cannot be read: " +
                                                      pattern);
    }
    return errors::ParameterPatternMismatchException(
        "Parameter value can't be validated against allowedPattern: " + pattern);
}

Result<std::string> choose_tier(const PutParameterInput& in, const StoredVersion* before) {
    std::string tier = in.tier.value_or(before ? before->tier : "Standard");
    if (before && before->tier == "Advanced" && tier == "Standard")
        return invalid(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from "
            "the advanced-parameter tier to the standard-parameter tier. If necessary, you can "
            "delete the advanced parameter and recreate it as a standard parameter.");
    if (tier == "Intelligent-Tiering")
        tier = in.value.size() > limits::standard_value_bytes ? "Advanced" : "Standard";
    if (tier == "Standard" && in.value.size() > limits::standard_value_bytes)
        return invalid(
            "Standard tier parameters support a maximum parameter value of 4096 characters. To "
            "create "
            "a larger parameter value, upgrade the parameter to use the advanced-parameter tier.");
    if (in.value.size() > limits::advanced_value_bytes)
        return invalid("Parameter values have a maximum length of 8192 characters.");
    return tier;
}

Status check_input(const PutParameterInput& in, const StoredParameter* before) {
    if (in.value.empty()) return invalid("Parameter value must not be empty.");
    if (in.policies && *in.policies != "" && *in.policies != "[]")
        return invalid("Unkai has no parameter policies. Leave out Policies.");
    if (in.data_type.value_or("text") != "text")
        return invalid("Unkai supports the data type text only, not " + *in.data_type + ".");
    const bool overwrite = in.overwrite.value_or(false);
    if (before && !overwrite)
        return errors::ParameterAlreadyExists(
            "The parameter already exists. To overwrite this value, set the overwrite option in "
            "the request to "
            "true.");
    if (overwrite && in.tags.given())
        return invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter "
            "with "
            "tags, please remove overwrite flag. To update tags for an existing parameter, please "
            "use "
            "AddTagsToResource or RemoveTagsFromResource.");
    if (!before && !in.type)
        return invalid("A parameter type is required when you create a parameter.");
    return ok();
}

struct Selector {
    std::string name;
    std::optional<int64_t> version;
};

// name, name:version, or an ARN with either.
Result<Selector> read_selector(const std::string& text) {
    const std::string plain = plain_name(text);
    const auto [name, selector] = split_once(plain, ':');
    if (selector.empty()) return Selector{plain, std::nullopt};
    const auto version = parse_int(selector);
    if (!version)
        return errors::ParameterVersionNotFound("Unkai keeps no labels: select a version of " +
                                                std::string(name) + " by its number.");
    return Selector{std::string(name), version};
}

Result<api::ssm::Parameter> get_one(aws::Call& call, const std::string& text, bool decrypt) {
    TRY(const Selector selector, read_selector(text));
    TRY(const StoredParameter parameter, find_parameter(call, selector.name));
    const int64_t number = selector.version.value_or(parameter.version);
    TRY(const StoredVersion version, find_version(call, parameter, number));
    auto out = describe_value(call, parameter, number, version, decrypt);
    if (selector.version) out.selector = ":" + std::to_string(*selector.version);
    return out;
}

bool erase(aws::Call& call, const std::string& name) {
    if (!schema::parameters.has(call.txn(), {call.account, call.region, name})) return false;
    schema::parameters.erase(call.txn(), {call.account, call.region, name});
    for (const auto& [key, version] :
         schema::versions.list(call.txn(), call.account, call.region, name))
        schema::versions.erase(call.txn(), key);
    return true;
}

}  // namespace

std::string plain_name(std::string_view text) {
    constexpr std::string_view mark = ":parameter";
    const size_t at = text.find(mark);
    if (!text.starts_with("arn:") || at == text.npos) return std::string(text);
    text.remove_prefix(at + mark.size());
    // arn:…:parameter/a/b names /a/b, arn:…:parameter/a names a.
    const std::string_view inner = text.substr(std::min<size_t>(1, text.size()));
    return std::string(inner.find('/') == inner.npos ? inner : text);
}

std::string parameter_arn(const aws::Call& call, const std::string& name) {
    return call.arn("ssm", "parameter" + std::string(name.starts_with('/') ? "" : "/") + name);
}

Result<StoredParameter> find_parameter(aws::Call& call, const std::string& name) {
    auto found = schema::parameters.get(call.txn(), {call.account, call.region, name});
    // The ARN of /a and of a are the same.
    if (!found && name.find('/') == name.npos)
        found = schema::parameters.get(call.txn(), {call.account, call.region, "/" + name});
    if (!found) return errors::ParameterNotFound("Parameter " + name + " not found.");
    return *std::move(found);
}

Result<StoredVersion> find_version(aws::Call& call, const StoredParameter& parameter,
                                   int64_t version) {
    auto found =
        schema::versions.get(call.txn(), {call.account, call.region, parameter.name, version});
    if (!found)
        return errors::ParameterVersionNotFound("Systems Manager could not find version " +
                                                std::to_string(version) + " of " + parameter.name +
                                                ". Verify the version and try again.");
    return *std::move(found);
}

void put_parameter(aws::Call& call, const StoredParameter& parameter) {
    schema::parameters.put(call.txn(), {call.account, call.region, parameter.name}, parameter);
}

std::string shown_value(aws::Call& call, const std::string& name, const StoredVersion& version,
                        bool decrypt) {
    if (version.type != "SecureString") return version.value;
    if (!decrypt) return base64(version.value);
    const auto text = unseal(sealing_key(call.txn(), call.env.random, call.account, call.region),
                             name, version.value);
    CHECK(text.has_value(), "a SecureString in the store does not open with its key");
    return *text;
}

api::ssm::Parameter describe_value(aws::Call& call, const StoredParameter& parameter,
                                   int64_t number, const StoredVersion& version, bool decrypt) {
    api::ssm::Parameter out;
    out.name = parameter.name;
    out.type = version.type;
    out.value = shown_value(call, parameter.name, version, decrypt);
    out.version = number;
    out.last_modified_date = version.modified;
    out.arn = parameter_arn(call, parameter.name);
    out.data_type = version.data_type;
    return out;
}

Result<PutParameterOutput> Ssm::PutParameter(aws::Call& call, const PutParameterInput& in) {
    REQUIRE(check_name(in.name));
    auto parameter = schema::parameters.get(call.txn(), {call.account, call.region, in.name});
    REQUIRE(check_input(in, parameter ? &*parameter : nullptr));
    std::optional<StoredVersion> before;
    if (parameter) {
        TRY(before, find_version(call, *parameter, parameter->version));
    }
    TRY(const std::string tier, choose_tier(in, before ? &*before : nullptr));
    StoredVersion version{.value = in.value,
                          .modified = call.now,
                          .user = call.principal.arn,
                          .description = in.description.value_or(before ? before->description : ""),
                          .allowed_pattern = in.allowed_pattern.value_or(""),
                          .tier = tier,
                          .data_type = "text",
                          .type = in.type.value_or(before ? before->type : "")};
    REQUIRE(check_pattern(version.allowed_pattern, in.value));
    if (version.type == "SecureString") {
        version.key_id = in.key_id.value_or("alias/aws/ssm");
        if (version.key_id != "alias/aws/ssm")
            return errors::InvalidKeyId("Unkai has no KMS: the only key is alias/aws/ssm, not " +
                                        version.key_id + ".");
        const std::string key = sealing_key(call.txn(), call.env.random, call.account, call.region);
        version.value = seal(key, in.name, in.value, call.env.random);
    }
    if (!parameter) parameter = StoredParameter{.name = in.name};
    ++parameter->version;
    REQUIRE(add_tags(*parameter, in.tags));
    put_parameter(call, *parameter);
    schema::versions.put(call.txn(), {call.account, call.region, in.name, parameter->version},
                         version);
    if (parameter->version > limits::versions)
        schema::versions.erase(call.txn(), {call.account, call.region, in.name,
                                            parameter->version - limits::versions});
    return PutParameterOutput{.version = parameter->version, .tier = tier};
}

Result<GetParameterOutput> Ssm::GetParameter(aws::Call& call, const GetParameterInput& in) {
    TRY(auto parameter, get_one(call, in.name, in.with_decryption.value_or(false)));
    return GetParameterOutput{.parameter = std::move(parameter)};
}

Result<GetParametersOutput> Ssm::GetParameters(aws::Call& call, const GetParametersInput& in) {
    if (in.names.size() > limits::names_per_call)
        return invalid(
            "1 validation error detected: Value at 'names' failed to satisfy constraint: Member "
            "must "
            "have length less than or equal to 10");
    GetParametersOutput out;
    for (const std::string& name : in.names) {
        auto parameter = get_one(call, name, in.with_decryption.value_or(false));
        if (parameter)
            out.parameters.push_back(*std::move(parameter));
        else
            out.invalid_parameters.push_back(name);
    }
    return out;
}

Result<DeleteParameterOutput> Ssm::DeleteParameter(aws::Call& call,
                                                   const DeleteParameterInput& in) {
    if (!erase(call, plain_name(in.name)))
        return errors::ParameterNotFound("Parameter " + in.name + " not found.");
    return DeleteParameterOutput{};
}

Result<DeleteParametersOutput> Ssm::DeleteParameters(aws::Call& call,
                                                     const DeleteParametersInput& in) {
    DeleteParametersOutput out;
    for (const std::string& name : in.names)
        (erase(call, plain_name(name)) ? out.deleted_parameters : out.invalid_parameters)
            .push_back(name);
    return out;
}

}  // namespace unkai::services::ssm
