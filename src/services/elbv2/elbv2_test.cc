#include "services/elbv2/elbv2.h"

#include <gtest/gtest.h>

#include "api/ec2.h"
#include "rt/sim/sim_loop.h"
#include "services/elbv2/attributes.h"
#include "services/elbv2/names.h"
#include "services/elbv2/publisher.h"

namespace unkai::services::elbv2 {

namespace {

namespace op = api::elbv2::op;
namespace proxy = planes::proxy;

const aws::Caller ada{.principal = {.kind = aws::Principal::Kind::root, .account = "000000000000"},
                      .account = "000000000000",
                      .region = "us-east-1"};

// The part of EC2 that load balancers call: two subnets a VPC, and interfaces that are counted.
struct FakeEc2 {
    std::map<std::string, std::string> interfaces;  // Id → subnet.
    int addresses = 0;
    bool full = false;
    std::set<std::string> descriptions;  // Of interfaces.
    std::map<std::string, std::string>
        loose;  // Description that a free address is tagged with → id.

    template <class Op, auto Run>
    static Status invoke(void* self, aws::Call& call, const void* input, void* output) {
        TRY(*static_cast<typename Op::Output*>(output),
            Run(*static_cast<FakeEc2*>(self), call,
                *static_cast<const typename Op::Input*>(input)));
        return ok();
    }
    static BoundService bind(FakeEc2& self);
};

namespace eop = api::ec2::op;

Result<api::ec2::DescribeSubnetsOutput> subnets(FakeEc2&, aws::Call&,
                                                const api::ec2::DescribeSubnetsInput& in) {
    api::ec2::DescribeSubnetsOutput out;
    for (const std::string& id : in.subnet_ids) {
        if (!id.starts_with("subnet-"))
            return fail("InvalidSubnetID.NotFound", "The subnet ID '" + id + "' does not exist",
                        400);
        api::ec2::Subnet subnet;  // subnet-<vpc><zone>
        subnet.subnet_id = id;
        subnet.vpc_id = "vpc-" + id.substr(7, 1);
        subnet.availability_zone = "us-east-1" + id.substr(8, 1);
        out.subnets.push_back(subnet);
    }
    return out;
}

Result<api::ec2::DescribeSecurityGroupsOutput> groups(
    FakeEc2&, aws::Call&, const api::ec2::DescribeSecurityGroupsInput& in) {
    api::ec2::DescribeSecurityGroupsOutput out;
    api::ec2::SecurityGroup group;
    group.vpc_id = "vpc-1";
    group.group_id = "sg-default";
    if (in.group_ids.empty()) out.security_groups.push_back(group);
    for (const std::string& id : in.group_ids) {
        if (!id.starts_with("sg-"))
            return fail("InvalidGroup.NotFound", "The security group '" + id + "' does not exist",
                        400);
        group.group_id = id;
        out.security_groups.push_back(group);
    }
    return out;
}

Result<api::ec2::DescribeInternetGatewaysOutput> gateways(
    FakeEc2&, aws::Call&, const api::ec2::DescribeInternetGatewaysInput& in) {
    api::ec2::DescribeInternetGatewaysOutput out;
    if (in.filters.at(0).values.at(0) == "vpc-1") out.internet_gateways.emplace_back();
    return out;
}

Result<api::ec2::CreateNetworkInterfaceOutput> create(
    FakeEc2& ec2, aws::Call& call, const api::ec2::CreateNetworkInterfaceInput& in) {
    EXPECT_EQ(call.principal.service, "elasticloadbalancing.amazonaws.com");
    ec2.descriptions.insert(in.description.value_or(""));
    if (ec2.full && ec2.interfaces.size() % 2 == 1)
        return fail("SubnetFull", "No address left", 400);
    api::ec2::NetworkInterface made;
    made.network_interface_id = "eni-" + call.env.random.hex(8);
    made.private_ip_address = "10.0." + std::to_string(ec2.interfaces.size()) + ".9";
    ec2.interfaces[*made.network_interface_id] = in.subnet_id;
    return api::ec2::CreateNetworkInterfaceOutput{.network_interface = made};
}

Result<api::ec2::DeleteNetworkInterfaceOutput> remove(
    FakeEc2& ec2, aws::Call&, const api::ec2::DeleteNetworkInterfaceInput& in) {
    ec2.interfaces.erase(in.network_interface_id);
    return api::ec2::DeleteNetworkInterfaceOutput{};
}

Result<api::ec2::DescribeNetworkInterfacesOutput> list_interfaces(
    FakeEc2&, aws::Call&, const api::ec2::DescribeNetworkInterfacesInput&) {
    return api::ec2::DescribeNetworkInterfacesOutput{};
}

Result<api::ec2::DescribeAddressesOutput> list_addresses(
    FakeEc2& ec2, aws::Call&, const api::ec2::DescribeAddressesInput& in) {
    api::ec2::DescribeAddressesOutput out;
    const std::string& wanted = in.filters.at(0).values.at(0);
    if (ec2.loose.contains(wanted))
        out.addresses.push_back({.allocation_id = ec2.loose.at(wanted)});
    return out;
}

Result<api::ec2::ReleaseAddressOutput> release(FakeEc2& ec2, aws::Call&,
                                               const api::ec2::ReleaseAddressInput& in) {
    std::erase_if(ec2.loose, [&](const auto& one) { return one.second == in.allocation_id; });
    return api::ec2::ReleaseAddressOutput{};
}

Result<api::ec2::AllocateAddressOutput> allocate(FakeEc2& ec2, aws::Call&,
                                                 const api::ec2::AllocateAddressInput& in) {
    EXPECT_TRUE(ec2.descriptions.contains(*in.tag_specifications.at(0).tags.at(0).value));
    api::ec2::AllocateAddressOutput out;
    out.allocation_id = "eipalloc-1";
    out.public_ip = "198.18.0." + std::to_string(++ec2.addresses);
    return out;
}

Result<api::ec2::AssociateAddressOutput> associate(FakeEc2&, aws::Call&,
                                                   const api::ec2::AssociateAddressInput&) {
    return api::ec2::AssociateAddressOutput{};
}

Result<api::ec2::ModifyNetworkInterfaceAttributeOutput> modify(
    FakeEc2&, aws::Call&, const api::ec2::ModifyNetworkInterfaceAttributeInput&) {
    return api::ec2::ModifyNetworkInterfaceAttributeOutput{};
}

BoundService FakeEc2::bind(FakeEc2& self) {
    static const OperationInfo operations[] = {
        {.name = "DescribeSubnets", .invoke = invoke<eop::DescribeSubnets, subnets>},
        {.name = "DescribeSecurityGroups", .invoke = invoke<eop::DescribeSecurityGroups, groups>},
        {.name = "DescribeInternetGateways",
         .invoke = invoke<eop::DescribeInternetGateways, gateways>},
        {.name = "CreateNetworkInterface", .invoke = invoke<eop::CreateNetworkInterface, create>},
        {.name = "DeleteNetworkInterface", .invoke = invoke<eop::DeleteNetworkInterface, remove>},
        {.name = "AllocateAddress", .invoke = invoke<eop::AllocateAddress, allocate>},
        {.name = "DescribeAddresses", .invoke = invoke<eop::DescribeAddresses, list_addresses>},
        {.name = "ReleaseAddress", .invoke = invoke<eop::ReleaseAddress, release>},
        {.name = "DescribeNetworkInterfaces",
         .invoke = invoke<eop::DescribeNetworkInterfaces, list_interfaces>},
        {.name = "AssociateAddress", .invoke = invoke<eop::AssociateAddress, associate>},
        {.name = "ModifyNetworkInterfaceAttribute",
         .invoke = invoke<eop::ModifyNetworkInterfaceAttribute, modify>},
    };
    static const ServiceInfo info{.name = "ec2", .operations = operations, .operation_count = 11};
    return {&info, &self};
}

class FakePlane final : public proxy::Plane {
public:
    void apply(proxy::Snapshot snapshot) override { applied = std::move(snapshot); }
    const proxy::TargetHealth* health(const std::string& group,
                                      const std::string& target) const override {
        const auto found = known.find({group, target});
        return found == known.end() ? nullptr : &found->second;
    }
    void on_health(proxy::HealthChecker::Changed changed) override { turned = std::move(changed); }

