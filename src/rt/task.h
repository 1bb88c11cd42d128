// Task<T>: a lazy coroutine. It starts when awaited, resumes its awaiter when done, and is owned by
// exactly one place: whoever holds the Task, or the Scope that it was spawned in. Nothing detaches.
//
//     Task<Result<int>> answer(Loop& loop) {
//         co_await loop.sleep(10ms);
//         co_return 42;
//     }
//
// Rules that keep coroutines safe: parameters that outlive the first suspension are taken by value
// or refer to something that outlives the Task; no capturing lambda is a coroutine; no mutex is
// held across co_await. An exception that leaves a coroutine is rethrown in its awaiter. Cost: one
// frame a call, from rt/frames.h; no queue, a finished task resumes its awaiter directly.
#pragma once

#include <coroutine>
#include <exception>
#include <new>
#include <utility>

#include "base/check.h"
#include "base/result.h"
#include "rt/frames.h"

namespace unkai {

template <class T = void>
class Task;

namespace task_detail {

struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) noexcept {
        return done.promise().continuation;
    }
    void await_resume() noexcept {}
};

struct PromiseBase {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr failure;

    static void* operator new(size_t bytes) { return frames::take(bytes); }
    static void operator delete(void* frame, size_t bytes) noexcept { frames::give(frame, bytes); }

    std::suspend_always initial_suspend() noexcept { return {}; }
    FinalAwaiter final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { failure = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
    bool returned = false;
    union {  // Not std::optional: a thousand types are returned, and each would cost its machinery.
        T value;
    };
    Promise() {}
    Promise(const Promise&) = delete;
    ~Promise() {
        if (returned) value.~T();
    }
    Task<T> get_return_object() noexcept;
    template <class U>
    void return_value(U&& result) {
        new (&value) T(std::forward<U>(result));
        returned = true;
    }
    T take() {
        if (failure) std::rethrow_exception(failure);
        CHECK(returned, "a task was awaited twice, or before it ended");
        return std::move(value);
    }
};

template <>
struct Promise<void> : PromiseBase {
    Task<void> get_return_object() noexcept;
    void return_void() noexcept {}
    void take() {
        if (failure) std::rethrow_exception(failure);
    }
};

}  // namespace task_detail

template <class T>
class [[nodiscard]] Task {
public:
    using promise_type = task_detail::Promise<T>;
    using Handle = std::coroutine_handle<promise_type>;

    Task() = default;
    explicit Task(Handle handle) : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Task& operator=(Task&& other) noexcept {
        if (this != &other) {
            if (handle_) handle_.destroy();
            handle_ = std::exchange(other.handle_, {});
        }
        return *this;
    }
    ~Task() {
        if (handle_) handle_.destroy();
    }

    struct Awaiter {
        Handle handle;
        bool await_ready() const noexcept { return false; }
        Handle await_suspend(std::coroutine_handle<> awaiting) noexcept {
            handle.promise().continuation = awaiting;
            return handle;
        }
        T await_resume() { return handle.promise().take(); }
    };
    Awaiter operator co_await() && noexcept { return Awaiter{handle_}; }
    Awaiter operator co_await() & noexcept { return Awaiter{handle_}; }

    explicit operator bool() const { return static_cast<bool>(handle_); }

private:
    Handle handle_;
};

template <class T>
Task<T> task_detail::Promise<T>::get_return_object() noexcept {
    return Task<T>{std::coroutine_handle<Promise<T>>::from_promise(*this)};
}

inline Task<void> task_detail::Promise<void>::get_return_object() noexcept {
    return Task<void>{std::coroutine_handle<Promise<void>>::from_promise(*this)};
}

// Joins children. Every background activity belongs to a Scope; its owner awaits join() (or stops
// the children first, by a Stop they watch) before the Scope ends. A Scope that dies with children
// is a bug. A child that throws ends the program: a bug of ours has no other owner.
class Scope {
public:
    Scope() = default;
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { CHECK(running_ == 0, "a Scope was destroyed while its tasks still run"); }

    // Runs `task` at once, up to its first suspension. Owned from here on.
    void spawn(Task<void> task);
    // Waits until no child runs. Children spawned meanwhile are waited for too. One joiner at a
    // time.
    struct Joiner {
        Scope& scope;
        bool await_ready() const noexcept { return scope.running_ == 0; }
        void await_suspend(std::coroutine_handle<> awaiting) {
            CHECK(!scope.joiner_, "two joiners of one Scope");
            scope.joiner_ = awaiting;
        }
        void await_resume() const noexcept {}
    };
    Joiner join() { return Joiner{*this}; }
    size_t running() const { return running_; }

private:
    struct Detached;
    static Detached run(Scope& scope, Task<void> task);
    void finished();

    size_t running_ = 0;
    std::coroutine_handle<> joiner_;
};

}  // namespace unkai
