#include "planes/dns/answer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "wire/dns_text.h"

namespace unkai::planes::dns {

using wire::dns::Code;
using wire::dns::Message;

namespace {

Name named(std::string_view text) { return *Name::parse(text); }

RecordSet record(std::string_view of, Type type, std::vector<std::string> values,
                 uint32_t ttl = 300) {
    RecordSet out{.name = named(of), .type = type, .ttl = ttl};
    for (const std::string& value : values) out.data.push_back(*wire::dns::parse_data(type, value));
    return out;
}

RecordSet alias(std::string_view of, Type type, std::string_view target, bool evaluate = false) {
    return {.name = named(of), .type = type, .alias = Alias{named(target), evaluate}};
}

RecordSet weighted(RecordSet record, uint8_t weight, std::string health = "") {
    record.policy = Policy::weighted;
    record.weight = weight;
    record.health_check = std::move(health);
    return record;
}

std::vector<RecordSet> basics(std::string_view apex) {
    return {record(apex, Type::SOA, {"ns1.test. host.test. 1 7200 900 1209600 60"}, 900),
            record(apex, Type::NS, {"ns1.test", "ns2.test"})};
}

std::shared_ptr<const Zone> zone(std::string_view apex, std::vector<RecordSet> records) {
    auto all = basics(apex);
    std::ranges::move(records, std::back_inserter(all));
    auto out = Zone::make(named(apex), std::move(all));
    CHECK(out.has_value(), "the test's zone is wrong");
    return *out;
}

struct World {
    NameSource balancers{"elbv2"};
    Snapshot::Parts parts;
    Health health;
    std::vector<std::string> closed = {"amazonaws.com"};
    std::unique_ptr<Random> random = seeded_random(1);

