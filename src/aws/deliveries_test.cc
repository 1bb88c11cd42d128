#include "aws/deliveries.h"

#include <gtest/gtest.h>

#include "rt/sim/sim_loop.h"

namespace unkai::aws {
namespace {

class Recorder final : public Deliverer {
public:
    explicit Recorder(Loop& loop) : loop_(loop) {}
    Task<Outcome> deliver(Delivery delivery) override {
        ++now;
        most = std::max(most, now);
        co_await loop_.sleep(takes);
        --now;
        if (delivery.attempts < failures) co_return Outcome{false, 10s};
        got += delivery.body;
        co_return Outcome{};
    }
    std::string got;
    int64_t failures = 0;
    Duration takes = 1s;
    size_t now = 0, most = 0;

private:
    Loop& loop_;
};

struct OutboxWorld {
    SimWorld sim;
    store::Store store{sim.env, store::memory_engine()};
    Recorder recorder{sim.loop};
    std::unique_ptr<Deliveries> outbox = make();
    std::unique_ptr<Deliveries> make() {
        return std::make_unique<Deliveries>(sim.env, store, "test/deliveries", recorder);
    }
    void add(const std::string& body, const std::string& order = "",
             const std::string& lane = "lane") {
        Call call(sim.env, store);
        outbox->add(call, {.lane = lane, .order = order, .body = body});
        ASSERT_TRUE(sim.loop.run_until_done(call.commit()));
    }
    static Task<void> go(OutboxWorld& self, Duration length) {
        Stop stop;
        Scope scope;
        scope.spawn(self.outbox->run(stop));
        co_await self.sim.loop.sleep(length);
        stop.request();
        co_await scope.join();
    }
    void run(Duration length) { sim.loop.run_until_done(go(*this, length)); }
};

TEST(Deliveries, KeepOrderWhereItIsAskedForAndRetry) {
    OutboxWorld world;
    world.recorder.failures = 1;
    for (const char* body : {"a", "b", "c"}) world.add(body, "order");
    world.run(25s);
    EXPECT_EQ(world.recorder.got, "ab") << "each takes 12 s, one after another";
    world.run(20s);
    EXPECT_EQ(world.recorder.got, "abc");
    EXPECT_EQ(world.outbox->waiting(), 0u);
}

TEST(Deliveries, ALaneIsLimited) {
    OutboxWorld world;
    for (int i = 0; i < 40; ++i) world.add("x");
    world.add("y", "", "other");
    world.run(Duration(1500ms));
    EXPECT_EQ(world.recorder.most, Deliveries::most_per_lane + 1);
    world.run(5s);
    EXPECT_EQ(world.recorder.got.size(), 41u);
}

TEST(Deliveries, GoOnAfterAKill) {
    OutboxWorld world;
    world.recorder.failures = 1;
    world.add("a", "o");
    world.add("b", "o");
    world.run(5s);
    EXPECT_EQ(world.recorder.got, "");
    world.outbox = world.make();
    world.run(60s);
    EXPECT_EQ(world.recorder.got, "ab");
    store::Txn txn = world.store.begin();
    EXPECT_TRUE((store::Table<Delivery, int64_t>("test/deliveries").list(txn).empty()));
}

}  // namespace
}  // namespace unkai::aws
