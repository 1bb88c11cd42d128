#include "services/lambda/pollers.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "services/lambda/event_queue.h"
#include "services/lambda/limits.h"

namespace unkai::services::lambda {

namespace {

constexpr int32_t long_poll_seconds = 2;  // So long a stop may take.
constexpr Duration pause_after_error = std::chrono::seconds(2);
constexpr Duration margin = std::chrono::seconds(2);  // Before messages are visible again.

bool wanted(const StoredMapping& mapping) { return mapping.shape.state == "Enabled"; }

}  // namespace

struct Pollers::Poller {
    explicit Poller(MappingKey key_) : key(std::move(key_)) {}
    MappingKey key;
    Stop stop;
    Event room;
    size_t at_work = 0;
    bool complained = false;
};

unkai::Task<void> Pollers::run() {
    const auto watch =
        store_.watch(schema::mappings.prefix(), [this](std::span<const store::Change>, bool) {
            dirty_ = true;
            env_.loop.post([this] { changed_.notify_all(); });
        });
    while (!stop_.requested()) {
        if (std::exchange(dirty_, false)) follow();
        if (!dirty_) co_await changed_.wait(env_.loop, never, &stop_);
    }
    for (const auto& [key, poller] : pollers_) {
        poller->stop.request();
        poller->room.notify_all();
    }
    co_await scope_.join();
    co_await env_.loop.yield();  // What the watch may have posted.
}

void Pollers::follow() {
    std::map<MappingKey, bool> enabled;
    {
        store::Txn txn = store_.begin();
        for (const auto& [key, mapping] : schema::mappings.list(txn))
            if (wanted(mapping)) enabled[key] = true;
    }
    for (auto one = pollers_.begin(); one != pollers_.end();) {
        if (!enabled.contains(one->first)) {
            one->second->stop.request();
            one->second->room.notify_all();
            one = pollers_.erase(one);
        } else {
            ++one;
        }
    }
    for (const auto& [key, unused] : enabled) {
        if (pollers_.contains(key)) continue;
        const auto poller = std::make_shared<Poller>(key);
        pollers_[key] = poller;
        scope_.spawn(poll(poller));
    }
}

aws::Caller Pollers::caller(const MappingKey& key, const Source& source) const {
    return role_caller({std::get<0>(key), std::get<1>(key)}, source.role, source.mapping.name);
}

// Read anew in each cycle: a changed mapping or function counts at once.
unkai::Task<Result<Pollers::Source>> Pollers::source(MappingKey key) {
    Source out;
    const Place place{std::get<0>(key), std::get<1>(key)};
    {
        store::Txn txn = store_.begin();
        auto mapping = schema::mappings.get(txn, key);
        if (!mapping) co_return fail("ResourceNotFoundException", "The mapping is gone.", 404);
        out.mapping = std::move(*mapping);
    }
    CO_TRY(const Target target, invoker_.resolve(place, out.mapping.name, out.mapping.qualifier));
    out.role = target.version->shape.role.value_or("");
    const model::EventSourceMappingConfiguration& shape = out.mapping.shape;
    const Arn queue = parse_arn(shape.event_source_arn.value_or(""));
    api::sqs::GetQueueUrlInput url;
    url.queue_name = queue.resource;
    url.queue_owner_aws_account_id = queue.account;
    CO_TRY(const auto named,
           co_await client_.call<api::sqs::op::GetQueueUrl>(caller(key, out), url));
    out.url = named.queue_url.value_or("");
    api::sqs::GetQueueAttributesInput ask;
    ask.queue_url = out.url;
    ask.attribute_names = {"VisibilityTimeout"};
    CO_TRY(const auto attributes,
           co_await client_.call<api::sqs::op::GetQueueAttributes>(caller(key, out), ask));
    const auto timeout = attributes.attributes.find("VisibilityTimeout");
    out.visibility = std::chrono::seconds(
        timeout == attributes.attributes.end() ? 30 : parse_int(timeout->second).value_or(30));
    if (shape.filter_criteria)
        for (const model::Filter& filter : shape.filter_criteria->filters)
            if (auto pattern = parse_filter(filter.pattern.value_or("")))
                out.filters.push_back(std::move(*pattern));
    out.batch_size = shape.batch_size.value_or(limits::default_batch);
    out.window = shape.maximum_batching_window_in_seconds.value_or(0);
    out.partial = !shape.function_response_types.empty();
    out.most_at_work = limits::batches_at_work;
    if (shape.scaling_config && shape.scaling_config->maximum_concurrency)
        out.most_at_work = static_cast<size_t>(*shape.scaling_config->maximum_concurrency);
    co_return out;
}

unkai::Task<void> Pollers::poll(std::shared_ptr<Poller> poller) {
    while (!poller->stop.requested()) {
        auto now = co_await source(poller->key);
        if (!now) {
            if (!std::exchange(poller->complained, true))
                log::warn("an event source mapping does not work",
                          {{"mapping", std::get<2>(poller->key)}, {"reason", now.error().message}});
            co_await env_.loop.sleep(pause_after_error, &poller->stop);
            continue;
        }
        poller->complained = false;
        if (poller->at_work >= now->most_at_work) {
            co_await poller->room.wait(env_.loop, never, &poller->stop);
            continue;
        }
        Batch batch;
        const Status gathered = co_await gather(poller, *now, batch);
        if (!batch.messages.empty()) {
            ++poller->at_work;
            scope_.spawn(hand_over(poller, std::move(*now), std::move(batch)));
        } else if (!gathered) {
            co_await env_.loop.sleep(pause_after_error, &poller->stop);
        }
    }
}

unkai::Task<Status> Pollers::gather(const std::shared_ptr<Poller>& poller, const Source& source,
                                    Batch& batch) {
    CO_REQUIRE(co_await receive(source, batch, long_poll_seconds));
    if (batch.messages.empty()) co_return ok();
    const auto size = static_cast<size_t>(source.batch_size);
    const Steady until = env_.loop.steady() + std::chrono::seconds(source.window);
    while (batch.messages.size() < size && batch.bytes < limits::batch_bytes &&
           !poller->stop.requested()) {
        const auto left =
            std::chrono::duration_cast<std::chrono::seconds>(until - env_.loop.steady()).count();
        if (left <= 0 && source.window > 0) break;
        const auto wait = std::min<int64_t>(std::max<int64_t>(left, 0), long_poll_seconds);
        CO_TRY(const size_t came, co_await receive(source, batch, static_cast<int32_t>(wait)));
        if (came == 0 && source.window == 0) break;  // The queue is empty.
    }
    co_return ok();
}

// Adds what the queue has; the answer is how many came.
unkai::Task<Result<size_t>> Pollers::receive(const Source& source, Batch& batch, int32_t wait) {
    api::sqs::ReceiveMessageInput in;
    in.queue_url = source.url;
    in.max_number_of_messages = static_cast<int32_t>(
        std::min<size_t>(10, static_cast<size_t>(source.batch_size) - batch.messages.size()));
    in.wait_time_seconds = wait;
    in.message_system_attribute_names = {"All"};
    in.message_attribute_names = {"All"};
    const Arn queue = parse_arn(source.mapping.shape.event_source_arn.value_or(""));
    const aws::Caller from =
        role_caller({queue.account, queue.region}, source.role, source.mapping.name);
    CO_TRY(auto got, co_await client_.call<api::sqs::op::ReceiveMessage>(from, in));
    const size_t came = got.messages.size();
    std::vector<QueueMessage> refused;
    for (QueueMessage& message : got.messages) {
        if (!filters_match(source.filters, message,
                           source.mapping.shape.event_source_arn.value_or(""))) {
            refused.push_back(std::move(message));
            continue;
        }
        if (batch.messages.empty())
            batch.visible_again = env_.loop.steady() + source.visibility - margin;
        batch.bytes += message.body.value_or("").size() + 1024;
        batch.messages.push_back(std::move(message));
    }
    co_await forget(source, refused);
    co_return came;
}

unkai::Task<void> Pollers::forget(const Source& source, const std::vector<QueueMessage>& messages) {
    const Arn queue = parse_arn(source.mapping.shape.event_source_arn.value_or(""));
    for (size_t at = 0; at < messages.size(); at += 10) {
        api::sqs::DeleteMessageBatchInput in;
        in.queue_url = source.url;
        for (size_t i = at; i < std::min(at + 10, messages.size()); ++i) {
            api::sqs::DeleteMessageBatchRequestEntry entry;
            entry.id = std::to_string(i);
            entry.receipt_handle = messages[i].receipt_handle.value_or("");
            in.entries.push_back(std::move(entry));
        }
        const auto done = co_await client_.call<api::sqs::op::DeleteMessageBatch>(
            role_caller({queue.account, queue.region}, source.role, source.mapping.name), in);
        if (!done)
            log::warn("handled messages were not deleted, and will come again",
                      {{"queue", queue.resource}, {"reason", done.error().message}});
    }
}

unkai::Task<void> Pollers::hand_over(std::shared_ptr<Poller> poller, Source source, Batch batch) {
    const Place place{std::get<0>(poller->key), std::get<1>(poller->key)};
    const std::string arn = source.mapping.shape.event_source_arn.value_or("");
    const std::string event = batch_event(batch.messages, arn);
    for (int64_t refusal = 1; !poller->stop.requested() || refusal == 1; ++refusal) {
        auto target = invoker_.resolve(place, source.mapping.name, source.mapping.qualifier);
        Result<Invoked> done = fail("ResourceNotFoundException", "The function is gone.", 404);
        if (target)
            done = co_await invoker_.invoke(*target, {event, env_.random.uuid(), "", "", false});
        if (done) {
            std::vector<QueueMessage> good;
            std::optional<std::set<std::string>> failed = std::set<std::string>{};
            if (!done->failed() && source.partial)
                failed = failed_items(done->outcome.payload, batch.messages);
            if (!done->failed() && failed)
                for (QueueMessage& message : batch.messages)
                    if (!failed->contains(message.message_id.value_or("")))
                        good.push_back(std::move(message));
            co_await forget(source, good);
            break;
        }
        const Duration pause = refusal_pause(refusal);
        if (done.error().is("ResourceNotFoundException") ||
            env_.loop.steady() + pause > batch.visible_again)
            break;
        if (!co_await env_.loop.sleep(pause, &poller->stop)) break;
    }
    --poller->at_work;
    poller->room.notify_all();
}

}  // namespace unkai::services::lambda
