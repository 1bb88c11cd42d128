#include "planes/network/plan.h"

#include <gtest/gtest.h>

#include "planes/network/explain.h"

namespace unkai::planes::network {

namespace {

Cidr range(const char* text) { return *Cidr::parse(text); }
Ipv4 address(const char* text) { return *Ipv4::parse(text); }

SecurityRule tcp(const char* id, int port, const char* from) {
    return {.id = id, .protocol = 6, .from_port = port, .to_port = port, .cidr = range(from)};
}
SecurityRule anything() { return {.id = "sgr-all"}; }

// One VPC: a public subnet with a load balancer and a NAT gateway, a private one with a task.
Snapshot example() {
    Snapshot s;
    s.vpcs = {{"vpc-1", {range("10.0.0.0/16")}, true}};
    s.subnets = {{"subnet-public", "vpc-1", range("10.0.1.0/24"), "rtb-public"},
                 {"subnet-private", "vpc-1", range("10.0.2.0/24"), "rtb-private"}};
    s.route_tables = {
        {"rtb-public", "vpc-1", {{range("0.0.0.0/0"), Route::Target::internet_gateway, ""}}},
        {"rtb-private", "vpc-1", {{range("0.0.0.0/0"), Route::Target::nat_gateway, "nat-1"}}}};
    s.groups = {
        {"sg-lb", "vpc-1", {tcp("sgr-443", 443, "0.0.0.0/0")}, {anything()}},
        {"sg-task",
         "vpc-1",
         {{.id = "sgr-lb", .protocol = 6, .from_port = 80, .to_port = 89, .group = "sg-lb"}},
         {anything()}}};
    s.interfaces = {{"eni-lb",
                     "subnet-public",
                     Interface::Kind::local,
                     "02:00:00:00:00:02",
                     {{address("10.0.1.10"), address("198.18.1.1")}},
                     {"sg-lb"}},
                    {"eni-nat",
                     "subnet-public",
                     Interface::Kind::nat_gateway,
                     "02:00:00:00:00:03",
                     {{address("10.0.1.11"), address("198.18.1.2")}},
                     {}},
                    {"eni-task",
                     "subnet-private",
                     Interface::Kind::container,
                     "02:00:00:00:00:04",
                     {{address("10.0.2.20"), std::nullopt}},
                     {"sg-task"}}};
    s.nat_gateways = {{"nat-1", "eni-nat"}};
    return s;
}

World carried_out(World world, const Plan& plan) {
    for (const Action& action : plan.actions) apply_to(world, action);
    for (const Action& action : plan.cleanup) apply_to(world, action);
    return world;
}

}  // namespace

TEST(Ipv4, ParsesOnlyWhatIsOne) {
    EXPECT_EQ(address("10.1.2.3").text(), "10.1.2.3");
    for (const char* bad : {"", "10", "10.0.0", "10.0.0.256", "10.0.0.01", "10.0.0.0.0", "a.b.c.d"})
        EXPECT_FALSE(Ipv4::parse(bad)) << bad;
    EXPECT_EQ(range("10.1.2.3/16").text(), "10.1.0.0/16");
    for (const char* bad : {"10.0.0.0", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/", "/8"})
        EXPECT_FALSE(Cidr::parse(bad)) << bad;
    EXPECT_FALSE(Cidr::parse("10.1.2.3/16", true));
    EXPECT_TRUE(range("10.0.0.0/8").overlaps(range("10.1.0.0/16")));
    EXPECT_FALSE(range("10.0.0.0/16").overlaps(range("10.1.0.0/16")));
    EXPECT_EQ(range("0.0.0.0/0").size(), uint64_t{1} << 32);
    EXPECT_EQ(range("10.0.0.0/24").last().text(), "10.0.0.255");
}

TEST(Plan, LeadsFromAnyWorldToTheWantedOne) {
    const Settings settings;
    Snapshot without_nat = example();
    without_nat.nat_gateways.clear();
    without_nat.interfaces.erase(without_nat.interfaces.begin() + 1);
    Snapshot other_address = example();
    other_address.interfaces[2].addresses[0].address = address("10.0.2.21");
    Snapshot closed = example();
    closed.vpcs[0].internet_gateway = false;
    Snapshot shared = example();
    shared.interfaces.push_back({"eni-shared",
                                 "subnet-private",
                                 Interface::Kind::shared,
                                 "02:00:00:00:00:06",
                                 {{address("10.0.2.30"), std::nullopt}},
                                 {"sg-task"}});
    Snapshot tenants = shared;
    tenants.tenants = {{"tenant-1", "eni-shared", tenant_range.base + 2},
                       {"tenant-2", "eni-shared", tenant_range.base + 3},
                       {"tenant-of-nobody", "eni-none", tenant_range.base + 4}};
    const std::vector<World> worlds = {{},
                                       compile({}, settings),
                                       compile(example(), settings),
                                       compile(without_nat, settings),
                                       compile(other_address, settings),
                                       compile(closed, settings),
                                       compile(shared, settings),
                                       compile(tenants, settings)};
    for (size_t from = 0; from < worlds.size(); ++from)
        for (size_t to = 1; to < worlds.size(); ++to) {
            const Plan plan = diff(worlds[to], worlds[from], settings);
            EXPECT_TRUE(carried_out(worlds[from], plan) == worlds[to]) << from << " to " << to;
            EXPECT_EQ(plan.actions.empty() && plan.cleanup.empty(), from == to);
        }
}

TEST(Plan, FiltersBeforeItLinks) {
    const Settings settings;
    const Plan plan = diff(compile(example(), settings), {}, settings);
    size_t last_filter = 0;
    size_t first_link = plan.actions.size();
    for (size_t i = 0; i < plan.actions.size(); ++i) {
        if (std::holds_alternative<SetFilter>(plan.actions[i])) last_filter = i;
        if (std::holds_alternative<AddLink>(plan.actions[i])) first_link = std::min(first_link, i);
    }
    EXPECT_LT(last_filter, first_link);
}

TEST(Plan, AnotherMemberIsOnlyElements) {
    const Settings settings;
    Snapshot more = example();
    more.interfaces.push_back({"eni-task2",
                               "subnet-private",
                               Interface::Kind::container,
                               "02:00:00:00:00:05",
                               {{address("10.0.2.21"), std::nullopt}},
                               {"sg-task"}});
    const World before = compile(example(), settings);
    const Plan plan = diff(compile(more, settings), before, settings);
    std::string commands;
    for (const Action& action : plan.actions)
        if (const auto* filter = std::get_if<SetFilter>(&action)) commands += filter->commands;
    EXPECT_EQ(commands,
              "add element ip unkai0 in-of { 10.0.2.21 : goto in-sg-task }\n"
              "add element ip unkai0 members-sg-task { 10.0.2.21 }\n"
              "add element ip unkai0 out-of { 10.0.2.21 : goto out-sg-task }\n"
              "add element ip unkai0 sources { \"" +
                  interface_link("eni-task2") + "\" . 10.0.2.21 }\n");
}

TEST(Plan, AnotherTenantChangesNothingOfTheOthers) {
    const Settings settings;
    Snapshot shared = example();
    shared.interfaces[2].kind = Interface::Kind::shared;
    Snapshot more = shared;
    more.tenants = {{"tenant-1", "eni-task", tenant_range.base + 2}};
    const Plan come = diff(compile(more, settings), compile(shared, settings), settings);
    for (const Action& action : come.actions)
        if (const auto* filter = std::get_if<SetFilter>(&action)) {
            EXPECT_EQ(filter->name, "eni-task");
            EXPECT_EQ(filter->commands, "add element ip unkai0 sources { \"" +
                                            tenant_link("tenant-1") + "\" . 169.254.64.2 }\n");
        }
    // Its link goes with its namespace: no veth is deleted while somebody waits.
    const Plan go = diff(compile(shared, settings), compile(more, settings), settings);
    ASSERT_EQ(go.cleanup.size(), 1u);
    EXPECT_TRUE(std::holds_alternative<RemoveNamespace>(go.cleanup[0]));
}

TEST(Plan, RoutesFollowTheTable) {
    const Settings settings;
    const auto routes_to = [&](const Snapshot& snapshot, const std::string& link) {
        size_t count = 0;
        const World world = compile(snapshot, settings);
        for (const auto& route : world.at("vpc-1").routes)
            count += route.link == link && route.destination.prefix == 0;
        return count;
    };
    EXPECT_EQ(routes_to(example(), "igw"), 1u);
    EXPECT_EQ(routes_to(example(), interface_link("eni-nat")), 1u);
    Snapshot closed = example();
    closed.vpcs[0].internet_gateway = false;
    closed.nat_gateways.clear();
    EXPECT_EQ(routes_to(closed, "igw"), 0u);
    EXPECT_EQ(routes_to(closed, interface_link("eni-nat")), 0u);
    EXPECT_EQ(routes_to(closed, ""), 2u);  // Black holes.
}

TEST(Filter, SpellsEachKindOfRule) {
    struct Case {
        SecurityRule rule;
        const char* text;  // nullptr: matches nothing, so it is left out.
    };
    const Case cases[] = {
        {anything(), "accept"},
        {tcp("", 80, "10.0.0.0/8"), "ip saddr 10.0.0.0/8 tcp dport 80 accept"},
        {{.protocol = 17, .from_port = 1, .to_port = 9}, "udp dport 1-9 accept"},
        {{.protocol = 6, .from_port = 0, .to_port = 65535}, "ip protocol tcp accept"},
        {{.protocol = 6}, "ip protocol tcp accept"},
        {{.protocol = 1}, "ip protocol icmp accept"},
        {{.protocol = 1, .from_port = 8}, "icmp type 8 accept"},
        {{.protocol = 1, .from_port = 3, .to_port = 4}, "icmp type 3 icmp code 4 accept"},
        {{.protocol = 50}, "ip protocol 50 accept"},
        {{.group = "sg-lb"}, "ip saddr @members-sg-lb accept"},
        {{.group = "sg-elsewhere"}, nullptr},
    };
    for (const Case& one : cases) {
        Snapshot snapshot = example();
        snapshot.groups[1].ingress = {one.rule};
        const Ruleset filter = vpc_filter(snapshot, snapshot.vpcs[0]);
        const auto& rules = filter.chains.at("in-rules-sg-task").rules;
        if (one.text == nullptr)
            EXPECT_TRUE(rules.empty());
        else
            EXPECT_EQ(rules, std::vector<std::string>{one.text});
    }
}

TEST(Explain, NamesWhatDecides) {
    struct Case {
        const char* name;
        std::function<void(Snapshot&)> change;
        Flow flow;
        bool passes;
        const char* component;
    };
    const Flow to_task{"eni-lb", address("10.0.2.20"), 6, 80};
    const Flow out{"eni-task", address("198.18.0.1"), 6, 443};
    const Flow in{"", address("198.18.1.1"), 6, 443};
    const auto nothing = [](Snapshot&) {};
    const auto share_task = [](Snapshot& s) { s.interfaces[2].kind = Interface::Kind::shared; };
    const Case cases[] = {
        {"by group", nothing, to_task, true, "security group"},
        {"port", nothing, {"eni-lb", address("10.0.2.20"), 6, 90}, false, "security group"},
        {"protocol", nothing, {"eni-lb", address("10.0.2.20"), 17, 80}, false, "security group"},
        {"nobody there", nothing, {"eni-lb", address("10.0.2.99"), 6, 80}, false, "vpc"},
        {"resolver", nothing, {"eni-task", address("10.0.0.2"), 17, 53}, true, "vpc service"},
        {"egress closed", [](Snapshot& s) { s.groups[0].egress.clear(); }, to_task, false,
         "security group"},
        {"through NAT", nothing, out, true, "public endpoint"},
        {"no route", [](Snapshot& s) { s.route_tables[1].routes.clear(); }, out, false,
         "route table"},
        {"NAT deleted", [](Snapshot& s) { s.nat_gateways.clear(); }, out, false, "route table"},
        {"NAT in a private subnet", [](Snapshot& s) { s.interfaces[1].subnet = "subnet-private"; },
         out, false, "route table"},
        {"no gateway", [](Snapshot& s) { s.vpcs[0].internet_gateway = false; }, out, false,
         "internet gateway"},
        {"no public address", [](Snapshot& s) { s.subnets[1].route_table = "rtb-public"; }, out,
         false, "internet gateway"},
        {"the world", nothing, {"eni-task", address("8.8.8.8"), 17, 53}, false, "host"},
        {"from outside", nothing, in, true, "route table"},
        {"closed port", nothing, {"", address("198.18.1.1"), 6, 80}, false, "security group"},
        {"no such address", nothing, {"", address("198.18.9.9"), 6, 80}, false, "internet"},
        {"into NAT", nothing, {"", address("198.18.1.2"), 6, 80}, false, "nat gateway"},
        {"no way back", [](Snapshot& s) { s.interfaces[0].subnet = "subnet-private"; }, in, false,
         "route table"},
        {"unknown source",
         nothing,
         {"eni-none", address("10.0.2.20"), 6, 80},
         false,
         "network interface"},
        {"a tenant", share_task, out, true, "public endpoint"},
        {"into the shared", share_task, to_task, false, "network interface"},
        {"a tenant's metadata",
         share_task,
         {"eni-task", task_metadata_address, 6, 80},
         false,
         "network interface"},
        {"a tenant's resolver",
         share_task,
         {"eni-task", resolver_address, 17, 53},
         true,
         "vpc service"},
        {"link-local", nothing, {"eni-task", address("169.254.169.254"), 6, 80}, false, "host"},
    };
    for (const Case& one : cases) {
        Snapshot snapshot = example();
        one.change(snapshot);
        const Explanation why = explain(snapshot, {}, one.flow);
        ASSERT_FALSE(why.steps.empty()) << one.name;
        EXPECT_EQ(why.passes, one.passes) << one.name << ": " << why.steps.back().text;
        EXPECT_EQ(why.steps.back().component, one.component)
            << one.name << ": " << why.steps.back().text;
    }
}

}  // namespace unkai::planes::network
