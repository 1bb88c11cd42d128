#include "store/store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "rt/sim/sim_loop.h"
#include "store/table.h"

namespace unkai::store {

struct Address {
    std::string street;
    int number = 0;
    bool operator==(const Address&) const = default;
    void fields(auto& field) {
        field(1, street);
        field(2, number);
    }
};

struct Person {
    std::string name;
    std::optional<Time> born;
    std::vector<Address> addresses;
    std::map<std::string, std::string> tags;
    double height = 0;
    int64_t balance = 0;
    bool operator==(const Person&) const = default;
    void fields(auto& field) {
        field(1, name);
        field(2, born);
        field(3, addresses);
        field(5, tags);
        field(6, height);
        field(7, balance);
    }
};

static const Table<Person, std::string, int64_t> people{"test/people"};

static Person ada() {
    return {"Ada", from_millis(-1), {{"Main", 3}, {"", -7}}, {{"k", "v"}, {"", "x"}},
            1.7,   INT64_MIN};
}

TEST(Record, RoundTripsAndSkipsUnknownFields) {
    std::string bytes;
    Codec<Person>::encode(bytes, ada());
    put_varint(bytes, 99);
    put_bytes(bytes, "of a newer program");
    Person back;
    ASSERT_TRUE(Codec<Person>::decode(bytes, back));
    EXPECT_EQ(back, ada());
    for (size_t cut = 1; cut < 20; ++cut) {
        Person damaged;
        EXPECT_FALSE(
            Codec<Person>::decode(std::string_view(bytes).substr(0, bytes.size() - cut), damaged))
            << cut;
    }
}

TEST(Table, OrdersKeysPartByPart) {
    const std::vector<std::pair<std::string, int64_t>> ordered = {
        {"", 5},  {std::string("\0", 1), 0},   {"a", -5},  {"a", 0},
        {"a", 7}, {std::string("a\0b", 3), 1}, {"ab", -9}, {"\xFF", 0}};
    std::string last;
    for (const auto& key : ordered) {
        const std::string bytes = people.encode(key);
        EXPECT_LT(last, bytes);
        EXPECT_EQ(people.decode(bytes), (std::tuple<std::string, int64_t>(key)));
        last = bytes;
    }
}

struct StoreTest : testing::TestWithParam<bool> {
    StoreTest() {
        if (GetParam()) {
            directory = std::filesystem::temp_directory_path() /
                        ("unkai-store-test-" + std::to_string(::getpid()));
            std::filesystem::remove_all(directory);
        }
        open();
    }
    ~StoreTest() override {
        store.reset();
        if (GetParam()) std::filesystem::remove_all(directory);
    }
    void open() {
        store.reset();
        store = std::make_unique<Store>(world.env,
                                        GetParam() ? *rocks_engine(directory) : memory_engine());
    }
    Status commit(Txn& txn) { return world.loop.run_until_done(store->commit(txn)); }

