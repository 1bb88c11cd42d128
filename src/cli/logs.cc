#include <fmt/format.h>

#include <deque>
#include <map>
#include <thread>

#include "base/strings.h"
#include "cli/cli.h"
#include "cli/control.h"

namespace unkai::cli {

using wire::Json;

namespace {

constexpr auto between_looks = std::chrono::milliseconds(300);
// Events may come in late by this much and are shown all the same while following.
constexpr int64_t overlap_ms = 10000;

struct LogOptions {
    std::string group, since = "1h", start_time, end_time, filter;
    std::vector<std::string> tasks;
    bool follow = false;
    size_t limit = 0;  // 0: everything since `since`.
};

struct LogEvent {
    int64_t at = 0;  // Milliseconds.
    std::string id, stream, message;
};

int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

// "90s", "15m", "1h", "2d", or several: "1h30m".
std::optional<int64_t> parse_span(std::string_view text) {
    int64_t total = 0;
    while (!text.empty()) {
        const size_t digits = text.find_first_not_of("0123456789");
        if (digits == 0 || digits == std::string_view::npos) return std::nullopt;
        const auto number = parse_int(text.substr(0, digits));
        const int64_t unit = text[digits] == 's'   ? 1
                             : text[digits] == 'm' ? 60
                             : text[digits] == 'h' ? 3600
                             : text[digits] == 'd' ? 86400
                                                   : 0;
        if (!number || unit == 0 || *number > 100000) return std::nullopt;
        total += *number * unit * 1000;
        text.remove_prefix(digits + 1);
    }
    return total > 0 ? std::optional(total) : std::nullopt;
}

Result<int64_t> parse_moment(const std::string& option, const std::string& text) {
    const auto time = parse_iso8601(text);
    if (!time)
        return fail("InvalidTime", option + " '" + text +
                                       "' is no time. Write it as in RFC 3339: "
                                       "2026-11-22T08:00:00Z.");
    return millis(*time);
}

struct Span {
    int64_t from = 0;
    std::optional<int64_t> to;
};

Result<Span> span_of(const LogOptions& options) {
    Span span;
    if (!options.end_time.empty()) {
        TRY(span.to, parse_moment("--end-time", options.end_time));
    }
    if (!options.start_time.empty()) {
        TRY(span.from, parse_moment("--start-time", options.start_time));
        return span;
    }
    const auto length = parse_span(options.since);
    if (!length)
        return fail("InvalidTime", "--since '" + options.since +
                                       "' is no length of time. Write 90s, 15m, 1h, 2d or 1h30m.");
    span.from = now_ms() - *length;
    return span;
}

Result<std::vector<Json>> all_groups(Control& control) {
    std::vector<Json> groups;
    Json input = Json::object();
    while (true) {
        TRY(const Json page, control.call("logs", "DescribeLogGroups", input));
        for (size_t i = 0; i < page["logGroups"].size(); ++i)
            groups.push_back(page["logGroups"][i]);
        if (page["nextToken"].is_null()) return groups;
        input.set("nextToken", page["nextToken"]);
    }
}

// The whole name, or a part of it that only one has.
Result<std::string> find_group(Control& control, const std::string& wanted) {
    TRY(const std::vector<Json> groups, all_groups(control));
    std::vector<std::string> hits;
    for (const Json& group : groups) {
        const std::string name = group["logGroupName"].string_or("");
        if (name == wanted) return name;
        if (name.find(wanted) != std::string::npos) hits.push_back(name);
    }
    if (hits.size() == 1) return hits[0];
    if (hits.empty())
        return fail("LogGroupNotFound",
                    "No log group's name has '" + wanted + "' in it. These are there: unkai logs");
    return fail("LogGroupAmbiguous", "'" + wanted + "' fits several log groups: " +
                                         join(hits, ", ") + ". Write more of the name.");
}

int list_groups(const Context& context, Control& control) {
    const auto groups = all_groups(control);
    if (!groups) return finish_failed(context, "logs", groups.error());
    Json list = Json::array();
    std::string text;
    for (const Json& group : *groups) {
        list.push(Json::object({{"name", group["logGroupName"]},
                                {"storedBytes", group["storedBytes"]},
                                {"retentionInDays", group["retentionInDays"]}}));
        text += fmt::format("{:<60} {:>12} bytes\n", group["logGroupName"].string_or(""),
                            group["storedBytes"].int_or(0));
    }
    text += text.empty() ? "There are no log groups yet." : "\nRead one: unkai logs GROUP -f";
    return finish(context, "logs", Json::object({{"groups", std::move(list)}}), text);
}

// awslogs names a stream prefix/container/task: any part of the name will do.
bool is_wanted(const LogOptions& options, const std::string& stream) {
    if (options.tasks.empty()) return true;
    for (const std::string& task : options.tasks) {
        const std::string id = task.substr(
            task.rfind('/') == std::string::npos ? 0 : task.rfind('/') + 1);  // Of an ARN.
        if (stream.find(id) != std::string::npos) return true;
    }
    return false;
}

// All events of the span, oldest first, to `take`.
template <class Take>
Status read_events(Control& control, const LogOptions& options, const Span& span, Take&& take) {
    Json input = Json::object({{"logGroupName", options.group}, {"startTime", span.from}});
    if (span.to) input.set("endTime", *span.to);
    if (!options.filter.empty()) input.set("filterPattern", options.filter);
    while (true) {
        TRY(const Json page, control.call("logs", "FilterLogEvents", input));
        for (size_t i = 0; i < page["events"].size(); ++i) {
            const Json& event = page["events"][i];
            const std::string stream = event["logStreamName"].string_or("");
            if (!is_wanted(options, stream)) continue;
            take(LogEvent{event["timestamp"].int_or(0), event["eventId"].string_or(""), stream,
                          event["message"].string_or("")});
        }
        if (page["nextToken"].is_null()) return ok();
        input.set("nextToken", page["nextToken"]);
    }
}

void print_event(const Context& context, const LogEvent& event) {
    const std::string time = iso8601_millis(from_millis(event.at));
    std::string line;
    if (context.json) {
        line = Json::object(
                   {{"timestamp", time}, {"stream", event.stream}, {"message", event.message}})
                   .dump();
    } else if (use_color(context)) {
        line = fmt::format("\033[2m{}\033[0m \033[36m{}\033[0m {}", time, event.stream,
                           trim(event.message));
    } else {
        line = fmt::format("{} {} {}", time, event.stream, trim(event.message));
    }
    fmt::print("{}\n", line);
}

// Until Ctrl-C. What was shown is known by its id; old ids are forgotten.
Status follow(const Context& context, Control& control, const LogOptions& options, Span span,
              std::map<std::string, int64_t> shown) {
    while (true) {
        std::this_thread::sleep_for(between_looks);
        span.from = std::max(span.from, now_ms() - overlap_ms);
        std::erase_if(shown, [&](const auto& known) { return known.second < span.from; });
        REQUIRE(read_events(control, options, span, [&](const LogEvent& event) {
            if (shown.emplace(event.id, event.at).second) print_event(context, event);
        }));
        std::fflush(stdout);
    }
}

int run_logs(const Context& context, LogOptions options) {
    const auto installation = need_running(context, "logs");
    if (!installation) return 1;
    Control control(*installation);
    if (options.group.empty()) return list_groups(context, control);
    const auto span = span_of(options);
    if (!span) return finish_failed(context, "logs", span.error(), 2);
    const auto group = find_group(control, options.group);
    if (!group) return finish_failed(context, "logs", group.error());
    options.group = *group;
    std::deque<LogEvent> events;
    std::map<std::string, int64_t> shown;
    const Status read = read_events(control, options, *span, [&](LogEvent event) {
        shown.emplace(event.id, event.at);
        events.push_back(std::move(event));
        if (options.limit > 0 && events.size() > options.limit) events.pop_front();
    });
    if (!read) return finish_failed(context, "logs", read.error());
    for (const LogEvent& event : events) print_event(context, event);
    std::fflush(stdout);
    if (!options.follow) {
        if (events.empty() && !context.json)
            fmt::print(stderr, "No events in {} since {}.\n", options.group,
                       options.start_time.empty() ? options.since : options.start_time);
        return 0;
    }
    const Status ended = follow(context, control, options, *span, std::move(shown));
    return finish_failed(context, "logs", ended.error());
}

}  // namespace

void add_logs(CLI::App& app, Context& context, Action& action) {
    static LogOptions options;
    CLI::App* command = app.add_subcommand("logs", "Show log groups, or what one of them holds");
    command->footer(
        "Examples:\n  unkai logs                              the log groups\n"
        "  unkai logs saas -f                      follows the group whose name has saas in it\n"
        "  unkai logs saas --since 15m --filter ERROR\n"
        "  unkai logs saas --filter '{ $.status = 500 }' --limit 20\n"
        "  unkai logs saas --tasks 0a1b2c3d --json\n\n"
        "With --json each event is an object on a line of its own.");
    command->add_option("GROUP", options.group, "A log group, or a part of its name");
    command->add_flag("-f,--follow", options.follow, "Go on with what comes, until Ctrl-C");
    command->add_option("--since", options.since, "How far back: 90s, 15m, 1h, 2d (1h)");
    command->add_option("--start-time", options.start_time, "From this time on (RFC 3339)");
    command->add_option("--end-time", options.end_time, "Up to this time (RFC 3339)");
    command->add_option("--limit", options.limit, "The newest so many events");
    command->add_option("--filter", options.filter, "A CloudWatch Logs filter pattern");
    command->add_option("--tasks", options.tasks, "Only streams of these tasks")->delimiter(',');
    command->callback(
        [&context, &action] { action = [&context] { return run_logs(context, options); }; });
}

}  // namespace unkai::cli
