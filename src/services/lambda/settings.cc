#include "services/lambda/settings.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "services/lambda/limits.h"
#include "services/lambda/names.h"
#include "wire/json.h"

namespace unkai::services::lambda {

namespace {

// configuration-envvars.html#configuration-envvars-runtime
constexpr std::array<std::string_view, 18> reserved_names = {"_HANDLER",
                                                             "_X_AMZN_TRACE_ID",
                                                             "AWS_DEFAULT_REGION",
                                                             "AWS_REGION",
                                                             "AWS_EXECUTION_ENV",
                                                             "AWS_LAMBDA_FUNCTION_NAME",
                                                             "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                                                             "AWS_LAMBDA_FUNCTION_VERSION",
                                                             "AWS_LAMBDA_INITIALIZATION_TYPE",
                                                             "AWS_LAMBDA_LOG_GROUP_NAME",
                                                             "AWS_LAMBDA_LOG_STREAM_NAME",
                                                             "AWS_ACCESS_KEY",
                                                             "AWS_ACCESS_KEY_ID",
                                                             "AWS_SECRET_ACCESS_KEY",
                                                             "AWS_SESSION_TOKEN",
                                                             "AWS_LAMBDA_RUNTIME_API",
                                                             "LAMBDA_TASK_ROOT",
                                                             "LAMBDA_RUNTIME_DIR"};

bool is_variable_name(std::string_view name) {
    if (name.size() < 2 || !std::isalpha(static_cast<unsigned char>(name[0]))) return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
    });
}

Error not_here(const std::string& what) {
    return invalid(what +
                   " is not done by Unkai: leave it out, or keep it for AWS by a condition "
                   "of the template.");
}

// "1 validation error detected: …"
Error out_of_range(std::string_view member, int32_t value, std::string_view rule, int32_t bound) {
    return Error{"ValidationException",
                 "1 validation error detected: Value '" + std::to_string(value) + "' at '" +
                     std::string(member) +
                     "' failed to satisfy constraint: Member must have value " + std::string(rule) +
                     " than or equal to " + std::to_string(bound),
                 400,
                 {}};
}

Status apply_sizes(const Settings& in, model::FunctionConfiguration& shape) {
    if (in.timeout) {
        if (*in.timeout > limits::most_timeout)
            return out_of_range("timeout", *in.timeout, "less", limits::most_timeout);
        shape.timeout = in.timeout;
    }
    if (in.memory_size) {
        if (*in.memory_size < limits::least_memory)
            return invalid(
                "'MemorySize' value failed to satisfy constraint: Member must have "
                "value greater than or equal to 128");
        if (*in.memory_size > limits::most_memory)
            return invalid(
                "'MemorySize' value failed to satisfy constraint: Member must have "
                "value less than or equal to 10240");
        shape.memory_size = in.memory_size;
    }
    if (in.ephemeral_storage) {
        const int32_t size = in.ephemeral_storage->size;
        if (size < limits::least_tmp)
            return out_of_range("ephemeralStorage.size", size, "greater", limits::least_tmp);
        if (size > limits::most_tmp)
            return out_of_range("ephemeralStorage.size", size, "less", limits::most_tmp);
        shape.ephemeral_storage = in.ephemeral_storage;
    }
    return ok();
}

Status apply_dead_letters(const model::DeadLetterConfig& config,
                          model::FunctionConfiguration& shape) {
    const std::string target = config.target_arn.value_or("");
    if (target.empty()) {
        shape.dead_letter_config.reset();
        return ok();
    }
    const Arn arn = parse_arn(target);
    if (arn.service != "sqs" && arn.service != "sns")
        return invalid("The provided dead letter target ARN " + target +
                       " is not supported: it must be a queue of SQS or a topic of SNS.");
    if (target.ends_with(".fifo"))
        return invalid("The dead letter target must be a standard queue or topic, not a FIFO one.");
    shape.dead_letter_config = config;
    return ok();
}

Status apply_logging(const model::LoggingConfig& config, const std::string& name,
                     model::FunctionConfiguration& shape) {
    if (config.log_format.value_or("Text") != "Text") return not_here("LogFormat JSON");
    if (config.application_log_level || config.system_log_level)
        return invalid("ApplicationLogLevel and SystemLogLevel need the log format JSON.");
    model::LoggingConfig out;
    out.log_format = "Text";
    out.log_group = config.log_group.value_or("/aws/lambda/" + name);
    shape.logging_config = out;
    return ok();
}

