#include "services/lambda/log_shipper.h"

#include "base/log.h"
#include "base/strings.h"
#include "services/lambda/limits.h"

namespace unkai::services::lambda {

namespace {

// PutLogEvents takes at most 1 MiB, 26 bytes an event counted in, and 10,000 events; an event
// holds at most 256 KiB.
constexpr size_t most_put_bytes = 1'000'000, most_put_events = 10'000;
constexpr size_t most_event_bytes = (256 << 10) - 26;

}  // namespace

std::string log_stream_name(Time now, std::string_view version, std::string_view environment) {
    const std::string date = iso8601(now);
    return date.substr(0, 4) + "/" + date.substr(5, 2) + "/" + date.substr(8, 2) + "/[" +
           std::string(version) + "]" + std::string(environment);
}

std::string valid_text(std::string_view text) {
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

class LogShipper::Stream final : public planes::containers::LogSink,
                                 public std::enable_shared_from_this<Stream> {
public:
    Stream(LogShipper& shipper, Place place, std::string group, std::string name)
        : shipper_(shipper),
          place_(std::move(place)),
          group_(std::move(group)),
          name_(std::move(name)) {}

    unkai::Task<void> lines(std::vector<planes::containers::LogLine> lines) override {
        const auto self = shared_from_this();
        while (bytes_ > limits::log_buffer_bytes && !shipper_.stopping_)
            co_await room_.wait(shipper_.env_.loop);
        for (planes::containers::LogLine& line : lines) {
            std::string& begun = begun_[line.standard_error ? 1 : 0];
            begun += line.text;
            if (line.partial && begun.size() < most_event_bytes) continue;
            std::string text = valid_text(std::exchange(begun, {}));
            if (text.size() > most_event_bytes)
                text = valid_text(text.substr(0, most_event_bytes - 2));
            if (text.empty()) continue;
            api::logs::InputLogEvent event;
            event.timestamp = millis(line.at);
            event.message = std::move(text);
            bytes_ += event.message.size();
            events_.push_back(std::move(event));
        }
        if (events_.empty() || queued_) co_return;
        queued_ = true;
        shipper_.waiting_.push_back(self);
        shipper_.came_.notify_all();
    }

    LogShipper& shipper_;
    const Place place_;
    const std::string group_, name_;
    List<api::logs::InputLogEvent> events_;
    size_t bytes_ = 0;
    bool queued_ = false, made_ = false, complained_ = false;
    std::string begun_[2];  // Cut lines of standard output and error, so far.
    Event room_;
};

std::shared_ptr<planes::containers::LogSink> LogShipper::stream(Place place, std::string group,
                                                                std::string name) {
    return std::make_shared<Stream>(*this, std::move(place), std::move(group), std::move(name));
}

unkai::Task<void> LogShipper::run() {
    while (!stopping_ || !waiting_.empty()) {
        if (waiting_.empty()) {
            co_await came_.wait(env_.loop);
            if (!stopping_) co_await env_.loop.sleep(limits::log_delay);
            continue;
        }
        for (const auto& stream : std::exchange(waiting_, {})) co_await ship(stream);
        if (!stopping_) co_await came_.wait(env_.loop, env_.loop.steady() + limits::log_delay);
    }
}

void LogShipper::stop() {
    stopping_ = true;
    came_.notify_all();
}

unkai::Task<void> LogShipper::ship(std::shared_ptr<Stream> stream) {
    auto events = std::exchange(stream->events_, {});
    stream->bytes_ = 0;
    stream->queued_ = false;
    stream->room_.notify_all();
    List<api::logs::InputLogEvent> part;
    size_t bytes = 0;
    Status status;
    for (size_t i = 0; i < events.size(); ++i) {
        bytes += events[i].message.size() + 26;
        part.push_back(std::move(events[i]));
        const bool last = i + 1 == events.size();
        const size_t next = last ? 0 : events[i + 1].message.size() + 26;
        if (!last && bytes + next <= most_put_bytes && part.size() < most_put_events) continue;
        if (Status done = co_await put(*stream, part); !done) status = std::move(done);
        part.clear();
        bytes = 0;
    }
    if (status || std::exchange(stream->complained_, true)) co_return;
    log::warn(
        "a function's log lines are lost",
        {{"group", stream->group_}, {"stream", stream->name_}, {"reason", status.error().message}});
}

unkai::Task<Status> LogShipper::put(const Stream& stream,
                                    const List<api::logs::InputLogEvent>& events) {
    const aws::Caller caller =
        aws::service_caller("lambda.amazonaws.com", stream.place_.account, stream.place_.region);
    api::logs::PutLogEventsInput in;
    in.log_group_name = stream.group_;
    in.log_stream_name = stream.name_;
    in.log_events = events;
    auto done = co_await client_.call<api::logs::op::PutLogEvents>(caller, in);
    if (done) co_return ok();
    if (!done.error().is("ResourceNotFoundException")) co_return done.error();
    api::logs::CreateLogGroupInput group;
    group.log_group_name = stream.group_;
    const auto grouped = co_await client_.call<api::logs::op::CreateLogGroup>(caller, group);
    if (!grouped && !grouped.error().is("ResourceAlreadyExistsException"))
        co_return grouped.error();
    api::logs::CreateLogStreamInput made;
    made.log_group_name = stream.group_;
    made.log_stream_name = stream.name_;
    const auto streamed = co_await client_.call<api::logs::op::CreateLogStream>(caller, made);
    if (!streamed && !streamed.error().is("ResourceAlreadyExistsException"))
        co_return streamed.error();
    done = co_await client_.call<api::logs::op::PutLogEvents>(caller, in);
    if (!done) co_return done.error();
    co_return ok();
}

}  // namespace unkai::services::lambda