    SimWorld world;
    std::filesystem::path directory;
    std::unique_ptr<Store> store;
};

TEST_P(StoreTest, ReadsItsOwnWritesInOrder) {
    Txn first = store->begin();
    for (const int i : {1, 3, 5}) people.put(first, {"x", i}, {.name = std::to_string(i)});
    people.put(first, {"y", 1}, {.name = "other"});
    ASSERT_TRUE(commit(first));

    Txn txn = store->begin();
    people.put(txn, {"x", 2}, {.name = "2"});
    people.put(txn, {"x", 9}, {.name = "9"});
    people.put(txn, {"x", 3}, {.name = "three"});
    people.erase(txn, {"x", 5});
    std::string seen;
    for (const auto& [key, person] : people.list(txn, "x")) seen += person.name + " ";
    EXPECT_EQ(seen, "1 2 three 9 ");
    EXPECT_FALSE(people.get(txn, {"x", 5}));
    std::string paged;
    people.each(
        txn, key_prefix("x"),
        [&](auto, const Person& p) {
            paged += p.name;
            return false;
        },
        std::tuple<std::string, int64_t>{"x", 2});
    EXPECT_EQ(paged, "three");
    Txn other = store->begin();
    EXPECT_TRUE(people.get(other, {"x", 5}));
}

TEST_P(StoreTest, RefusesAWriteBasedOnWhatChanged) {
    Txn slow = store->begin();
    EXPECT_FALSE(people.get(slow, {"x", 1}));
    Txn scan = store->begin();
    EXPECT_TRUE(people.list(scan, "x").empty());
    Txn blind = store->begin();

    Txn quick = store->begin();
    people.put(quick, {"x", 1}, ada());
    ASSERT_TRUE(commit(quick));

    people.put(slow, {"x", 1}, {.name = "lost update"});
    EXPECT_EQ(commit(slow).error().code, "Conflict");
    people.put(scan, {"z", 1}, {});
    EXPECT_EQ(commit(scan).error().code, "Conflict");
    people.put(blind, {"z", 2}, {});
    EXPECT_TRUE(commit(blind));
    Txn check = store->begin();
    EXPECT_EQ(people.get(check, {"x", 1}), ada());
}

TEST_P(StoreTest, TellsWatchersAndClears) {
    int changes = 0;
    bool gone = false;
    const auto watch =
        store->watch(people.prefix(), [&](std::span<const Change> changed, bool cleared) {
            changes += static_cast<int>(changed.size());
            gone = cleared;
        });
    Txn txn = store->begin();
    people.put(txn, {"x", 1}, ada());
    people.erase(txn, {"x", 2});
    txn.put("another", "1");
    ASSERT_TRUE(commit(txn));
    EXPECT_EQ(changes, 2);
    ASSERT_TRUE(world.loop.run_until_done(store->clear()));
    EXPECT_TRUE(gone);
    Txn after = store->begin();
    EXPECT_FALSE(people.has(after, {"x", 1}));
    EXPECT_FALSE(after.get("another"));
}

struct DurableStoreTest : StoreTest {};
TEST_P(DurableStoreTest, KeepsWhatWasCommittedOverAReopen) {
    Txn txn = store->begin();
    people.put(txn, {"x", 1}, ada());
    ASSERT_TRUE(commit(txn));
    const std::string copy = directory.string() + "-copy";
    std::filesystem::remove_all(copy);
    ASSERT_TRUE(world.loop.run_until_done(store->snapshot(copy)));
    EXPECT_FALSE(rocks_engine(directory)) << "two programs on one store";
    open();
    Txn check = store->begin();
    EXPECT_EQ(people.get(check, {"x", 1}), ada());
    Store second(world.env, *rocks_engine(copy));
    Txn copied = second.begin();
    EXPECT_EQ(people.get(copied, {"x", 1}), ada());
    std::filesystem::remove_all(copy);
}

// The mark of a store that nothing was acknowledged in (rocks_engine.cc).
TEST(RocksStore, ANewOneIsSyncedByItsFirstCommitAndMadeAnewWhenPowerWasLostBefore) {
    SimWorld world;
    const std::filesystem::path directory =
        std::filesystem::temp_directory_path() / ("unkai-new-store-" + std::to_string(::getpid()));
    const std::filesystem::path mark = directory / "NEW";
    std::filesystem::remove_all(directory);
    {
        Store store(world.env, *rocks_engine(directory));
        EXPECT_TRUE(std::filesystem::exists(mark));
        Txn txn = store.begin();
        people.put(txn, {"x", 1}, ada());
        ASSERT_TRUE(world.loop.run_until_done(store.commit(txn)));
        EXPECT_FALSE(std::filesystem::exists(mark));
    }
    {
        Store store(world.env, *rocks_engine(directory));
        EXPECT_FALSE(std::filesystem::exists(mark)) << "it is not new any more";
        Txn txn = store.begin();
        EXPECT_EQ(people.get(txn, {"x", 1}), ada());
    }
    std::ofstream(directory / "CURRENT", std::ios::trunc) << "MANI";
    EXPECT_FALSE(rocks_engine(directory)) << "what was acknowledged is never made anew";
    std::ofstream(mark) << "";
    {
        Store store(world.env, *rocks_engine(directory));
        Txn txn = store.begin();
        EXPECT_FALSE(people.get(txn, {"x", 1}));
    }
    std::filesystem::remove_all(directory);
}

INSTANTIATE_TEST_SUITE_P(Rocks, DurableStoreTest, testing::Values(true));
INSTANTIATE_TEST_SUITE_P(Engines, StoreTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "rocks" : "memory"; });

}  // namespace unkai::store
