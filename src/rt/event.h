// Event: coroutines of one loop wait for something to happen.
//
//     Event changed;
//     co_await changed.wait(loop, loop.steady() + 1s);   // Wake::ready, timed_out or stopped
//     changed.notify_all();                              // wakes all that wait now, on this stack
#pragma once

#include <list>

#include "rt/loop.h"

namespace unkai {

class Event {
public:
    Event() = default;
    Event(const Event&) = delete;
    ~Event() { CHECK(waiting_.empty(), "an Event was destroyed while coroutines wait for it"); }

    struct Wait {
        Event& event;
        Waiter waiter;
        std::list<Waiter*>::iterator place{};
        bool queued = false;
        ~Wait() { leave(); }
        bool await_ready() {
            if (waiter.stopped_already()) waiter.set_outcome(Wake::stopped);
            return waiter.stopped_already();
        }
        void await_suspend(std::coroutine_handle<> handle) {
            place = event.waiting_.insert(event.waiting_.end(), &waiter);
            queued = true;
            waiter.suspend(handle);
        }
        Wake await_resume() {
            leave();
            return waiter.outcome();
        }
        void leave() {
            if (queued) event.waiting_.erase(place);
            queued = false;
        }
    };
    Wait wait(Loop& loop, Steady deadline = never, Stop* stop = nullptr) {
        return Wait{*this, Waiter{loop, deadline, stop}};
    }

    void notify_all() {
        // Those that wait anew while being woken are not woken again.
        for (size_t left = waiting_.size(); left > 0 && !waiting_.empty(); --left)
            waiting_.front()->wake(Wake::ready);
    }
    void notify_one() {
        if (!waiting_.empty()) waiting_.front()->wake(Wake::ready);
    }
    size_t waiting() const { return waiting_.size(); }

private:
    std::list<Waiter*> waiting_;
};

}  // namespace unkai
