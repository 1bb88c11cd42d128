// One environment's log: Lambda's own lines and what the function prints, in one order.
//
// push() never waits; what the function prints waits in its pipe while the sink has not taken
// most_waiting_bytes of earlier lines. A "\r" inside a line becomes "\n": our runtime clients print
// a record of several lines so, as AWS's do.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "planes/containers/log_pipe.h"
#include "rt/event.h"

namespace unkai::planes::functions {

class EnvironmentLog final : public containers::LogSink {
public:
    explicit EnvironmentLog(Loop& loop) : loop_(loop) {}

    // Lines before this are kept (bounded), and go to the sink then. Null drops them.
    void open(std::shared_ptr<containers::LogSink> sink, bool joined_records);
    void push(std::string line);
    Task<void> lines(std::vector<containers::LogLine> lines) override;

    // The last 4 KiB, for LogType=Tail: from the beginning, or since the last begin_tail().
    void begin_tail();
    std::string take_tail();  // And keeps no further one.

    // Returns when all was taken. No pushing afterwards.
    Task<void> close();

private:
    static constexpr size_t most_waiting_bytes = 1 << 20;
    static constexpr size_t most_tail_bytes = 4096;
    void add(containers::LogLine line);
    Task<void> drain();

    Loop& loop_;
    std::shared_ptr<containers::LogSink> sink_;
    bool opened_ = false, joined_records_ = false, draining_ = false, tailing_ = true;
    std::deque<containers::LogLine> waiting_;
    size_t waiting_bytes_ = 0;
    std::string tail_;
    Event taken_;
    Scope scope_;
};

}  // namespace unkai::planes::functions
