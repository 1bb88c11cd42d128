#include "services/rds/rds.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/strings.h"
#include "planes/mysql/local_plane.h"
#include "rt/sim/sim_loop.h"
#include "services/rds/endpoints.h"
#include "services/rds/instance_class.h"
#include "services/rds/parameters.h"
#include "services/rds/placement.h"
#include "services/rds/reconciler.h"

namespace unkai::services::rds {
namespace {

using planes::mysql::Health;
using planes::mysql::State;

// Two subnets in two zones; interfaces are loopback addresses.
class FakeSurroundings final : public Surroundings {
public:
    std::set<std::string> interfaces, secrets;
    std::map<std::string, std::vector<std::string>> groups;  // By interface.
    bool networks_fail = false;

    Task<Result<std::vector<SubnetInfo>>> subnets(Place, std::vector<std::string> ids) override {
        std::vector<SubnetInfo> out;
        for (const std::string& id : ids) {
            if (id.size() != 8 || !id.starts_with("subnet-"))
                co_return errors::InvalidSubnet("The subnet " + id + " does not exist.");
            out.push_back({id, std::string("eu-west-1") + id.back(), "vpc-1"});
        }
        co_return out;
    }
    Task<Result<std::vector<SubnetInfo>>> default_subnets(Place place) override {
        co_return co_await subnets(place, {"subnet-a", "subnet-b"});
    }
    Task<Result<std::vector<std::string>>> security_groups(Place, std::string,
                                                           std::vector<std::string> ids) override {
        co_return ids.empty() ? std::vector<std::string>{"sg-default"} : ids;
    }
    Task<Result<InterfaceInfo>> create_interface(Place, std::string,
                                                 std::vector<std::string> security_groups,
                                                 std::string, std::string) override {
        const std::string number = std::to_string(++made_);
        interfaces.insert("eni-" + number);
        groups["eni-" + number] = security_groups;
        co_return InterfaceInfo{"eni-" + number, "127.0.7." + number};
    }
    Task<Status> set_security_groups(Place, std::string interface,
                                     std::vector<std::string> security_groups) override {
        groups[interface] = security_groups;
        co_return ok();
    }
    Task<Status> delete_interface(Place, std::string interface) override {
        interfaces.erase(interface);
        co_return ok();
    }
    Task<Result<std::string>> network_ready(std::string, Steady) override {
        if (networks_fail) co_return fail("NetworkNotFound", "The interface is not there yet.");
        co_return std::string();
    }
    Task<Result<std::string>> create_secret(Place, std::string name, std::string text,
                                            std::string) override {
        last_document = text;
        secrets.insert("arn:" + name);
        co_return "arn:" + name;
    }
    Task<Status> update_secret(Place, std::string, std::string text) override {
        last_document = text;
        co_return ok();
    }
    Task<Status> delete_secret(Place, std::string arn) override {
        secrets.erase(arn);
        co_return ok();
    }
    Task<Result<std::optional<planes::mysql::Certificate>>> certificate(
        std::vector<std::string>) override {
        co_return std::optional<planes::mysql::Certificate>();
    }
    std::string last_document;

private:
    int made_ = 0;
};

// Servers as a table; every start takes a second.
class FakePlane final : public planes::mysql::Plane {
public:
    explicit FakePlane(Loop& loop) : loop_(loop) {}
    std::map<std::pair<std::string, std::string>, planes::mysql::InstanceSpec> servers;
    std::map<std::string, std::string> hashes;  // By cluster.
    std::set<std::string> clusters;
    std::map<std::string, std::string> set_variables;
    std::string start_fails;
    bool missing = false;

