// What a long command shows while it works: a line for each thing under way, with the time it
// takes.
//
//     Progress progress(context);
//     progress.begin("Database", "AWS::RDS::DBCluster");
//     …                                             // progress.tick() some ten times a second
//     progress.end("Database", "created");
//
// On a terminal what is under way stands at the bottom and changes in place; what has ended scrolls
// away above it. Elsewhere (a file, CI) every end is a plain line, and every ten seconds one line
// names what is still waited for. With --json nothing is shown. Any thread may call it.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "cli/cli.h"

namespace unkai::cli {

class Progress {
public:
    explicit Progress(const Context& context);
    ~Progress() { close(); }
    Progress(const Progress&) = delete;

    // Something is under way; called again for the same name it only changes `what`.
    void begin(const std::string& name, const std::string& what);
    // It ended well: "created", "pushed". Without a begin() the line bears no time.
    void end(const std::string& name, const std::string& outcome);
    // It failed; the reason follows on the same line.
    void fail(const std::string& name, const std::string& reason);
    // A line of its own.
    void say(const std::string& text);
    // Shows how time passes.
    void tick();
    // Nothing is under way any more; the terminal is left tidy.
    void close();

    double seconds() const;  // Since the beginning.

private:
    using Clock = std::chrono::steady_clock;
    struct Line {
        std::string name, what;
        Clock::time_point began;
    };
    void finish_line(const std::string& name, const std::string& mark, const std::string& colour,
                     const std::string& outcome);
    void print_above(const std::string& text);
    void draw();
    void erase();
    std::string painted(const std::string& colour, const std::string& text) const;

    std::mutex mutex_;
    const bool shown_, terminal_, colour_;
    const Clock::time_point began_ = Clock::now();
    Clock::time_point last_drawn_, last_plain_;
    std::vector<Line> lines_;
    size_t drawn_ = 0;  // Lines on the terminal that are to be overwritten.
};

// "0.3 s", "1 min 12 s"
std::string spoken(double seconds);

}  // namespace unkai::cli
