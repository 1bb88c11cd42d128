#include "services/route53/route53.h"

#include <gtest/gtest.h>

#include "api/ec2.h"
#include "rt/sim/sim_loop.h"

namespace unkai::services::route53 {

namespace {

// ec2, as far as route53 asks it: two VPCs exist, and as many as a test needs.
struct Vpcs {
    static Status describe(void*, aws::Call& call, const void* input, void* output) {
        const auto& in = *static_cast<const api::ec2::DescribeVpcsInput*>(input);
        for (const std::string& id : in.vpc_ids) {
            if (id != "vpc-1" && id != "vpc-2" && !id.starts_with("vpc-many-"))
                return fail("InvalidVpcID.NotFound", "The vpc ID '" + id + "' does not exist", 400);
            if (call.region != "us-east-1") return fail("InvalidVpcID.NotFound", "not here", 400);
            static_cast<api::ec2::DescribeVpcsOutput*>(output)->vpcs.push_back({.vpc_id = id});
        }
        return ok();
    }
    OperationInfo operation{.name = "DescribeVpcs", .invoke = &describe};
    ServiceInfo info{.name = "ec2", .operations = &operation, .operation_count = 1};
};

// Endpoints that are as the test says, by domain name.
struct Probes final : Prober {
    std::map<std::string, bool> down;
    std::map<std::string, int> looks;
    Task<ProbeResult> probe(HealthCheckRecord check, Stop*) override {
        ++looks[check.domain];
        ProbeResult out{.passed = !down[check.domain]};
        out.report =
            out.passed ? "Success: HTTP Status Code 200, OK" : "Failure: Connection refused.";
        out.first_byte = 3ms;
        co_return out;
    }
};

struct World {
    SimWorld sim{7};
    store::Store store{sim.env, store::memory_engine()};
    planes::dns::NameSource balancers{"elbv2"};
    Publisher publisher{sim.env, store, {&balancers}, {.server_addresses = {"127.0.0.1"}}};
    aws::Dispatcher dispatcher{sim.env, store};
    aws::Client client{dispatcher};
    Probes probes;
    HealthMonitor monitor{sim.env, store, client, publisher, probes};
    Route53 service{client, publisher, monitor, "203.0.113.1"};
    Vpcs vpcs;
    aws::Caller caller = aws::service_caller("test.amazonaws.com", "123456789012", "us-east-1");

    World() {
        dispatcher.add(api::route53::bind(service));
        dispatcher.add({&vpcs.info, nullptr});
        balancers.set("app-1.us-east-1.elb.amazonaws.com", {.public_addresses = {"198.51.100.1"}});
    }

    template <class Op>
    Result<typename Op::Output> run(typename Op::Input in) {
        return sim.loop.run_until_done(client.call<Op>(caller, std::move(in)));
    }
    // Publishes everything, as the running program does within milliseconds.
    void publish() {
        struct Run {
            static Task<void> go(Publisher& publisher, bool& started) {
                if (!std::exchange(started, true)) publisher.start();
                co_await publisher.settle();
            }
        };
        sim.loop.run_until_done(Run::go(publisher, started));
    }
    ~World() {
        sim.loop.run_until_done(monitor.stop());
        sim.loop.run_until_done(publisher.stop());
    }
    void pass(Duration length) {
        struct Run {
            static Task<void> go(Loop& loop, Duration length) { co_await loop.sleep(length); }
        };
        sim.loop.run_until_done(Run::go(sim.loop, length));
    }
    bool started = false;

    std::string zone(const std::string& name, std::optional<std::string> vpc = {}) {
        CreateHostedZoneInput in{.name = name,
                                 .caller_reference = "ref-" + std::to_string(++references)};
        if (vpc) in.vpc = VPC{.vpc_region = "us-east-1", .vpc_id = *vpc};
        auto out = run<op::CreateHostedZone>(in);
        CHECK(out.has_value(), "the test's zone was refused");
        return out->hosted_zone.id;
    }
    int references = 0;