    void listen(planes::mysql::Listener) override {}
    Task<Status> open() override { co_return ok(); }
    Task<Status> prepare() override { co_return ok(); }
    Task<void> stop_unclaimed() override { co_return; }
    Task<Status> define(planes::mysql::ClusterSpec spec) override {
        clusters.insert(spec.name);
        co_return ok();
    }
    Task<Status> start(planes::mysql::InstanceSpec spec) override {
        const bool leads = std::any_of(servers.begin(), servers.end(), [&](const auto& one) {
            return one.first.first == spec.cluster &&
                   one.second.role == planes::mysql::Role::writer;
        });
        co_await loop_.sleep(1s);
        if (!leads && spec.role == planes::mysql::Role::reader)
            co_return fail("WriterNotAvailable", "no writer to follow", 503);
        if (!start_fails.empty()) co_return fail("StartFailed", start_fails);
        servers[{spec.cluster, spec.name}] = spec;
        co_return ok();
    }
    Task<Status> stop(std::string cluster, std::string instance) override {
        servers.erase({cluster, instance});
        co_return ok();
    }
    Task<Status> remove(std::string cluster, std::string instance) override {
        co_return co_await stop(cluster, instance);
    }
    Task<Status> promote(std::string cluster, std::string instance) override {
        for (auto& [key, spec] : servers)
            if (key.first == cluster)
                spec.role = key.second == instance ? planes::mysql::Role::writer
                                                   : planes::mysql::Role::reader;
        co_return ok();
    }
    std::optional<std::string> writer(const std::string& cluster) const override {
        for (const auto& [key, spec] : servers)
            if (key.first == cluster && spec.role == planes::mysql::Role::writer) return key.second;
        return std::nullopt;
    }
    Task<Status> remove_cluster(std::string cluster) override {
        clusters.erase(cluster);
        co_return ok();
    }
    Task<void> stop_all() override { co_return; }
    Task<void> purge() override {
        servers.clear();
        clusters.clear();
        co_return;
    }
    std::optional<Health> health(const std::string& cluster,
                                 const std::string& instance) const override {
        const auto found = servers.find({cluster, instance});
        if (found == servers.end()) return std::nullopt;
        return Health{.state = State::available, .role = found->second.role};
    }
    Task<Status> set_master_hash(std::string cluster, std::string hash) override {
        hashes[cluster] = hash;
        co_return ok();
    }
    Task<Status> set_variable(std::string, std::string, std::string name,
                              std::string value) override {
        set_variables[name] = value;
        co_return ok();
    }
    Task<Result<wire::mysql::Reply>> query(std::string, std::string, std::string) override {
        co_return wire::mysql::Reply{};
    }
    Result<std::string> log_end(const std::string&, const std::string&, planes::mysql::Log,
                                size_t) const override {
        return std::string();
    }
    Task<Result<std::string>> engine() override {
        if (missing) co_return fail("EngineMissing", "apt-get install mariadb-server-core", 503);
        co_return std::string("fake");
    }
    Task<Result<bool>> knows_variable(std::string name) override {
        co_return name != "sync_binlog";
    }

private:
    Loop& loop_;
};

template <class Env_, class Plane_>
struct Site {
    Env_& env;
    Plane_& plane;
    store::Store store{env, store::memory_engine()};
    FakeSurroundings surroundings;
    planes::dns::NameSource names{"rds"};
    Rds rds{surroundings, plane};
    Reconciler reconciler{env, store, surroundings, plane, names};

    template <class In, class Out>
    Result<Out> run(Result<Out> (Rds::*operation)(aws::Call&, const In&), const In& in) {
        aws::Call call(env, store);
        prepare(call);
        Result<Out> out = (rds.*operation)(call, in);
        if (out) EXPECT_TRUE(env.loop.run_until_done(call.commit()));
        return out;
    }
    template <class In, class Out>
    Result<Out> run(Task<Result<Out>> (Rds::*operation)(aws::Call&, const In&), const In& in) {
        aws::Call call(env, store);
        prepare(call);
        Result<Out> out = env.loop.run_until_done((rds.*operation)(call, in));
        if (out) EXPECT_TRUE(env.loop.run_until_done(call.commit()));
        return out;
    }
    void prepare(aws::Call& call) {
        call.account = "123456789012";
        call.region = "eu-west-1";
    }
    void settle() { env.loop.run_until_done(reconciler.settle()); }
    ~Site() { env.loop.run_until_done(reconciler.stop()); }

