// Application Auto Scaling.
#include "services/application_autoscaling/autoscaling.h"

#include "parts.h"
#include "services/application_autoscaling/scaler.h"

namespace unkai {

namespace {

class AutoscalingPart final : public Part {
public:
    explicit AutoscalingPart(const Surroundings& around)
        : scaled_(around.client, around.env.random),
          autoscaling_(around.client, scaled_),
          scaler_(around.env, around.store, around.client, scaled_) {}

    std::vector<BoundService> services() override {
        return {api::application_autoscaling::bind(autoscaling_)};
    }
    Task<Status> start() override {
        background_.spawn(scaler_.run(stop_));
        co_return ok();
    }
    Task<void> stop() override {
        stop_.request();
        co_await background_.join();
    }

private:
    services::application_autoscaling::Scaled scaled_;
    services::application_autoscaling::Autoscaling autoscaling_;
    services::application_autoscaling::Scaler scaler_;
    Stop stop_;
    Scope background_;
};

}  // namespace

std::unique_ptr<Part> make_autoscaling(const Surroundings& around) {
    return std::make_unique<AutoscalingPart>(around);
}

}  // namespace unkai
