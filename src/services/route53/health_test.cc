#include <gtest/gtest.h>

#include "planes/dns/policy.h"
#include "services/route53/health_rules.h"
#include "services/route53/places.h"

namespace unkai::services::route53 {

using api::route53::HealthCheckConfig;

TEST(HealthRules, ConfigurationsAreReadOrRefused) {
    const auto refusal = [](HealthCheckConfig config) {
        const auto read = read_health_check(config);
        return read ? std::string("accepted") : read.error().code + ": " + read.error().message;
    };
    const HealthCheckConfig good{.type = "HTTP", .fully_qualified_domain_name = "a.example.com"};
    const auto read = read_health_check(good);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->port, 80);
    EXPECT_EQ(read->interval, 30);
    EXPECT_EQ(read->threshold, 3);
    EXPECT_EQ(read_health_check({.type = "HTTPS", .fully_qualified_domain_name = "a"})->port, 443);
    const auto with = [&](auto change) {
        HealthCheckConfig config = good;
        change(config);
        return config;
    };
    const struct {
        HealthCheckConfig config;
        std::string_view why;
    } rows[] = {
        {{.type = "HTTP"}, "at least one of IPAddress or FullyQualifiedDomainName"},
        {{.ip_address = "10.1.2.3", .type = "HTTP"}, "reserved, private or local"},
        {{.ip_address = "172.20.0.1", .type = "HTTP"}, "reserved, private or local"},
        {{.ip_address = "300.1.1.1", .type = "HTTP"}, "not a valid IP address"},
        {{.type = "TCP", .fully_qualified_domain_name = "a"}, "must specify a port"},
        {with([](auto& one) { one.request_interval = 20; }), "10 or 30 seconds"},
        {with([](auto& one) { one.failure_threshold = 11; }), "between 1 and 10"},
        {with([](auto& one) { one.search_string = "x"; }), "only for health checks of types"},
        {with([](auto& one) { one.type = "HTTP_STR_MATCH"; }), "must specify a search string"},
        {with([](auto& one) { one.resource_path = "x"; }), "must start with '/'"},
        {with([](auto& one) { one.regions.push_back("us-east-1"); }), "At least 3"},
        {{.type = "CALCULATED"}, "must specify ChildHealthChecks"},
        {{.type = "CLOUDWATCH_METRIC"}, "must specify an AlarmIdentifier"},
        {{.type = "RECOVERY_CONTROL"}, "Application Recovery Controller"},
    };
    for (const auto& row : rows) {
        const std::string said = refusal(row.config);
        EXPECT_TRUE(said.starts_with("InvalidInput: ") && said.contains(row.why)) << said;
    }
    EXPECT_EQ(refusal({.ip_address = "172.32.0.1", .type = "HTTP"}), "accepted");
}

TEST(HealthRules, AStatusTurnsAfterTheThreshold) {
    Streak streak;
    const struct {
        bool passed, turned, passing;
    } rows[] = {
        {false, false, true}, {false, false, true}, {true, false, true},
        {false, false, true}, {false, false, true}, {false, true, false},
        {true, false, false}, {true, false, false}, {true, true, true},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(streak.add(row.passed, 3), row.turned);
        EXPECT_EQ(streak.passing, row.passing);
    }
}

TEST(HealthRules, InversionAndDisabling) {
    HealthCheckRecord record;
    EXPECT_TRUE(is_healthy_status(record, true));
    EXPECT_FALSE(is_healthy_status(record, false));
    record.disabled = true;
    EXPECT_TRUE(is_healthy_status(record, false));
    record.inverted = true;
    EXPECT_FALSE(is_healthy_status(record, false));
    record.disabled = false;
    EXPECT_TRUE(is_healthy_status(record, false));
}

TEST(HealthRules, CalculatedChecksCountTheirHealthyChildren) {
    HealthCheckRecord record{.children = {"a", "b", "gone"}};
    const auto healthy = [](const std::string& id) -> std::optional<bool> {
        if (id == "gone") return std::nullopt;
        return id == "a";
    };
    for (const auto& [threshold, passes] :
         {std::pair{0, true}, {1, true}, {2, false}, {4, false}}) {
        record.health_threshold = threshold;
        EXPECT_EQ(calculated_passes(record, healthy), passes) << threshold;
    }
}

TEST(HealthRules, AlarmsAreFollowedByTheirData) {
    const std::optional<double> none;
    AlarmRule rule{
        .comparison = "GreaterThanThreshold", .threshold = 5, .periods = 3, .to_alarm = 2};
    EXPECT_EQ(alarm_passes(rule, {1.0, 9.0, 1.0}), true);
    EXPECT_EQ(alarm_passes(rule, {1.0, 9.0, 9.0}), false);
    EXPECT_EQ(alarm_passes(rule, {9.0, 9.0, 9.0, 1.0, 1.0}), true);  // The last three count.
    EXPECT_EQ(alarm_passes(rule, {none, none, none}), std::nullopt);
    rule.missing = "breaching";
    EXPECT_EQ(alarm_passes(rule, {none, none, 1.0}), false);
    rule.missing = "notBreaching";
    EXPECT_EQ(alarm_passes(rule, {none, none, 9.0}), true);
    rule = {.comparison = "LessThanOrEqualToThreshold", .threshold = 5};
    EXPECT_EQ(alarm_passes(rule, {5.0}), false);
    EXPECT_EQ(alarm_passes(rule, {6.0}), true);
}

TEST(Places, TheNearestRegionAndTheSmallestPlaceWin) {
    EXPECT_EQ(latency_rank("us-east-1", "us-east-1"), 0);
    EXPECT_LT(latency_rank("us-east-1", "us-east-2"), latency_rank("us-east-1", "eu-west-1"));
    EXPECT_LT(latency_rank("ap-northeast-1", "ap-northeast-2"),
              latency_rank("ap-northeast-1", "us-west-2"));
    EXPECT_LT(latency_rank("us-east-1", "nowhere-9"), planes::dns::never_answered);
    const struct {
        Place place;
        int rank;
    } rows[] = {
        {{"", "US", "VA"}, 0},
        {{"", "US", ""}, 1},
        {{"NA", "", ""}, 2},
        {{"", "*", ""}, 3},
        {{"", "US", "CA"}, planes::dns::never_answered},
        {{"", "JP", ""}, planes::dns::never_answered},
        {{"EU", "", ""}, planes::dns::never_answered},
    };
    for (const auto& row : rows) EXPECT_EQ(place_rank("us-east-1", row.place), row.rank);
}

}  // namespace unkai::services::route53
