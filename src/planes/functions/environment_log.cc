#include "planes/functions/environment_log.h"

#include <algorithm>

namespace unkai::planes::functions {

void EnvironmentLog::open(std::shared_ptr<containers::LogSink> sink, bool joined_records) {
    sink_ = std::move(sink);
    opened_ = true;
    joined_records_ = joined_records;
    if (!waiting_.empty() && !draining_) scope_.spawn(drain());
}

void EnvironmentLog::push(std::string line) { add({loop_.now(), false, false, std::move(line)}); }

void EnvironmentLog::add(containers::LogLine line) {
    if (joined_records_) std::ranges::replace(line.text, '\r', '\n');
    if (tailing_) {
        tail_ += line.text + "\n";
        if (tail_.size() > most_tail_bytes) tail_.erase(0, tail_.size() - most_tail_bytes);
    }
    if (opened_ && !sink_) return;
    waiting_bytes_ += line.text.size() + sizeof line;
    waiting_.push_back(std::move(line));
    if (opened_ && !draining_) scope_.spawn(drain());
}

Task<void> EnvironmentLog::drain() {
    draining_ = true;
    while (sink_ && !waiting_.empty()) {
        std::vector<containers::LogLine> batch(std::move_iterator(waiting_.begin()),
                                               std::move_iterator(waiting_.end()));
        waiting_.clear();
        waiting_bytes_ = 0;
        co_await sink_->lines(std::move(batch));
        taken_.notify_all();
    }
    waiting_.clear();
    waiting_bytes_ = 0;
    draining_ = false;
    taken_.notify_all();
}

Task<void> EnvironmentLog::lines(std::vector<containers::LogLine> lines) {
    for (containers::LogLine& line : lines) add(std::move(line));
    while (waiting_bytes_ > most_waiting_bytes) co_await taken_.wait(loop_);
}

void EnvironmentLog::begin_tail() {
    tailing_ = true;
    tail_.clear();
}

std::string EnvironmentLog::take_tail() {
    tailing_ = false;
    return std::exchange(tail_, {});
}

Task<void> EnvironmentLog::close() {
    if (!opened_) open(nullptr, false);
    co_await scope_.join();
}

}  // namespace unkai::planes::functions
