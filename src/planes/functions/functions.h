// The function plane: runs Lambda functions in execution environments that speak the public Lambda
// Runtime API (2018-06-01). It knows nothing of AWS accounts or the store. Two implementations:
// LocalPlane (local_plane.h: sandboxes of planes/containers) and SimPlane (sim_plane.h).
//
//     auto spec = std::make_shared<FunctionSpec>(…);
//     CO_REQUIRE(co_await plane.prepare(spec));                // Pending → Active.
//     CO_TRY(const Outcome outcome, co_await plane.invoke(spec, std::move(invocation)));
//     if (outcome.kind != Outcome::Kind::response) …           // X-Amz-Function-Error: Unhandled
//     co_await plane.retire(spec->id);                         // The function was deleted.
//
// An environment runs one invocation at a time, is frozen between them, is reused while it is warm,
// and dies by: a time-out, its process's end, a failed init, retire(), another revision of its
// spec, idleness, its grant's expiry, or the machine's limits. What a killed program left is
// removed at open(); environments are not adopted. Everything runs on the control loop.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "planes/containers/image_store.h"
#include "planes/containers/log_pipe.h"
#include "planes/containers/plane.h"

namespace unkai::planes::functions {

constexpr size_t most_payload_bytes = 6 << 20;  // Each way; what is larger is refused.
// The answer's bound: 6 MB and the room that Lambda leaves for base64's framing.
constexpr size_t most_response_bytes = most_payload_bytes + 100;
constexpr int64_t mib_per_cpu = 1769;  // "At 1,769 MB, a function has one vCPU."
constexpr Duration most_init_time = std::chrono::seconds(10);

using Variables = std::vector<std::pair<std::string, std::string>>;

// Where environments stand in the network.
struct FunctionNetwork {
    // What environments go out through, as networks.h has it: each from a namespace of its own.
    // Empty: loopback only.
    std::string name;
    std::vector<std::string> name_servers;
    std::vector<std::string> search_domains;
    std::vector<std::pair<std::string, std::string>> hosts;  // Address, names.
    friend bool operator==(const FunctionNetwork&, const FunctionNetwork&) = default;
};

struct ImagePackage {
    std::shared_ptr<containers::ImageSource> source;
    std::string reference;  // With a digest: what was resolved when the function was made.
    std::optional<std::vector<std::string>> entry_point;  // ImageConfig of CreateFunction.
    std::optional<std::vector<std::string>> command;
    std::string working_directory;
};

// What one environment gets beside its spec, asked for when it starts.
struct Grant {
    std::string log_group, log_stream;         // For AWS_LAMBDA_LOG_*_NAME.
    std::shared_ptr<containers::LogSink> log;  // Null: lines are dropped.
    Variables variables;                       // Credentials, endpoints; they win over the spec.
    std::optional<Time> expires_at;            // No invocation starts here after it.
};
// Given by the service, one per function.
class Grants {
public:
    virtual ~Grants() = default;
    // `environment`: 32 hexadecimal digits, unique; the log stream's name ends in it.
    virtual Task<Result<Grant>> grant(std::string environment) = 0;
    // The environment is gone; its last log line was taken.
    virtual void ended(std::string_view environment) = 0;
};

struct FunctionSpec {
    std::string id;        // One function version: what shares warm environments.
    std::string revision;  // Environments of another revision of this id take no more work.
    std::string name;      // AWS_LAMBDA_FUNCTION_NAME.
    std::string version = "$LATEST";
    std::string region;
    std::string runtime;  // "python3.12", "nodejs22.x", "provided.al2023"; "" for an image.
    std::string handler;  // "module.function"; _HANDLER.
    std::string code;     // Folder, /var/task read-only. Unpacked by the caller.
    std::vector<std::string> layers;  // Folders, merged into /opt; later ones win.
    std::optional<ImagePackage> image;
    Variables environment;     // The user's.
    int64_t memory_mib = 128;  // A hard limit; CPU time in proportion.
    int64_t tmp_mib = 512;     // The size of /tmp.
    Duration timeout = std::chrono::seconds(3);
    FunctionNetwork network;
    std::string architecture = "x86_64";  // Or arm64; must be the machine's.
    size_t most_environments = 1000;      // Of this id, busy and idle together.
    std::string ca_certificate;           // PEM, trusted inside beside the usual ones.
    std::shared_ptr<Grants> grants;       // Null: no logs, no further variables.
};
using FunctionSpecPtr = std::shared_ptr<const FunctionSpec>;

struct Invocation {
    std::string request_id;        // A UUID; stands in the log lines.
    std::string payload;           // JSON.
    std::string function_arn;      // As invoked (context.invoked_function_arn).
    std::string client_context;    // JSON, decoded from base64; "" none.
    std::string cognito_identity;  // JSON; "" none.
    std::string trace_id;          // X-Amzn-Trace-Id; "" none.
    bool log_tail = false;         // Collect the last 4 KiB of this invocation's log.
};

// What came of an invocation, with what the REPORT line says.
struct Outcome {
    enum class Kind {
        response,        // payload is the function's answer.
        function_error,  // The handler failed, or its answer was refused: payload is an error
                         // document.
        init_error,      // The handler could not be loaded.
        timeout,         // "… Task timed out after 3.00 seconds"
        exited,          // Runtime.ExitError
        out_of_memory,   // Runtime.OutOfMemory
        throttled,       // No environment may be added; nothing ran, nothing was logged.
    };
    Kind kind = Kind::response;
    std::string
        payload;  // Error documents: {"errorType":…,"errorMessage":…[,"trace"|"stackTrace"]}
    std::string content_type = "application/json";
    std::string error_type;   // "Runtime.ImportModuleError", "ValueError", "Sandbox.Timedout", …
    std::string environment;  // Which one ran it.
    std::string log_tail;     // Bytes, not base64.
    bool cold = false;
    Duration duration{};         // Of the invocation, init not included.
    Duration billed_duration{};  // Whole milliseconds, init included.
    std::optional<Duration>
        init_duration;  // When this invocation's environment was started for it.
    int64_t max_memory_mib = 0;
};

// A runtime on this machine, or why it is not there.
struct RuntimeStatus {
    std::string name;     // "python3.11"
    std::string program;  // "/usr/bin/python3.11"; empty when missing.
    std::string problem;  // A sentence with the fix when missing.
};

struct EnvironmentStatus {
    enum class State { starting, busy, idle, ending };
    std::string id;
    std::string function;  // FunctionSpec::id.
    std::string revision;
    State state = State::starting;
    Time started_at{};
    int64_t memory_mib = 0;
    uint64_t invocations = 0;
};

class FunctionPlane {
public:
    virtual ~FunctionPlane() = default;

