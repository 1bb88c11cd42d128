#include "services/ecs/engine.h"

#include "base/log.h"
#include "services/ecs/limits.h"
#include "services/ecs/names.h"
#include "services/ecs/scheduler.h"
#include "services/ecs/task_runner.h"

namespace unkai::services::ecs {

namespace {

// How often load balancers are asked: while a service is on its way, and when it stands.
constexpr Duration busy_look = std::chrono::milliseconds(500);
constexpr Duration quiet_look = std::chrono::seconds(2);
constexpr Duration sweep_period = std::chrono::minutes(1);

std::optional<model::TaskDefinition> definition_of(store::Txn& txn, const TaskKey& key,
                                                   const StoredTask& task) {
    const auto name = parse_task_definition(task.shape.task_definition_arn.value_or(""));
    if (!name || !name->revision) return std::nullopt;
    auto stored = schema::task_definitions.get(
        txn, {std::get<0>(key), std::get<1>(key), name->family, *name->revision});
    if (!stored) return std::nullopt;
    return std::move(stored->definition);
}

}  // namespace

Engine::Engine(Env& env, store::Store& store, planes::containers::ContainerPlane& plane,
               Surroundings& surroundings, EngineOptions options)
    : env_(env),
      store_(store),
      plane_(plane),
      surroundings_(surroundings),
      options_(std::move(options)) {}

Engine::~Engine() { CHECK(scope_.running() == 0, "close() the ECS engine first"); }

unkai::Task<Status> Engine::start() {
    CO_REQUIRE(co_await stop_survivors());
    const auto on_change = [this](std::span<const store::Change>, bool) { kick(); };
    watches_.push_back(store_.watch(schema::tasks.prefix(), on_change));
    watches_.push_back(store_.watch(schema::services.prefix(), on_change));
    dirty_ = true;
    scope_.spawn(follow());
    scope_.spawn(sweep());
    co_return ok();
}

unkai::Task<void> Engine::close() {
    watches_.clear();
    stop_.request();
    changed_.notify_all();
    // Runners wait for their containers to end; the store keeps saying that they run, so that the
    // next start buries them and their services replace them.
    for (const auto& [id, runner] : std::map(runners_)) {
        runner->notify();
        (void)co_await plane_.remove_sandbox(id);
    }
    co_await scope_.join();
    while (kicked_) co_await env_.loop.yield();
}

unkai::Task<void> Engine::stop_all_tasks() {
    store::Txn txn = store_.begin();
    for (auto& [key, service] : schema::services.list(txn)) {
        service.shape.status = "INACTIVE";  // Nobody replaces what is stopped now.
        schema::services.put(txn, key, service);
    }
    for (auto& [key, task] : schema::tasks.list(txn)) {
        task.shape.desired_status = "STOPPED";
        schema::tasks.put(txn, key, task);
    }
    if (txn.has_writes()) (void)co_await store_.commit(txn);
    for (const auto& [id, runner] : std::map(runners_)) {
        (void)co_await plane_.remove_sandbox(id);
        runner->notify();
    }
    while (!runners_.empty()) co_await changed_.wait(env_.loop);
}

// Watchers may not commit, and waking a coroutine here would run it inside of a commit: post
// instead.
void Engine::kick() {
    dirty_ = true;
    if (kicked_) return;
    kicked_ = true;
    env_.loop.post([this] {
        kicked_ = false;
        changed_.notify_all();
        for (const auto& [id, runner] : std::map(runners_)) runner->notify();
    });
}

std::shared_ptr<TaskRunner> Engine::runner(const std::string& task_id) const {
    const auto found = runners_.find(task_id);
    return found == runners_.end() ? nullptr : found->second;
}

std::shared_ptr<TaskRunner> Engine::runner_by_metadata(const std::string& id) const {
    for (const auto& [task_id, runner] : runners_)
        for (const auto& [name, secret] : runner->metadata_ids())
            if (secret == id) return runner;
    return nullptr;
}

unkai::Task<Status> Engine::stop_survivors() {
    std::vector<decltype(schema::tasks)::Row> rows;
    {
        store::Txn txn = store_.begin();
        rows = schema::tasks.list(txn);
    }
    for (auto& [key, task] : rows) {
        if (task.shape.last_status == "STOPPED") continue;
        std::optional<model::TaskDefinition> definition;
        {
            store::Txn txn = store_.begin();
            definition = definition_of(txn, key, task);
        }
        TaskRunner runner(*this, key, std::move(task),
                          definition.value_or(model::TaskDefinition{}));
        co_await runner.bury();
    }
    co_return ok();
}

unkai::Task<void> Engine::run_task(std::shared_ptr<TaskRunner> runner) {
    co_await runner->run();
    runners_.erase(runner->id());
    kick();
}

void Engine::start_runners() {
    std::vector<std::shared_ptr<TaskRunner>> fresh;
    store::Txn txn = store_.begin();
    for (auto& [key, task] : schema::tasks.list(txn)) {
        if (task.shape.last_status == "STOPPED" || runners_.contains(std::get<3>(key))) continue;
        const auto definition = definition_of(txn, key, task);
        const auto runner = std::make_shared<TaskRunner>(
            *this, key, std::move(task), definition.value_or(model::TaskDefinition{}));
        runners_[runner->id()] = runner;
        fresh.push_back(runner);
    }
    for (const auto& runner : fresh) scope_.spawn(run_task(runner));
}

unkai::Task<void> Engine::follow() {
    struct Followed {
        ServiceKey key;
        bool balanced = false, steady = false;
        Steady looked{};      // When its load balancers were asked.
        Steady wake = never;  // When time alone changes what it needs.
    };
    std::map<std::string, Followed> services;
    TargetSights sights;
    while (!stop_.requested()) {
        const bool changed = std::exchange(dirty_, false);
        if (changed) {
            start_runners();
            store::Txn txn = store_.begin();
            std::map<std::string, Followed> now;
            for (const auto& [key, service] : schema::services.list(txn)) {
                if (service.shape.status == "INACTIVE") continue;
                const std::string name = schema::services.encode(key);
                Followed& one = now[name] = services[name];
                one.key = key;
                one.balanced = !service.shape.load_balancers.empty();
                one.steady = service.steady;
            }
            services = std::move(now);
        }
        Steady next = never;
        for (auto& [name, service] : services) {
            if (stop_.requested()) co_return;
            bool due = changed || env_.loop.steady() >= service.wake;
            const Duration pause = service.steady ? quiet_look : busy_look;
            if (service.balanced && env_.loop.steady() >= service.looked + pause) {
                due |= co_await look_at_targets(*this, service.key, sights);
                service.looked = env_.loop.steady();
            }
            if (service.balanced) next = std::min(next, service.looked + pause);
            if (due) service.wake = co_await plan_service(service.key, sights);
            next = std::min(next, service.wake);
        }
        std::erase_if(sights, [&](const auto& one) { return !runners_.contains(one.first); });
        if (!dirty_) co_await changed_.wait(env_.loop, next, &stop_);
    }
}

unkai::Task<Steady> Engine::plan_service(const ServiceKey& key, const TargetSights& sights) {
    const auto wake = co_await reconcile(*this, key, sights);
    const Steady now = env_.loop.steady();
    if (wake) co_return *wake ? now + std::max(**wake - env_.now(), Duration{0}) : never;
    log::error("a service was not reconciled",
               {{"service", std::get<3>(key)}, {"reason", wake.error().message}});
    co_return now + std::chrono::seconds(1);
}

// Stopped tasks are forgotten after an hour.
unkai::Task<void> Engine::sweep() {
    while (co_await env_.loop.sleep(sweep_period, &stop_)) {
        store::Txn txn = store_.begin();
        for (const auto& [key, task] : schema::tasks.list(txn))
            if (task.shape.last_status == "STOPPED" && task.shape.stopped_at &&
                env_.now() - *task.shape.stopped_at > limits::stopped_task_kept)
                schema::tasks.erase(txn, key);
        if (txn.has_writes()) (void)co_await store_.commit(txn);
    }
}

}  // namespace unkai::services::ecs
