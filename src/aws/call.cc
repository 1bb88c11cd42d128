#include "aws/call.h"

namespace unkai::aws {

Task<Result<std::string_view>> TextBody::read() {
    constexpr size_t most = 64 << 10;
    const std::string_view part = std::string_view(text_).substr(at_, most);
    at_ += part.size();
    co_return part;
}

Task<Status> Call::commit() {
    if (txn_) {
        auto done = co_await store.commit(*txn_);
        txn_.reset();
        if (!done) {
            actions_.clear();
            co_return done;
        }
    }
    const auto actions = std::exchange(actions_, {});
    for (const auto& action : actions) action();
    co_return ok();
}

void Call::abandon() {
    txn_.reset();
    actions_.clear();
}

std::string Call::arn(std::string_view service, std::string_view resource) const {
    std::string out = "arn:aws:";
    out.append(service).append(":").append(region).append(":").append(account).append(":").append(
        resource);
    return out;
}

}  // namespace unkai::aws
