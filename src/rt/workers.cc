#include "rt/workers.h"

namespace unkai {

Workers::~Workers() {
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    more_.notify_all();
    for (auto& thread : threads_) thread.join();
}

void Workers::submit(std::function<void()> job) {
    if (limit_ == 0) {
        job();
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        CHECK(!closing_, "a job was submitted to closing workers");
        jobs_.push_back(std::move(job));
        if (idle_ < jobs_.size() && threads_.size() < limit_)
            threads_.emplace_back([this] { work(); });
    }
    more_.notify_one();
}

void Workers::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        ++idle_;
        more_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
        --idle_;
        if (jobs_.empty()) return;
        auto job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
        job = nullptr;
        lock.lock();
    }
}

}  // namespace unkai