    static ResourceRecordSet set(std::string name, std::string type,
                                 std::vector<std::string> values, int64_t ttl = 60) {
        ResourceRecordSet out{.name = std::move(name), .type = std::move(type), .ttl = ttl};
        for (auto& value : values) out.resource_records.push_back({std::move(value)});
        return out;
    }
    static ResourceRecordSet alias(std::string name, std::string zone, std::string target,
                                   bool evaluate = false) {
        return {.name = std::move(name),
                .type = "A",
                .alias_target = AliasTarget{std::move(zone), std::move(target), evaluate}};
    }
    Result<ChangeResourceRecordSetsOutput> change(const std::string& zone, std::string action,
                                                  ResourceRecordSet record) {
        return changes(zone, {{std::move(action), std::move(record)}});
    }
    Result<ChangeResourceRecordSetsOutput> changes(const std::string& zone, List<Change> list) {
        return run<op::ChangeResourceRecordSets>(
            {.hosted_zone_id = zone, .change_batch = {.changes = std::move(list)}});
    }
    std::string refusal(const std::string& zone, std::string action, ResourceRecordSet record) {
        const auto out = change(zone, std::move(action), std::move(record));
        return out ? "accepted" : out.error().code + ": " + out.error().message;
    }
    std::string answer(const std::string& zone, const std::string& name, const std::string& type) {
        publish();
        auto out = run<op::TestDNSAnswer>(
            {.hosted_zone_id = zone, .record_name = name, .record_type = type});
        if (!out) return out.error().message;
        std::string text = out->response_code;
        for (const auto& one : out->record_data) text += " " + one;
        return text;
    }
};

}  // namespace

TEST(Route53, ZonesAreMadeFoundAndDeleted) {
    World world;
    const std::string id = world.zone("Example.COM");
    EXPECT_TRUE(id.starts_with("/hostedzone/Z"));
    const auto got = world.run<op::GetHostedZone>({.id = id});
    ASSERT_TRUE(got);
    EXPECT_EQ(got->hosted_zone.name, "example.com.");
    EXPECT_EQ(got->hosted_zone.resource_record_set_count, 2);
    ASSERT_TRUE(got->delegation_set);
    EXPECT_EQ(got->delegation_set->name_servers.size(), 4u);
    EXPECT_TRUE(got->delegation_set->name_servers[3].ends_with(".co.uk"));
    EXPECT_EQ(world.run<op::CreateHostedZone>({.name = "b.com", .caller_reference = "ref-1"})
                  .error()
                  .code,
              "HostedZoneAlreadyExists");
    EXPECT_EQ(
        world.run<op::CreateHostedZone>({.name = "a..b", .caller_reference = "x"}).error().code,
        "InvalidDomainName");
    EXPECT_EQ(world.run<op::GetHostedZone>({.id = "ZNOWHERE"}).error().code, "NoSuchHostedZone");
    world.zone("b.org");
    world.zone("a.com");
    const auto by_name = world.run<op::ListHostedZonesByName>({.max_items = "2"});
    ASSERT_TRUE(by_name);
    EXPECT_EQ(by_name->hosted_zones[0].name, "a.com.");
    EXPECT_EQ(by_name->hosted_zones[1].name, "example.com.");
    EXPECT_EQ(by_name->next_dns_name, "b.org.");
    const auto rest = world.run<op::ListHostedZonesByName>(
        {.dns_name = by_name->next_dns_name, .hosted_zone_id = by_name->next_hosted_zone_id});
    EXPECT_EQ(rest->hosted_zones.size(), 1u);
    size_t seen = 0;
    std::optional<std::string> marker;
    do {
        const auto page = world.run<op::ListHostedZones>({.marker = marker, .max_items = "1"});
        seen += page->hosted_zones.size();
        marker = page->next_marker;
    } while (marker);
    EXPECT_EQ(seen, 3u);
    ASSERT_TRUE(world.run<op::UpdateHostedZoneComment>({.id = id, .comment = "new"}));
    EXPECT_EQ(world.run<op::GetHostedZone>({.id = id})->hosted_zone.config->comment, "new");
    ASSERT_TRUE(world.change(id, "CREATE", World::set("www.example.com", "A", {"192.0.2.1"})));
    EXPECT_EQ(world.run<op::DeleteHostedZone>({.id = id}).error().code, "HostedZoneNotEmpty");
    ASSERT_TRUE(world.change(id, "DELETE", World::set("www.example.com", "A", {"192.0.2.1"})));
    ASSERT_TRUE(world.run<op::DeleteHostedZone>({.id = id}));
    EXPECT_EQ(world.run<op::GetHostedZoneCount>({})->hosted_zone_count, 2);
}

TEST(Route53, RecordsAreListedInOrderAndPaged) {
    World world;
    const std::string id = world.zone("example.com");
    List<Change> changes;
    for (const char* name : {"b.example.com", "a.example.com", "x.a.example.com", "*.example.com"})
        changes.push_back({"CREATE", World::set(name, "A", {"192.0.2.1"})});
    changes.push_back({"CREATE", World::set("a.example.com", "TXT", {"\"v=1\" \"two\""})});
    ASSERT_TRUE(world.changes(id, changes));
    std::string order;
    ListResourceRecordSetsInput in{.hosted_zone_id = id, .max_items = "2"};
    for (int page = 0; page < 10; ++page) {
        const auto out = world.run<op::ListResourceRecordSets>(in);
        ASSERT_TRUE(out);
        for (const auto& one : out->resource_record_sets) order += one.name + " " + one.type + "|";
        if (!out->is_truncated) break;
        in.start_record_name = out->next_record_name;
        in.start_record_type = out->next_record_type;
    }
    EXPECT_EQ(
        order,
        "example.com. NS|example.com. SOA|\\052.example.com. A|a.example.com. A|a.example.com. TXT|"
        "x.a.example.com. A|b.example.com. A|");
}

TEST(Route53, RefusesWithTheWordsOfRoute53) {
    World world;
    const std::string id = world.zone("example.com");
    const std::string bare = id.substr(12);
    ASSERT_TRUE(world.change(id, "CREATE", World::set("www.example.com", "A", {"192.0.2.1"})));
    ASSERT_TRUE(
        world.change(id, "CREATE", World::set("c.example.com", "CNAME", {"www.example.com"})));
    auto no_ttl = World::set("t.example.com", "A", {"192.0.2.1"});
    no_ttl.ttl = {};
    auto region = World::set("t.example.com", "A", {"192.0.2.1"});
    region.region = "us-east-1";
    auto health = World::set("t.example.com", "A", {"192.0.2.1"});
    health.health_check_id = "abc";
    auto unnamed = World::set("t.example.com", "A", {"192.0.2.1"});
    unnamed.weight = 1;
    const struct {
        std::string action;
        ResourceRecordSet record;
        std::string wanted;
    } rows[] = {
        {"CREATE", World::set("www.example.com", "A", {"192.0.2.1"}),
         "InvalidChangeBatch: [Tried to create resource record set [name='www.example.com.', "
         "type='A'] but it already exists]"},
        {"DELETE", World::set("no.example.com", "A", {"192.0.2.1"}),
         "InvalidChangeBatch: [Tried to delete resource record set [name='no.example.com.', "
         "type='A'] but it was not found]"},
        {"DELETE", World::set("www.example.com", "A", {"192.0.2.9"}),
         "InvalidChangeBatch: [Tried to delete resource record set [name='www.example.com.', "
         "type='A'] but the values "
         "provided do not match the current values]"},
        {"CREATE", World::set("www.other.com", "A", {"192.0.2.1"}),
         "InvalidChangeBatch: [RRSet with DNS name www.other.com. is not permitted in zone "
         "example.com.]"},
        {"CREATE", World::set("www.example.com", "CNAME", {"x.y"}),
         "InvalidChangeBatch: [RRSet of type CNAME with DNS name www.example.com. is not permitted "
         "as it conflicts with "
         "other records with the same DNS name in zone example.com.]"},
        {"CREATE", World::set("c.example.com", "A", {"192.0.2.1"}),
         "InvalidChangeBatch: [RRSet of type A with DNS name c.example.com. is not permitted "
         "because a conflicting RRSet "
         "of type  CNAME with the same DNS name already exists in zone example.com.]"},
        {"CREATE", World::set("example.com", "CNAME", {"x.y"}),
         "InvalidChangeBatch: [RRSet of type CNAME with DNS name example.com. is not permitted at "
         "apex in zone example.com.]"},
        {"CREATE", World::set("t.example.com", "A", {"1.2.3"}),
         "InvalidChangeBatch: [Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address "
         "(Value is not a valid "
         "IPv4 address) encountered with '1.2.3'']"},
        {"CREATE", World::set("t.example.com", "TXT", {"bare"}),
         "InvalidChangeBatch: [Invalid Resource Record: 'FATAL problem: InvalidCharacterString "
         "(Value should be enclosed "
         "in quotation marks) encountered with 'bare'']"},
        {"CREATE", World::set("t.example.com", "A", {"192.0.2.1", "192.0.2.1"}),
         "InvalidChangeBatch: [Duplicate Resource Record: '192.0.2.1']"},
        {"CREATE", World::alias("t.example.com", bare, "none.example.com"),
         "InvalidChangeBatch: [Tried to create an alias that targets none.example.com., type A in "
         "zone " +
             bare + ", but that target was not found]"},
        {"CREATE", World::alias("t.example.com", "ZWRONG", "d111.cloudfront.net"),
         "InvalidChangeBatch: [Tried to create an alias that targets d111.cloudfront.net., type A "
         "in zone ZWRONG, but the "
         "alias target name does not lie within the target zone]"},
        {"CREATE", World::alias("t.example.com", "Z2FDTNDATAQYW2", "d111.cloudfront.net", true),
         "InvalidChangeBatch: [EvaluateTargetHealth cannot be set to true when the alias target is "
         "a CloudFront distribution]"},
        {"CREATE", no_ttl,
         "InvalidInput: Invalid request: Missing field 'TTL' in Change with [Action=CREATE, "
         "Name=t.example.com, Type=A, "
         "SetIdentifier=null]"},
        {"CREATE", unnamed,
         "InvalidInput: Invalid request: Missing field 'SetIdentifier' in Change with "
         "[Action=CREATE, "
         "Name=t.example.com, Type=A, SetIdentifier=null]"},
        {"CREATE",
         {.name = "t.example.com", .type = "A"},
         "InvalidInput: Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and "
         "ResourceRecords], or "
         "TrafficPolicyInstanceId], but found none in Change with [Action=CREATE, "
         "Name=t.example.com, Type=A, "
         "SetIdentifier=null]"},
        {"CREATE", region, "InvalidInput: Invalid request: Missing field 'SetIdentifier'"},
        {"CREATE", health, "NoSuchHealthCheck: A health check with id abc does not exist."},
        {"DELETE", World::set("example.com", "NS", {"x."}), "InvalidChangeBatch: [Tried to delete"},
    };
    for (const auto& row : rows) {
        const std::string out = world.refusal(id, row.action, row.record);
        EXPECT_TRUE(out.starts_with(row.wanted)) << out << "\nwanted " << row.wanted;
    }
    // One bad change spoils the batch, and all that is wrong is told at once.
    const auto batch =
        world.changes(id, {{"CREATE", World::set("good.example.com", "A", {"192.0.2.1"})},
                           {"CREATE", World::set("bad.example.com", "A", {"x"})},
                           {"DELETE", World::set("gone.example.com", "A", {"192.0.2.1"})}});
    ASSERT_FALSE(batch);
    EXPECT_NE(batch.error().message.find("ARRDATAIllegalIPv4Address"), std::string::npos);
    EXPECT_NE(batch.error().message.find("gone.example.com."), std::string::npos);
    EXPECT_EQ(world.run<op::GetHostedZone>({.id = id})->hosted_zone.resource_record_set_count, 4);
}

TEST(Route53, KeepsTheZonesOwnRecords) {
    World world;
    const std::string id = world.zone("example.com");
    const auto records =
        world.run<op::ListResourceRecordSets>({.hosted_zone_id = id})->resource_record_sets;
    for (const auto& one : records) {
        const auto out = world.change(id, "DELETE", one);
        ASSERT_FALSE(out);
        EXPECT_TRUE(out.error().message.starts_with("[A HostedZone must contain"))
            << out.error().message;
    }
    ASSERT_TRUE(world.change(id, "UPSERT", World::set("example.com", "NS", {"ns.elsewhere.net."})));
}

TEST(Route53, ChangesReachTheServers) {
    World world;
    const std::string id = world.zone("example.com");
    const auto made = world.changes(
        id, {{"CREATE", World::set("www.example.com", "A", {"192.0.2.1"})},
             {"CREATE", World::alias("example.com", "Z35SXDOTRQ7X7K",
                                     "dualstack.APP-1.us-east-1.elb.amazonaws.com.", true)},
             {"CREATE", World::alias("same.example.com", id.substr(12), "www.example.com")},
             {"CREATE", World::set("*.w.example.com", "TXT", {"\"\\101 b\""})}});
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->change_info.status, "PENDING");
    EXPECT_EQ(world.run<op::GetChange>({.id = made->change_info.id})->change_info.status,
              "PENDING");
    EXPECT_EQ(world.answer(id, "www.example.com", "A"), "NOERROR 192.0.2.1");
    EXPECT_EQ(world.run<op::GetChange>({.id = made->change_info.id})->change_info.status, "INSYNC");
    EXPECT_EQ(world.run<op::GetChange>({.id = "CNONE"}).error().code, "NoSuchChange");
    EXPECT_EQ(world.answer(id, "example.com", "A"), "NOERROR 198.51.100.1");
    EXPECT_EQ(world.answer(id, "same.example.com", "A"), "NOERROR 192.0.2.1");
    EXPECT_EQ(world.answer(id, "x.w.example.com", "TXT"), "NOERROR \"A b\"");
    EXPECT_EQ(world.answer(id, "no.example.com", "A"), "NXDOMAIN");
    ASSERT_TRUE(world.change(id, "UPSERT", World::set("www.example.com", "A", {"192.0.2.2"})));
    EXPECT_EQ(world.answer(id, "www.example.com", "A"), "NOERROR 192.0.2.2");
    ASSERT_TRUE(world.change(id, "DELETE", World::set("www.example.com", "A", {"192.0.2.2"})));
    EXPECT_EQ(world.answer(id, "www.example.com", "A"), "NXDOMAIN");
    // The name servers of the zone lead to us.
    const auto server = world.run<op::GetHostedZone>({.id = id})->delegation_set->name_servers[0];
    EXPECT_NE(world.publisher.snapshot()->public_view().names->find(
                  wire::dns::Name::parse(server)->wire()),
              nullptr);
}