    proxy::HealthChecker::Changed turned;
    proxy::Snapshot applied;
    std::map<std::pair<std::string, std::string>, proxy::TargetHealth> known;
};

class FakeCertificates final : public net::CertificateLookup {
public:
    Result<std::shared_ptr<const net::Identity>> find(const std::string& arn) override {
        if (!arn.starts_with("arn:aws:acm:")) return fail("CertificateNotFound", "none", 400);
        return std::shared_ptr<const net::Identity>();
    }
    void set_uses(const std::string& user, std::set<std::string> certificates) override {
        uses[user] = std::move(certificates);
    }
    std::map<std::string, std::set<std::string>> uses;
};

class Elbv2Test : public testing::Test {
protected:
    Elbv2Test() {
        dispatcher_.add(bind(elbv2_));
        dispatcher_.add(FakeEc2::bind(ec2_));
        publisher_.start();
    }
    ~Elbv2Test() override { world_.loop.run_until_done(publisher_.stop()); }

    template <class Op>
    Result<typename Op::Output> call(typename Op::Input in) {
        return world_.loop.run_until_done(client_.call<Op>(ada, std::move(in)));
    }
    template <class Op>
    typename Op::Output must(typename Op::Input in) {
        auto out = call<Op>(std::move(in));
        EXPECT_TRUE(out) << Op::name << ": "
                         << (out ? "" : out.error().code + ": " + out.error().message);
        return out ? std::move(*out) : typename Op::Output{};
    }
    // The error code, or "ok".
    template <class Op>
    std::string outcome(typename Op::Input in) {
        const auto out = call<Op>(std::move(in));
        return out ? "ok" : out.error().code;
    }
    Surroundings surroundings() {
        return {.plane = plane_,
                .names = names_,
                .certificates = certificates_,
                .client = client_,
                .network = [](const std::string& vpc) { return "/netns/" + vpc; },
                .ready = [this](std::string, Steady) { return interface_ready(); }};
    }
    Task<Status> interface_ready() {
        while (!interfaces_up_) co_await interfaces_come_.wait(world_.loop);
        co_return ok();
    }
    const proxy::Snapshot& published() {
        world_.loop.run_until_done(publisher_.settle());
        return plane_.applied;
    }

