#include "services/lambda/lambda_test.h"

namespace unkai::services::lambda::testing {

namespace {

namespace sqs = api::sqs::op;

Result<api::sqs::GetQueueUrlOutput> queue_url(Neighbours& self,
                                              const api::sqs::GetQueueUrlInput& in) {
    TRY(const std::string url, Neighbours::name_of(self, in.queue_name));
    api::sqs::GetQueueUrlOutput out;
    out.queue_url = url;
    return out;
}
Result<api::sqs::GetQueueAttributesOutput> queue_attributes(
    Neighbours& self, const api::sqs::GetQueueAttributesInput& in) {
    api::sqs::GetQueueAttributesOutput out;
    out.attributes["VisibilityTimeout"] = std::to_string(self.queues[in.queue_url].visibility);
    return out;
}
Result<api::sqs::SendMessageOutput> send(Neighbours& self, const api::sqs::SendMessageInput& in) {
    auto& queue = self.queues[in.queue_url];
    if (queue.refuse_sends > 0 && queue.refuse_sends-- > 0)
        return fail("ServiceUnavailable", "Not now.", 503);
    queue.sent.push_back(in.message_body);
    return api::sqs::SendMessageOutput{};
}
Result<api::sqs::DeleteMessageBatchOutput> forget(Neighbours& self,
                                                  const api::sqs::DeleteMessageBatchInput& in) {
    for (const auto& entry : in.entries)
        self.queues[in.queue_url].deleted.push_back(entry.receipt_handle);
    return api::sqs::DeleteMessageBatchOutput{};
}
Result<api::sts::AssumeRoleOutput> assume(Neighbours& self, const api::sts::AssumeRoleInput&) {
    if (!self.roles_work) return fail("AccessDenied", "No.", 403);
    api::sts::AssumeRoleOutput out;
    out.credentials.emplace();
    out.credentials->access_key_id = "ASIASIMULATED0000000";
    out.credentials->expiration = self.env->now() + std::chrono::hours(1);
    return out;
}
Result<api::logs::PutLogEventsOutput> put_lines(Neighbours& self,
                                                const api::logs::PutLogEventsInput& in) {
    if (!self.streams.contains(in.log_group_name + "/" + in.log_stream_name))
        return fail("ResourceNotFoundException", "There is no stream.", 400);
    for (const auto& event : in.log_events) self.logged.push_back(event.message);
    return api::logs::PutLogEventsOutput{};
}
Result<api::logs::CreateLogGroupOutput> make_group(Neighbours& self,
                                                   const api::logs::CreateLogGroupInput& in) {
    if (!self.groups.insert(in.log_group_name).second)
        return fail("ResourceAlreadyExistsException", "It is there.", 400);
    return api::logs::CreateLogGroupOutput{};
}
Result<api::logs::CreateLogStreamOutput> make_stream(Neighbours& self,
                                                     const api::logs::CreateLogStreamInput& in) {
    self.streams.insert(in.log_group_name + "/" + in.log_stream_name);
    return api::logs::CreateLogStreamOutput{};
}
Result<api::cloudwatch::PutMetricDataOutput> put_metrics(
    Neighbours& self, const api::cloudwatch::PutMetricDataInput& in) {
    for (const auto& datum : in.metric_data) {
        if (!datum.dimensions.empty()) continue;
        for (size_t i = 0; i < datum.values.size(); ++i)
            self.metrics[datum.metric_name] += datum.values[i] * datum.counts[i];
    }
    return api::cloudwatch::PutMetricDataOutput{};
}

}  // namespace

void Neighbours::add_to(aws::Dispatcher& dispatcher) {
    OperationInfo receiving = sqs::ReceiveMessage::info();
    receiving.invoke = nullptr;
    receiving.invoke_async = &Neighbours::receive;
    add(dispatcher, api::sqs::info,
        {plain<sqs::GetQueueUrl, &queue_url>(), plain<sqs::GetQueueAttributes, &queue_attributes>(),
         plain<sqs::SendMessage, &send>(), plain<sqs::DeleteMessageBatch, &forget>(), receiving});
    add(dispatcher, api::sts::info, {plain<api::sts::op::AssumeRole, &assume>()});
    add(dispatcher, api::logs::info,
        {plain<api::logs::op::PutLogEvents, &put_lines>(),
         plain<api::logs::op::CreateLogGroup, &make_group>(),
         plain<api::logs::op::CreateLogStream, &make_stream>()});
    add(dispatcher, api::cloudwatch::info,
        {plain<api::cloudwatch::op::PutMetricData, &put_metrics>()});
}

LambdaWorld::LambdaWorld(uint64_t seed) : sim(seed) {
    static int worlds = 0;
    folder_ = std::filesystem::temp_directory_path() /
              ("lambda-world-" + std::to_string(::getpid()) + "-" + std::to_string(++worlds));
    neighbours.env = &sim.env;
    neighbours.add_to(dispatcher);
    begin();
}

LambdaWorld::~LambdaWorld() {
    end();
    std::filesystem::remove_all(folder_);
}

void LambdaWorld::begin() {
    EngineOptions options;
    options.code_folder = folder_;
    engine = std::make_unique<Engine>(sim.env, store, client, plane, networks, options);
    if (!lambda_) {
        // One service object for all engines: the dispatcher keeps its address.
        lambda_ = std::make_unique<Lambda>(*engine);
        dispatcher.add(model::bind(*lambda_));
    } else {
        std::destroy_at(lambda_.get());
        std::construct_at(lambda_.get(), *engine);
    }
    EXPECT_TRUE(sim.loop.run_until_done(engine->start()));
}

void LambdaWorld::end() {
    engine->begin_stop();
    sim.loop.run_until_done(engine->finish_stop());
    engine.reset();
}

void LambdaWorld::restart() {
    end();
    plane.forget();
    begin();
}

void LambdaWorld::pass(Duration time) {
    struct Sleeper {
        static unkai::Task<void> sleep(Loop& loop, Duration length) { co_await loop.sleep(length); }
    };
    sim.loop.run_until_done(Sleeper::sleep(sim.loop, time));
}

void LambdaWorld::make(const std::string& name,
                       const std::function<void(model::CreateFunctionInput&)>& change) {
    model::CreateFunctionInput in;
    in.function_name = name;
    in.runtime = "python3.12";
    in.handler = "app.handler";
    in.role = "arn:aws:iam::123456789012:role/r";
    in.code.zip_file = zip_of("app.py", "x = 1\n");
    if (change) change(in);
    const auto made = call<model::op::CreateFunction>(in);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->state, "Pending");
    pass(std::chrono::seconds(1));
}

Result<model::InvokeOutput> LambdaWorld::invoke(const std::string& name, const std::string& payload,
                                                const std::string& type) {
    model::InvokeInput in;
    in.function_name = name;
    in.payload = payload;
    in.invocation_type = type;
    return call<model::op::Invoke>(in);
}

}  // namespace unkai::services::lambda::testing
