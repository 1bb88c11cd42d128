// SQS.
#include "aws/client.h"
#include "base/log.h"
#include "parts.h"
#include "services/sqs/metrics.h"
#include "services/sqs/sqs.h"

namespace unkai {

namespace {

class QueuesPart final : public Part {
public:
    explicit QueuesPart(const Surroundings& around)
        : queues_(around.env, around.store),
          mover_(queues_),
          metrics_(queues_, around.client),
          sqs_(queues_, mover_, "http://localhost:" + std::to_string(around.port)) {}

    std::vector<BoundService> services() override { return {api::sqs::bind(sqs_)}; }
    Task<Status> start() override {
        background_.spawn(queues_.run(stop_));
        background_.spawn(mover_.run(stop_));
        background_.spawn(metrics_.run(stop_));
        co_return ok();
    }
    Task<void> stop() override {
        stop_.request();
        co_await background_.join();
    }
    Task<void> reset() override {
        queues_.forget();
        co_return;
    }

private:
    services::sqs::Queues queues_;
    services::sqs::Mover mover_;
    services::sqs::Metrics metrics_;
    services::sqs::Sqs sqs_;
    Stop stop_;
    Scope background_;
};

}  // namespace

std::unique_ptr<Part> make_queues(const Surroundings& around) {
    return std::make_unique<QueuesPart>(around);
}

}  // namespace unkai
