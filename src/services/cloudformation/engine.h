// Carries stacks on: one StackRun for each stack on its way.
//
//     engine.start(stack_id);      // after the commit that made the status …_IN_PROGRESS
//     engine.resume();             // at the program's start
//     co_await engine.stop();      // before its end; what is under way goes on at the next start
#pragma once

#include "services/cloudformation/stack_run.h"

namespace unkai::services::cloudformation {

class Engine {
public:
    Engine(Env& env, store::Store& store, Api& api) : env_(env), store_(store), api_(api) {}
    void start(const std::string& stack_id);  // Nothing when it is on its way already.
    // What is under way on this stack fails; the run then goes on from the status in the store.
    void cancel(const std::string& stack_id);
    void resume();
    Task<void> stop();
    size_t running() const { return runs_.size(); }
    // Until no stack is on its way.
    Scope::Joiner idle() { return scope_.join(); }

private:
    static Task<void> go(Engine& engine, std::string stack_id);

    Env& env_;
    store::Store& store_;
    Api& api_;
    std::map<std::string, std::unique_ptr<StackRun>> runs_;
    bool stopping_ = false;
    Scope scope_;
};

}  // namespace unkai::services::cloudformation
