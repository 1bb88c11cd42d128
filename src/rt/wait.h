// What loops wait with: deadlines, timers, stops, and the one coroutine behind an awaitable.
// Most code uses the awaitables of rt/loop.h and rt/event.h instead.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <utility>

#include "base/check.h"
#include "base/time.h"

namespace unkai {

// A point on the steady clock of a Loop.
using Steady = std::chrono::time_point<std::chrono::steady_clock, Duration>;
constexpr Steady never = Steady::max();

enum class Wake { ready, timed_out, stopped };

class Loop;

// A callback at a time. Owned by whoever needs it; cancelled by its destructor. Not thread safe.
// Setting and cancelling cost O(log timers), no allocation.
class Timer {
public:
    explicit Timer(Loop& loop) : loop_(loop) {}
    Timer(const Timer&) = delete;
    ~Timer() { cancel(); }
    void set(Steady due, void (*fire)(void*), void* context);
    void cancel();
    bool is_set() const { return index_ != npos; }

private:
    friend class Loop;
    static constexpr size_t npos = static_cast<size_t>(-1);
    Loop& loop_;
    Steady due_{};
    size_t index_ = npos;
    void (*fire_)(void*) = nullptr;
    void* context_ = nullptr;
};

// A one-way "please end" that waits can watch. request() wakes them all with Wake::stopped, at once
// and on the caller's stack. Same loop only.
class Stop {
public:
    Stop() = default;
    Stop(const Stop&) = delete;
    ~Stop() { CHECK(first_ == nullptr, "a Stop was destroyed while waits watch it"); }
    bool requested() const { return requested_; }
    void request();

    class Watch {
    public:
        Watch() = default;
        Watch(const Watch&) = delete;
        ~Watch() { leave(); }
        void join(Stop& stop, void (*on_stop)(void*), void* context);
        void leave();

    private:
        friend class Stop;
        Stop* stop_ = nullptr;
        Watch* previous_ = nullptr;
        Watch* next_ = nullptr;
        void (*on_stop_)(void*) = nullptr;
        void* context_ = nullptr;
    };

private:
    bool requested_ = false;
    Watch* first_ = nullptr;
};

// One suspended coroutine that an event, a deadline or a Stop resumes; whichever comes first wins.
// The building brick of awaitables; most code uses those instead.
class Waiter {
public:
    Waiter(Loop& loop, Steady deadline, Stop* stop)
        : deadline_(deadline), stop_(stop), timer_(loop) {}
    Waiter(const Waiter&) = delete;
    ~Waiter() { leave_slot(); }
    bool stopped_already() const { return stop_ != nullptr && stop_->requested(); }
    void suspend(std::coroutine_handle<> handle);
    void wake(Wake why);  // Resumes at once. Does nothing unless suspended.
    Wake outcome() const { return outcome_; }
    void set_outcome(Wake why) { outcome_ = why; }
    // Where others find this waiter; emptied when it wakes, for whatever reason, or dies.
    void enter_slot(Waiter*& slot) {
        slot_ = &slot;
        slot = this;
    }

private:
    void leave_slot() {
        if (slot_ != nullptr) *std::exchange(slot_, nullptr) = nullptr;
    }

    Steady deadline_;
    Stop* stop_;
    Timer timer_;
    Stop::Watch watch_;
    std::coroutine_handle<> handle_;
    Waiter** slot_ = nullptr;
    Wake outcome_ = Wake::ready;
};

}  // namespace unkai