TEST(Route53, WeightedRecordsShareTheirTtl) {
    World world;
    const std::string id = world.zone("example.com");
    const auto weighted = [](std::string identifier, int64_t weight, std::string address,
                             int64_t ttl) {
        auto out = World::set("w.example.com", "A", {std::move(address)}, ttl);
        out.set_identifier = std::move(identifier);
        out.weight = weight;
        return out;
    };
    ASSERT_TRUE(world.change(id, "CREATE", weighted("old", 100, "192.0.2.1", 300)));
    ASSERT_TRUE(world.change(id, "CREATE", weighted("new", 0, "192.0.2.2", 60)));
    const auto out = world.run<op::ListResourceRecordSets>(
        {.hosted_zone_id = id, .start_record_name = "w.example.com"});
    ASSERT_EQ(out->resource_record_sets.size(), 2u);
    for (const auto& one : out->resource_record_sets) EXPECT_EQ(one.ttl, 60);
    EXPECT_EQ(world.answer(id, "w.example.com", "A"), "NOERROR 192.0.2.1");
    ASSERT_TRUE(world.changes(id, {{"UPSERT", weighted("old", 0, "192.0.2.1", 60)},
                                   {"UPSERT", weighted("new", 100, "192.0.2.2", 60)}}));
    EXPECT_EQ(world.answer(id, "w.example.com", "A"), "NOERROR 192.0.2.2");
    EXPECT_TRUE(world.refusal(id, "CREATE", World::set("w.example.com", "A", {"192.0.2.3"}))
                    .find("as other RRSets exist") != std::string::npos);
}

