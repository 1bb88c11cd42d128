// Threads for what blocks: fsync, reading big files, unpacking archives, bcrypt. Never for waiting
// on sockets. At most `threads` jobs run, at most `most_queued` wait; then submitters wait in turn.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "rt/loop.h"

namespace unkai {

class Workers {
public:
    // No thread starts before the first job. With `threads` 0 (simulation) jobs run on the caller.
    explicit Workers(size_t threads = 4) : limit_(threads) {}
    ~Workers();
    Workers(const Workers&) = delete;

    // Runs `job` on a worker; the awaiting coroutine goes on, on its own loop, with its result. The
    // job must not touch what belongs to a loop.
    template <class F, class R = std::invoke_result_t<F>>
    Task<R> run(F job);

    void submit(std::function<void()> job);

private:
    void work();

    const size_t limit_;
    std::mutex mutex_;
    std::condition_variable more_;
    std::deque<std::function<void()>> jobs_;
    std::vector<std::thread> threads_;
    size_t idle_ = 0;
    bool closing_ = false;
};

template <class F, class R>
Task<R> Workers::run(F job) {
    static_assert(!std::is_void_v<R>, "let the job return a Status");
    struct Wait {
        Workers& workers;
        F& job;
        std::optional<R> result;
        std::exception_ptr failure;
        bool await_ready() { return false; }
        void await_suspend(std::coroutine_handle<> handle) {
            Loop* loop = Loop::current();
            workers.submit([this, loop, handle] {
                try {
                    result.emplace(job());
                } catch (...) {
                    failure = std::current_exception();
                }
                if (loop != nullptr)
                    loop->post([handle] { handle.resume(); });
                else
                    handle.resume();
            });
        }
        R await_resume() {
            if (failure) std::rethrow_exception(failure);
            return std::move(*result);
        }
    };
    Wait wait{*this, job, {}, {}};
    co_return co_await wait;
}

}  // namespace unkai
