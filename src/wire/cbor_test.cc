#include "wire/cbor.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/strings.h"

namespace unkai::wire {

static std::string bytes(std::string_view text) { return from_hex(text).value_or(""); }

// The examples of RFC 8949, appendix A.
TEST(Cbor, ReadsIntegers) {
    struct Case {
        std::string_view hex;
        int64_t value;
    };
    const Case cases[] = {{"00", 0},
                          {"17", 23},
                          {"1818", 24},
                          {"1903e8", 1000},
                          {"1a000f4240", 1000000},
                          {"1b000000e8d4a51000", 1000000000000},
                          {"20", -1},
                          {"3903e7", -1000},
                          {"c11a514b67b0", 1363896240}};
    for (const auto& [text, wanted] : cases) {
        const std::string data = bytes(text);
        CborReader in(data);
        int64_t value = 0;
        EXPECT_TRUE(in.read_int(value)) << text;
        EXPECT_EQ(value, wanted);
        EXPECT_TRUE(in.finish());
    }
}

TEST(Cbor, ReadsFloatsOfEverySize) {
    struct Case {
        std::string_view hex;
        double value;
    };
    const Case cases[] = {{"f93c00", 1.0},
                          {"f9c400", -4.0},
                          {"f90001", 5.960464477539063e-8},
                          {"fa47c35000", 1e5},
                          {"fb3ff199999999999a", 1.1},
                          {"f97c00", INFINITY},
                          {"faff800000", -INFINITY}};
    for (const auto& [text, wanted] : cases) {
        const std::string data = bytes(text);
        CborReader in(data);
        double value = 0;
        EXPECT_TRUE(in.read_double(value)) << text;
        EXPECT_EQ(value, wanted);
    }
}

TEST(Cbor, ReadsIndefiniteTextsAndArrays) {
    const std::string data = bytes("9f7f657374726561646d696e67ff01820203ff");
    CborReader in(data);
    CborReader::Items items;
    std::string text;
    ASSERT_TRUE(in.enter_array(items));
    ASSERT_TRUE(in.next(items));
    EXPECT_TRUE(in.read_text(text));
    EXPECT_EQ(text, "streaming");
    int skipped = 0;
    for (; in.next(items); ++skipped) EXPECT_TRUE(in.skip());
    EXPECT_EQ(skipped, 2);
    EXPECT_TRUE(in.finish());
}

TEST(Cbor, RefusesWhatIsBroken) {
    for (const std::string_view text : {"", "18", "1c", "61", "ff", "5f01ff", "820102ff",
                                        "3bffffffffffffffff", "9f", "a1", "a101", "f8", "c1"}) {
        const std::string data = bytes(text);
        CborReader in(data);
        CborReader::Items items;
        int64_t value = 0;
        if (text.starts_with("3b"))
            in.read_int(value);
        else
            in.skip();
        EXPECT_FALSE(in.finish()) << text;
        EXPECT_FALSE(in.next(items));
    }
    const std::string deep(100000, '\x81');
    CborReader in(deep);
    EXPECT_FALSE(in.skip());
    EXPECT_FALSE(in.finish());
}

TEST(Cbor, WritesShortestHeads) {
    std::string out;
    CborWriter cbor(out);
    cbor.begin_map(2);
    cbor.text("a");
    cbor.integer(-500);
    cbor.text("b");
    cbor.begin_array(3);
    cbor.boolean(true);
    cbor.bytes(std::string(300, 'x'));
    cbor.epoch_seconds(1.5);
    EXPECT_EQ(hex(out.substr(0, 14)), "a261613901f3616283f559012c78");
    CborReader in(out);
    EXPECT_TRUE(in.skip());
    EXPECT_TRUE(in.finish());
}

}  // namespace unkai::wire