TEST(Route53, PrivateZonesBelongToVpcs) {
    World world;
    const std::string id = world.zone("corp.internal", "vpc-1");
    EXPECT_EQ(world
                  .run<op::CreateHostedZone>({.name = "x.internal",
                                              .vpc = VPC{"us-east-1", "vpc-none"},
                                              .caller_reference = "n"})
                  .error()
                  .code,
              "InvalidVPCId");
    EXPECT_EQ(world
                  .run<op::CreateHostedZone>({.name = "corp.internal",
                                              .vpc = VPC{"us-east-1", "vpc-1"},
                                              .caller_reference = "n"})
                  .error()
                  .code,
              "ConflictingDomainExists");
    ASSERT_TRUE(world.run<op::AssociateVPCWithHostedZone>(
        {.hosted_zone_id = id, .vpc = {"us-east-1", "vpc-2"}}));
    EXPECT_EQ(world.run<op::GetHostedZone>({.id = id})->vpcs.size(), 2u);
    EXPECT_EQ(world.run<op::ListHostedZonesByVPC>({.vpc_id = "vpc-2", .vpc_region = "us-east-1"})
                  ->hosted_zone_summaries.size(),
              1u);
    world.publish();
    EXPECT_NE(world.publisher.snapshot()->view_of("vpc-2").zone_of(
                  wire::dns::Name::parse("a.corp.internal")->wire()),
              nullptr);
    EXPECT_EQ(world.publisher.snapshot()->public_view().zone_of(
                  wire::dns::Name::parse("a.corp.internal")->wire()),
              nullptr);
    ASSERT_TRUE(world.run<op::DisassociateVPCFromHostedZone>(
        {.hosted_zone_id = id, .vpc = {"us-east-1", "vpc-1"}}));
    EXPECT_EQ(world
                  .run<op::DisassociateVPCFromHostedZone>(
                      {.hosted_zone_id = id, .vpc = {"us-east-1", "vpc-2"}})
                  .error()
                  .code,
              "LastVPCAssociation");
    const std::string open = world.zone("open.com");
    EXPECT_EQ(world
                  .run<op::AssociateVPCWithHostedZone>(
                      {.hosted_zone_id = open, .vpc = {"us-east-1", "vpc-2"}})
                  .error()
                  .code,
              "PublicZoneVPCAssociation");
}

