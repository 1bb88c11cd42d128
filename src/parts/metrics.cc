// CloudWatch.
#include "aws/client.h"
#include "parts.h"
#include "services/cloudwatch/cloudwatch.h"
#include "services/cloudwatch/evaluator.h"
#include "services/cloudwatch/notifier.h"
#include "services/cloudwatch/roller.h"

namespace unkai {

namespace {

class MetricsPart final : public Part {
public:
    explicit MetricsPart(const Surroundings& around)
        : evaluator_(around.env, around.store),
          notifier_(around.env, around.store, around.client),
          roller_(around.env, around.store) {}

    std::vector<BoundService> services() override { return {api::cloudwatch::bind(cloudwatch_)}; }
    Task<Status> start() override {
        background_.spawn(evaluator_.run(stop_));
        background_.spawn(notifier_.run(stop_));
        background_.spawn(roller_.run(stop_));
        co_return ok();
    }
    Task<void> stop() override {
        stop_.request();
        co_await background_.join();
    }

private:
    services::cloudwatch::CloudWatch cloudwatch_;
    services::cloudwatch::Evaluator evaluator_;
    services::cloudwatch::Notifier notifier_;
    services::cloudwatch::Roller roller_;
    Stop stop_;
    Scope background_;
};

}  // namespace

std::unique_ptr<Part> make_metrics(const Surroundings& around) {
    return std::make_unique<MetricsPart>(around);
}

}  // namespace unkai
