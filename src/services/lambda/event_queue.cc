#include "services/lambda/event_queue.h"

#include <algorithm>

#include "base/log.h"
#include "services/lambda/limits.h"

namespace unkai::services::lambda {

namespace {

constexpr size_t most_at_work_of_one = 100;  // Events of one function.

}  // namespace

size_t EventQueue::limits_queued() { return limits::queued_events; }

Duration retry_pause(int64_t attempt) {
    return attempt <= 1 ? limits::first_retry : limits::second_retry;
}

Duration refusal_pause(int64_t refusal) {
    Duration out = limits::first_back_off;
    for (int64_t i = 1; i < refusal && out < limits::longest_back_off; ++i) out *= 2;
    return std::min(out, limits::longest_back_off);
}

void EventQueue::put(store::Txn& txn, const std::string& request_id, const StoredEvent& event,
                     const std::string& payload) {
    schema::events.put(txn, {request_id}, event);
    schema::event_payloads.put(txn, {request_id}, payload);
}

void EventQueue::add(const std::string& id, Time due) {
    known_.insert(id);
    due_.emplace(due, id);
    changed_.notify_all();
}

void EventQueue::load() {
    store::Txn txn = store_.begin();
    schema::events.each(txn, "", [&](const auto& key, const StoredEvent& event) {
        if (known_.insert(std::get<0>(key)).second) due_.emplace(event.due, std::get<0>(key));
        return true;
    });
}

unkai::Task<void> EventQueue::run() {
    load();
    while (!stop_.requested()) {
        const Time now = env_.now();
        while (!due_.empty() && due_.begin()->first <= now && at_work_ < limits::events_at_work) {
            const std::string id = due_.begin()->second;
            due_.erase(due_.begin());
            std::string function;
            {
                store::Txn txn = store_.begin();
                if (const auto event = schema::events.get(txn, {id}))
                    function = event->account + "/" + event->region + "/" + event->name;
            }
            if (function.empty()) {
                known_.erase(id);
                continue;
            }
            if (working_[function] >= most_at_work_of_one) {
                parked_[function].push_back(id);
                continue;
            }
            ++working_[function];
            ++at_work_;
            scope_.spawn(attempt(id, function));
        }
        Steady wake = never;
        if (!due_.empty() && at_work_ < limits::events_at_work)
            wake = env_.loop.steady() + std::max(due_.begin()->first - env_.now(), Duration{0});
        if (wake > env_.loop.steady()) co_await changed_.wait(env_.loop, wake, &stop_);
    }
    co_await scope_.join();
}

unkai::Task<void> EventQueue::attempt(std::string id, std::string function) {
    co_await work(id);
    --at_work_;
    if (--working_[function] == 0) working_.erase(function);
    if (const auto waiting = parked_.find(function); waiting != parked_.end()) {
        for (const std::string& one : waiting->second) due_.emplace(env_.now(), one);
        parked_.erase(waiting);
    }
    changed_.notify_all();
}

EventQueue::Config EventQueue::config(const Target& target) {
    Config out{limits::retries, std::chrono::seconds(limits::event_age_seconds), "", ""};
    store::Txn txn = store_.begin();
    const auto stored =
        schema::event_configs.get(txn, {target.place.account, target.place.region, target.name,
                                        target.qualifier.empty() ? "$LATEST" : target.qualifier});
    if (!stored) return out;
    out.retries = stored->maximum_retry_attempts.value_or(limits::retries);
    out.age = std::chrono::seconds(
        stored->maximum_event_age_in_seconds.value_or(limits::event_age_seconds));
    if (!stored->destination_config) return out;
    if (stored->destination_config->on_success)
        out.on_success = stored->destination_config->on_success->destination.value_or("");
    if (stored->destination_config->on_failure)
        out.on_failure = stored->destination_config->on_failure->destination.value_or("");
    return out;
}

unkai::Task<void> EventQueue::work(const std::string& id) {
    StoredEvent event;
    std::string payload;
    {
        store::Txn txn = store_.begin();
        const auto stored = schema::events.get(txn, {id});
        if (!stored) {
            known_.erase(id);
            co_return;
        }
        event = *stored;
        payload = schema::event_payloads.get(txn, {id}).value_or("");
    }
    const auto target =
        invoker_.resolve({event.account, event.region}, event.name, event.qualifier);
    if (!target) {
        log::info("an event's function is gone", {{"function", event.name}, {"request", id}});
        co_return co_await drop(id);
    }
    const Config config = this->config(*target);
    if (env_.now() - event.accepted > config.age)
        co_return co_await settle(id, event, *target, payload, {}, "EventAgeExceeded");
    if (target->function->reserved == 0)
        co_return co_await settle(id, event, *target, payload, {}, "ZeroReservedConcurrency");
    invoker_.count(*target, "AsyncEventAge", "Milliseconds",
                   std::chrono::duration<double, std::milli>(env_.now() - event.accepted).count());
    auto done =
        co_await invoker_.invoke(*target, {payload, id, event.client_context, event.trace, false});
    // What ended because the program ends counts for nothing: the next start runs it again.
    if (stop_.requested() && (!done || done->failed())) co_return;
    if (!done) {
        ++event.refusals;
        const Duration pause = refusal_pause(event.refusals);
        if (env_.now() + pause - event.accepted > config.age)
            co_return co_await settle(id, event, *target, payload, {}, "EventAgeExceeded");
        co_return co_await postpone(id, event, pause);
    }
    event.refusals = 0;
    ++event.attempts;
    if (!done->failed())
        co_return co_await settle(id, event, *target, payload, std::move(*done), "Success");
    const Duration pause = retry_pause(event.attempts);
    if (event.attempts > config.retries)
        co_return co_await settle(id, event, *target, payload, std::move(*done),
                                  "RetriesExhausted");
    if (env_.now() + pause - event.accepted > config.age)
        co_return co_await settle(id, event, *target, payload, std::move(*done),
                                  "EventAgeExceeded");
    co_await postpone(id, event, pause);
}

unkai::Task<void> EventQueue::settle(const std::string& id, StoredEvent event, const Target& target,
                                     std::string payload, std::optional<Invoked> last,
                                     std::string condition) {
    const Config config = this->config(target);
    const bool success = condition == "Success";
    const model::FunctionConfiguration& shape = target.version->shape;
    const aws::Caller caller = role_caller(target.place, shape.role.value_or(""), target.name);
    const std::string destination = success ? config.on_success : config.on_failure;
    const std::string executed = last ? last->executed_version : version_name(target.number);
    if (!success) invoker_.count(target, "AsyncEventsDropped", "Count", 1);
    if (!success && shape.dead_letter_config && shape.dead_letter_config->target_arn) {
        DeadLetter letter{id, "", condition, payload};
        if (last) {
            letter.error_code = "200";
            const auto error = wire::Json::parse(last->outcome.payload);
            if (error) letter.error_message = (*error)["errorMessage"].string_or("");
        } else {
            letter.error_code = "429";
        }
        const Status buried =
            co_await destinations_.bury(caller, *shape.dead_letter_config->target_arn, letter);
        invoker_.count(target, "DeadLetterErrors", "Count", buried ? 0 : 1);
        if (!buried) {
            if (stop_.requested()) co_return;  // The next start tries again.
            log::warn("a dead letter is lost",
                      {{"function", target.name}, {"reason", buried.error().message}});
        }
    }
    if (!destination.empty()) {
        const std::string arn = function_arn(
            target.place, target.name, target.qualifier.empty() ? executed : target.qualifier);
        const InvocationRecord record{env_.now(),     id,      arn, condition,
                                      event.attempts, payload, last};
        const Status delivered = co_await destinations_.deliver(
            caller, destination, record_document(record), success, arn);
        if (!delivered) {
            if (stop_.requested()) co_return;
            invoker_.count(target, "DestinationDeliveryFailures", "Count", 1);
            log::warn("an invocation record is lost", {{"function", target.name},
                                                       {"destination", destination},
                                                       {"reason", delivered.error().message}});
        }
    }
    co_await drop(id);
}

unkai::Task<void> EventQueue::postpone(const std::string& id, StoredEvent event, Duration pause) {
    event.due = env_.now() + pause;
    store::Txn txn = store_.begin();
    schema::events.put(txn, {id}, event);
    // A store that refuses keeps the old record: after a restart the event runs sooner.
    (void)co_await store_.commit(txn);
    add(id, event.due);
}

unkai::Task<void> EventQueue::drop(const std::string& id) {
    store::Txn txn = store_.begin();
    schema::events.erase(txn, {id});
    schema::event_payloads.erase(txn, {id});
    (void)co_await store_.commit(txn);
    known_.erase(id);
}

}  // namespace unkai::services::lambda