TEST(Route53, TagsAndLimits) {
    World world;
    const std::string id = world.zone("example.com").substr(12);
    ASSERT_TRUE(world.run<op::ChangeTagsForResource>(
        {.resource_type = "hostedzone", .resource_id = id, .add_tags = {{"a", "1"}, {"b", "2"}}}));
    ASSERT_TRUE(world.run<op::ChangeTagsForResource>(
        {.resource_type = "hostedzone", .resource_id = id, .remove_tag_keys = {"a"}}));
    const auto tags =
        world.run<op::ListTagsForResource>({.resource_type = "hostedzone", .resource_id = id})
            ->resource_tag_set.tags;
    ASSERT_EQ(tags.size(), 1u);
    EXPECT_EQ(tags[0].key, "b");
    EXPECT_EQ(
        world.run<op::ListTagsForResources>({.resource_type = "hostedzone", .resource_ids = {id}})
            ->resource_tag_sets.size(),
        1u);
    EXPECT_EQ(world.run<op::GetAccountLimit>({.type = "MAX_HOSTED_ZONES_BY_OWNER"})->count, 1);
    EXPECT_EQ(
        world.run<op::GetHostedZoneLimit>({.type = "MAX_RRSETS_BY_ZONE", .hosted_zone_id = id})
            ->limit.value,
        10000);
    EXPECT_EQ(world
                  .run<op::GetHostedZoneLimit>(
                      {.type = "MAX_VPCS_ASSOCIATED_BY_ZONE", .hosted_zone_id = id})
                  .error()
                  .code,
              "HostedZoneNotPrivate");
}

