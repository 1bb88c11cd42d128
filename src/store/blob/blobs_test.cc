#include "store/blob/blobs.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "rt/sim/sim_loop.h"

namespace unkai::store {

struct BlobsTest : testing::Test {
    BlobsTest() { std::filesystem::remove_all(directory); }
    ~BlobsTest() override { std::filesystem::remove_all(directory); }

    static Task<Result<BlobId>> put(Blobs& blobs, std::string bytes) {
        CO_TRY(auto writer, co_await blobs.create());
        for (size_t at = 0; at < bytes.size(); at += 100000)
            CO_REQUIRE(co_await writer->write(std::string_view(bytes).substr(at, 100000)));
        co_return co_await writer->commit();
    }
    static Task<Result<std::string>> get(Blobs& blobs, BlobId id, uint64_t offset, size_t most) {
        CO_TRY(auto reader, co_await blobs.open(id));
        co_return co_await reader->read(offset, most);
    }
    size_t files() const {
        size_t count = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
            count += entry.is_regular_file();
        return count;
    }

    SimWorld world;
    std::string directory = (std::filesystem::temp_directory_path() /
                             ("unkai-blobs-test-" + std::to_string(::getpid())))
                                .string();
    Blobs blobs{world.env, directory};
};

TEST_F(BlobsTest, WritesReadsAndErases) {
    std::string bytes(3000000, 'x');
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7);
    const auto id = world.loop.run_until_done(put(blobs, bytes));
    ASSERT_TRUE(id) << id.error().message;
    EXPECT_EQ(*world.loop.run_until_done(get(blobs, *id, 0, 1000)), bytes.substr(0, 1000));
    EXPECT_EQ(*world.loop.run_until_done(get(blobs, *id, 2999990, 1000)), bytes.substr(2999990));
    EXPECT_EQ(*world.loop.run_until_done(get(blobs, *id, 5000000, 1000)), "");
    world.loop.run_until_done(blobs.erase(*id));
    EXPECT_EQ(world.loop.run_until_done(get(blobs, *id, 0, 1)).error().code, "NoSuchBlob");
}

TEST_F(BlobsTest, SweepRemovesWhatNoRecordNames) {
    const auto kept = world.loop.run_until_done(put(blobs, "kept"));
    const auto orphan = world.loop.run_until_done(put(blobs, "orphan"));
    struct Abandon {
        static Task<void> go(Blobs& blobs) {
            auto writer = co_await blobs.create();
            (void)co_await (*writer)->write("half");
        }
    };
    world.loop.run_until_done(Abandon::go(blobs));
    EXPECT_EQ(files(), 2u);
    ASSERT_TRUE(world.loop.run_until_done(blobs.sweep({*kept})));
    EXPECT_EQ(files(), 1u);
    EXPECT_EQ(*world.loop.run_until_done(get(blobs, *kept, 0, 10)), "kept");
}

}  // namespace unkai::store
