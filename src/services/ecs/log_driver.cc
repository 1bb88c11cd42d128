#include "services/ecs/log_driver.h"

#include "base/log.h"
#include "base/strings.h"
#include "services/ecs/limits.h"

namespace unkai::services::ecs {

LogStream log_stream(const api::ecs::LogConfiguration& log, const Place& place,
                     const std::string& container, const std::string& task_id) {
    const auto option = [&](const char* name) {
        const auto found = log.options.find(name);
        return found == log.options.end() ? std::string() : found->second;
    };
    LogStream out{option("awslogs-region"), option("awslogs-group"), ""};
    if (out.region.empty()) out.region = place.region;
    const std::string prefix = option("awslogs-stream-prefix");
    out.stream = prefix.empty() ? task_id : prefix + "/" + container + "/" + task_id;
    return out;
}

std::string clean_utf8(std::string_view text) {
    if (is_valid_utf8(text)) return std::string(text);
    std::string out;
    for (size_t at = 0; at < text.size();) {
        size_t length = 1;
        while (length <= 4 && at + length <= text.size() && !is_valid_utf8(text.substr(at, length)))
            ++length;
        if (length <= 4 && at + length <= text.size()) {
            out += text.substr(at, length);
            at += length;
        } else {
            out += "\xef\xbf\xbd";
            ++at;
        }
    }
    return out;
}

unkai::Task<void> LogDriver::lines(std::vector<planes::containers::LogLine> lines) {
    std::vector<LogEvent> events;
    for (planes::containers::LogLine& line : lines) {
        std::string& begun = begun_[line.standard_error ? 1 : 0];
        begun += line.text;
        if (line.partial && begun.size() < limits::log_event_bytes) continue;
        std::string text = clean_utf8(std::exchange(begun, {}));
        if (text.size() > limits::log_event_bytes)
            text = clean_utf8(text.substr(0, limits::log_event_bytes - 2));
        if (!text.empty()) events.push_back({millis(line.at), std::move(text)});
    }
    if (events.empty()) co_return;
    const Status put = co_await surroundings_.put_log_events(place_, stream_, std::move(events));
    if (put || complained_) co_return;
    complained_ = true;
    log::warn(
        "a container's log lines are lost",
        {{"group", stream_.group}, {"stream", stream_.stream}, {"reason", put.error().message}});
}

}  // namespace unkai::services::ecs