// DNSLimitations.
TEST(Route53, ZonesAndTheirVpcsHaveQuotas) {
    World world;
    const auto associate = [&](const std::string& zone, int number) {
        const auto done = world.run<op::AssociateVPCWithHostedZone>(
            {.hosted_zone_id = zone,
             .vpc = {.vpc_region = "us-east-1", .vpc_id = "vpc-many-" + std::to_string(number)}});
        return done ? "ok" : done.error().code;
    };
    const auto create = [&](int number) {
        api::route53::CreateHostedZoneInput in;
        in.name = "z" + std::to_string(number) + ".example.com";
        in.caller_reference = std::to_string(number);
        if (number == 0) in.vpc = api::route53::VPC{.vpc_region = "us-east-1", .vpc_id = "vpc-1"};
        return world.run<op::CreateHostedZone>(in);
    };
    const auto inner = create(0);
    ASSERT_TRUE(inner) << inner.error().message;
    const std::string zone = inner->hosted_zone.id.substr(12);
    for (int i = 1; i < 300; ++i) ASSERT_EQ(associate(zone, i), "ok");
    EXPECT_EQ(associate(zone, 300), "LimitsExceeded");
    for (int i = 1; i < 500; ++i) ASSERT_TRUE(create(i));
    const auto full = create(500);
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, "TooManyHostedZones");
    EXPECT_EQ(full.error().message, "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER is 500.");
}

