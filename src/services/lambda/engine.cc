#include "services/lambda/engine.h"

#include "base/log.h"
#include "services/lambda/limits.h"

namespace unkai::services::lambda {

namespace {

constexpr Duration sweep_period = std::chrono::minutes(10);

// What a failed activation is called. (FunctionConfiguration.StateReasonCode)
std::string reason_code(const Error& error) {
    if (error.is("ImageNotFound")) return "ImageDeleted";
    if (error.is("InvalidImage") || error.is("ArchitectureMismatch")) return "InvalidImage";
    if (error.is("RuntimeMissing") || error.is("InvalidRuntime")) return "InvalidRuntime";
    if (error.is("InvalidParameterValueException")) return "InvalidConfiguration";
    return "InternalError";
}

bool on_its_way(const model::FunctionConfiguration& shape) {
    return shape.state == "Pending" || shape.last_update_status == "InProgress";
}

void settle_state(model::FunctionConfiguration& shape, const Status& status) {
    const bool first = shape.state == "Pending";
    if (status) {
        shape.state = "Active";
        shape.state_reason.reset();
        shape.state_reason_code.reset();
        shape.last_update_status = "Successful";
        shape.last_update_status_reason.reset();
        shape.last_update_status_reason_code.reset();
        return;
    }
    if (first) {
        shape.state = "Failed";
        shape.state_reason = status.error().message;
        shape.state_reason_code = reason_code(status.error());
    }
    shape.last_update_status = "Failed";
    shape.last_update_status_reason = status.error().message;
    shape.last_update_status_reason_code = reason_code(status.error());
}

}  // namespace

Engine::Engine(Env& env, store::Store& store, aws::Client& client,
               planes::functions::FunctionPlane& plane, FunctionNetworks& networks,
               EngineOptions options)
    : env_(env),
      store_(store),
      client_(client),
      plane_(plane),
      options_(std::move(options)),
      link_key_(env.random.bytes(32)),
      codes_(env, options_.code_folder),
      interfaces_(env, store, client, networks),
      invoker_(env, store, client, codes_, interfaces_, plane,
               {options_.authority_pem, options_.images}),
      events_(env, store, client, invoker_, stop_),
      pollers_(env, store, client, invoker_, stop_) {}

Engine::~Engine() {
    CHECK(scope_.running() == 0 && log_scope_.running() == 0, "stop the Lambda engine first");
}

unkai::Task<Status> Engine::start() {
    started_ = true;
    log_scope_.spawn(invoker_.logs().run());
    std::vector<VersionKey> pending;
    {
        store::Txn txn = store_.begin();
        for (const auto& [key, version] : schema::versions.list(txn))
            if (on_its_way(version.shape)) pending.push_back(key);
    }
    co_await codes_.sweep(code_in_use());
    for (const VersionKey& key : pending) activate(key);
    scope_.spawn(events_.run());
    scope_.spawn(pollers_.run());
    scope_.spawn(publish());
    scope_.spawn(sweep());
    co_return ok();
}

void Engine::begin_stop() { stop_.request(); }

unkai::Task<void> Engine::finish_stop() {
    co_await scope_.join();
    if (started_) co_await invoker_.publish_metrics();
    invoker_.logs().stop();
    co_await log_scope_.join();
}

unkai::Task<void> Engine::reset() {
    std::vector<VersionKey> keys;
    {
        store::Txn txn = store_.begin();
        for (const auto& [key, version] : schema::versions.list(txn)) {
            keys.push_back(key);
            schema::versions.erase(txn, key);
        }
        for (const auto& [key, mapping] : schema::mappings.list(txn))
            schema::mappings.erase(txn, key);
        for (const auto& [key, event] : schema::events.list(txn)) schema::events.erase(txn, key);
        if (txn.has_writes()) (void)co_await store_.commit(txn);
    }
    co_await clean_up(std::move(keys));
}

void Engine::activate(VersionKey key) {
    if (started_ && !stop_.requested()) scope_.spawn(bring_up(std::move(key)));
}

void Engine::bury(std::vector<VersionKey> keys) {
    if (started_ && !stop_.requested()) scope_.spawn(clean_up(std::move(keys)));
}

unkai::Task<Status> Engine::prepare(const VersionKey& key, const StoredVersion& version) {
    CO_TRY(const auto spec,
           co_await invoker_.spec(key, std::make_shared<const StoredVersion>(version)));
    co_return co_await plane_.prepare(spec);
}

unkai::Task<void> Engine::bring_up(VersionKey key) {
    std::optional<StoredVersion> version;
    {
        store::Txn txn = store_.begin();
        version = schema::versions.get(txn, key);
    }
    if (!version) co_return;
    const std::string deployment = version->deployment;
    const Status status = co_await prepare(key, *version);
    if (stop_.requested()) co_return;  // It stays on its way, for the next start.
    store::Txn txn = store_.begin();
    version = schema::versions.get(txn, key);
    if (!version || version->deployment != deployment) co_return;  // Newer work is under way.
    settle_state(version->shape, status);
    schema::versions.put(txn, key, *version);
    if (const auto written = co_await store_.commit(txn); !written)
        log::error("a function's state was not written",
                   {{"function", plane_id(key)}, {"reason", written.error().message}});
    co_await interfaces_.sweep();
}

unkai::Task<void> Engine::clean_up(std::vector<VersionKey> keys) {
    for (const VersionKey& key : keys) co_await invoker_.forget(key);
    co_await interfaces_.sweep();
}

std::set<std::string> Engine::code_in_use() {
    std::set<std::string> out;
    store::Txn txn = store_.begin();
    for (const auto& [key, version] : schema::versions.list(txn)) {
        out.insert(version.code.id);
        for (const auto& [arn, code] : version.layers) out.insert(code.id);
    }
    for (const auto& [key, layer] : schema::layer_versions.list(txn)) out.insert(layer.code.id);
    return out;
}

unkai::Task<void> Engine::sweep() {
    while (co_await env_.loop.sleep(sweep_period, &stop_)) co_await codes_.sweep(code_in_use());
}

unkai::Task<void> Engine::publish() {
    while (co_await env_.loop.sleep(limits::metric_period, &stop_))
        co_await invoker_.publish_metrics();
}

}  // namespace unkai::services::lambda
