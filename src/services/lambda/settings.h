// What CreateFunction and UpdateFunctionConfiguration may ask for. Pure.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
#pragma once

#include <string>

#include "services/lambda/schema.h"

namespace unkai::services::lambda {

// Error InvalidParameterValueException; the message is AWS's.
Error invalid(std::string message);

// The 4 KB rule, reserved names, names' form.
Status check_environment(const Map<std::string>& variables);

// The settings that the two operations share, into a configuration. What cannot be done here
// (EFS, X-Ray, SnapStart, KMS keys of one's own, JSON logs …) is refused with a sentence.
struct Settings {
    const std::optional<std::string>& role;
    const std::optional<std::string>& handler;
    const std::optional<std::string>& runtime;
    const std::optional<std::string>& description;
    const std::optional<int32_t>& timeout;
    const std::optional<int32_t>& memory_size;
    const std::optional<model::Environment>& environment;
    const std::optional<model::DeadLetterConfig>& dead_letter_config;
    const std::optional<std::string>& kms_key_arn;
    const std::optional<model::TracingConfig>& tracing_config;
    const List<model::FileSystemConfig>& file_system_configs;
    const std::optional<model::ImageConfig>& image_config;
    const std::optional<model::EphemeralStorage>& ephemeral_storage;
    const std::optional<model::SnapStart>& snap_start;
    const std::optional<model::LoggingConfig>& logging_config;
    bool unsupported = false;  // Something newer that is not done here was asked for.
};
template <class Input>
Settings settings_of(const Input& in, const std::optional<std::string>& role) {
    return {role,
            in.handler,
            in.runtime,
            in.description,
            in.timeout,
            in.memory_size,
            in.environment,
            in.dead_letter_config,
            in.kms_key_arn,
            in.tracing_config,
            in.file_system_configs,
            in.image_config,
            in.ephemeral_storage,
            in.snap_start,
            in.logging_config,
            in.capacity_provider_config || in.durable_config || in.accelerator_config};
}
Status apply_settings(const Settings& settings, model::FunctionConfiguration& shape);

// What a fresh function has before anything is applied.
model::FunctionConfiguration fresh_configuration(const std::string& name);

// Zip or image: what must be there and what must not. After everything was applied.
Status check_package_type(const model::FunctionConfiguration& shape);

// Tags: at most 50, no aws: prefix. Error: InvalidParameterValueException.
Status check_tags(const std::map<std::string, std::string>& tags);

// "2026-11-22T00:36:07.123+0000"
std::string lambda_date(Time time);

}  // namespace unkai::services::lambda