TEST(Route53, NamesKeepTheOrderOfRoute53) {
    EXPECT_EQ(order_of("www.example.com."), "com.example.www.");
    EXPECT_EQ(order_of("."), "");
    EXPECT_EQ(*normal_name("*.EXAMPLE.com"), "\\052.example.com.");
    EXPECT_TRUE(is_in_zone("a.b.", "b."));
    EXPECT_FALSE(is_in_zone("ab.", "b."));
}

TEST(Route53, LatencyAndGeolocationAnswerForTheInstallationsPlace) {
    World world;
    const std::string zone = world.zone("example.com");
    const auto in_region = [](std::string region, std::string address) {
        auto out = World::set("l.example.com", "A", {std::move(address)});
        out.set_identifier = region;
        out.region = std::move(region);
        return out;
    };
    ASSERT_TRUE(world.change(zone, "CREATE", in_region("ap-northeast-1", "192.0.2.1")));
    EXPECT_EQ(world.answer(zone, "l.example.com", "A"), "NOERROR 192.0.2.1");
    ASSERT_TRUE(world.change(zone, "CREATE", in_region("us-east-2", "192.0.2.2")));
    EXPECT_EQ(world.answer(zone, "l.example.com", "A"), "NOERROR 192.0.2.2");
    auto twin = in_region("us-east-2", "192.0.2.3");
    twin.set_identifier = "twin";
    EXPECT_EQ(
        world.refusal(zone, "CREATE", twin),
        "InvalidChangeBatch: [RRSet with DNS name l.example.com., type A, SetIdentifier twin, "
        "and Region Name=us-east-2 cannot be created because a latency RRSet with the same "
        "name, type and region already exists.]");
    auto mixed = World::set("l.example.com", "A", {"192.0.2.9"});
    mixed.set_identifier = "w";
    mixed.weight = 1;
    EXPECT_EQ(world.refusal(zone, "CREATE", mixed),
              "InvalidChangeBatch: [RRSet with DNS name l.example.com., type A, SetIdentifier w "
              "cannot be created as a non-weighted set exists with the same name and type.]");
    const auto at = [](GeoLocation place, std::string address) {
        auto out = World::set("g.example.com", "A", {address});
        out.set_identifier = address;
        out.geo_location = std::move(place);
        return out;
    };
    ASSERT_TRUE(world.change(zone, "CREATE", at({.country_code = "JP"}, "192.0.2.1")));
    EXPECT_EQ(world.answer(zone, "g.example.com", "A"), "NOERROR");  // We are not in Japan.
    ASSERT_TRUE(world.change(zone, "CREATE", at({.country_code = "*"}, "192.0.2.2")));
    EXPECT_EQ(world.answer(zone, "g.example.com", "A"), "NOERROR 192.0.2.2");
    ASSERT_TRUE(world.change(zone, "CREATE", at({.continent_code = "NA"}, "192.0.2.3")));
    EXPECT_EQ(world.answer(zone, "g.example.com", "A"), "NOERROR 192.0.2.3");
    EXPECT_TRUE(world.refusal(zone, "CREATE", at({.country_code = "*"}, "192.0.2.4"))
                    .contains("a geolocation RRSet with the same name, type and location"));
    EXPECT_TRUE(
        world.refusal(zone, "CREATE", at({.continent_code = "NA", .country_code = "US"}, "x"))
            .starts_with("InvalidInput: A continent code"));
}

