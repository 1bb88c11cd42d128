// What a container prints, line by line.
//
// Lines end at '\n' (a "\r\n" too) and are cut at 16 KiB, as Docker does; what is cut is marked
// partial. The pump reads no further while the sink has not taken what came before, so a sink that
// waits makes the container wait in write(2): no line is lost and memory stays bounded.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rt/loop.h"
#include "rt/task.h"

namespace unkai::planes::containers {

constexpr size_t most_line_bytes = 16 << 10;

struct LogLine {
    Time at;
    bool standard_error = false;
    bool partial = false;  // The rest of the line follows as the next one.
    std::string text;      // Without its newline. Bytes as they came; maybe not UTF-8.
};

class LogSink {
public:
    virtual ~LogSink() = default;
    // Takes lines in the order in which they were printed. Until it returns no more is read.
    virtual Task<void> lines(std::vector<LogLine> lines) = 0;
};

// Pure: bytes in, lines out.
class LineSplitter {
public:
    explicit LineSplitter(bool standard_error) : standard_error_(standard_error) {}
    std::vector<LogLine> feed(std::string_view bytes, Time now);
    // What is left without a newline when the stream ends.
    std::vector<LogLine> finish(Time now);

private:
    LogLine line(std::string text, bool partial, Time now) const;
    bool standard_error_;
    std::string rest_;
};

// Reads `pipe` to its end into `sink` (which may be null: then all is read and dropped).
Task<void> pump_lines(Io pipe, bool standard_error, std::shared_ptr<LogSink> sink);

}  // namespace unkai::planes::containers
