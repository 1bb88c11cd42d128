// Functions' logs: lines of an environment become events of its stream in CloudWatch Logs.
//
// The stream is YYYY/MM/DD/[version]<environment>, in /aws/lambda/<name> or the group that the
// function names; both are made when the first line comes. Lines are gathered for a quarter of a
// second and put together; while a stream has a mebibyte waiting, its environment waits in write.
// When Logs refuses, lines are dropped and the refusal is logged once a stream.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "api/logs.h"
#include "aws/client.h"
#include "planes/containers/log_pipe.h"
#include "rt/env.h"
#include "rt/event.h"
#include "services/lambda/names.h"

namespace unkai::services::lambda {

class LogShipper {
public:
    LogShipper(Env& env, aws::Client& client) : env_(env), client_(client) {}

    std::shared_ptr<planes::containers::LogSink> stream(Place place, std::string group,
                                                        std::string name);
    // Puts what comes until stop() was called and nothing is left.
    unkai::Task<void> run();
    void stop();

private:
    class Stream;
    unkai::Task<void> ship(std::shared_ptr<Stream> stream);
    unkai::Task<Status> put(const Stream& stream, const List<api::logs::InputLogEvent>& events);

    Env& env_;
    aws::Client& client_;
    std::list<std::shared_ptr<Stream>> waiting_;  // That have lines.
    Event came_;
    bool stopping_ = false;
};

std::string log_stream_name(Time now, std::string_view version, std::string_view environment);
// The text with every byte that is not part of valid UTF-8 replaced. Pure.
std::string valid_text(std::string_view text);

}  // namespace unkai::services::lambda
