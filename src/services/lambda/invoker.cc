#include "services/lambda/invoker.h"

#include "api/sts.h"
#include "base/strings.h"
#include "services/lambda/limits.h"
#include "services/lambda/settings.h"

namespace unkai::services::lambda {

namespace functions = planes::functions;

namespace {

// What a plane's own failure is to a caller.
Error as_lambda_error(const Error& error) {
    if (error.is("RuntimeMissing") || error.is("InvalidRuntime"))
        return model::errors::InvalidRuntimeException(error.message).with("Type", "User");
    if (error.is("PayloadTooLarge"))
        return Error{"RequestEntityTooLargeException", error.message, 413, {}};
    if (error.is("ImageNotFound") || error.is("InvalidImage"))
        return Error{"InvalidImageException", error.message, 502, {}};
    if (error.status < 500 || error.is("ServiceException")) return error;
    return model::errors::ServiceException(error.message);
}

// An image whose program cannot be started is the function's failure, not the system's.
functions::Outcome invalid_entry_point(const std::string& request_id, const std::string& reason) {
    functions::Outcome out;
    out.kind = functions::Outcome::Kind::init_error;
    out.error_type = "Runtime.InvalidEntrypoint";
    out.payload =
        wire::Json::object({{"errorType", out.error_type},
                            {"errorMessage", "RequestId: " + request_id + " Error: " + reason}})
            .dump();
    return out;
}

}  // namespace

std::string plane_id(const VersionKey& key) {
    const auto& [account, region, name, number] = key;
    return function_arn({account, region}, name, version_name(number));
}

aws::Caller role_caller(const Place& place, const std::string& role, const std::string& session) {
    aws::Principal principal;
    principal.kind = aws::Principal::Kind::assumed_role;
    principal.account = place.account;
    principal.arn = "arn:aws:sts::" + place.account + ":assumed-role/" +
                    role.substr(role.rfind('/') + 1) + "/" + session;
    return {std::move(principal), place.account, place.region};
}

// What one version's environments get: the role's credentials and a log stream.
class Invoker::FunctionGrants final : public functions::Grants {
public:
    FunctionGrants(Invoker& invoker, const VersionKey& key,
                   std::shared_ptr<const StoredVersion> version)
        : invoker_(invoker),
          place_{std::get<0>(key), std::get<1>(key)},
          version_(std::move(version)) {}

