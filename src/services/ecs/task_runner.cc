#include "services/ecs/task_runner.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "services/ecs/limits.h"
#include "services/ecs/log_driver.h"
#include "services/ecs/task_definition.h"
#include "services/ecs/task_factory.h"

namespace unkai::services::ecs {

namespace containers = planes::containers;

namespace {

constexpr Duration network_time = std::chrono::seconds(60);
constexpr Duration drain_poll = std::chrono::milliseconds(500);
constexpr Duration longest_drain = std::chrono::hours(1);
// A task that ended by itself sooner than this counts against restarting at once.
constexpr Duration short_life = std::chrono::seconds(10);

Unexpected start_failed(std::string reason) {
    return unkai::fail("TaskFailedToStart", std::move(reason), 400);
}

model::Container* container_in(model::Task& task, const std::string& name) {
    for (model::Container& container : task.containers)
        if (container.name == name) return &container;
    return nullptr;
}

model::KeyValuePair detail(const char* name, std::string value) {
    model::KeyValuePair out;
    out.name = name;
    out.value = std::move(value);
    return out;
}

}  // namespace

std::string task_hostname(const std::string& address, const std::string& region) {
    const std::string zone = region == "us-east-1" ? "ec2.internal" : region + ".compute.internal";
    return "ip-" + replace_all(address, ".", "-") + "." + zone;
}

TaskRunner::TaskRunner(Engine& engine, TaskKey key, StoredTask task,
                       model::TaskDefinition definition)
    : engine_(engine),
      key_(std::move(key)),
      task_(std::move(task)),
      definition_(std::move(definition)) {
    Random& random = engine_.env().random;
    for (const auto& container : definition_.container_definitions)
        metadata_ids_[*container.name] = id() + "-" + random.from("0123456789", 10);
    credentials_id_ = random.uuid();
}

std::string TaskRunner::role_arn() const {
    if (task_.shape.overrides && task_.shape.overrides->task_role_arn)
        return *task_.shape.overrides->task_role_arn;
    return definition_.task_role_arn.value_or("");
}

const model::ContainerDefinition& TaskRunner::definition_of(const std::string& name) const {
    const auto found = std::ranges::find_if(definition_.container_definitions,
                                            [&](auto& one) { return one.name == name; });
    CHECK(found != definition_.container_definitions.end());
    return *found;
}

bool TaskRunner::stop_wanted() const {
    if (cause_ || engine_.stopping().requested()) return true;
    store::Txn txn = engine_.store().begin();
    const auto stored = schema::tasks.get(txn, key_);
    return !stored || stored->shape.desired_status == "STOPPED";
}

bool TaskRunner::dead() const {
    return std::ranges::any_of(definition_.container_definitions, [&](const auto& container) {
        return container.essential.value_or(true) && exits_.contains(*container.name);
    });
}

unkai::Task<Status> TaskRunner::set_status(std::string status) {
    const Time now = engine_.env().now();
    co_return co_await engine_.update_task(key_, [&, this](StoredTask& task, store::Txn&) {
        task.shape.last_status = status;
        if (status == "PENDING") {
            task.shape.connectivity = "CONNECTED";
            task.shape.connectivity_at = now;
        }
        if (status == "RUNNING") task.shape.started_at = now;
        if (status == "DEACTIVATING" || status == "STOPPING")
            if (!task.shape.stopping_at) task.shape.stopping_at = now;
        task_ = task;
        return true;
    });
}

unkai::Task<void> TaskRunner::run() {
    Status going = co_await provision();
    if (going && !stop_wanted()) going = co_await prepare();
    if (going && !stop_wanted()) going = co_await start_containers();
    if (going && !stop_wanted()) going = co_await register_targets();
    if (going && !stop_wanted()) going = co_await set_status("RUNNING");
    if (!going && !cause_ && !engine_.stopping().requested())
        cause_ = StopCause{"TaskFailedToStart", going.error().message};
    while (!stop_wanted()) co_await changed_.wait(engine_.env().loop, never, &engine_.stopping());

    if (!engine_.stopping().requested()) {
        // A task that died serves nobody any more: there is nothing to wait for.
        co_await deregister_targets(!cause_ && !dead());
        (void)co_await set_status("STOPPING");
        co_await stop_containers();
    }
    checks_.request();
    const Time stopped_at = engine_.env().now();
    if (!engine_.stopping().requested()) co_await deprovision();
    (void)co_await engine_.plane().remove_sandbox(id());
    co_await scope_.join();
    if (!engine_.stopping().requested()) co_await write_end(stopped_at);
}

unkai::Task<void> TaskRunner::bury() {
    cause_ = StopCause{"TerminationNotice",
                       "Task was stopped because the program that ran it ended; its containers "
                       "ended with it."};
    co_await deregister_targets(false);
    co_await deprovision();
    co_await write_end(engine_.env().now());
}

unkai::Task<Status> TaskRunner::provision() {
    InterfaceRequest request{task_.network.subnets.empty() ? "" : task_.network.subnets[0],
                             task_.network.security_groups, "",
                             task_.network.assign_public_ip == "ENABLED"};
    const std::string attachment = engine_.env().random.uuid();
    request.description =
        "arn:aws:ecs:" + place().region + ":" + place().account + ":attachment/" + attachment;
    auto made = co_await engine_.surroundings().create_interface(place(), request);
    if (!made)
        co_return start_failed(
            "Unexpected EC2 error while attempting to Create Network Interface "
            "in subnet '" +
            request.subnet + "': " + made.error().code + ": " + made.error().message);
    hostname_ = task_hostname(made->address, place().region);
    co_return co_await engine_.update_task(key_, [&, this](StoredTask& task, store::Txn&) {
        task.interface = made->id;
        task.allocation = made->allocation;
        task.address = made->address;
        model::Attachment shape;
        shape.id = attachment;
        shape.type = "ElasticNetworkInterface";
        shape.status = "ATTACHED";
        shape.details = {detail("subnetId", request.subnet), detail("networkInterfaceId", made->id),
                         detail("macAddress", made->mac),
                         detail("privateDnsName", made->private_dns_name),
                         detail("privateIPv4Address", made->address)};
        task.shape.attachments = {shape};
        model::NetworkInterface interface;
        interface.attachment_id = attachment;
        interface.private_ipv4_address = made->address;
        for (model::Container& container : task.shape.containers)
            container.network_interfaces = {interface};
        task_ = task;
        return true;
    });
}

unkai::Task<Status> TaskRunner::prepare() {
    CO_REQUIRE(co_await set_status("PENDING"));
    CO_REQUIRE(co_await resolve_secrets());
    CO_REQUIRE(co_await make_log_streams());
    CO_REQUIRE(co_await pull_images());
    const Steady deadline = engine_.env().loop.steady() + network_time;
    auto network = co_await engine_.surroundings().network_ready(task_.interface, deadline);
    if (!network)
        co_return start_failed("Timeout waiting for network interface provisioning to complete: " +
                               network.error().message);
    sandbox_made_ = true;
    const auto made = co_await engine_.plane().create_sandbox(sandbox_spec(*network));
    if (!made) co_return start_failed("ResourceInitializationError: " + made.error().message);
    for (const auto& container : definition_.container_definitions) {
        const auto created = co_await engine_.plane().create(id(), container_spec(container));
        if (!created)
            co_return start_failed(
                "CannotStartContainerError: ResourceInitializationError: failed "
                "to create new container runtime task: " +
                created.error().message);
    }
    co_return ok();
}

unkai::Task<Status> TaskRunner::pull_images() {
    const Time began = engine_.env().now();
    std::map<std::string, std::string> digests;
    for (const auto& container : definition_.container_definitions) {
        if (images_.contains(*container.image)) continue;
        auto pulled =
            co_await engine_.plane().pull(engine_.surroundings().images(), *container.image);
        if (!pulled)
            co_return start_failed("CannotPullContainerError: failed to resolve ref " +
                                   *container.image + ": " + pulled.error().message);
        digests[*container.image] = pulled->manifest_digest;
        images_[*container.image] = std::move(*pulled);
    }
    co_return co_await engine_.update_task(key_, [&, this](StoredTask& task, store::Txn&) {
        task.shape.pull_started_at = began;
        task.shape.pull_stopped_at = engine_.env().now();
        for (model::Container& container : task.shape.containers)
            container.image_digest = digests[container.image.value_or("")];
        task_ = task;
        return true;
    });
}

unkai::Task<Status> TaskRunner::make_log_streams() {
    for (const auto& container : definition_.container_definitions) {
        if (!container.log_configuration) continue;
        const auto& log = *container.log_configuration;
        const LogStream stream = log_stream(log, place(), *container.name, id());
        const auto create = log.options.find("awslogs-create-group");
        const bool make_group = create != log.options.end() && create->second == "true";
        const auto made =
            co_await engine_.surroundings().create_log_stream(place(), stream, make_group);
        if (!made)
            co_return start_failed(
                "ResourceInitializationError: failed to validate logger args: create stream has "
                "been "
                "retried 1 times: failed to create Cloudwatch log stream: " +
                made.error().code + ": " + made.error().message + " : exit status 1");
    }
    co_return ok();
}

unkai::Task<Status> TaskRunner::resolve_secrets() {
    for (const auto& container : definition_.container_definitions) {
        for (const model::Secret& secret : container.secrets) {
            auto value = co_await engine_.surroundings().secret(place(), secret.value_from);
            if (!value)
                co_return start_failed(
                    "ResourceInitializationError: unable to pull secrets or registry auth: "
                    "execution "
                    "resource retrieval failed: unable to retrieve secret '" +
                    secret.value_from + "': " + value.error().code + ": " + value.error().message);
            secrets_[*container.name][secret.name] = std::move(*value);
        }
    }
    co_return ok();
}

unkai::Task<Status> TaskRunner::start_containers() {
    CO_TRY(const auto order, start_order(definition_.container_definitions));
    for (const std::string& name : order) {
        const auto& container = definition_of(name);
        CO_REQUIRE(co_await wait_for(container));
        if (stop_wanted()) co_return ok();
        const auto started = co_await engine_.plane().start(id(), name);
        if (!started)
            co_return start_failed("CannotStartContainerError: " + started.error().message);
        started_.insert(name);
        scope_.spawn(watch_container(name));
        if (const auto rules = health_rules(container)) scope_.spawn(check_health(name, *rules));
        CO_REQUIRE(co_await engine_.update_task(key_, [&, this](StoredTask& task, store::Txn&) {
            model::Container* shape = container_in(task.shape, name);
            shape->runtime_id = metadata_ids_[name];
            if (!exits_.contains(name)) shape->last_status = "RUNNING";
            task_ = task;
            return true;
        }));
    }
    co_return ok();
}

// Until what the container depends on has come to pass.
unkai::Task<Status> TaskRunner::wait_for(const model::ContainerDefinition& container) {
    for (const model::ContainerDependency& needed : container.depends_on) {
        const std::string& other = needed.container_name;
        const auto& other_definition = definition_of(other);
        const Steady deadline = other_definition.start_timeout
                                    ? engine_.env().loop.steady() +
                                          std::chrono::seconds(*other_definition.start_timeout)
                                    : never;
        while (!stop_wanted()) {
            const bool ended = exits_.contains(other);
            const bool healthy = health_[other] == Health::healthy;
            if (needed.condition == "START" && started_.contains(other)) break;
            if (needed.condition == "HEALTHY" && healthy && !ended) break;
            if (needed.condition == "COMPLETE" && ended) break;
            if (needed.condition == "SUCCESS" && ended && exits_[other].code == 0) break;
            const bool hopeless =
                (ended && needed.condition != "COMPLETE") ||
                (needed.condition == "HEALTHY" && health_[other] == Health::unhealthy);
            if (hopeless)
                co_return start_failed("Container '" + *container.name +
                                       "' could not start: its dependency '" + other +
                                       "' did not reach " + needed.condition + ".");
            if (co_await changed_.wait(engine_.env().loop, deadline, &engine_.stopping()) ==
                Wake::timed_out)
                co_return start_failed(
                    "Container '" + *container.name + "' could not start: its dependency '" +
                    other + "' did not reach " + needed.condition + " within its startTimeout.");
        }
    }
    co_return ok();
}

unkai::Task<void> TaskRunner::watch_container(std::string name) {
    const auto exit = co_await engine_.plane().wait(id(), name);
    containers::ContainerExit result = exit ? *exit : containers::ContainerExit{137, false, {}};
    exits_[name] = result;
    const bool essential = definition_of(name).essential.value_or(true);
    if (essential && !cause_ && !stop_wanted())
        cause_ = StopCause{"EssentialContainerExited", "Essential container in task exited"};
    changed_.notify_all();
    if (engine_.stopping().requested()) co_return;
    (void)co_await engine_.update_task(key_, [&, this](StoredTask& task, store::Txn&) {
        model::Container* shape = container_in(task.shape, name);
        shape->last_status = "STOPPED";
        shape->exit_code = result.code;
        if (result.out_of_memory)
            shape->reason = "OutOfMemoryError: Container killed due to memory usage";
        if (essential && !task.shape.execution_stopped_at)
            task.shape.execution_stopped_at = engine_.env().now();
        task_ = task;
        return true;
    });
}

unkai::Task<void> TaskRunner::check_health(std::string name, HealthRules rules) {
    HealthState state(engine_.env().now());
    while (co_await engine_.env().loop.sleep(rules.interval, &checks_)) {
        if (exits_.contains(name)) co_return;
        const auto result = co_await engine_.plane().exec(id(), name, rules.command, rules.timeout);
        const bool good = result && !result->timed_out && result->code == 0;
        if (exits_.contains(name) || checks_.requested()) co_return;
        if (!state.record(good, engine_.env().now(), rules)) continue;
        health_[name] = state.health();
        changed_.notify_all();
        (void)co_await engine_.update_task(key_, [&, this](StoredTask& task, store::Txn&) {
            container_in(task.shape, name)->health_status = health_name(state.health());
            task.shape.health_status = health_name(task_health(definition_, task.shape));
            task_ = task;
            return true;
        });
    }
}

std::vector<TargetAddress> TaskRunner::targets() const {
    std::vector<TargetAddress> out;
    for (const model::LoadBalancer& balancer : task_.load_balancers)
        if (balancer.target_group_arn)
            out.push_back(
                {*balancer.target_group_arn, task_.address, balancer.container_port.value_or(0)});
    return out;
}

unkai::Task<Status> TaskRunner::register_targets() {
    const auto wanted = targets();
    if (wanted.empty()) co_return ok();
    CO_REQUIRE(co_await engine_.update_task(key_, [this](StoredTask& task, store::Txn&) {
        task.shape.last_status = "ACTIVATING";
        task.registered = true;
        task_ = task;
        return true;
    }));
    for (const TargetAddress& target : wanted) {
        const auto done = co_await engine_.surroundings().register_target(place(), target);
        if (!done)
            co_return start_failed("Task failed to register with (target-group " +
                                   target.group_arn + "): " + done.error().message);
    }
    co_return ok();
}

unkai::Task<void> TaskRunner::deregister_targets(bool drain) {
    if (!task_.registered) co_return;
    (void)co_await set_status("DEACTIVATING");
    for (const TargetAddress& target : targets())
        (void)co_await engine_.surroundings().deregister_target(place(), target);
    Loop& loop = engine_.env().loop;
    const Steady deadline = loop.steady() + longest_drain;
    for (const TargetAddress& target : targets()) {
        const std::string key = target.address + ":" + std::to_string(target.port);
        while (drain && !dead() && loop.steady() < deadline) {
            const auto health =
                co_await engine_.surroundings().target_health(place(), target.group_arn);
            if (!health) break;
            const auto found = health->find(key);
            if (found == health->end() || found->second.state != "draining") break;
            if (!co_await loop.sleep(drain_poll, &engine_.stopping())) co_return;
        }
    }
    (void)co_await engine_.update_task(key_, [this](StoredTask& task, store::Txn&) {
        task.registered = false;
        task_ = task;
        return true;
    });
}

static unkai::Task<void> stop_one(Engine& engine, std::string task, std::string container,
                                  Duration grace) {
    (void)co_await engine.plane().stop(std::move(task), std::move(container), grace);
}

unkai::Task<void> TaskRunner::stop_containers() {
    if (!sandbox_made_) co_return;
    auto order = start_order(definition_.container_definitions).value_or({});
    std::ranges::reverse(order);
    const bool ordered = std::ranges::any_of(definition_.container_definitions,
                                             [](auto& one) { return !one.depends_on.empty(); });
    Scope stops;
    for (const std::string& name : order) {
        const auto& container = definition_of(name);
        const Duration grace = container.stop_timeout
                                   ? std::chrono::seconds(*container.stop_timeout)
                                   : limits::stop_timeout;
        stops.spawn(stop_one(engine_, id(), name, grace));
        if (ordered) co_await stops.join();
    }
    co_await stops.join();
}

unkai::Task<void> TaskRunner::deprovision() {
    (void)co_await set_status("DEPROVISIONING");
    (void)co_await engine_.plane().remove_sandbox(id());
    if (task_.interface.empty()) co_return;
    const auto removed = co_await engine_.surroundings().delete_interface(place(), task_.interface,
                                                                          task_.allocation);
    if (!removed)
        log::warn("a task's network interface is left",
                  {{"interface", task_.interface}, {"reason", removed.error().message}});
}

void TaskRunner::count_failure(StoredTask& task, store::Txn& txn, Time stopped_at) {
    if (task.service.empty()) return;
    const ServiceKey key{std::get<0>(key_), std::get<1>(key_), std::get<2>(key_), task.service};
    auto service = schema::services.get(txn, key);
    if (!service) return;
    const bool ran = task.shape.started_at.has_value();
    const bool own = cause_ && cause_->code != "TerminationNotice";
    const auto deployment = std::ranges::find_if(
        service->deployments, [&](auto& one) { return one.shape.id == task.deployment; });
    if (deployment != service->deployments.end() && ((own && !ran) || task.failed_health))
        ++deployment->failed;
    if (own && (!ran || stopped_at - *task.shape.started_at < short_life)) {
        service->never_ran = !ran && (service->quick_failures == 0 || service->never_ran);
        ++service->quick_failures;
        const Duration delay = restart_delay(service->quick_failures, service->never_ran);
        service->retry_at = stopped_at + delay;
        if (delay > Duration{0} && service->quick_failures == first_throttled_failure &&
            service->never_ran)
            add_event(
                *service, engine_.env().random, stopped_at,
                "is unable to consistently start tasks successfully. For more information, see "
                "the Troubleshooting section of the Amazon ECS Developer Guide.");
    } else if (own) {
        service->quick_failures = 0;
    }
    schema::services.put(txn, key, *service);
}

unkai::Task<void> TaskRunner::write_end(Time stopped_at) {
    const Status written =
        co_await engine_.update_task(key_, [&, this](StoredTask& task, store::Txn& txn) {
            model::Task& shape = task.shape;
            shape.last_status = "STOPPED";
            shape.desired_status = "STOPPED";
            shape.stopped_at = stopped_at;
            if (!shape.execution_stopped_at) shape.execution_stopped_at = stopped_at;
            if (!shape.stopping_at) shape.stopping_at = stopped_at;
            if (cause_ && !shape.stop_code) {
                shape.stop_code = cause_->code;
                shape.stopped_reason = cause_->reason;
            }
            for (model::Container& container : shape.containers) container.last_status = "STOPPED";
            for (model::Attachment& attachment : shape.attachments) attachment.status = "DELETED";
            task.interface.clear();
            task.allocation.clear();
            task.registered = false;
            count_failure(task, txn, stopped_at);
            task_ = task;
            return true;
        });
    if (!written)
        log::error("a task's end was not written",
                   {{"task", id()}, {"reason", written.error().message}});
}

}  // namespace unkai::services::ecs
