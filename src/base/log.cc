#include "base/log.h"

#include <unistd.h>

#include <atomic>

#include "base/time.h"

namespace unkai::log {

static std::atomic<Level> least_level{Level::info};

void set_level(Level least) { least_level = least; }

bool enabled(Level level) { return level >= least_level.load(std::memory_order_relaxed); }

static const char* name(Level level) {
    switch (level) {
        case Level::debug:
            return " debug ";
        case Level::info:
            return " info  ";
        case Level::warn:
            return " warn  ";
        case Level::error:
            return " error ";
    }
    return " ";
}

static void append_value(std::string& line, std::string_view value) {
    const bool quote = value.empty() || value.find_first_of(" \"=\n") != std::string_view::npos;
    if (!quote) {
        line += value;
        return;
    }
    line += '"';
    for (const char c : value) {
        if (c == '"' || c == '\\') line += '\\';
        if (c == '\n')
            line += "\\n";
        else
            line += c;
    }
    line += '"';
}

void write(Level level, std::string_view event, Fields fields) {
    if (!enabled(level)) return;
    const auto now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
    std::string line = iso8601_millis(now);
    line += name(level);
    line += event;
    for (const auto& [key, value] : fields) {
        line += ' ';
        line += key;
        line += '=';
        append_value(line, value);
    }
    line += '\n';
    // One write, so that lines of several threads do not mix. A full pipe loses the line, nothing
    // more.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace unkai::log