TEST(Route53, AnswersFollowHealthChecks) {
    World world;
    world.monitor.start();
    const std::string zone = world.zone("example.com");
    const auto check = [&](const std::string& domain) {
        HealthCheckConfig config{.type = "HTTP", .fully_qualified_domain_name = domain};
        config.request_interval = 10;
        config.failure_threshold = 2;
        auto out = world.run<op::CreateHealthCheck>({domain, config});
        CHECK(out.has_value(), "the test's health check was refused");
        return out->health_check.id;
    };
    const std::string first = check("one.test"), second = check("two.test");
    const auto role = [&](std::string which, std::string address, const std::string& health) {
        auto out = World::set("f.example.com", "A", {std::move(address)});
        out.set_identifier = which;
        out.failover = which;
        out.health_check_id = health;
        return out;
    };
    ASSERT_TRUE(world.changes(zone, {{"CREATE", role("PRIMARY", "192.0.2.1", first)},
                                     {"CREATE", role("SECONDARY", "192.0.2.2", second)}}));
    EXPECT_EQ(world.answer(zone, "f.example.com", "A"), "NOERROR 192.0.2.1");
    world.probes.down["one.test"] = true;
    world.pass(11s);
    EXPECT_EQ(world.answer(zone, "f.example.com", "A"),
              "NOERROR 192.0.2.1");  // Once is not enough.
    world.pass(10s);
    EXPECT_EQ(world.answer(zone, "f.example.com", "A"), "NOERROR 192.0.2.2");
    const auto status = world.run<op::GetHealthCheckStatus>({first});
    ASSERT_TRUE(status && status->health_check_observations.size() == 1);
    EXPECT_EQ(status->health_check_observations[0].status_report->status,
              "Failure: Connection refused.");
    world.probes.down["two.test"] = true;
    world.pass(20s);  // Nobody is healthy: as if all were.
    EXPECT_EQ(world.answer(zone, "f.example.com", "A"), "NOERROR 192.0.2.1");
    world.probes.down.clear();
    world.pass(20s);
    EXPECT_EQ(world.answer(zone, "f.example.com", "A"), "NOERROR 192.0.2.1");
    const auto reason = world.run<op::GetHealthCheckLastFailureReason>({first});
    ASSERT_TRUE(reason);
    EXPECT_EQ(reason->health_check_observations.size(), 1u);
    UpdateHealthCheckInput inverted{.health_check_id = first, .health_check_version = 1};
    inverted.inverted = true;
    ASSERT_TRUE(world.run<op::UpdateHealthCheck>(inverted));
    world.pass(1s);
    EXPECT_EQ(world.answer(zone, "f.example.com", "A"), "NOERROR 192.0.2.2");
    EXPECT_EQ(world.run<op::UpdateHealthCheck>(inverted).error().code,
              "HealthCheckVersionMismatch");
}

TEST(Route53, CalculatedChecksFollowTheirChildren) {
    World world;
    world.monitor.start();
    const auto one = world.run<op::CreateHealthCheck>(
        {"one", {.port = 5, .type = "TCP", .fully_qualified_domain_name = "one.test"}});
    HealthCheckConfig sum{.type = "CALCULATED"};
    sum.health_threshold = 1;
    sum.child_health_checks.push_back(one->health_check.id);
    const auto made = world.run<op::CreateHealthCheck>({"sum", sum});
    ASSERT_TRUE(made) << made.error().message;
    world.pass(1s);
    EXPECT_TRUE(world.monitor.find(made->health_check.id)->healthy);
    world.probes.down["one.test"] = true;
    world.pass(95s);
    EXPECT_FALSE(world.monitor.find(made->health_check.id)->healthy);
    // Turned states hold over a restart, until they turn again.
    HealthMonitor again(world.sim.env, world.store, world.client, world.publisher, world.probes);
    again.start();
    EXPECT_FALSE(again.find(one->health_check.id)->healthy);
    world.sim.loop.run_until_done(again.stop());
    // The same settings are the same check; others are not.
    EXPECT_EQ(world.run<op::CreateHealthCheck>({"sum", sum})->health_check.id,
              made->health_check.id);
    sum.health_threshold = 0;
    EXPECT_EQ(world.run<op::CreateHealthCheck>({"sum", sum}).error().code,
              "HealthCheckAlreadyExists");
    sum.child_health_checks[0] = made->health_check.id;
    EXPECT_EQ(world.run<op::CreateHealthCheck>({"nested", sum}).error().code, "InvalidInput");
    EXPECT_EQ(world.run<op::GetHealthCheckCount>({})->health_check_count, 2);
    ASSERT_TRUE(world.run<op::DeleteHealthCheck>({made->health_check.id}));
    EXPECT_EQ(world.run<op::GetHealthCheck>({made->health_check.id}).error().code,
              "NoSuchHealthCheck");
}

}  // namespace unkai::services::route53