Status refuse_what_is_not_done(const Settings& in) {
    if (in.unsupported) return not_here("Managed instances, durable functions or accelerators");
    if (!in.file_system_configs.empty()) return not_here("FileSystemConfigs (EFS)");
    if (in.kms_key_arn && !in.kms_key_arn->empty()) return not_here("KMSKeyArn");
    if (in.tracing_config && in.tracing_config->mode.value_or("PassThrough") != "PassThrough")
        return not_here("TracingConfig Active (X-Ray)");
    if (in.snap_start && in.snap_start->apply_on.value_or("None") != "None")
        return not_here("SnapStart");
    return ok();
}

}  // namespace

Error invalid(std::string message) {
    return model::errors::InvalidParameterValueException(std::move(message)).with("Type", "User");
}

std::string lambda_date(Time time) {
    std::string out = iso8601_millis(time);
    out.pop_back();
    return out + "+0000";
}

Status check_environment(const Map<std::string>& variables) {
    std::vector<std::string> reserved;
    wire::Json measured = wire::Json::object();
    size_t bytes = 0;
    for (const auto& [name, value] : variables) {
        if (!is_variable_name(name))
            return invalid(
                "1 validation error detected: Value at 'environment.variables' failed "
                "to satisfy constraint: Map keys must satisfy constraint: [Member must "
                "satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]");
        if (std::find(reserved_names.begin(), reserved_names.end(), name) != reserved_names.end())
            reserved.push_back(name);
        measured.set(name, value);
        bytes += name.size() + value.size();
    }
    if (!reserved.empty())
        return invalid(
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided contains reserved keys that are currently not supported "
            "for modification. Reserved keys used in this request: " +
            join(reserved, ", "));
    if (bytes > limits::environment_bytes)
        return invalid(
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided exceeded the 4KB limit. String measured: " +
            measured.dump());
    return ok();
}

model::FunctionConfiguration fresh_configuration(const std::string& name) {
    model::FunctionConfiguration out;
    out.function_name = name;
    out.description = "";
    out.timeout = 3;
    out.memory_size = limits::least_memory;
    out.version = "$LATEST";
    out.package_type = "Zip";
    out.architectures = {"x86_64"};
    out.tracing_config = model::TracingConfigResponse{.mode = "PassThrough"};
    out.ephemeral_storage = model::EphemeralStorage{.size = limits::least_tmp};
    out.snap_start = model::SnapStartResponse{.apply_on = "None", .optimization_status = "Off"};
    out.logging_config = model::LoggingConfig{};
    out.logging_config->log_format = "Text";
    out.logging_config->log_group = "/aws/lambda/" + name;
    return out;
}

Status apply_settings(const Settings& in, model::FunctionConfiguration& shape) {
    REQUIRE(refuse_what_is_not_done(in));
    REQUIRE(apply_sizes(in, shape));
    if (in.role) shape.role = in.role;
    if (in.handler) shape.handler = in.handler;
    if (in.runtime) shape.runtime = in.runtime;
    if (in.description) shape.description = in.description;
    if (in.environment) {
        REQUIRE(check_environment(in.environment->variables));
        shape.environment.reset();
        if (!in.environment->variables.empty()) {
            shape.environment.emplace();
            shape.environment->variables = in.environment->variables;
        }
    }
    if (in.dead_letter_config) REQUIRE(apply_dead_letters(*in.dead_letter_config, shape));
    if (in.image_config) {
        shape.image_config_response.emplace();
        shape.image_config_response->image_config = in.image_config;
    }
    if (in.logging_config)
        REQUIRE(apply_logging(*in.logging_config, shape.function_name.value_or(""), shape));
    return ok();
}

Status check_package_type(const model::FunctionConfiguration& shape) {
    const bool image = shape.package_type == "Image";
    if (image && (shape.runtime || shape.handler))
        return invalid(
            "Please don't provide Handler or Runtime or Layer when the intended "
            "function PackageType is Image.");
    if (image && !shape.layers.empty())
        return invalid(
            "Please don't provide Handler or Runtime or Layer when the intended "
            "function PackageType is Image.");
    if (!image && (!shape.runtime || !shape.handler))
        return invalid(
            "Runtime and Handler are mandatory parameters for functions created with "
            "deployment packages.");
    if (!image && shape.image_config_response)
        return invalid(
            "Please don't provide ImageConfig when the intended function PackageType "
            "is Zip.");
    return ok();
}

Status check_tags(const std::map<std::string, std::string>& tags) {
    if (tags.size() > limits::tags) return invalid("A function can have at most 50 tags.");
    for (const auto& [key, value] : tags)
        if (key.empty() || key.size() > 128 || value.size() > 256 || key.starts_with("aws:"))
            return invalid("The tag '" + key +
                           "' is not allowed: names have 1 to 128 characters and do not begin "
                           "with aws:, values have at most 256.");
    return ok();
}

}  // namespace unkai::services::lambda