    unkai::Task<Result<functions::Grant>> grant(std::string environment) override {
        const auto self = this;
        const model::FunctionConfiguration& shape = version_->shape;
        api::sts::AssumeRoleInput in;
        in.role_arn = shape.role.value_or("");
        in.role_session_name = shape.function_name.value_or("").substr(0, 64);
        in.duration_seconds = static_cast<int32_t>(
            std::chrono::duration_cast<std::chrono::seconds>(limits::credentials_last).count());
        const auto assumed = co_await self->invoker_.client_.call<api::sts::op::AssumeRole>(
            aws::service_caller("lambda.amazonaws.com", place_.account, place_.region), in);
        if (!assumed || !assumed->credentials)
            co_return fail("AccessDeniedException",
                           "The role defined for the function cannot be assumed by Lambda.", 403);
        functions::Grant out;
        out.variables = {{"AWS_ACCESS_KEY_ID", assumed->credentials->access_key_id},
                         {"AWS_SECRET_ACCESS_KEY", assumed->credentials->secret_access_key},
                         {"AWS_SESSION_TOKEN", assumed->credentials->session_token}};
        out.expires_at = assumed->credentials->expiration -
                         std::chrono::seconds(shape.timeout.value_or(3)) - std::chrono::minutes(5);
        out.log_group = shape.logging_config ? shape.logging_config->log_group.value_or("") : "";
        if (out.log_group.empty())
            out.log_group = "/aws/lambda/" + shape.function_name.value_or("");
        out.log_stream =
            log_stream_name(invoker_.env_.now(), shape.version.value_or("$LATEST"), environment);
        out.log = invoker_.logs_.stream(place_, out.log_group, out.log_stream);
        co_return out;
    }
    void ended(std::string_view) override {}

private:
    Invoker& invoker_;
    const Place place_;
    const std::shared_ptr<const StoredVersion> version_;
};

Invoker::Invoker(Env& env, store::Store& store, aws::Client& client, CodeStore& codes,
                 Interfaces& interfaces, functions::FunctionPlane& plane, InvokerOptions options)
    : env_(env),
      client_(client),
      codes_(codes),
      interfaces_(interfaces),
      plane_(plane),
      options_(std::move(options)),
      directory_(store),
      logs_(env, client) {}

Result<Target> Invoker::resolve(const Place& place, const std::string& name,
                                const std::string& qualifier) {
    Target out{place, name, qualifier, 0, nullptr, directory_.function(place, name)};
    const auto number = version_number(qualifier);
    if (number) {
        out.number = *number;
    } else if (const auto alias = directory_.alias(place, name, qualifier)) {
        out.number = version_number(alias->function_version.value_or("")).value_or(0);
        if (alias->routing_config) {
            double drawn = env_.random.unit();
            for (const auto& [version, weight] : alias->routing_config->additional_version_weights)
                if ((drawn -= weight) < 0) {
                    out.number = version_number(version).value_or(0);
                    break;
                }
        }
    } else {
        out.function = nullptr;
    }
    if (out.function) out.version = directory_.version(out.key());
    if (!out.version)
        return model::errors::ResourceNotFoundException("Function not found: " + out.arn())
            .with("Type", "User");
    return out;
}

Status Invoker::check_state(const Target& target) const {
    const std::string state = target.version->shape.state.value_or("Active");
    if (state == "Active") return ok();
    if (state == "Failed")
        return model::errors::ResourceConflictException(
                   "The operation cannot be performed at this time. The function is currently in "
                   "the following state: Failed. " +
                   target.version->shape.state_reason.value_or(""))
            .with("Type", "User");
    return model::errors::ResourceConflictException(
               "The operation cannot be performed at this time. The function is currently in the "
               "following state: " +
               state)
        .with("Type", "User");
}

void Invoker::count(const Target& target, std::string_view metric, std::string_view unit,
                    double value) {
    auto& metrics = metrics_.try_emplace(target.place, "AWS/Lambda").first->second;
    metrics.add(metric, {{"FunctionName", target.name}}, unit, value);
    const std::string resource =
        target.qualifier.empty() ? target.name : target.name + ":" + target.qualifier;
    metrics.add(metric, {{"FunctionName", target.name}, {"Resource", resource}}, unit, value);
    metrics.add(metric, {}, unit, value);
}

unkai::Task<void> Invoker::publish_metrics() {
    for (auto& [place, collected] : metrics_) {
        if (collected.empty()) continue;
        (void)co_await collected.publish(
            client_, aws::service_caller("lambda.amazonaws.com", place.account, place.region),
            env_.now());
    }
}

void Invoker::count_outcome(const Target& target, const functions::Outcome& outcome) {
    const bool failed = outcome.kind != functions::Outcome::Kind::response;
    count(target, "Invocations", "Count", 1);
    count(target, "Errors", "Count", failed ? 1 : 0);
    count(target, "Throttles", "Count", 0);
    count(target, "Duration", "Milliseconds",
          std::chrono::duration<double, std::milli>(outcome.duration).count());
}

unkai::Task<Result<Invoked>> Invoker::invoke(Target target, InvokeRequest request) {
    CO_REQUIRE(check_state(target));
    const std::optional<int64_t> reserved = target.function->reserved;
    auto pass = gate_.enter(target.place, target.name, reserved, directory_.reserved(target.place));
    if (!pass) {
        count(target, "Throttles", "Count", 1);
        co_return pass.error();
    }
    count(target, "ConcurrentExecutions", "Count",
          static_cast<double>(gate_.running(target.place, target.name)));
    auto spec_now = co_await spec(target.key(), target.version);
    if (!spec_now) co_return as_lambda_error(spec_now.error());
    functions::Invocation invocation;
    invocation.request_id = std::move(request.request_id);
    invocation.payload = request.payload.empty() ? "{}" : std::move(request.payload);
    invocation.function_arn = target.arn();
    invocation.client_context = std::move(request.client_context);
    invocation.trace_id = std::move(request.trace);
    invocation.log_tail = request.tail;
    const std::string request_id = invocation.request_id;
    auto outcome = co_await plane_.invoke(*spec_now, std::move(invocation));
    if (!outcome && outcome.error().is("RuntimeFailed") && (*spec_now)->image)
        outcome = invalid_entry_point(request_id, outcome.error().message);
    if (!outcome) co_return as_lambda_error(outcome.error());
    if (outcome->kind == functions::Outcome::Kind::throttled) {
        count(target, "Throttles", "Count", 1);
        co_return too_many_requests("ConcurrentInvocationLimitExceeded");
    }
    count_outcome(target, *outcome);
    co_return Invoked{std::move(*outcome), version_name(target.number)};
}

unkai::Task<Result<functions::FunctionSpecPtr>> Invoker::spec(
    VersionKey key, std::shared_ptr<const StoredVersion> version) {
    if (const auto found = specs_.find(key);
        found != specs_.end() && found->second->revision == version->deployment)
        co_return found->second;
    const model::FunctionConfiguration& shape = version->shape;
    const auto out = std::make_shared<functions::FunctionSpec>();
    out->id = plane_id(key);
    out->revision = version->deployment;
    out->name = std::get<2>(key);
    out->version = version_name(std::get<3>(key));
    out->region = std::get<1>(key);
    out->runtime = shape.runtime.value_or("");
    out->handler = shape.handler.value_or("");
    out->memory_mib = shape.memory_size.value_or(limits::least_memory);
    out->timeout = std::chrono::seconds(shape.timeout.value_or(3));
    if (shape.ephemeral_storage) out->tmp_mib = shape.ephemeral_storage->size;
    if (!shape.architectures.empty()) out->architecture = shape.architectures.front();
    if (shape.environment)
        for (const auto& [name, value] : shape.environment->variables)
            out->environment.emplace_back(name, value);
    out->ca_certificate = options_.authority_pem;
    if (shape.package_type == "Image") {
        functions::ImagePackage image{options_.images, version->resolved_image, {}, {}, ""};
        if (shape.image_config_response && shape.image_config_response->image_config) {
            const model::ImageConfig& config = *shape.image_config_response->image_config;
            if (config.entry_point.given()) image.entry_point = config.entry_point;
            if (config.command.given()) image.command = config.command;
            image.working_directory = config.working_directory.value_or("");
        }
        out->image = std::move(image);
    } else {
        CO_TRY(out->code, co_await codes_.folder(version->code.id));
        for (const auto& [arn, code] : version->layers) {
            CO_TRY(std::string folder, co_await codes_.folder(code.id));
            out->layers.push_back(std::move(folder));
        }
    }
    const Place place{std::get<0>(key), std::get<1>(key)};
    CO_TRY(out->network, co_await interfaces_.network(place, shape.vpc_config));
    out->grants = std::make_shared<FunctionGrants>(*this, key, version);
    specs_[key] = out;
    co_return functions::FunctionSpecPtr(out);
}

unkai::Task<void> Invoker::forget(VersionKey key) {
    specs_.erase(key);
    co_await plane_.retire(plane_id(key));
}

}  // namespace unkai::services::lambda