    // Whether the runtime can run here: "RuntimeMissing" with the sentence that says what to
    // install or which image to use, "InvalidRuntime" for a name that is none. No waiting.
    virtual Status check_runtime(std::string_view runtime) const = 0;
    virtual std::vector<RuntimeStatus> runtimes() const = 0;

    // Makes everything ready that a cold start can have ready: pulls the image, keeps a generic
    // sandbox of this runtime and network. Errors: check_runtime()'s, "ImageNotFound",
    // "InvalidImage", "ArchitectureMismatch".
    virtual Task<Status> prepare(FunctionSpecPtr spec) = 0;

    // Runs the function once. Errors are the plane's own failures ("RuntimeMissing",
    // "PayloadTooLarge", "EnvironmentFailed"); whatever the function does is an Outcome. The
    // deadline is the spec's timeout, from the moment when the environment takes the payload.
    // Concurrent calls each take an environment of their own. Must not be abandoned.
    virtual Task<Result<Outcome>> invoke(FunctionSpecPtr spec, Invocation invocation) = 0;

    // Ends the function's environments, busy ones after their invocation. All revisions.
    virtual Task<void> retire(std::string id) = 0;

    virtual std::vector<EnvironmentStatus> environments() const = 0;
    virtual std::vector<containers::Finding> findings() const = 0;
};

}  // namespace unkai::planes::functions
