// The engine: makes the world follow what the store says about functions.
//
//     Engine engine(env, store, client, plane, networks, options);
//     CO_REQUIRE(co_await engine.start());
//     …
//     engine.begin_stop();           // nothing new is begun
//     (the plane is closed: what runs ends)
//     co_await engine.finish_stop();
//
// New and changed versions are activated (network, package or image, a sandbox kept ready) and
// their State and LastUpdateStatus written; what a killed program left Pending is activated again
// at start. Events, event source mappings, logs and metrics run here.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "rt/env.h"
#include "services/lambda/code_store.h"
#include "services/lambda/event_queue.h"
#include "services/lambda/interfaces.h"
#include "services/lambda/invoker.h"
#include "services/lambda/pollers.h"

namespace unkai::services::lambda {

struct EngineOptions {
    std::string code_folder;
    std::string authority_pem;
    std::shared_ptr<planes::containers::ImageSource> images;
    // The start of links to packages, "http://localhost:4566"; of calls that name no host.
    std::string endpoint = "http://localhost:4566";
    uint16_t port = 4566;
};

class Engine {
public:
    Engine(Env& env, store::Store& store, aws::Client& client,
           planes::functions::FunctionPlane& plane, FunctionNetworks& networks,
           EngineOptions options);
    ~Engine();

    unkai::Task<Status> start();
    void begin_stop();
    unkai::Task<void> finish_stop();
    // Ends all environments and deletes what EC2 has for functions; before the store is cleared.
    unkai::Task<void> reset();
    unkai::Task<void> purge() { co_await codes_.purge(); }

    // After the commit that made or changed a version.
    void activate(VersionKey key);
    // After the commit that deleted versions.
    void bury(std::vector<VersionKey> keys);

    Env& env() { return env_; }
    store::Store& store() { return store_; }
    aws::Client& client() { return client_; }
    Invoker& invoker() { return invoker_; }
    EventQueue& events() { return events_; }
    CodeStore& codes() { return codes_; }
    Interfaces& interfaces() { return interfaces_; }
    planes::functions::FunctionPlane& plane() { return plane_; }
    const EngineOptions& options() const { return options_; }
    const std::string& link_key() const { return link_key_; }  // Signs links to packages.

private:
    unkai::Task<void> bring_up(VersionKey key);
    unkai::Task<Status> prepare(const VersionKey& key, const StoredVersion& version);
    unkai::Task<void> clean_up(std::vector<VersionKey> keys);
    unkai::Task<void> sweep();
    unkai::Task<void> publish();
    std::set<std::string> code_in_use();

    Env& env_;
    store::Store& store_;
    aws::Client& client_;
    planes::functions::FunctionPlane& plane_;
    const EngineOptions options_;
    const std::string link_key_;
    Stop stop_;
    CodeStore codes_;
    Interfaces interfaces_;
    Invoker invoker_;
    EventQueue events_;
    Pollers pollers_;
    Scope scope_, log_scope_;
    bool started_ = false;
};

}  // namespace unkai::services::lambda
