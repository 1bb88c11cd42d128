#include "services/lambda/gate.h"

#include "api/lambda.h"
#include "services/lambda/limits.h"

namespace unkai::services::lambda {

Error too_many_requests(std::string reason) {
    return api::lambda::errors::TooManyRequestsException("Rate Exceeded.")
        .with("Reason", std::move(reason))
        .with("Type", "User");
}

Gate::Pass::~Pass() {
    if (gate_ == nullptr) return;
    const auto function = gate_->functions_.find({place_, name_});
    if (--function->second == 0) gate_->functions_.erase(function);
    Count& count = gate_->places_[place_];
    --count.all;
    if (!reserved_) --count.shared;
}

Result<Gate::Pass> Gate::enter(const Place& place, const std::string& name,
                               std::optional<int64_t> reserved, int64_t reserved_sum) {
    if (reserved) {
        if (running(place, name) >= *reserved)
            return too_many_requests("ReservedFunctionConcurrentInvocationLimitExceeded");
    } else if (places_[place].shared >= limits::concurrency - reserved_sum) {
        return too_many_requests("ConcurrentInvocationLimitExceeded");
    }
    Pass pass;
    pass.gate_ = this;
    pass.place_ = place;
    pass.name_ = name;
    pass.reserved_ = reserved.has_value();
    ++functions_[{place, name}];
    Count& count = places_[place];
    ++count.all;
    if (!pass.reserved_) ++count.shared;
    return pass;
}

int64_t Gate::running(const Place& place, const std::string& name) const {
    const auto found = functions_.find({place, name});
    return found == functions_.end() ? 0 : found->second;
}

int64_t Gate::running(const Place& place) const {
    const auto found = places_.find(place);
    return found == places_.end() ? 0 : found->second.all;
}

}  // namespace unkai::services::lambda
