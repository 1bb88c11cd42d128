#include "services/cloudformation/engine.h"

namespace unkai::services::cloudformation {

Task<void> Engine::go(Engine& engine, std::string stack_id) {
    // Not on the caller's stack: he may still be in the middle of his own work.
    co_await engine.env_.loop.yield();
    const auto run = engine.runs_.find(stack_id);
    co_await run->second->run();
    engine.runs_.erase(run);
}

void Engine::start(const std::string& stack_id) {
    if (stopping_ || runs_.contains(stack_id)) return;
    runs_.emplace(stack_id, std::make_unique<StackRun>(env_, store_, api_, stack_id));
    scope_.spawn(go(*this, stack_id));
}

void Engine::cancel(const std::string& stack_id) {
    if (const auto run = runs_.find(stack_id); run != runs_.end()) run->second->cancel();
}

void Engine::resume() {
    store::Txn txn = store_.begin();
    for (const auto& [key, stack] : schema::stacks.list(txn))
        if (in_progress(stack.status)) start(stack.id);
}

Task<void> Engine::stop() {
    stopping_ = true;
    for (const auto& [id, run] : runs_) run->shut_down();
    co_await scope_.join();
}

}  // namespace unkai::services::cloudformation
