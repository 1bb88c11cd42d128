#include "planes/functions/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "wire/json.h"

namespace unkai::planes::functions {

namespace {

double milliseconds_of(Duration length) {
    return std::chrono::duration<double, std::milli>(length).count();
}

std::string_view status_of(const Outcome& outcome) {
    switch (outcome.kind) {
        case Outcome::Kind::timeout:
            return "timeout";
        case Outcome::Kind::exited:
        case Outcome::Kind::out_of_memory:
        case Outcome::Kind::init_error:
            return "error";
        default:
            return "";
    }
}

}  // namespace

std::string start_line(std::string_view request_id, std::string_view version) {
    return fmt::format("START RequestId: {} Version: {}", request_id, version);
}

std::string end_line(std::string_view request_id) {
    return fmt::format("END RequestId: {}", request_id);
}

std::string report_line(std::string_view request_id, const FunctionSpec& spec,
                        const Outcome& outcome) {
    std::string line = fmt::format(
        "REPORT RequestId: {}\tDuration: {:.2f} ms\tBilled Duration: {} ms\tMemory Size: {} MB\t"
        "Max Memory Used: {} MB\t",
        request_id, milliseconds_of(outcome.duration),
        static_cast<int64_t>(milliseconds_of(outcome.billed_duration)), spec.memory_mib,
        outcome.max_memory_mib);
    if (outcome.init_duration)
        line += fmt::format("Init Duration: {:.2f} ms\t", milliseconds_of(*outcome.init_duration));
    if (const std::string_view status = status_of(outcome); !status.empty()) {
        line += fmt::format("Status: {}", status);
        if (status == "error") line += fmt::format("\tError Type: {}", outcome.error_type);
    }
    return line;
}

std::string init_report_line(Duration init, std::string_view status, std::string_view error_type) {
    std::string line = fmt::format("INIT_REPORT Init Duration: {:.2f} ms\tPhase: init\tStatus: {}",
                                   milliseconds_of(init), status);
    if (!error_type.empty()) line += fmt::format("\tError Type: {}", error_type);
    return line;
}

std::string timeout_line(Time now, std::string_view request_id, Duration timeout) {
    return fmt::format("{} {} Task timed out after {:.2f} seconds", iso8601_millis(now), request_id,
                       milliseconds_of(timeout) / 1000);
}

Duration billed(Duration duration, std::optional<Duration> init) {
    const Duration all = duration + init.value_or(Duration{0});
    return std::max<Duration>(std::chrono::ceil<std::chrono::milliseconds>(all),
                              std::chrono::milliseconds(1));
}

std::string error_document(std::string_view type, std::string_view message) {
    return wire::Json::object({{"errorType", type}, {"errorMessage", message}}).dump();
}

Outcome timed_out(std::string_view request_id, Duration timeout) {
    Outcome out{.kind = Outcome::Kind::timeout};
    out.error_type = "Sandbox.Timedout";
    out.payload = error_document(
        out.error_type, fmt::format("RequestId: {} Error: Task timed out after {:.2f} seconds",
                                    request_id, milliseconds_of(timeout) / 1000));
    out.duration = timeout;
    return out;
}

std::string exit_message(std::string_view request_id, std::string_view what) {
    if (what.empty())
        return fmt::format("RequestId: {} Error: Runtime exited without providing a reason",
                           request_id);
    return fmt::format("RequestId: {} Error: Runtime exited with error: {}", request_id, what);
}

Outcome exited(std::string_view request_id, std::string_view what, bool out_of_memory) {
    Outcome out{.kind = out_of_memory ? Outcome::Kind::out_of_memory : Outcome::Kind::exited};
    out.error_type = out_of_memory ? "Runtime.OutOfMemory" : "Runtime.ExitError";
    out.payload = error_document(out.error_type, exit_message(request_id, what));
    return out;
}

Outcome response_too_large(size_t bytes) {
    Outcome out{.kind = Outcome::Kind::function_error};
    out.error_type = "Function.ResponseSizeTooLarge";
    out.payload = error_document(
        out.error_type,
        fmt::format("Response payload size ({} bytes) exceeded maximum allowed payload size "
                    "({} bytes).",
                    bytes, most_response_bytes));
    return out;
}

}  // namespace unkai::planes::functions
