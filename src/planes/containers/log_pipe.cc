#include "planes/containers/log_pipe.h"

#include <unistd.h>

#include <cerrno>

namespace unkai::planes::containers {

LogLine LineSplitter::line(std::string text, bool partial, Time now) const {
    if (!partial && text.ends_with('\r')) text.pop_back();
    return {now, standard_error_, partial, std::move(text)};
}

std::vector<LogLine> LineSplitter::feed(std::string_view bytes, Time now) {
    std::vector<LogLine> out;
    while (!bytes.empty()) {
        const size_t room = most_line_bytes - rest_.size();
        const size_t end = bytes.substr(0, room + 1).find('\n');
        if (end != std::string_view::npos) {
            rest_ += bytes.substr(0, end);
            bytes.remove_prefix(end + 1);
            out.push_back(line(std::exchange(rest_, {}), false, now));
            continue;
        }
        // One byte more than fits must be seen before cutting: it may be the newline.
        if (bytes.size() <= room) {
            rest_ += bytes;
            return out;
        }
        rest_ += bytes.substr(0, room);
        bytes.remove_prefix(room);
        out.push_back(line(std::exchange(rest_, {}), true, now));
    }
    return out;
}

std::vector<LogLine> LineSplitter::finish(Time now) {
    if (rest_.empty()) return {};
    std::vector<LogLine> out;
    out.push_back(line(std::exchange(rest_, {}), false, now));
    return out;
}

Task<void> pump_lines(Io pipe, bool standard_error, std::shared_ptr<LogSink> sink) {
    Loop& loop = pipe.loop();
    LineSplitter splitter(standard_error);
    std::string buffer(64 << 10, '\0');
    while (true) {
        const ssize_t got = ::read(pipe.fd(), buffer.data(), buffer.size());
        if (got > 0) {
            auto lines = splitter.feed({buffer.data(), static_cast<size_t>(got)}, loop.now());
            if (sink && !lines.empty()) co_await sink->lines(std::move(lines));
            continue;
        }
        if (got < 0 && errno == EINTR) continue;
        if (got == 0 || errno != EAGAIN) break;
        if (co_await pipe.readable() != Wake::ready) break;
    }
    auto last = splitter.finish(loop.now());
    if (sink && !last.empty()) co_await sink->lines(std::move(last));
}

}  // namespace unkai::planes::containers