    std::shared_ptr<const Snapshot> snapshot() {
        const NameSource* sources[] = {&balancers};
        Snapshot::Parts copy = parts;
        copy.names = NameTable::make(sources, closed);
        copy.health = std::make_shared<Health>(health);
        return Snapshot::make(std::move(copy));
    }
    Message ask(const View& view, std::string_view of, Type type, size_t payload = 1232) {
        Message query;
        query.questions.push_back({named(of), type});
        query.edns = wire::dns::Edns{static_cast<uint16_t>(payload)};
        char buffer[4096];
        const size_t size = respond(view, encode(query), *random, buffer, sizeof buffer, false);
        auto out = wire::dns::decode({buffer, size});
        CHECK(out.has_value(), "the response cannot be read");
        return *out;
    }
    Message ask(std::string_view of, Type type) { return ask(snapshot()->public_view(), of, type); }
};

// "name TTL TYPE data" of every answer, in order, separated by " | ".
std::string answers(const Message& message) {
    std::string out;
    for (const auto& one : message.answers) {
        if (!out.empty()) out += " | ";
        out += one.name.text() + " " + std::to_string(one.ttl) + " " +
               wire::dns::type_name(one.type) + " " + wire::dns::data_text(one.type, one.data);
    }
    return out;
}

void fill(World& world) {
    world.parts.zones.push_back(
        {zone("example.com",
              {record("www.example.com", Type::A, {"192.0.2.1"}, 60),
               record("example.com", Type::MX, {"10 mail.example.com"}),
               record("chain.example.com", Type::CNAME, {"www.example.com"}),
               record("away.example.com", Type::CNAME, {"x.elsewhere.net"}),
               record("gone.example.com", Type::CNAME, {"nothing.example.com"}),
               record("loop1.example.com", Type::CNAME, {"loop2.example.com"}),
               record("loop2.example.com", Type::CNAME, {"loop1.example.com"}),
               record("other.example.com", Type::CNAME, {"host.second.org"}),
               record("*.wild.example.com", Type::A, {"192.0.2.7"}),
               record("a.b.wild.example.com", Type::A, {"192.0.2.8"}),
               record("deep.empty.example.com", Type::TXT, {"x"}),
               record("sub.example.com", Type::NS, {"ns.sub.example.com", "ns.far.net"}),
               record("ns.sub.example.com", Type::A, {"192.0.2.53"}),
               alias("example.com", Type::A, "app-1.us-east-1.elb.amazonaws.com"),
               alias("same.example.com", Type::A, "www.example.com"),
               alias("dead.example.com", Type::A, "no.us-east-1.elb.amazonaws.com"),
               alias("round.example.com", Type::A, "round.example.com")}),
         {}});
    world.parts.zones.push_back(
        {zone("second.org", {record("host.second.org", Type::A, {"192.0.2.9"})}), {}});
    world.balancers.set("app-1.us-east-1.elb.amazonaws.com",
                        {.public_addresses = {"198.51.100.1", "198.51.100.2", "2001:db8::5"},
                         .private_addresses = {"10.0.0.9"},
                         .vpc = "vpc-1"});
    world.balancers.set("db.us-east-1.rds.amazonaws.com",
                        {.canonical = "db-1.us-east-1.rds.amazonaws.com", .ttl = 5});
    world.balancers.set("db-1.us-east-1.rds.amazonaws.com",
                        {.public_addresses = {"10.1.1.1"}, .ttl = 5});
    world.balancers.set("*.s3.us-east-1.amazonaws.com", {.public_addresses = {"127.0.0.1"}});
}

}  // namespace

TEST(DnsAnswer, FollowsTheRules) {
    World world;
    fill(world);
    const struct {
        std::string_view of;
        Type type;
        Code code;
        std::string_view answers;
        size_t authority;
        bool authoritative = true;
    } rows[] = {
        {"www.example.com", Type::A, Code::no_error, "www.example.com. 60 A 192.0.2.1", 0},
        {"WWW.EXAMPLE.com", Type::A, Code::no_error, "WWW.EXAMPLE.com. 60 A 192.0.2.1", 0},
        {"www.example.com", Type::AAAA, Code::no_error, "", 1},
        {"nothing.example.com", Type::A, Code::name_error, "", 1},
        {"empty.example.com", Type::A, Code::no_error, "", 1},
        {"example.com", Type::MX, Code::no_error, "example.com. 300 MX 10 mail.example.com.", 0},
        {"chain.example.com", Type::A, Code::no_error,
         "chain.example.com. 300 CNAME www.example.com. | www.example.com. 60 A 192.0.2.1", 0},
        {"chain.example.com", Type::CNAME, Code::no_error,
         "chain.example.com. 300 CNAME www.example.com.", 0},
        {"away.example.com", Type::A, Code::no_error,
         "away.example.com. 300 CNAME x.elsewhere.net.", 0},
        {"gone.example.com", Type::A, Code::name_error,
         "gone.example.com. 300 CNAME nothing.example.com.", 1},
        {"other.example.com", Type::A, Code::no_error,
         "other.example.com. 300 CNAME host.second.org. | host.second.org. 300 A 192.0.2.9", 0},
        {"q.wild.example.com", Type::A, Code::no_error, "q.wild.example.com. 300 A 192.0.2.7", 0},
        {"p.q.wild.example.com", Type::A, Code::no_error, "p.q.wild.example.com. 300 A 192.0.2.7",
         0},
        {"x.b.wild.example.com", Type::A, Code::name_error, "",
         1},  // b exists: the wildcard is above it.
        {"sub.example.com", Type::A, Code::no_error, "", 2, false},
        {"deep.down.sub.example.com", Type::A, Code::no_error, "", 2, false},
        {"same.example.com", Type::A, Code::no_error, "same.example.com. 60 A 192.0.2.1", 0},
        {"dead.example.com", Type::A, Code::no_error, "", 1},
        {"round.example.com", Type::A, Code::no_error, "", 1},
        {"db.us-east-1.rds.amazonaws.com", Type::A, Code::no_error,
         "db.us-east-1.rds.amazonaws.com. 5 CNAME db-1.us-east-1.rds.amazonaws.com. | "
         "db-1.us-east-1.rds.amazonaws.com. 5 A 10.1.1.1",
         0},
        {"bucket.s3.us-east-1.amazonaws.com", Type::A, Code::no_error,
         "bucket.s3.us-east-1.amazonaws.com. 60 A 127.0.0.1", 0},
        {"bucket.s3.us-east-1.amazonaws.com", Type::AAAA, Code::no_error, "", 1},
        {"nope.rds.amazonaws.com", Type::A, Code::name_error, "", 1},
        {"us-east-1.rds.amazonaws.com", Type::A, Code::no_error, "", 1},  // Names below it exist.
        {"elsewhere.net", Type::A, Code::refused, "", 0, false},
        {"www.example.com", Type::AXFR, Code::refused, "", 0, false},
    };
    for (const auto& row : rows) {
        const Message out = world.ask(row.of, row.type);
        EXPECT_EQ(out.code, row.code) << row.of;
        EXPECT_EQ(answers(out), row.answers) << row.of;
        EXPECT_EQ(out.authority.size(), row.authority) << row.of;
        EXPECT_EQ(out.authoritative, row.authoritative) << row.of;
    }
    const Message loop = world.ask("loop1.example.com", Type::A);
    EXPECT_EQ(loop.answers.size(), 9u);
    const Message referral = world.ask("x.sub.example.com", Type::A);
    ASSERT_EQ(referral.additional.size(), 1u);
    EXPECT_EQ(wire::dns::data_text(Type::A, referral.additional[0].data), "192.0.2.53");
    EXPECT_EQ(world.ask("nothing.example.com", Type::A).authority[0].ttl,
              60u);  // The SOA's last field.
}

TEST(DnsAnswer, AliasesShowEachAudienceItsAddresses) {
    World world;
    fill(world);
    world.parts.zones.push_back(
        {zone("example.com", {record("inside.example.com", Type::A, {"10.0.0.1"})}), {"vpc-2"}});
    const auto snapshot = world.snapshot();
    const Message outside = world.ask(snapshot->public_view(), "example.com", Type::A);
    ASSERT_EQ(outside.answers.size(), 2u);
    EXPECT_EQ(outside.answers[0].ttl, 60u);
    EXPECT_EQ(answers(world.ask(snapshot->public_view(), "example.com", Type::ANY)).find("SOA") ==
                  std::string::npos,
              false);
    EXPECT_EQ(answers(world.ask(snapshot->view_of("vpc-1"), "example.com", Type::A)),
              "example.com. 60 A 10.0.0.9");
    EXPECT_EQ(world.ask(snapshot->view_of("vpc-unknown"), "example.com", Type::A).answers.size(),
              2u);
    // The private zone hides the public one of the same name, wholly.
    EXPECT_EQ(answers(world.ask(snapshot->view_of("vpc-2"), "inside.example.com", Type::A)),
              "inside.example.com. 300 A 10.0.0.1");
    EXPECT_EQ(world.ask(snapshot->view_of("vpc-2"), "www.example.com", Type::A).code,
              Code::name_error);
    EXPECT_EQ(world.ask(snapshot->public_view(), "inside.example.com", Type::A).code,
              Code::name_error);
}

TEST(DnsAnswer, WildcardsDoNotReachBelowClosedNames) {
    World world;
    world.closed = {"elb.amazonaws.com"};
    world.balancers.set("*.amazonaws.com", {.public_addresses = {"127.0.0.1"}});
    world.balancers.set("app-1.us-east-1.elb.amazonaws.com", {.public_addresses = {"192.0.2.1"}});
    EXPECT_EQ(answers(world.ask("sqs.us-east-1.amazonaws.com", Type::A)),
              "sqs.us-east-1.amazonaws.com. 60 A 127.0.0.1");
    EXPECT_EQ(answers(world.ask("app-1.us-east-1.elb.amazonaws.com", Type::A)),
              "app-1.us-east-1.elb.amazonaws.com. 60 A 192.0.2.1");
    EXPECT_EQ(world.ask("gone.us-east-1.elb.amazonaws.com", Type::A).code, Code::name_error);
    EXPECT_EQ(answers(world.ask("us-east-1.elb.amazonaws.com", Type::A)), "");
    EXPECT_EQ(answers(world.ask("elb.amazonaws.com", Type::A)), "");
}

TEST(DnsAnswer, SharesByWeightAndFollowsHealth) {
    World world;
    world.balancers.set("alb.us-east-1.elb.amazonaws.com", {.public_addresses = {"192.0.2.2"}});
    auto behind_alias = alias("w.example.com", Type::A, "alb.us-east-1.elb.amazonaws.com", true);
    world.parts.zones.push_back(
        {zone("example.com",
              {weighted(record("w.example.com", Type::A, {"192.0.2.1"}, 60), 192, "hc-1"),
               weighted(behind_alias, 64)}),
         {}});
    const auto share_of_first = [&] {
        const auto snapshot = world.snapshot();
        int count = 0;
        for (int i = 0; i < 4000; ++i) {
            const Message out = world.ask(snapshot->public_view(), "w.example.com", Type::A);
            EXPECT_EQ(out.answers.size(), 1u);
            count += answers(out).ends_with("192.0.2.1") ? 1 : 0;
        }
        return count;
    };
    EXPECT_NEAR(share_of_first(), 3000, 150);  // Five standard deviations.
    world.balancers.set("alb.us-east-1.elb.amazonaws.com",
                        {.public_addresses = {"192.0.2.2"}, .healthy = false});
    EXPECT_EQ(share_of_first(), 4000);
    world.health["hc-1"] = false;
    EXPECT_NEAR(share_of_first(), 3000, 150);  // Nothing is healthy: as if everything were.
    world.balancers.set("alb.us-east-1.elb.amazonaws.com", {.public_addresses = {"192.0.2.2"}});
    EXPECT_EQ(share_of_first(), 0);
}

TEST(DnsAnswer, TruncatesAndSaysSo) {
    World world;
    std::vector<std::string> many;
    for (int i = 0; i < 120; ++i) many.push_back("192.0.2." + std::to_string(i));
    world.parts.zones.push_back(
        {zone("example.com", {record("many.example.com", Type::A, many)}), {}});
    const auto snapshot = world.snapshot();
    EXPECT_TRUE(world.ask(snapshot->public_view(), "many.example.com", Type::A, 512).truncated);
    EXPECT_TRUE(world.ask(snapshot->public_view(), "many.example.com", Type::A, 4096)
                    .truncated);  // 1,232 at most.
    Message query;
    query.questions.push_back({named("many.example.com"), Type::A});
    char buffer[65535];
    const size_t size =
        respond(snapshot->public_view(), encode(query), *world.random, buffer, sizeof buffer, true);
    const auto whole = wire::dns::decode({buffer, size});
    ASSERT_TRUE(whole);
    EXPECT_FALSE(whole->truncated);
    EXPECT_EQ(whole->answers.size(), 120u);
}

TEST(DnsZone, RefusesWhatCannotBeServed) {
    EXPECT_EQ(Zone::make(named("a.test"), {}).error().code, "NoSuchRecord");
    auto outside = basics("a.test");
    outside.push_back(record("b.test", Type::A, {"192.0.2.1"}));
    EXPECT_EQ(Zone::make(named("a.test"), outside).error().code, "InvalidName");
    auto mixed = basics("a.test");
    mixed.push_back(record("x.a.test", Type::A, {"192.0.2.1"}));
    mixed.push_back(weighted(record("x.a.test", Type::A, {"192.0.2.2"}), 1));
    EXPECT_EQ(Zone::make(named("a.test"), mixed).error().code, "MixedPolicies");
}

// ---- policy.h

static std::vector<int> histogram(Policy policy, std::vector<Candidate> group, int draws = 8000) {
    const auto random = seeded_random(11);
    std::vector<int> out(group.size());
    for (int i = 0; i < draws; ++i)
        for (const uint16_t index : choose(policy, group, *random)) ++out[index];
    return out;
}

TEST(DnsPolicy, WeightedFollowsTheGuide) {
    const auto share = histogram(Policy::weighted, {{true, 1}, {true, 3}});
    EXPECT_NEAR(share[0], 2000, 200);
    EXPECT_EQ(histogram(Policy::weighted, {{true, 0}, {true, 5}})[0], 0);    // Weight 0: never,
    const auto zeros = histogram(Policy::weighted, {{true, 0}, {true, 0}});  // unless all are 0.
    EXPECT_NEAR(zeros[0], 4000, 250);
    EXPECT_EQ(histogram(Policy::weighted, {{true, 0}, {false, 5}})[1], 0);   // Zero ones step in.
    EXPECT_EQ(histogram(Policy::weighted, {{false, 0}, {false, 5}})[0], 0);  // All ill: as if well.
    EXPECT_EQ(histogram(Policy::weighted, {{false, 9}, {true, 1}})[0], 0);
    const auto extreme = histogram(Policy::weighted, {{true, 1}, {true, 255}}, 25600);
    EXPECT_NEAR(extreme[0], 100, 50);
    const auto random = seeded_random(1);
    EXPECT_EQ(choose(Policy::weighted, {}, *random).count, 0);
}

TEST(DnsPolicy, FailoverPrefersTheHealthyPrimary) {
    const struct {
        bool primary, secondary;
        uint16_t chosen;
    } rows[] = {{true, true, 0}, {false, true, 1}, {true, false, 0}, {false, false, 0}};
    const auto random = seeded_random(1);
    for (const auto& row : rows) {
        const Candidate group[] = {{row.primary, 0, true}, {row.secondary, 0, false}};
        EXPECT_EQ(choose(Policy::failover, group, *random).index[0], row.chosen);
    }
    const Candidate lone[] = {{false, 0, false}};
    EXPECT_EQ(choose(Policy::failover, lone, *random).count, 1);
}

TEST(DnsPolicy, MultivalueGivesUpToEightHealthyOnes) {
    std::vector<Candidate> group(12);
    const auto even = histogram(Policy::multivalue, group, 6000);
    for (const int count : even) EXPECT_NEAR(count, 4000, 250);
    for (size_t i = 3; i < 12; ++i) group[i].healthy = false;
    const auto healthy = histogram(Policy::multivalue, group, 100);
    EXPECT_EQ(healthy[0], 100);
    EXPECT_EQ(healthy[3], 0);
    for (auto& one : group) one.healthy = false;
    const auto random = seeded_random(1);
    EXPECT_EQ(choose(Policy::multivalue, group, *random).count, 8);
}

TEST(DnsPolicy, RankedPrefersTheNearestHealthyOne) {
    const struct {
        Candidate first, second, third;
        int chosen;  // -1: none.
    } rows[] = {
        {{true, 0, false, 2}, {true, 0, false, 1}, {true, 0, false, 3}, 1},
        {{true, 0, false, 2}, {false, 0, false, 1}, {true, 0, false, 3}, 0},
        {{false, 0, false, 2}, {false, 0, false, 1}, {false, 0, false, 3}, 1},
        {{false, 0, false, 2}, {true, 0, false, never_answered}, {false, 0, false, 1}, 2},
        {{true, 0, false, never_answered},
         {true, 0, false, never_answered},
         {true, 0, false, never_answered},
         -1},
    };
    const auto random = seeded_random(1);
    for (const auto& row : rows) {
        const Candidate group[] = {row.first, row.second, row.third};
        const Chosen chosen = choose(Policy::ranked, group, *random);
        ASSERT_EQ(chosen.count, row.chosen < 0 ? 0 : 1);
        if (row.chosen >= 0) EXPECT_EQ(chosen.index[0], row.chosen);
    }
}

// Each question draws anew: over many questions the shares lie within 99.9 % of the weights.
TEST(DnsPolicy, SharesArriveWithinTheirInterval) {
    constexpr int asked = 100000;
    for (const auto& [old_weight, new_weight] :
         {std::pair{90, 10}, {75, 25}, {50, 50}, {1, 255}, {254, 1}}) {
        const Candidate group[] = {{true, static_cast<uint8_t>(old_weight)},
                                   {true, static_cast<uint8_t>(new_weight)}};
        const auto random = seeded_random(99);
        int arrived = 0;
        for (int i = 0; i < asked; ++i)
            arrived += choose(Policy::weighted, group, *random).index[0] == 1 ? 1 : 0;
        const double share = new_weight / static_cast<double>(old_weight + new_weight);
        EXPECT_NEAR(arrived, asked * share, 3.29 * std::sqrt(asked * share * (1 - share)));
    }
}

}  // namespace unkai::planes::dns
