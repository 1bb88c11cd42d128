#include "aws/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace unkai::aws {
namespace {

std::string gzipped(std::string_view plain) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(deflateBound(&stream, plain.size()) + 32, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

TEST(Gzip, GivesBackWhatWasCompressed) {
    for (const size_t size : {0, 1, 65535, 65536, 65537, 1000000}) {
        const std::string plain(size, 'a');
        const auto back = gunzip(gzipped(plain), 1000000);
        ASSERT_TRUE(back) << size;
        EXPECT_EQ(*back, plain);
    }
}

TEST(Gzip, RefusesWhatGrowsTooLarge) {
    const std::string bomb = gzipped(std::string(10000000, '0'));
    ASSERT_LT(bomb.size(), 20000u);
    EXPECT_EQ(gunzip(bomb, 1000000).error().status, 413);
}

TEST(Gzip, RefusesWhatIsNoGzip) {
    const std::string whole = gzipped("Action=PutMetricData");
    std::string damaged = whole;
    damaged[damaged.size() - 6] ^= 1;  // Its sum.
    for (const std::string& bad : {std::string(), std::string("Action=PutMetricData"),
                                   whole.substr(0, whole.size() - 1), whole + "x", damaged}) {
        const auto refused = gunzip(bad, 1000);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, "SerializationException");
    }
}

}  // namespace
}  // namespace unkai::aws