    std::string create_group(std::string name, List<std::string> subnets) {
        const auto out = run(&Rds::CreateDBSubnetGroup,
                             CreateDBSubnetGroupInput{.db_subnet_group_name = name,
                                                      .db_subnet_group_description = "d",
                                                      .subnet_ids = subnets});
        return out ? *out->db_subnet_group->subnet_group_status : out.error().code;
    }
    std::string create_cluster(std::string id, int32_t port = 3306) {
        CreateDBClusterInput in;
        in.db_cluster_identifier = id;
        in.engine = "aurora-mysql";
        in.master_username = "admin";
        in.master_user_password = "secret99";
        in.port = port;
        const auto out = run(&Rds::CreateDBCluster, in);
        return out ? *out->db_cluster->status : out.error().code;
    }
    std::string create_instance(std::string id, std::string cluster) {
        CreateDBInstanceInput in;
        in.db_instance_identifier = id;
        in.db_cluster_identifier = cluster;
        in.engine = "aurora-mysql";
        in.db_instance_class = "db.r6g.large";
        const auto out = run(&Rds::CreateDBInstance, in);
        return out ? *out->db_instance->db_instance_status + " " +
                         *out->db_instance->availability_zone
                   : out.error().code;
    }
    std::string remove_instance(std::string id) {
        const auto out =
            run(&Rds::DeleteDBInstance, DeleteDBInstanceInput{.db_instance_identifier = id});
        return out ? *out->db_instance->db_instance_status : out.error().code;
    }
    std::string remove_cluster(std::string id) {
        const auto out =
            run(&Rds::DeleteDBCluster,
                DeleteDBClusterInput{.db_cluster_identifier = id, .skip_final_snapshot = true});
        return out ? *out->db_cluster->status : out.error().code;
    }
    std::string cluster_status(std::string id) {
        const auto out =
            run(&Rds::DescribeDBClusters, DescribeDBClustersInput{.db_cluster_identifier = id});
        return out ? *out->db_clusters[0].status : out.error().code;
    }
    std::string instance_status(std::string id) {
        const auto out =
            run(&Rds::DescribeDBInstances, DescribeDBInstancesInput{.db_instance_identifier = id});
        return out ? *out->db_instances[0].db_instance_status : out.error().code;
    }
    std::string writer_of(std::string id) {
        const auto out =
            run(&Rds::DescribeDBClusters, DescribeDBClustersInput{.db_cluster_identifier = id});
        for (const auto& member : out->db_clusters[0].db_cluster_members)
            if (*member.is_cluster_writer) return *member.db_instance_identifier;
        return "";
    }
    std::string resolve(std::string name) {
        const auto* target = names.find(name + "." + endpoint_hash("123456789012", "eu-west-1") +
                                        ".eu-west-1.rds.amazonaws.com");
        if (target == nullptr) return "";
        std::string text;
        for (const std::string& address : target->public_addresses) text += address + " ";
        return text;
    }
    std::string resolve_cluster(std::string id, bool reader) {
        const auto names_of =
            cluster_endpoints("123456789012", "eu-west-1", services::rds::Cluster{.id = id});
        const auto* target = names.find(reader ? names_of.reader : names_of.writer);
        if (target == nullptr) return "";
        std::string text;
        for (const std::string& address : target->public_addresses) text += address + " ";
        return text;
    }
};

struct World {
    SimWorld sim;
    FakePlane plane{sim.loop};
    Site<Env, FakePlane> site{sim.env, plane};
    void sleep(Duration time) {
        struct Wait {
            static Task<void> go(Loop& loop, Duration time) { co_await loop.sleep(time); }
        };
        sim.loop.run_until_done(Wait::go(sim.loop, time));
    }
    explicit World(bool running = true) {
        if (running) {
            site.reconciler.start();
            site.settle();
        }
    }
};

}  // namespace

TEST(RdsRules, FormulasAnswerAsAwsTableSays) {
    const std::string formula(find_parameter("max_connections", false)->value);
    struct Case {
        const char* name;
        const char* connections;
    };
    for (const Case& c : {Case{"db.t3.medium", "90"}, Case{"db.t4g.large", "135"},
                          Case{"db.r5.large", "1000"}, Case{"db.r6g.xlarge", "2000"},
                          Case{"db.r7g.2xlarge", "3000"}, Case{"db.r5.4xlarge", "4000"}}) {
        const InstanceClass* known = find_class(c.name);
        ASSERT_NE(known, nullptr) << c.name;
        EXPECT_EQ(evaluate(formula, known->memory_gib * 1024 * 1024 * 1024), c.connections)
            << c.name;
    }
    EXPECT_EQ(evaluate("{DBInstanceClassMemory*3/4}", 400), "300");
    EXPECT_EQ(evaluate("100", 1), "100");
    EXPECT_FALSE(evaluate("{DBInstanceClassMemory*", 1));
    EXPECT_FALSE(evaluate("LEAST({DBInstanceClassMemory/0})", 1));
    EXPECT_EQ(find_class("db.m1.small"), nullptr);
}

TEST(RdsRules, ChecksParameterValues) {
    struct Case {
        const char* name;
        const char* value;
        bool good;
    };
    for (const Case& c : {Case{"max_connections", "50", true}, Case{"max_connections", "0", false},
                          Case{"max_connections", "x", false},
                          Case{"max_connections", "{DBInstanceClassMemory/1}", true},
                          Case{"slow_query_log", "1", true}, Case{"slow_query_log", "2", false},
                          Case{"long_query_time", "0.5", true},
                          Case{"transaction_isolation", "READ-COMMITTED", true},
                          Case{"transaction_isolation", "NEVER", false}})
        EXPECT_EQ(static_cast<bool>(check_value(*find_parameter(c.name, false), c.value)), c.good)
            << c.name << "=" << c.value;
    EXPECT_EQ(find_parameter("time_zone", false), nullptr);
    EXPECT_NE(find_parameter("time_zone", true), nullptr);
}

TEST(Rds, SubnetGroupsNeedTwoZones) {
    World world(false);
    EXPECT_EQ(world.site.create_group("one", {"subnet-a"}), "DBSubnetGroupDoesNotCoverEnoughAZs");
    EXPECT_EQ(world.site.create_group("bad", {"subnet-a", "nope"}), "InvalidSubnet");
    EXPECT_EQ(world.site.create_group("default", {"subnet-a", "subnet-b"}),
              "InvalidParameterValue");
    EXPECT_EQ(world.site.create_group("Two", {"subnet-a", "subnet-b"}), "Complete");
    EXPECT_EQ(world.site.create_group("two", {"subnet-a", "subnet-b"}),
              "DBSubnetGroupAlreadyExists");
    EXPECT_TRUE(world.site.run(&Rds::DeleteDBSubnetGroup,
                               DeleteDBSubnetGroupInput{.db_subnet_group_name = "two"}));
    EXPECT_EQ(
        world.site
            .run(&Rds::DeleteDBSubnetGroup, DeleteDBSubnetGroupInput{.db_subnet_group_name = "two"})
            .error()
            .code,
        "DBSubnetGroupNotFoundFault");
}

TEST(Rds, RefusesWhatItCannotDoAndWhatAwsRefuses) {
    World world(false);
    CreateDBClusterInput good;
    good.db_cluster_identifier = "app";
    good.engine = "aurora-mysql";
    good.master_username = "admin";
    good.master_user_password = "secret99";
    const auto code = [&](auto change) {
        CreateDBClusterInput in = good;
        change(in);
        const auto out = world.site.run(&Rds::CreateDBCluster, in);
        return out ? std::string("fine") : out.error().code;
    };
    EXPECT_EQ(code([](auto& in) { in.engine = "postgres"; }), "InvalidParameterValue");
    EXPECT_EQ(code([](auto& in) { in.db_cluster_identifier = "1x"; }), "InvalidParameterValue");
    EXPECT_EQ(code([](auto& in) { in.master_user_password = "short"; }), "InvalidParameterValue");
    EXPECT_EQ(code([](auto& in) { in.master_user_password = "with@sign99"; }),
              "InvalidParameterValue");
    EXPECT_EQ(code([](auto& in) { in.master_username = "rdsadmin"; }), "InvalidParameterValue");
    EXPECT_EQ(code([](auto& in) { in.manage_master_user_password = true; }),
              "InvalidParameterCombination");
    EXPECT_EQ(code([](auto& in) { in.engine_version = "5.7"; }), "InvalidParameterCombination");
    EXPECT_EQ(code([](auto& in) { in.global_cluster_identifier = "g"; }),
              "InvalidParameterCombination");
    EXPECT_EQ(code([](auto& in) { in.backup_retention_period = 36; }), "InvalidParameterValue");
    EXPECT_EQ(code([](auto& in) { in.db_subnet_group_name = "nope"; }),
              "DBSubnetGroupNotFoundFault");
    EXPECT_EQ(code([](auto& in) { in.db_cluster_parameter_group_name = "nope"; }),
              "DBClusterParameterGroupNotFound");
    world.plane.missing = true;
    EXPECT_EQ(code([](auto&) {}), "InsufficientStorageClusterCapacity");
    world.plane.missing = false;
    EXPECT_EQ(code([](auto&) {}), "fine");
    EXPECT_EQ(code([](auto&) {}), "DBClusterAlreadyExistsFault");
    EXPECT_EQ(world.site.create_instance("app-1", "nope"), "DBClusterNotFoundFault");
    EXPECT_EQ(world.site.instance_status("nope"), "DBInstanceNotFound");
    DeleteDBClusterInput remove{.db_cluster_identifier = "app"};
    EXPECT_EQ(world.site.run(&Rds::DeleteDBCluster, remove).error().code,
              "InvalidParameterCombination");
    remove.final_db_snapshot_identifier = "last";
    EXPECT_EQ(world.site.run(&Rds::DeleteDBCluster, remove).error().code, "NotImplemented");
}

TEST(Rds, AClusterLives) {
    World world;
    auto& site = world.site;
    EXPECT_EQ(site.create_cluster("App"), "creating");
    EXPECT_EQ(site.create_instance("app-1", "app"), "creating eu-west-1a");
    EXPECT_EQ(site.create_instance("app-2", "app"), "creating eu-west-1b");
    EXPECT_EQ(site.create_instance("app-2", "app"), "DBInstanceAlreadyExists");
    site.settle();
    EXPECT_EQ(site.cluster_status("app"), "available");
    EXPECT_EQ(site.instance_status("app-1"), "available");
    EXPECT_EQ(site.writer_of("app"), "app-1");
    EXPECT_EQ(site.resolve_cluster("app", false), "127.0.7.1 ");
    EXPECT_EQ(site.resolve_cluster("app", true), "127.0.7.2 ");
    EXPECT_EQ(site.resolve("app-2"), "127.0.7.2 ");
    EXPECT_EQ(world.plane.servers.begin()->second.parameters.at("max_connections"), "1000");
    EXPECT_EQ(site.remove_cluster("app"), "InvalidDBClusterStateFault");

    const auto failing_over =
        site.run(&Rds::FailoverDBCluster, FailoverDBClusterInput{.db_cluster_identifier = "app"});
    ASSERT_TRUE(failing_over);
    EXPECT_EQ(*failing_over->db_cluster->status, "failing-over");
    site.settle();
    EXPECT_EQ(site.writer_of("app"), "app-2");
    EXPECT_EQ(site.resolve_cluster("app", false), "127.0.7.2 ");
    EXPECT_EQ(site.cluster_status("app"), "available");

    // A promotion that the records missed: the plane's word counts.
    const auto [plane_cluster, plane_instance] = world.plane.servers.begin()->first;
    EXPECT_TRUE(world.sim.loop.run_until_done(world.plane.promote(plane_cluster, plane_instance)));
    EXPECT_TRUE(site.run(
        &Rds::ModifyDBCluster,
        ModifyDBClusterInput{.db_cluster_identifier = "app", .backup_retention_period = 3}));
    site.settle();
    for (const auto& instance :
         site.run(&Rds::DescribeDBInstances, DescribeDBInstancesInput{})->db_instances)
        EXPECT_EQ(to_lower(*instance.dbi_resource_id) == plane_instance,
                  *instance.db_instance_identifier == site.writer_of("app"));

    ASSERT_TRUE(site.run(&Rds::StopDBCluster, StopDBClusterInput{.db_cluster_identifier = "app"}));
    site.settle();
    EXPECT_EQ(site.cluster_status("app"), "stopped");
    EXPECT_EQ(site.instance_status("app-1"), "stopped");
    EXPECT_TRUE(world.plane.servers.empty());
    EXPECT_EQ(site.run(&Rds::StopDBCluster, StopDBClusterInput{.db_cluster_identifier = "app"})
                  .error()
                  .code,
              "InvalidDBClusterStateFault");
    EXPECT_EQ(site.create_instance("app-3", "app"), "InvalidDBClusterStateFault");
    world.sleep(std::chrono::days(7) + 2min);  // AWS starts it again by itself.
    site.settle();
    EXPECT_EQ(site.cluster_status("app"), "available");
    EXPECT_EQ(world.plane.servers.size(), 2u);
}

TEST(Rds, DeletingTheWriterPromotesAReaderAndDeletingAllLeavesNothing) {
    World world;
    auto& site = world.site;
    CreateDBClusterInput in;
    in.db_cluster_identifier = "app";
    in.engine = "aurora-mysql";
    in.master_username = "admin";
    in.manage_master_user_password = true;
    const auto made = site.run(&Rds::CreateDBCluster, in);
    ASSERT_TRUE(made);
    EXPECT_EQ(*made->db_cluster->master_user_secret->secret_status, "active");
    EXPECT_NE(site.surroundings.last_document.find("\"username\":\"admin\""), std::string::npos);
    for (const char* id : {"app-1", "app-2", "app-3"}) site.create_instance(id, "app");
    site.settle();
    EXPECT_EQ(site.remove_instance("app-1"), "deleting");
    site.settle();
    EXPECT_EQ(site.instance_status("app-1"), "DBInstanceNotFound");
    EXPECT_EQ(site.writer_of("app"), "app-2");
    EXPECT_EQ(site.resolve("app-1"), "");
    for (const char* id : {"app-2", "app-3"}) EXPECT_EQ(site.remove_instance(id), "deleting");
    EXPECT_EQ(site.remove_cluster("app"), "deleting");
    site.settle();
    EXPECT_EQ(site.cluster_status("app"), "DBClusterNotFoundFault");
    EXPECT_TRUE(world.plane.servers.empty() && world.plane.clusters.empty());
    EXPECT_TRUE(site.surroundings.interfaces.empty() && site.surroundings.secrets.empty());
    EXPECT_TRUE(site.names.entries().empty());
    const auto events =
        site.run(&Rds::DescribeEvents,
                 DescribeEventsInput{.source_identifier = "app-1", .source_type = "db-instance"});
    ASSERT_EQ(events->events.size(), 2u);
    EXPECT_EQ(*events->events[1].message, "DB instance deleted");
}

TEST(Rds, ParametersApplyAtOnceOrAtTheNextReboot) {
    World world;
    auto& site = world.site;
    ASSERT_TRUE(site.run(&Rds::CreateDBParameterGroup,
                         CreateDBParameterGroupInput{.db_parameter_group_name = "Mine",
                                                     .db_parameter_group_family = "aurora-mysql8.0",
                                                     .description = "d"}));
    site.create_cluster("app");
    CreateDBInstanceInput in;
    in.db_instance_identifier = "app-1";
    in.db_cluster_identifier = "app";
    in.engine = "aurora-mysql";
    in.db_instance_class = "db.t3.medium";
    in.db_parameter_group_name = "mine";
    ASSERT_TRUE(site.run(&Rds::CreateDBInstance, in));
    site.settle();
    const auto modify = [&](std::string name, std::string value, std::string method) {
        const auto out = site.run(
            &Rds::ModifyDBParameterGroup,
            ModifyDBParameterGroupInput{
                .db_parameter_group_name = "mine",
                .parameters = {
                    {.parameter_name = name, .parameter_value = value, .apply_method = method}}});
        site.settle();
        return out ? std::string("fine") : out.error().code;
    };
    const auto status = [&] {
        const auto out = site.run(&Rds::DescribeDBInstances,
                                  DescribeDBInstancesInput{.db_instance_identifier = "app-1"});
        return *out->db_instances[0].db_parameter_groups[0].parameter_apply_status;
    };
    EXPECT_EQ(modify("nope", "1", "immediate"), "InvalidParameterValue");
    EXPECT_EQ(modify("back_log", "100", "immediate"), "InvalidParameterCombination");
    EXPECT_EQ(modify("slow_query_log", "1", "immediate"), "fine");
    EXPECT_EQ(world.plane.set_variables["slow_query_log"], "1");
    EXPECT_EQ(status(), "in-sync");
    EXPECT_EQ(modify("back_log", "100", "pending-reboot"), "fine");
    EXPECT_EQ(status(), "pending-reboot");
    ASSERT_TRUE(
        site.run(&Rds::RebootDBInstance, RebootDBInstanceInput{.db_instance_identifier = "app-1"}));
    site.settle();
    EXPECT_EQ(status(), "in-sync");
    EXPECT_EQ(world.plane.servers.begin()->second.parameters.at("back_log"), "100");
    EXPECT_EQ(modify("sync_binlog", "0", "immediate"),
              "fine");  // The engine's own: kept, not passed on.
    EXPECT_FALSE(world.plane.set_variables.contains("sync_binlog"));
    const auto user =
        site.run(&Rds::DescribeDBParameters,
                 DescribeDBParametersInput{.db_parameter_group_name = "mine", .source = "user"});
    EXPECT_EQ(user->parameters.size(), 3u);
    EXPECT_EQ(site.run(&Rds::DeleteDBParameterGroup,
                       DeleteDBParameterGroupInput{.db_parameter_group_name = "mine"})
                  .error()
                  .code,
              "InvalidDBParameterGroupState");
}

// As after a restart of the program: both are to run, and the reader needs the writer.
TEST(Rds, TheWriterStartsBeforeItsReaders) {
    World world(false);
    auto& site = world.site;
    site.create_cluster("app");
    site.create_instance("app-1", "app");
    site.create_instance("app-2", "app");
    site.reconciler.start();
    world.sleep(3s);
    EXPECT_EQ(site.instance_status("app-1"), "available");
    EXPECT_EQ(site.instance_status("app-2"), "available");
}

TEST(Rds, AFailureIsToldAndTriedAgain) {
    World world(false);
    auto& site = world.site;
    world.plane.start_fails = "unknown variable";
    site.create_cluster("app");
    site.create_instance("app-1", "app");
    site.reconciler.start();
    world.sleep(3s);
    const auto out = site.run(&Rds::DescribeDBInstances,
                              DescribeDBInstancesInput{.db_instance_identifier = "app-1"});
    EXPECT_EQ(*out->db_instances[0].db_instance_status, "creating");
    EXPECT_EQ(*out->db_instances[0].status_infos[0].message, "unknown variable");
    world.plane.start_fails.clear();
    site.settle();
    EXPECT_EQ(site.instance_status("app-1"), "available");
}

// The whole, with servers that really run: create, write, read at the reader, restart of the
// program, parameters, password, stop, start, delete.
TEST(RdsForReal, AClusterServesAndSurvives) {
    char folder[] = "/tmp/unkai-rds-test-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    ::chmod(folder, 0711);
    const std::string root = std::string(folder) + "/mysql";
    Loop loop;
    const auto random = system_random();
    Workers workers{2};
    Env env{loop, *random, workers};
    {
        planes::mysql::LocalPlane plane(env, root);
        ASSERT_TRUE(loop.run_until_done(plane.open()));
        Site<Env, planes::mysql::LocalPlane> site{env, plane};
        site.reconciler.start();
        EXPECT_EQ(site.create_cluster("app", 33971), "creating");
        site.create_instance("app-1", "app");
        site.create_instance("app-2", "app");
        site.settle();
        ASSERT_EQ(site.instance_status("app-1"), "available");
        ASSERT_EQ(site.instance_status("app-2"), "available");
        struct Sql {
            static Task<Result<wire::mysql::Reply>> go(Loop& loop, std::string address,
                                                       std::string password, std::string sql) {
                const Steady deadline = loop.steady() + 20s;
                CO_TRY(auto session,
                       co_await planes::mysql::Session::open(
                           loop, {"", *net::Address::parse(address, 33971), "admin", password},
                           deadline));
                co_return co_await session.query(sql, deadline);
            }
            // Asks until the answer is there: replication has no other signal.
            static Task<bool> becomes(Loop& loop, std::string address, std::string sql,
                                      std::string wanted) {
                for (const Steady end = loop.steady() + 20s; loop.steady() < end;
                     co_await loop.sleep(10ms)) {
                    const auto reply = co_await go(loop, address, "secret99", sql);
                    if (reply && !reply->rows.empty() && reply->rows[0][0] == wanted)
                        co_return true;
                }
                co_return false;
            }
        };
        const auto sql = [&](std::string address, std::string text,
                             std::string password = "secret99") {
            return loop.run_until_done(Sql::go(loop, address, password, text));
        };
        EXPECT_TRUE(sql("127.0.7.1", "CREATE DATABASE shop"));
        EXPECT_TRUE(sql("127.0.7.1", "CREATE TABLE shop.t (v INT)"));
        EXPECT_TRUE(sql("127.0.7.1", "INSERT INTO shop.t VALUES (7)"));
        EXPECT_TRUE(
            loop.run_until_done(Sql::becomes(loop, "127.0.7.2", "SELECT v FROM shop.t", "7")));
        EXPECT_EQ(sql("127.0.7.2", "INSERT INTO shop.t VALUES (8)").error().code, "MySql1290");
        EXPECT_EQ(sql("127.0.7.1", "SELECT @@max_connections")->rows[0][0], "1000");

        ModifyDBClusterInput password;
        password.db_cluster_identifier = "app";
        password.master_user_password = "other9999";
        ASSERT_TRUE(site.run(&Rds::ModifyDBCluster, password));
        site.settle();
        EXPECT_FALSE(sql("127.0.7.1", "SELECT 1"));
        EXPECT_TRUE(sql("127.0.7.1", "SELECT 1", "other9999"));

        ASSERT_TRUE(
            site.run(&Rds::StopDBCluster, StopDBClusterInput{.db_cluster_identifier = "app"}));
        const auto is = [&](const char* status) {
            struct Until {
                static Task<void> go(Loop& loop) { co_await loop.sleep(20ms); }
            };
            for (int i = 0; i < 1000 && site.cluster_status("app") != status; ++i)
                loop.run_until_done(Until::go(loop));
            return site.cluster_status("app") == status;
        };
        EXPECT_TRUE(is("stopped"));
        EXPECT_FALSE(sql("127.0.7.1", "SELECT 1", "other9999"));
        ASSERT_TRUE(
            site.run(&Rds::StartDBCluster, StartDBClusterInput{.db_cluster_identifier = "app"}));
        EXPECT_TRUE(is("available"));
        EXPECT_EQ(sql("127.0.7.2", "SELECT v FROM shop.t", "other9999")->rows[0][0], "7");

        site.remove_instance("app-1");
        site.remove_instance("app-2");
        EXPECT_EQ(site.remove_cluster("app"), "deleting");
        site.settle();
        EXPECT_EQ(site.cluster_status("app"), "DBClusterNotFoundFault");
        EXPECT_TRUE(site.surroundings.interfaces.empty());
        EXPECT_TRUE(planes::mysql::find_servers(root).empty());
        EXPECT_TRUE(std::filesystem::is_empty(root + "/clusters"));
        loop.run_until_done(plane.purge());
    }
    std::filesystem::remove_all(folder);
}

}  // namespace unkai::services::rds