    std::string balancer(const std::string& name = "site", const std::string& scheme = "internal") {
        return *must<op::CreateLoadBalancer>({.name = name,
                                              .subnets = {"subnet-1a", "subnet-1b"},
                                              .security_groups = {"sg-web"},
                                              .scheme = scheme})
                    .load_balancers.at(0)
                    .load_balancer_arn;
    }
    std::string group(const std::string& name = "api") {
        return *must<op::CreateTargetGroup>({.name = name,
                                             .protocol = "HTTP",
                                             .port = 8080,
                                             .vpc_id = "vpc-1",
                                             .target_type = "ip"})
                    .target_groups.at(0)
                    .target_group_arn;
    }
    static List<Action> forward(const std::string& group) {
        return {Action{.type = "forward", .target_group_arn = group}};
    }
    std::string listener(const std::string& balancer, const std::string& group, int port = 80) {
        return *must<op::CreateListener>({.load_balancer_arn = balancer,
                                          .protocol = "HTTP",
                                          .port = port,
                                          .default_actions = forward(group)})
                    .listeners.at(0)
                    .listener_arn;
    }
    static RuleCondition path(const std::string& pattern) {
        return {.field = "path-pattern", .values = {pattern}};
    }

    SimWorld world_;
    bool interfaces_up_ = true;
    Event interfaces_come_;
    store::Store store_{world_.env, store::memory_engine()};
    aws::Dispatcher dispatcher_{world_.env, store_};
    aws::Client client_{dispatcher_};
    FakeEc2 ec2_;
    FakePlane plane_;
    FakeCertificates certificates_;
    planes::dns::NameSource names_{"elbv2"};
    Elbv2 elbv2_{client_, certificates_, plane_};
    Publisher publisher_{world_.env, store_, surroundings()};
};

}  // namespace

// Until EC2's network has the interface, the path of the VPC's namespace may lead to one that goes.
TEST_F(Elbv2Test, ALoadBalancerListensOnInterfacesThatAreUp) {
    interfaces_up_ = false;
    const std::string site = balancer();
    listener(site, group());
    EXPECT_TRUE(published().load_balancers.at(site).nodes.empty());
    interfaces_up_ = true;
    interfaces_come_.notify_all();
    EXPECT_EQ(published().load_balancers.at(site).nodes.size(), 2u);
}

// A kill between AllocateAddress and AssociateAddress: the next start finds it by its tag.
TEST_F(Elbv2Test, AnAddressThatACrashLeftWithoutAnInterfaceIsReleased) {
    store::Txn txn = store_.begin();
    schema::making.put(txn, {ada.account, ada.region, "ELB app/site/1"}, {"ELB app/site/1"});
    ASSERT_TRUE(world_.loop.run_until_done(store_.commit(txn)));
    ec2_.loose = {{"ELB app/site/1", "eipalloc-7"}, {"ELB app/other/1", "eipalloc-8"}};
    Publisher restarted(world_.env, store_, surroundings());
    restarted.start();
    world_.loop.run_until_done(restarted.settle());
    world_.loop.run_until_done(restarted.stop());
    EXPECT_EQ(ec2_.loose.size(), 1u);
    EXPECT_TRUE(ec2_.loose.contains("ELB app/other/1"));
    store::Txn after = store_.begin();
    EXPECT_TRUE(schema::making.list(after).empty());
}

TEST_F(Elbv2Test, LoadBalancersHaveInterfacesAndNames) {
    const auto made = must<op::CreateLoadBalancer>({.name = "site",
                                                    .subnets = {"subnet-1a", "subnet-1b"},
                                                    .tags = {{.key = "a", .value = "b"}}});
    const auto& shown = made.load_balancers.at(0);
    EXPECT_EQ(shown.scheme, "internet-facing");
    EXPECT_EQ(shown.security_groups.at(0), "sg-default");
    EXPECT_EQ(shown.vpc_id, "vpc-1");
    EXPECT_TRUE(shown.dns_name->ends_with(".us-east-1.elb.amazonaws.com"));
    EXPECT_EQ(ec2_.interfaces.size(), 2u);
    EXPECT_EQ(published().load_balancers.at(*shown.load_balancer_arn).nodes.at(0).network,
              "/netns/vpc-1");
    ASSERT_NE(names_.find(*shown.dns_name), nullptr);
    EXPECT_EQ(names_.find(*shown.dns_name)->public_addresses.size(), 2u);
    EXPECT_EQ(names_.find(*shown.dns_name)->public_addresses[0], "198.18.0.1");
    // The same once more is the same; otherwise the name is taken.
    const auto again =
        must<op::CreateLoadBalancer>({.name = "site", .subnets = {"subnet-1b", "subnet-1a"}});
    EXPECT_EQ(again.load_balancers.at(0).load_balancer_arn, shown.load_balancer_arn);
    EXPECT_EQ(outcome<op::CreateLoadBalancer>(
                  {.name = "site", .subnets = {"subnet-1a", "subnet-1b"}, .scheme = "internal"}),
              "DuplicateLoadBalancerName");
    EXPECT_EQ(must<op::DescribeTags>({.resource_arns = {*shown.load_balancer_arn}})
                  .tag_descriptions.at(0)
                  .tags.at(0)
                  .value,
              "b");
    must<op::DeleteLoadBalancer>({.load_balancer_arn = *shown.load_balancer_arn});
    EXPECT_TRUE(ec2_.interfaces.empty());
    EXPECT_TRUE(published().load_balancers.empty());
    EXPECT_TRUE(names_.entries().empty());
    EXPECT_EQ(outcome<op::DeleteLoadBalancer>({.load_balancer_arn = *shown.load_balancer_arn}),
              "ok");
}

TEST_F(Elbv2Test, RefusesLoadBalancersThatCannotBe) {
    const struct {
        CreateLoadBalancerInput in;
        const char* code;
    } cases[] = {
        {{.name = "a", .subnets = {"subnet-1a"}}, "ValidationError"},
        {{.name = "a", .subnets = {"subnet-1a", "subnet-1a"}}, "InvalidConfigurationRequest"},
        {{.name = "a", .subnets = {"subnet-1a", "subnet-2b"}}, "InvalidConfigurationRequest"},
        {{.name = "a", .subnets = {"subnet-1a", "x"}}, "SubnetNotFound"},
        {{.name = "a", .subnets = {"subnet-2a", "subnet-2b"}}, "InvalidSubnet"},
        {{.name = "a", .subnets = {"subnet-1a", "subnet-1b"}, .security_groups = {"x"}},
         "InvalidSecurityGroup"},
        {{.name = "a", .subnets = {"subnet-1a", "subnet-1b"}, .type = "network"},
         "InvalidConfigurationRequest"},
        {{.name = "-a", .subnets = {"subnet-1a", "subnet-1b"}}, "ValidationError"},
        {{.name = "a_b", .subnets = {"subnet-1a", "subnet-1b"}}, "ValidationError"},
        {{.name = "internal-a", .subnets = {"subnet-1a", "subnet-1b"}}, "ValidationError"},
        {{.name = "a"}, "ValidationError"},
    };
    for (const auto& one : cases)
        EXPECT_EQ(outcome<op::CreateLoadBalancer>(one.in), one.code) << (&one - cases);
    ec2_.full = true;  // The second interface cannot be had: the first goes again.
    EXPECT_EQ(outcome<op::CreateLoadBalancer>({.name = "a", .subnets = {"subnet-1a", "subnet-1b"}}),
              "SubnetFull");
    EXPECT_TRUE(ec2_.interfaces.empty());
    EXPECT_EQ(outcome<op::DescribeLoadBalancers>({.names = {"a"}}), "LoadBalancerNotFound");
}

TEST_F(Elbv2Test, ListenersAndRulesReachThePlaneInOrder) {
    const std::string lb = balancer(), api = group("api"), web = group("web");
    const std::string front = listener(lb, web);
    const auto rule = [&](int priority, const std::string& pattern) {
        return must<op::CreateRule>({.listener_arn = front,
                                     .conditions = {path(pattern)},
                                     .priority = priority,
                                     .actions = forward(api)})
            .rules.at(0);
    };
    const auto second = rule(20, "/b/*");
    const auto first = rule(10, "/a/*");
    EXPECT_EQ(first.priority, "10");
    ASSERT_EQ(published().listeners.size(), 1u);
    EXPECT_EQ(published().listeners[0].port, 80);
    ASSERT_EQ(published().listeners[0].rules.size(), 2u);
    EXPECT_EQ(published().listeners[0].rules[0].conditions[0].values[0], "/a/*");
    EXPECT_EQ(published().groups.size(), 2u);
    EXPECT_EQ(outcome<op::CreateRule>({.listener_arn = front,
                                       .conditions = {path("/c")},
                                       .priority = 10,
                                       .actions = forward(api)}),
              "PriorityInUse");
    must<op::SetRulePriorities>(
        {.rule_priorities = {{.rule_arn = *first.rule_arn, .priority = 20},
                             {.rule_arn = *second.rule_arn, .priority = 10}}});
    EXPECT_EQ(published().listeners[0].rules[0].conditions[0].values[0], "/b/*");
    const auto described = must<op::DescribeRules>({.listener_arn = front}).rules;
    ASSERT_EQ(described.size(), 3u);
    EXPECT_EQ(described[0].rule_arn, second.rule_arn);
    EXPECT_EQ(described[2].is_default, true);
    EXPECT_EQ(outcome<op::DeleteRule>({.rule_arn = *described[2].rule_arn}),
              "OperationNotPermitted");
    EXPECT_EQ(outcome<op::DeleteTargetGroup>({.target_group_arn = api}), "ResourceInUse");
    must<op::DeleteRule>({.rule_arn = *first.rule_arn});
    must<op::DeleteListener>({.listener_arn = front});
    EXPECT_EQ(outcome<op::DescribeRules>({.listener_arn = front}), "ListenerNotFound");
    EXPECT_EQ(outcome<op::DeleteTargetGroup>({.target_group_arn = api}), "ok");
    EXPECT_TRUE(published().listeners.empty());
    EXPECT_TRUE(published().groups.empty());
}

TEST_F(Elbv2Test, ListenersOfHttpsNeedACertificate) {
    const std::string lb = balancer(), web = group();
    CreateListenerInput in{
        .load_balancer_arn = lb, .protocol = "HTTPS", .port = 443, .default_actions = forward(web)};
    EXPECT_EQ(outcome<op::CreateListener>(in), "ValidationError");
    in.certificates = {Certificate{.certificate_arn = "nothing"}};
    EXPECT_EQ(outcome<op::CreateListener>(in), "CertificateNotFound");
    in.certificates = {Certificate{.certificate_arn = "arn:aws:acm:1"}};
    in.ssl_policy = "none";
    EXPECT_EQ(outcome<op::CreateListener>(in), "SSLPolicyNotFound");
    in.ssl_policy.reset();
    const std::string made = *must<op::CreateListener>(in).listeners.at(0).listener_arn;
    EXPECT_EQ(certificates_.uses[made], std::set<std::string>{"arn:aws:acm:1"});
    must<op::AddListenerCertificates>(
        {.listener_arn = made, .certificates = {Certificate{.certificate_arn = "arn:aws:acm:2"}}});
    EXPECT_EQ(published().listeners.at(0).certificates.size(), 2u);
    EXPECT_EQ(must<op::DescribeListenerCertificates>({.listener_arn = made}).certificates.size(),
              2u);
    EXPECT_EQ(outcome<op::RemoveListenerCertificates>(
                  {.listener_arn = made,
                   .certificates = {Certificate{.certificate_arn = "arn:aws:acm:1"}}}),
              "OperationNotPermitted");
    EXPECT_EQ(outcome<op::CreateListener>(in), "DuplicateListener");
    must<op::DeleteLoadBalancer>({.load_balancer_arn = lb});
    EXPECT_TRUE(certificates_.uses[made].empty());
}

TEST_F(Elbv2Test, RefusesActionsThatCannotBe) {
    const std::string lb = balancer(), web = group();
    auto with = [&](Action action) {
        return outcome<op::CreateListener>({.load_balancer_arn = lb,
                                            .protocol = "HTTP",
                                            .port = 81,
                                            .default_actions = {std::move(action)}});
    };
    EXPECT_EQ(with({.type = "forward"}), "ValidationError");
    EXPECT_EQ(with({.type = "forward", .target_group_arn = "x"}), "TargetGroupNotFound");
    EXPECT_EQ(with({.type = "authenticate-oidc"}), "InvalidLoadBalancerAction");
    EXPECT_EQ(with({.type = "redirect",
                    .redirect_config = RedirectActionConfig{.status_code = "HTTP_301"}}),
              "InvalidLoadBalancerAction");
    EXPECT_EQ(with({.type = "fixed-response",
                    .fixed_response_config = FixedResponseActionConfig{.status_code = "302"}}),
              "ValidationError");
    EXPECT_EQ(
        with({.type = "forward",
              .forward_config = ForwardActionConfig{.target_groups = {{.target_group_arn = web,
                                                                       .weight = 1000}}}}),
        "ValidationError");
    listener(lb, web);
    const std::string other = balancer("other");
    EXPECT_EQ(outcome<op::CreateListener>({.load_balancer_arn = other,
                                           .protocol = "HTTP",
                                           .port = 80,
                                           .default_actions = forward(web)}),
              "TargetGroupAssociationLimit");
}

// Every target group that contains targets needs a healthy one.
TEST_F(Elbv2Test, NamesAreHealthyAsTheirTargetsAre) {
    const std::string lb = balancer(), web = group();
    listener(lb, web);
    published();
    const auto healthy = [&] { return names_.entries().begin()->second.healthy; };
    ASSERT_EQ(names_.entries().size(), 1u);
    EXPECT_TRUE(healthy());  // A group without targets does not count.
    must<op::RegisterTargets>(
        {.target_group_arn = web, .targets = {{.id = "10.0.1.5"}, {.id = "10.0.1.6"}}});
    published();
    EXPECT_FALSE(healthy());
    const proxy::TargetHealth well{proxy::HealthState::healthy, "", ""};
    plane_.known[{web, "10.0.1.6:8080"}] = well;
    plane_.turned(web, "10.0.1.6:8080", well);
    EXPECT_TRUE(healthy());
    plane_.known[{web, "10.0.1.6:8080"}].state = proxy::HealthState::unhealthy;
    plane_.turned(web, "10.0.1.6:8080", plane_.known[{web, "10.0.1.6:8080"}]);
    EXPECT_FALSE(healthy());
}

TEST_F(Elbv2Test, TargetsRegisterDrainAndGo) {
    const std::string lb = balancer(), web = group();
    must<op::RegisterTargets>(
        {.target_group_arn = web, .targets = {{.id = "10.0.1.5"}, {.id = "10.0.1.6", .port = 81}}});
    auto health = [&] {
        return must<op::DescribeTargetHealth>({.target_group_arn = web}).target_health_descriptions;
    };
    EXPECT_EQ(health().at(0).target_health->reason, "Target.NotInUse");
    listener(lb, web);
    EXPECT_EQ(health().at(0).target_health->state, "initial");
    ASSERT_EQ(published().groups.at(web).targets.size(), 2u);
    EXPECT_EQ(published().groups.at(web).targets[1].address.text(), "10.0.1.6:81");
    plane_.known[{web, "10.0.1.5:8080"}] = {proxy::HealthState::healthy, "", ""};
    EXPECT_EQ(health().at(0).target_health->state, "healthy");
    EXPECT_FALSE(health().at(0).target_health->reason);

    must<op::ModifyTargetGroupAttributes>(
        {.target_group_arn = web,
         .attributes = {{.key = "deregistration_delay.timeout_seconds", .value = "30"}}});
    must<op::DeregisterTargets>({.target_group_arn = web, .targets = {{.id = "10.0.1.5"}}});
    EXPECT_EQ(health().at(0).target_health->state, "draining");
    EXPECT_TRUE(published().groups.at(web).targets[0].draining);
    struct Wait {
        static Task<void> go(Loop& loop) { co_await loop.sleep(31s); }
    };
    world_.loop.run_until_done(Wait::go(world_.loop));
    EXPECT_EQ(health().size(), 1u);
    EXPECT_EQ(published().groups.at(web).targets.size(), 1u);
    const auto unknown =
        must<op::DescribeTargetHealth>({.target_group_arn = web, .targets = {{.id = "10.0.1.5"}}});
    EXPECT_EQ(unknown.target_health_descriptions.at(0).target_health->reason,
              "Target.NotRegistered");
    for (const char* bad : {"8.8.8.8", "i-123", "10.0.0", ""})
        EXPECT_NE(outcome<op::RegisterTargets>({.target_group_arn = web, .targets = {{.id = bad}}}),
                  "ok")
            << bad;
}

TEST_F(Elbv2Test, AttributesHaveDefaultsAndLimits) {
    const std::string lb = balancer();
    auto set = [&](const char* key, const char* value) {
        return outcome<op::ModifyLoadBalancerAttributes>(
            {.load_balancer_arn = lb, .attributes = {{.key = key, .value = value}}});
    };
    EXPECT_EQ(set("idle_timeout.timeout_seconds", "4000"), "ok");
    EXPECT_EQ(set("idle_timeout.timeout_seconds", "4001"), "ValidationError");
    EXPECT_EQ(set("no.such", "1"), "ValidationError");
    EXPECT_EQ(set("access_logs.s3.enabled", "true"), "InvalidConfigurationRequest");
    EXPECT_EQ(set("deletion_protection.enabled", "true"), "ok");
    EXPECT_EQ(published().load_balancers.at(lb).idle_timeout, 4000s);
    EXPECT_EQ(outcome<op::DeleteLoadBalancer>({.load_balancer_arn = lb}), "OperationNotPermitted");
    EXPECT_EQ(set("deletion_protection.enabled", "false"), "ok");
    EXPECT_EQ(must<op::DescribeLoadBalancerAttributes>({.load_balancer_arn = lb}).attributes.size(),
              19u);
    EXPECT_EQ(
        outcome<op::CreateTargetGroup>(
            {.name = "x", .protocol = "TCP", .port = 80, .vpc_id = "vpc-1", .target_type = "ip"}),
        "UnsupportedProtocol");
    EXPECT_EQ(outcome<op::CreateTargetGroup>({.name = "x",
                                              .protocol = "HTTP",
                                              .port = 80,
                                              .vpc_id = "vpc-1",
                                              .health_check_interval_seconds = 5,
                                              .health_check_timeout_seconds = 5,
                                              .target_type = "ip"}),
              "ValidationError");
}

TEST_F(Elbv2Test, SubnetsAndGroupsChange) {
    const std::string lb = balancer();
    must<op::SetSubnets>({.load_balancer_arn = lb, .subnets = {"subnet-1b", "subnet-1c"}});
    EXPECT_EQ(published().load_balancers.at(lb).nodes.size(), 2u);
    published();
    EXPECT_EQ(ec2_.interfaces.size(), 2u);  // The old one went by the outbox.
    EXPECT_EQ(must<op::SetSecurityGroups>({.load_balancer_arn = lb, .security_groups = {"sg-new"}})
                  .security_group_ids.at(0),
              "sg-new");
    EXPECT_EQ(outcome<op::SetSubnets>({.load_balancer_arn = lb, .subnets = {"subnet-1b"}}),
              "ValidationError");
}

// load-balancer-limits: each is hit, and answers as AWS does. What is there already is put into the
// store, copies of one that was made.
class Elbv2Quotas : public Elbv2Test {
protected:
    template <class R>
    R record_of(const schema::Table<R>& table, const std::string& arn) {
        store::Txn txn = store_.begin();
        return *table.get(txn, {ada.account, ada.region, arn});
    }
    // `change` gives each copy what it has of its own.
    template <class R>
    std::vector<std::string> copy(const schema::Table<R>& table, const std::string& arn, int count,
                                  std::function<void(R&, int)> change) {
        const R one = record_of(table, arn);
        std::vector<std::string> out;
        store::Txn txn = store_.begin();
        for (int i = 0; i < count; ++i) {
            R more = one;
            more.arn = arn + std::to_string(i);
            change(more, i);
            out.push_back(more.arn);
            table.put(txn, {ada.account, ada.region, more.arn}, more);
        }
        EXPECT_TRUE(world_.loop.run_until_done(store_.commit(txn)));
        return out;
    }
    std::vector<std::string> copy_groups(const std::string& arn, int count) {
        return copy<GroupRecord>(schema::groups, arn, count, [](GroupRecord& one, int i) {
            one.name = "copy" + std::to_string(i);
        });
    }
    Result<CreateRuleOutput> rule(const std::string& listener, const std::string& group,
                                  int priority, List<RuleCondition> conditions) {
        return call<op::CreateRule>({.listener_arn = listener,
                                     .conditions = std::move(conditions),
                                     .priority = priority,
                                     .actions = forward(group)});
    }
};

TEST_F(Elbv2Quotas, LoadBalancersListenersAndRules) {
    const std::string lb = balancer(), web = group(), first = listener(lb, web);
    copy<BalancerRecord>(schema::balancers, lb, 48,
                         [](BalancerRecord& one, int i) { one.name = "copy" + std::to_string(i); });
    balancer("last");
    EXPECT_EQ(outcome<op::CreateLoadBalancer>(
                  {.name = "more", .subnets = {"subnet-1a", "subnet-1b"}, .scheme = "internal"}),
              "TooManyLoadBalancers");
    copy<ListenerRecord>(schema::listeners, first, 48,
                         [](ListenerRecord& one, int i) { one.port = 1000 + i; });
    listener(lb, web, 81);
    EXPECT_EQ(outcome<op::CreateListener>({.load_balancer_arn = lb,
                                           .protocol = "HTTP",
                                           .port = 82,
                                           .default_actions = forward(web)}),
              "TooManyListeners");
    const RuleCondition six = {.field = "path-pattern",
                               .values = {"/1", "/2", "/3", "/4", "/5", "/6"}};
    EXPECT_EQ(rule(first, web, 1, {six}).error().code, "ValidationError");
    EXPECT_EQ(rule(first, web, 1, {path("/******")}).error().code, "ValidationError");
    const auto made = rule(first, web, 1, {path("/")});
    ASSERT_TRUE(made);
    copy<RuleRecord>(schema::rules, *made->rules.at(0).rule_arn, 98,
                     [](RuleRecord& one, int i) { one.priority = 1000 + i; });
    EXPECT_TRUE(rule(first, web, 2, {path("/2")}));
    EXPECT_EQ(rule(first, web, 3, {path("/3")}).error().code, "TooManyRules");
}

TEST_F(Elbv2Quotas, TargetGroupsAndTargets) {
    const std::string lb = balancer(), web = group(), first = listener(lb, web);
    const auto groups = copy_groups(web, 100);
    List<TargetGroupTuple> six;
    for (size_t i = 0; i < 6; ++i) six.push_back({.target_group_arn = groups[i]});
    EXPECT_EQ(
        outcome<op::ModifyListener>(
            {.listener_arn = first,
             .default_actions = {Action{
                 .type = "forward", .forward_config = ForwardActionConfig{.target_groups = six}}}}),
        "TooManyTargetGroups");
    const auto made = rule(first, groups[0], 1, {path("/")});
    ASSERT_TRUE(made);
    copy<RuleRecord>(schema::rules, *made->rules.at(0).rule_arn, 97, [&](RuleRecord& one, int i) {
        one.priority = 1000 + i;
        one.action.groups = {{groups[static_cast<size_t>(i) + 1], 1}};
    });
    EXPECT_TRUE(rule(first, groups[98], 2, {path("/2")}));  // The hundredth, with `web`.
    const auto full = rule(first, groups[99], 3, {path("/3")});
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, "TooManyUniqueTargetGroupsPerLoadBalancer");
    EXPECT_EQ(full.error().message,
              "You have reached the maximum number of unique target groups that you can associate "
              "with a load balancer of type 'application': [100]");
    const auto add = [&](const std::string& to, int count) {
        List<TargetDescription> targets;
        for (int i = 0; i < count; ++i)
            targets.push_back(
                {.id = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1)});
        return outcome<op::RegisterTargets>({.target_group_arn = to, .targets = targets});
    };
    EXPECT_EQ(add(groups[99], 1001), "TooManyTargets");  // Of a group.
    EXPECT_EQ(add(groups[1], 600), "ok");
    EXPECT_EQ(add(groups[2], 401), "TooManyTargets");  // Of a balancer.
    EXPECT_EQ(add(groups[2], 400), "ok");
    copy<GroupRecord>(schema::groups, groups[99], 2898,
                      [](GroupRecord& one, int i) { one.name = "more" + std::to_string(i); });
    group("last");
    EXPECT_EQ(outcome<op::CreateTargetGroup>({.name = "one-more",
                                              .protocol = "HTTP",
                                              .port = 80,
                                              .vpc_id = "vpc-1",
                                              .target_type = "ip"}),
              "TooManyTargetGroups");
}

TEST(Names, AreSpelledAsAws) {
    const std::string rule =
        "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/app/site/0a/1b/2c";
    EXPECT_EQ(balancer_of_listener(listener_of_rule(rule)),
              "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/site/0a");
    EXPECT_EQ(listener_of_rule("x"), "");
    EXPECT_EQ(dns_name("site", "123", "eu-west-1", true),
              "internal-site-123.eu-west-1.elb.amazonaws.com");
}

}  // namespace unkai::services::elbv2
