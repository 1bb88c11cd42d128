// The event loop: one a thread, epoll, timers, and a queue that other threads may post to.
//
// Everything that waits is awaited on a Loop. A coroutine stays on the loop on which it started.
// The simulated loop (rt/sim) has the same interface and a clock that jumps to the next timer.
//
//     Io io(loop, std::move(fd));
//     if (co_await io.readable(loop.steady() + 5s) != Wake::ready) …   // timed out, or stopped
//
// Wall time (`now`) is for records and signatures; `steady` for deadlines, and never goes back.
#pragma once

#include <atomic>
#include <coroutine>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/time.h"
#include "rt/fd.h"
#include "rt/task.h"
#include "rt/wait.h"

namespace unkai {

class Loop {
public:
    Loop();
    virtual ~Loop();
    Loop(const Loop&) = delete;

    virtual Time now() const;
    virtual Steady steady() const;

    // Runs until stop(). The thread's current() is this loop meanwhile.
    void run();
    void stop();  // From any thread.
    // Runs `task` to its end (and whatever else is due meanwhile). For main() and tests.
    template <class T>
    T run_until_done(Task<T> task);

    // Calls `work` on this loop's thread, in order of posting. From any thread. Never blocks.
    void post(std::function<void()> work);
    static Loop* current();

    struct Sleep {
        Waiter waiter;
        bool await_ready() {
            if (waiter.stopped_already()) waiter.set_outcome(Wake::stopped);
            return waiter.stopped_already();
        }
        void await_suspend(std::coroutine_handle<> handle) { waiter.suspend(handle); }
        bool await_resume() const { return waiter.outcome() != Wake::stopped; }
    };
    // True when the time passed, false when `stop` was requested first.
    Sleep sleep(Duration length, Stop* stop = nullptr) {
        return sleep_until(steady() + length, stop);
    }
    Sleep sleep_until(Steady due, Stop* stop = nullptr) { return Sleep{Waiter{*this, due, stop}}; }
    // Lets other ready work run first.
    Sleep yield() { return sleep(Duration{0}); }

    size_t timers() const { return heap_.size(); }

protected:
    // Waits for I/O until `due` at the most; the simulated loop moves its clock instead. False:
    // nothing can ever happen any more (only in simulation).
    virtual bool wait(Steady due);
    bool has_posted();

private:
    friend class Timer;
    friend class Io;
    void run_posted();
    void run_timers();
    bool step();
    void sift_up(size_t index);
    void sift_down(size_t index);
    void place(Timer* timer, size_t index);

    Fd epoll_;
    Fd wake_up_;
    std::vector<Timer*> heap_;
    std::mutex posted_mutex_;  // Guards posted_ only; never held while work runs.
    std::vector<std::function<void()>> posted_;
    std::vector<std::function<void()>> running_;
    std::atomic<bool> stopping_{false};
};

// A file descriptor that is waited for. Edge triggered: read or write until EAGAIN before waiting
// again. One reader and one writer may wait at a time. Closing it while somebody waits wakes them
// (stopped).
class Io {
public:
    Io() = default;
    Io(Loop& loop, Fd fd);  // Makes the descriptor non-blocking and registers it.
    Io(Io&&) noexcept;
    Io& operator=(Io&&) noexcept;
    ~Io() { close(); }

    int fd() const { return state_ ? state_->fd.get() : -1; }
    bool open() const { return state_ != nullptr; }
    Loop& loop() const { return *state_->loop; }
    void close();
    // For readers that take a short read for "drained" instead of reading until EAGAIN: after a
    // read, say whether more may be there. The next readable() then waits for a new edge; a peer's
    // end is never lost.
    void note_read(bool more) { state_->can_read = more || state_->hung_up; }
    // The next writable() waits for a new edge: for a descriptor that is still connecting.
    void note_write(bool room) { state_->can_write = room; }
    // Something arrived (bytes, the end, an error) since the last wait or note_read. No system
    // call.
    bool has_news() const { return state_->can_read; }

    struct State;
    struct Ready {
        State& state;
        bool write;
        Waiter waiter;
        bool await_ready();
        void await_suspend(std::coroutine_handle<> handle);
        Wake await_resume() const { return waiter.outcome(); }
    };
    Ready readable(Steady deadline = never, Stop* stop = nullptr);
    Ready writable(Steady deadline = never, Stop* stop = nullptr);

    struct State {
        Loop* loop;
        Fd fd;
        bool can_read = true;  // An edge was seen since the last wait.
        bool can_write = true;
        bool hung_up = false;  // The peer ended its direction.
        Waiter* reader = nullptr;
        Waiter* writer = nullptr;
        bool closed = false;
        bool dispatching = false;
    };

private:
    friend class Loop;
    std::unique_ptr<State> state_;
};

template <class T>
T Loop::run_until_done(Task<T> task) {
    std::optional<T> result;
    Scope scope;
    struct Run {
        static Task<void> go(Task<T> inner, std::optional<T>& out, Loop& loop) {
            out.emplace(co_await std::move(inner));
            loop.stop();
        }
    };
    post([&] { scope.spawn(Run::go(std::move(task), result, *this)); });
    run();
    CHECK(result.has_value(),
          "the loop ended before the task: it waits for something that never happens");
    return std::move(*result);
}

template <>
inline void Loop::run_until_done(Task<void> task) {
    struct Run {
        static Task<bool> go(Task<void> inner) {
            co_await std::move(inner);
            co_return true;
        }
    };
    run_until_done(Run::go(std::move(task)));
}

}  // namespace unkai
