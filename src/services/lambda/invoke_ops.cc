#include "base/strings.h"
#include "services/lambda/lambda.h"
#include "services/lambda/limits.h"
#include "services/lambda/permission.h"
#include "services/lambda/settings.h"

namespace unkai::services::lambda {

namespace {

constexpr size_t tail_bytes = 4096;

Error too_large(size_t bytes, const std::string& type, size_t limit) {
    return Error{"RequestEntityTooLargeException",
                 std::to_string(bytes) + " byte payload is too large for the " + type +
                     " invocation type (limit " + std::to_string(limit) + " bytes)",
                 413,
                 {}}
        .with("Type", "User");
}

Status check_payload(const std::string& payload, const std::string& type) {
    const size_t limit = type == "Event" ? limits::event_payload_bytes : limits::sync_payload_bytes;
    if (payload.size() > limit) return too_large(payload.size(), type, limit);
    if (payload.empty()) return ok();
    wire::JsonReader reader(payload);
    reader.skip();
    if (const Status read = reader.finish(); !read)
        return errors::InvalidRequestContentException("Could not parse request body into json: " +
                                                      read.error().message)
            .with("Type", "User");
    return ok();
}

Result<std::string> client_context(const std::optional<std::string>& given) {
    if (!given || given->empty()) return std::string();
    const auto decoded = from_base64(*given);
    if (!decoded || decoded->size() > limits::client_context_bytes || !wire::Json::parse(*decoded))
        return errors::InvalidRequestContentException(
                   "Client context must be a valid Base64-encoded JSON object.")
            .with("Type", "User");
    return *decoded;
}

}  // namespace

unkai::Task<Result<model::InvokeOutput>> Lambda::Invoke(aws::Call& call,
                                                        const model::InvokeInput& in) {
    // Whoever may call from another account names the function by its ARN.
    Place place = place_of(call);
    if (const Arn arn = parse_arn(in.function_name); arn.service == "lambda")
        place.account = arn.account;
    CO_TRY(const FunctionName name, parse_function(place, in.function_name, in.qualifier));
    CO_TRY(const Target target, engine_.invoker().resolve(name.place, name.name, name.qualifier));
    const auto policy = engine_.invoker().directory().policy(name.place, name.name, name.qualifier);
    const std::string arn = target.arn();
    CO_REQUIRE(may_invoke(policy.get(),
                          {call.principal, "lambda:InvokeFunction", arn, name.place.account, ""}));
    const std::string type = in.invocation_type.value_or("RequestResponse");
    const std::string payload = in.payload.value_or("");
    CO_REQUIRE(check_payload(payload, type));
    if (in.durable_execution_name || in.tenant_id)
        co_return invalid("Durable executions and tenants are not done by Unkai.");
    CO_TRY(const std::string context, client_context(in.client_context));
    const std::string trace(call.http.header("x-amzn-trace-id").value_or(""));
    model::InvokeOutput out;
    if (type == "DryRun") {
        out.status_code = 204;
        co_return out;
    }
    if (type == "Event") {
        if (engine_.events().full())
            co_return too_many_requests("ConcurrentInvocationLimitExceeded");
        StoredEvent event;
        event.account = name.place.account;
        event.region = name.place.region;
        event.name = name.name;
        event.qualifier = name.qualifier;
        event.client_context = context;
        event.accepted = event.due = call.now;
        event.trace = trace;
        engine_.events().put(call.txn(), call.request_id, event, payload);
        engine_.invoker().count(target, "AsyncEventsReceived", "Count", 1);
        call.after_commit(
            [this, id = call.request_id, due = event.due] { engine_.events().arrived(id, due); });
        out.status_code = 202;
        co_return out;
    }
    CO_TRY(Invoked done,
           co_await engine_.invoker().invoke(
               target, {payload, call.request_id, context, trace, in.log_type == "Tail"}));
    out.status_code = 200;
    out.executed_version = done.executed_version;
    if (done.failed()) out.function_error = "Unhandled";
    if (in.log_type == "Tail") {
        std::string tail = std::move(done.outcome.log_tail);
        if (tail.size() > tail_bytes) tail = tail.substr(tail.size() - tail_bytes);
        out.log_result = base64(tail);
    }
    out.payload = std::move(done.outcome.payload);
    co_return out;
}

}  // namespace unkai::services::lambda
