// The log driver awslogs: a container's lines become events of CloudWatch Logs.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
// The stream is <prefix>/<container>/<task id>. Lines that were cut at 16 KiB are put together
// again, up to what an event holds. Events are put as they come; while Logs is slow the container
// waits in write (the driver's mode "blocking"): nothing is lost, nothing piles up. Bytes that are
// not UTF-8 become U+FFFD. When Logs refuses, the lines are dropped and the refusal is logged once.
#pragma once

#include "api/ecs.h"
#include "planes/containers/log_pipe.h"
#include "services/ecs/surroundings.h"

namespace unkai::services::ecs {

LogStream log_stream(const api::ecs::LogConfiguration& log, const Place& place,
                     const std::string& container, const std::string& task_id);

class LogDriver final : public planes::containers::LogSink {
public:
    LogDriver(Surroundings& surroundings, Place place, LogStream stream)
        : surroundings_(surroundings), place_(std::move(place)), stream_(std::move(stream)) {}
    unkai::Task<void> lines(std::vector<planes::containers::LogLine> lines) override;

private:
    Surroundings& surroundings_;
    Place place_;
    LogStream stream_;
    std::string begun_[2];  // Cut lines of standard output and error, so far.
    bool complained_ = false;
};

// The text with every byte that is not part of valid UTF-8 replaced. Pure.
std::string clean_utf8(std::string_view text);

}  // namespace unkai::services::ecs
