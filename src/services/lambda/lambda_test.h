// A world for tests of Lambda: simulated time and function plane, real store, dispatcher, engine
// and operations; SQS, STS, Logs and CloudWatch are small fakes.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <functional>
#include <list>

#include "api/cloudwatch.h"
#include "api/logs.h"
#include "api/sqs.h"
#include "api/sts.h"
#include "planes/functions/sim_plane.h"
#include "rt/sim/sim_loop.h"
#include "services/lambda/lambda.h"

namespace unkai::services::lambda::testing {

inline std::string zip_of(const std::string& name, const std::string& text) {
    std::string out(64 << 10, '\0');
    size_t used = 0;
    archive* const made = ::archive_write_new();
    ::archive_write_set_format_zip(made);
    ::archive_write_open_memory(made, out.data(), out.size(), &used);
    archive_entry* const entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, name.c_str());
    ::archive_entry_set_filetype(entry, AE_IFREG);
    ::archive_entry_set_perm(entry, 0644);
    ::archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
    ::archive_write_header(made, entry);
    ::archive_write_data(made, text.data(), text.size());
    ::archive_entry_free(entry);
    ::archive_write_close(made);
    ::archive_write_free(made);
    out.resize(used);
    return out;
}

// The other services, as much as functions need of them.
struct Neighbours {
    struct Queue {
        std::deque<QueueMessage> waiting;
        std::vector<std::string> sent;     // By SendMessage: destinations and dead letters.
        std::vector<std::string> deleted;  // Receipt handles.
        int visibility = 30;
        int refuse_sends = 0;
    };
    std::map<std::string, Queue> queues;
    std::set<std::string> groups, streams;
    std::vector<std::string> logged;
    std::map<std::string, double> metrics;  // Sums over data without dimensions.
    bool roles_work = true;
    Env* env = nullptr;

    template <class Op, auto Function>
    static OperationInfo plain() {
        OperationInfo out = Op::info();
        out.invoke_async = nullptr;
        out.invoke = [](void* self, aws::Call&, const void* in, void* answer) -> Status {
            auto result = Function(*static_cast<Neighbours*>(self),
                                   *static_cast<const typename Op::Input*>(in));
            if (!result) return result.error();
            *static_cast<typename Op::Output*>(answer) = std::move(*result);
            return ok();
        };
        return out;
    }
    static Result<std::string> name_of(Neighbours& self, const std::string& url) {
        if (!self.queues.contains(url))
            return fail("AWS.SimpleQueueService.NonExistentQueue", "There is no queue.", 400);
        return url;
    }
    static unkai::Task<Status> receive(void* self, aws::Call&, const void* in, void* answer) {
        auto& here = *static_cast<Neighbours*>(self);
        const auto& asked = *static_cast<const api::sqs::ReceiveMessageInput*>(in);
        Queue& queue = here.queues[asked.queue_url];
        if (queue.waiting.empty())
            co_await here.env->loop.sleep(
                std::chrono::seconds(asked.wait_time_seconds.value_or(0)));
        auto& out = *static_cast<api::sqs::ReceiveMessageOutput*>(answer);
        for (int i = 0; i < asked.max_number_of_messages.value_or(1); ++i) {
            if (queue.waiting.empty()) break;
            out.messages.push_back(queue.waiting.front());
            queue.waiting.pop_front();
        }
        co_return ok();
    }
    void add_to(aws::Dispatcher& dispatcher);

private:
    struct Fake {
        ServiceInfo info;
        std::vector<OperationInfo> operations;
    };
    void add(aws::Dispatcher& dispatcher, const ServiceInfo& like,
             std::vector<OperationInfo> operations) {
        auto& fake = fakes_.emplace_back(Fake{like, std::move(operations)});
        fake.info.operations = fake.operations.data();
        fake.info.operation_count = static_cast<uint16_t>(fake.operations.size());
        dispatcher.add({&fake.info, this});
    }
    std::list<Fake> fakes_;
};

class LoopbackNetworks final : public FunctionNetworks {
public:
    Result<planes::functions::FunctionNetwork> outside() override {
        return planes::functions::FunctionNetwork{};
    }
    unkai::Task<Result<planes::functions::FunctionNetwork>> inside(std::string interface,
                                                                   Steady) override {
        planes::functions::FunctionNetwork out;
        out.name = std::move(interface);
        co_return out;
    }
};

class LambdaWorld {
public:
    explicit LambdaWorld(uint64_t seed = 1);
    ~LambdaWorld();
    // kill -9 and a new start.
    void restart();
    void pass(Duration time);

    template <class Op>
    Result<typename Op::Output> call(typename Op::Input in) {
        return call_as<Op>(user(), std::move(in));
    }
    template <class Op>
    Result<typename Op::Output> call_as(aws::Caller caller, typename Op::Input in) {
        return sim.loop.run_until_done(client.call<Op>(std::move(caller), std::move(in)));
    }
    static aws::Caller user() {
        aws::Principal principal;
        principal.kind = aws::Principal::Kind::root;
        principal.account = "123456789012";
        principal.arn = "arn:aws:iam::123456789012:root";
        return {principal, "123456789012", "us-east-1"};
    }
    // Active when it returns.
    void make(const std::string& name,
              const std::function<void(model::CreateFunctionInput&)>& change = {});
    Result<model::InvokeOutput> invoke(const std::string& name, const std::string& payload = "{}",
                                       const std::string& type = "RequestResponse");
    size_t ran() const { return plane.invoked.size(); }
    size_t stored_events() {
        store::Txn txn = store.begin();
        return schema::events.list(txn).size();
    }
    static std::string queue_arn(const std::string& name) {
        return "arn:aws:sqs:us-east-1:123456789012:" + name;
    }

    SimWorld sim;
    store::Store store{sim.env, store::memory_engine()};
    aws::Dispatcher dispatcher{sim.env, store};
    aws::Client client{dispatcher};
    planes::functions::SimPlane plane{sim.env};
    LoopbackNetworks networks;
    Neighbours neighbours;
    std::unique_ptr<Engine> engine;

private:
    void begin();
    void end();
    std::filesystem::path folder_;
    std::unique_ptr<Lambda> lambda_;
};

}  // namespace unkai::services::lambda::testing
