// The lines that Lambda itself writes into a function's log, and its own error documents. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html (the text format)
#pragma once

#include <string>
#include <string_view>

#include "planes/functions/functions.h"

namespace unkai::planes::functions {

std::string start_line(std::string_view request_id, std::string_view version);
std::string end_line(std::string_view request_id);
// "REPORT RequestId: …\tDuration: 1.52 ms\tBilled Duration: 102 ms\tMemory Size: 128 MB\tMax Memory
// Used: 36 MB\tInit Duration: 99.61 ms\t", and the status when the runtime failed.
std::string report_line(std::string_view request_id, const FunctionSpec& spec,
                        const Outcome& outcome);
// "INIT_REPORT Init Duration: 9999.41 ms\tPhase: init\tStatus: timeout"
std::string init_report_line(Duration init, std::string_view status, std::string_view error_type);
// "2026-11-22T04:14:12.123Z <id> Task timed out after 3.00 seconds"
std::string timeout_line(Time now, std::string_view request_id, Duration timeout);

// Whole milliseconds, at least 1; the init phase is billed too.
Duration billed(Duration duration, std::optional<Duration> init);

// Documents. `what` is "exit status 1" or "signal: killed"; empty: it ended without a reason.
std::string error_document(std::string_view type, std::string_view message);
Outcome timed_out(std::string_view request_id, Duration timeout);
Outcome exited(std::string_view request_id, std::string_view what, bool out_of_memory);
Outcome response_too_large(size_t bytes);
// The line that goes with exited(): "RequestId: … Error: Runtime exited with error: exit status 1".
std::string exit_message(std::string_view request_id, std::string_view what);

}  // namespace unkai::planes::functions
