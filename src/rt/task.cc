#include "rt/task.h"

namespace unkai {

// The coroutine that owns a spawned task: it starts at once and destroys itself at its end.
struct Scope::Detached {
    struct promise_type {
        Detached get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

Scope::Detached Scope::run(Scope& scope, Task<void> task) {
    co_await std::move(task);
    task = {};  // The child's frame goes before the joiner may run.
    scope.finished();
}

void Scope::spawn(Task<void> task) {
    ++running_;
    run(*this, std::move(task));
}

void Scope::finished() {
    --running_;
    if (running_ == 0 && joiner_) std::exchange(joiner_, {}).resume();
}

}  // namespace unkai
