#include <gtest/gtest.h>

#include "migration/cloud.h"
#include "migration/histogram.h"
#include "migration/load.h"
#include "migration/prices.h"

namespace unkai::migration {

using wire::Json;

TEST(Histogram, PercentilesAreWithinAPercent) {
    Histogram histogram;
    EXPECT_EQ(histogram.percentile(99).count(), 0);
    for (int i = 1; i <= 100000; ++i) histogram.add(Duration(i));
    EXPECT_EQ(histogram.count(), 100000u);
    for (const double percent : {1.0, 50.0, 90.0, 99.0, 99.9})
        EXPECT_NEAR(static_cast<double>(histogram.percentile(percent).count()), percent * 1000,
                    percent * 10);
    EXPECT_EQ(histogram.percentile(100).count(), 100000);
    EXPECT_EQ(histogram.least().count(), 1);
    EXPECT_EQ(histogram.mean().count(), 50000);
    Histogram other;
    other.add(Duration(5s));
    histogram.add(other);
    EXPECT_EQ(histogram.most(), Duration(5s));
}

TEST(Load, UrlsAreTakenApart) {
    const auto url = parse_url("https://api.example.com:8443/a?b=c#d");
    ASSERT_TRUE(url);
    EXPECT_TRUE(url->tls);
    EXPECT_EQ(url->host, "api.example.com");
    EXPECT_EQ(url->port, 8443);
    EXPECT_EQ(url->target, "/a?b=c");
    EXPECT_EQ(url->authority(), "api.example.com:8443");
    EXPECT_EQ(parse_url("http://h")->target, "/");
    EXPECT_EQ(parse_url("http://h?x=1")->target, "/?x=1");
    EXPECT_EQ(parse_url("http://h/")->authority(), "h");
    for (const char* const bad : {"ftp://h", "h/x", "http://", "http://h:0/", "http://u@h/"})
        EXPECT_EQ(parse_url(bad).error().code, "UrlInvalid") << bad;
}

TEST(Cloud, XmlBecomesJsonAndGoesBack) {
    const auto json = from_xml(
        "<?xml version=\"1.0\"?><r xmlns=\"u\"><A><member>1</member><member>2</member></A>"
        "<B><member><C>x</C></member></B><D/></r>");
    ASSERT_TRUE(json);
    EXPECT_EQ(list_of((*json)["A"]).size(), 2u);
    ASSERT_EQ(list_of((*json)["B"]).size(), 1u);
    EXPECT_EQ(list_of((*json)["B"])[0]["C"].text(), "x");
    EXPECT_TRUE(list_of((*json)["D"]).empty());
    EXPECT_TRUE(list_of((*json)["E"]).empty());
    EXPECT_EQ(to_xml("r", "u", *json),
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<r xmlns=\"u\"><A><member>1</member>"
              "<member>2</member></A><B><member><C>x</C></member></B><D/></r>");
    EXPECT_EQ(from_xml("no").error().code, "BadAnswer");
}

TEST(Prices, TablesAreReadAndDated) {
    const auto table = PriceTable::of_region("ap-northeast-1");
    ASSERT_TRUE(table) << table.error().message;
    ASSERT_NE(table->find("fargate.x86.vcpu"), nullptr);
    EXPECT_DOUBLE_EQ(table->find("fargate.x86.vcpu")->usd, 0.05056);
    const Time now = *parse_iso8601("2026-11-22T00:00:00Z");
    EXPECT_EQ(table->find("fargate.x86.vcpu")->mark(now), "");
    EXPECT_EQ(table->find("apigateway.rest")->mark(now), "?");
    EXPECT_EQ(PriceTable::of_region("us-east-1")->find("nat.hour")->mark(now), "old");
    EXPECT_EQ(PriceTable::of_region("mars-1").error().code, "RegionUnknown");
}

}  // namespace unkai::migration
