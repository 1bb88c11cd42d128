#include "services/cloudwatch/statistics.h"

#include <gtest/gtest.h>

namespace unkai::services::cloudwatch {
namespace {

Statistics samples_of(std::initializer_list<double> values) {
    Statistics out;
    for (const double value : values) out.add(value);
    return out;
}

std::optional<double> ask(std::string_view statistic, const Statistics& samples) {
    const auto parsed = parse_statistic(statistic);
    EXPECT_TRUE(parsed) << statistic;
    return parsed ? parsed->of(samples) : std::nullopt;
}

TEST(CloudWatchStatistics, OfFewSamplesAreExact) {
    const Statistics ten = samples_of({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    const std::pair<std::string_view, double> cases[] = {
        {"SampleCount", 10},  {"Sum", 55},     {"Average", 5.5},
        {"Minimum", 1},       {"Maximum", 10}, {"p0", 1},
        {"p50", 5},           {"p90", 9},      {"p99", 10},
        {"p99.9", 10},        {"p100", 10},    {"tm90", 5},
        {"tc90", 9},          {"ts90", 45},    {"TM(10%:90%)", 5.5},
        {"TM(:5)", 3},        {"TC(2:5)", 3},  {"TS(2:)", 52},
        {"PR(:5)", 50},       {"PR(5:)", 50},  {"IQM", 5.5},
        {"WM(10%:90%)", 5.4}, {"wm90", 5.4}};
    for (const auto& [statistic, wanted] : cases) {
        const auto value = ask(statistic, ten);
        ASSERT_TRUE(value) << statistic;
        EXPECT_NEAR(*value, wanted, 1e-9) << statistic;
    }
    EXPECT_FALSE(ask("Average", Statistics{}));
}

TEST(CloudWatchStatistics, RefusesWhatIsNone) {
    for (const char* text : {"", "p", "p101", "pp9", "average", "TM(10%:90)", "TM(90%:10%)", "TM()",
                             "PR(10%:90%)", "TM(10)", "p1e1", "pr50", "XX(1:2)"})
        EXPECT_FALSE(parse_statistic(text)) << text;
}

TEST(CloudWatchStatistics, ManySamplesKeepPercentilesWithinOnePercent) {
    Statistics many;
    for (int i = 1; i <= 5000; ++i) many.add(i * 0.001);
    EXPECT_TRUE(many.coarse);
    EXPECT_LT(many.values.size(), 500u);
    EXPECT_DOUBLE_EQ(many.count, 5000);
    EXPECT_NEAR(many.sum, 12502.5, 1e-6);
    for (const auto& [statistic, wanted] :
         {std::pair{"p50", 2.5}, std::pair{"p90", 4.5}, std::pair{"p99", 4.95}})
        EXPECT_NEAR(*ask(statistic, many), wanted, wanted * 0.0101) << statistic;
    EXPECT_DOUBLE_EQ(*ask("p100", many), 5);
}

TEST(CloudWatchStatistics, SetsHaveNoPercentilesUnlessAllAreTheSame) {
    Statistics set;
    set.add_set(4, 10, 1, 4);
    EXPECT_FALSE(ask("p50", set));
    EXPECT_DOUBLE_EQ(*ask("Average", set), 2.5);
    Statistics same;
    same.add_set(4, 8, 2, 2);
    EXPECT_DOUBLE_EQ(*ask("p50", same), 2);
    same.add(set);
    EXPECT_FALSE(ask("p50", same));
    EXPECT_DOUBLE_EQ(same.count, 8);
}

TEST(CloudWatchStatistics, AreReadAsTheyWereWritten) {
    Statistics many;
    for (int i = -100; i <= 100; ++i) many.add(i * 1.37);
    Statistics set;
    set.add_set(4, 10.5, 1, 4);
    for (const Statistics& each :
         {many, set, samples_of({7}), samples_of({0.25, -3, 1e300}), samples_of({0, 0, 0})}) {
        std::string bytes;
        encode_statistics(bytes, each);
        std::string_view in = bytes;
        Statistics read;
        ASSERT_TRUE(decode_statistics(in, read));
        EXPECT_TRUE(in.empty());
        EXPECT_EQ(read, each);
        for (size_t cut = 0; cut < bytes.size(); ++cut) {
            std::string_view part = std::string_view(bytes).substr(0, cut);
            Statistics broken;
            (void)decode_statistics(part, broken);  // May fail; must not crash.
        }
    }
}

}  // namespace
}  // namespace unkai::services::cloudwatch
