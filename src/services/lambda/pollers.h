// Event source mappings from SQS: queues are polled, and functions get their messages in batches.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
// Each enabled mapping has a poller; it gathers a batch (BatchSize, MaximumBatchingWindowInSeconds,
// 6 MB), drops what its filters do not take, and hands it over, up to MaximumConcurrency batches at
// the same time. Messages of a batch that succeeded are deleted; what failed comes back after the
// queue's visibility timeout. A batch that is throttled, or whose function is not ready, is held
// and tried again until its messages are nearly visible. FIFO queues keep the order by themselves:
// what is in flight of a message group holds back the rest of the group.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aws/client.h"
#include "rt/env.h"
#include "rt/event.h"
#include "services/lambda/batch.h"
#include "services/lambda/invoker.h"

namespace unkai::services::lambda {

using MappingKey = decltype(schema::mappings)::Key;

class Pollers {
public:
    Pollers(Env& env, store::Store& store, aws::Client& client, Invoker& invoker, Stop& stop)
        : env_(env), store_(store), client_(client), invoker_(invoker), stop_(stop) {}

    // Follows the mappings until stopped; batches at work then are finished.
    unkai::Task<void> run();

private:
    struct Poller;
    struct Batch {
        std::vector<QueueMessage> messages;
        size_t bytes = 0;
        Steady visible_again{};  // When the first of them may be given to somebody else.
    };
    struct Source {  // What a cycle needs to know.
        StoredMapping mapping;
        std::string url, role;
        Duration visibility{};
        std::vector<wire::Json> filters;
        int32_t batch_size = 0, window = 0;
        bool partial = false;
        size_t most_at_work = 0;
    };
    void follow();
    unkai::Task<void> poll(std::shared_ptr<Poller> poller);
    unkai::Task<Result<Source>> source(MappingKey key);
    unkai::Task<Status> gather(const std::shared_ptr<Poller>& poller, const Source& source,
                               Batch& batch);
    unkai::Task<Result<size_t>> receive(const Source& source, Batch& batch, int32_t wait);
    unkai::Task<void> hand_over(std::shared_ptr<Poller> poller, Source source, Batch batch);
    unkai::Task<void> forget(const Source& source, const std::vector<QueueMessage>& messages);
    aws::Caller caller(const MappingKey& key, const Source& source) const;

    Env& env_;
    store::Store& store_;
    aws::Client& client_;
    Invoker& invoker_;
    Stop& stop_;
    Scope scope_;
    Event changed_;
    bool dirty_ = true;
    std::map<MappingKey, std::shared_ptr<Poller>> pollers_;
};

}  // namespace unkai::services::lambda
