#include "planes/gateway/gateway.h"

#include <gtest/gtest.h>

#include "planes/gateway/match.h"
#include "rt/sim/sim_loop.h"

namespace unkai::planes::gateway {

namespace {

using wire::Json;

// A world of functions that answer by name.
struct FakeBackend final : Backend {
    explicit FakeBackend(Loop& loop) : loop_(loop) {}

    Task<Result<Invoked>> invoke(Invocation invocation) override {
        ++invocations;
        last = invocation;
        if (invocation.function == "slow") co_await loop_.sleep(std::chrono::seconds(60));
        if (invocation.function == "denied") co_return fail("NotPermitted", "no", 500);
        if (invocation.function == "raises") co_return Invoked{R"({"errorMessage":"boom"})", true};
        if (invocation.function == "nonsense") co_return Invoked{"\"text\"", false};
        if (invocation.function == "authorizer") co_return Invoked{verdict, false};
        co_return Invoked{answer, false};
    }
    Result<Identity> authenticate(const Incoming& request, const std::string&) override {
        if (!request.has_header("authorization"))
            return fail("MissingAuthenticationToken", "Missing Authentication Token", 403);
        return Identity{.account = "1", .user_arn = "arn:aws:iam::1:user/ada"};
    }
    Decision evaluate(const PolicyQuestion& question) override {
        if (question.policy.find("Deny") != question.policy.npos) return Decision::deny;
        if (question.policy.find("Allow") != question.policy.npos) return Decision::allow;
        return Decision::none;
    }
    std::vector<std::string> resolve(const std::string&) override { return {}; }
    void log(const std::string&, const Api&, const std::string&, std::string line, Time) override {
        lines.push_back(std::move(line));
    }
    Task<Result<std::string>> document(const Api&, const std::string&) override {
        co_return std::string(R"({"info":{"title":"</script>"}})");
    }

    Loop& loop_;
    int invocations = 0;
    Invocation last;
    std::string answer = R"({"statusCode":200,"body":"ok"})";
    std::string verdict =
        R"({"principalId":"ada","policyDocument":{"Statement":[{"Effect":"Allow"}]},"context":{"k":"v"}})";
    std::vector<std::string> lines;
};

class GatewayTest : public ::testing::Test {
protected:
    GatewayTest() : backend(world.loop), gateway(world.env, backend, {}) {}
    ~GatewayTest() override { world.loop.run_until_done(gateway.stop(std::chrono::seconds(120))); }

    Route& add(const std::string& method, const std::string& path, const std::string& function) {
        Route route{.id = path, .key = method + " " + path, .resource = path, .method = method};
        route.path = *parse_path(path);
        route.integration.kind = Integration::Kind::lambda_proxy;
        route.integration.uri = function;
        content.routes.push_back(route);
        return content.routes.back();
    }

    void apply(Api::Kind kind = Api::Kind::rest) {
        Api api{.kind = kind, .id = "abc", .name = "pets", .account = "1", .region = "us-east-1"};
        api.policy = policy;
        api.cors = cors;
        stage.content = std::make_shared<const Content>(content);
        api.stages[stage.name] = stage;
        Snapshot snapshot;
        snapshot.apis["abc"] = std::move(api);
        snapshot.domains = domains;
        snapshot.plans = plans;
        gateway.apply("test", std::move(snapshot));
    }

    Outgoing get(const std::string& path, std::vector<Field> headers = {},
                 const std::string& method = "GET", const std::string& body = "") {
        Incoming in;
        in.method = method;
        in.host = in.authority = host;
        const size_t mark = path.find('?');
        in.path = path.substr(0, mark);
        if (mark != path.npos) in.query = path.substr(mark + 1);
        in.headers = std::move(headers);
        in.source_ip = "192.0.2.1";
        in.body = body;
        return world.loop.run_until_done(gateway.serve(std::move(in)));
    }

    SimWorld world;
    FakeBackend backend;
    Gateway gateway;
    Content content;
    Stage stage{.name = "prod"};
    std::string policy, host = "abc.execute-api.us-east-1.amazonaws.com";
    std::optional<Cors> cors;
    std::map<std::string, Domain> domains;
    std::vector<UsagePlan> plans;
};

TEST_F(GatewayTest, RestAnswersAndItsOwnErrors) {
    add("GET", "/pets/{id}", "f");
    add("GET", "/slow", "slow").integration.timeout = std::chrono::seconds(29);
    add("GET", "/denied", "denied");
    add("GET", "/raises", "raises");
    add("GET", "/nonsense", "nonsense");
    apply();
    const struct {
        const char* path;
        int status;
        const char* body;
    } cases[] = {
        {"/prod/pets/7", 200, "ok"},
        {"/prod/none", 403, R"({"message":"Missing Authentication Token"})"},
        {"/other/pets/7", 403, R"({"message":"Forbidden"})"},
        {"/prod/slow", 504, R"({"message":"Endpoint request timed out"})"},
        {"/prod/denied", 500, R"({"message":"Internal server error"})"},
        {"/prod/raises", 502, R"({"message":"Internal server error"})"},
        {"/prod/nonsense", 502, R"({"message":"Internal server error"})"},
    };
    for (const auto& one : cases) {
        const Outgoing out = get(one.path);
        EXPECT_EQ(out.status, one.status) << one.path;
        EXPECT_EQ(out.body, one.body) << one.path;
    }
    EXPECT_NE(get("/prod/pets/7").header("x-amzn-requestid"), nullptr);
    EXPECT_EQ(backend.last.source_arn, "arn:aws:execute-api:us-east-1:1:abc/prod/GET/pets/{id}");
}

TEST_F(GatewayTest, HttpAnswersAndItsOwnErrors) {
    stage.name = "$default";
    add("GET", "/pets", "f").integration.payload_version = "2.0";
    add("GET", "/slow", "slow").integration.timeout = std::chrono::seconds(30);
    add("GET", "/raises", "raises");
    cors = Cors{.headers = {"x-a"}, .methods = {"GET"}, .origins = {"https://a.test"}};
    apply(Api::Kind::http);
    EXPECT_EQ(get("/pets").body, "ok");
    EXPECT_EQ(get("/none").body, R"({"message":"Not Found"})");
    EXPECT_EQ(get("/slow").body, R"({"message":"Service Unavailable"})");
    EXPECT_EQ(get("/slow").status, 503);
    EXPECT_EQ(get("/raises").status, 500);
    EXPECT_EQ(get("/raises").body, R"({"message":"Internal Server Error"})");
    const Outgoing preflight =
        get("/pets", {{"Origin", "https://a.test"}, {"Access-Control-Request-Method", "GET"}},
            "OPTIONS");
    EXPECT_EQ(preflight.status, 204);
    EXPECT_EQ(*preflight.header("access-control-allow-origin"), "https://a.test");
    EXPECT_EQ(*preflight.header("access-control-allow-methods"), "GET");
    EXPECT_EQ(get("/pets", {{"Origin", "https://b.test"}}).header("access-control-allow-origin"),
              nullptr);
}

TEST_F(GatewayTest, ThrottlesByMethodAndLetsThroughAsTimePasses) {
    add("GET", "/", "f");
    stage.throttle = {1, 2};
    apply();
    EXPECT_EQ(get("/prod").status, 200);
    EXPECT_EQ(get("/prod").status, 200);
    const Outgoing out = get("/prod");
    EXPECT_EQ(out.status, 429);
    EXPECT_EQ(out.body, R"({"message":"Too Many Requests"})");
    EXPECT_EQ(*out.header("x-amzn-errortype"), "TooManyRequestsException");
    world.loop.run_until_done(
        [](Loop& loop) -> Task<void> { co_await loop.sleep(std::chrono::seconds(1)); }(world.loop));
    EXPECT_EQ(get("/prod").status, 200);
}

TEST_F(GatewayTest, KeysPlansAndQuotas) {
    add("GET", "/", "f").api_key_required = true;
    UsagePlan plan{.id = "p", .quota = 2, .period = "DAY"};
    plan.stages["abc:prod"];
    plan.keys.push_back({"k", "secret-secret-secret"});
    plan.keys.push_back({"off", "disabled-disabled-key", false});
    plans.push_back(plan);
    apply();
    EXPECT_EQ(get("/prod").body, R"({"message":"Forbidden"})");
    EXPECT_EQ(get("/prod", {{"x-api-key", "disabled-disabled-key"}}).status, 403);
    const std::vector<Field> key = {{"x-api-key", "secret-secret-secret"}};
    EXPECT_EQ(get("/prod", key).status, 200);
    EXPECT_EQ(get("/prod", key).status, 200);
    const Outgoing out = get("/prod", key);
    EXPECT_EQ(out.status, 429);
    EXPECT_EQ(out.body, R"({"message":"Limit Exceeded"})");
    const UsageCounts counts = gateway.take_usage();
    ASSERT_EQ(counts.size(), 1u);
    EXPECT_EQ(counts.begin()->second, 2);
    gateway.set_usage(counts.begin()->first, 0);
    EXPECT_EQ(get("/prod", key).status, 200);
}

// limits: 10,000 requests a second of an account and region, with a burst of 5,000.
TEST_F(GatewayTest, AnAccountsThrottle) {
    add("GET", "/", "f");
    apply();
    for (int i = 0; i < 5000; ++i) ASSERT_EQ(get("/prod").status, 200) << i;
    const Outgoing out = get("/prod");
    EXPECT_EQ(out.status, 429);
    EXPECT_EQ(out.body, R"({"message":"Too Many Requests"})");
    world.loop.run_until_done([](Loop& loop) -> Task<void> {
        co_await loop.sleep(std::chrono::milliseconds(1));
    }(world.loop));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(get("/prod").status, 200);  // A millisecond's worth.
    EXPECT_EQ(get("/prod").status, 429);
}

// limits: with authorization a method ARN is at most 1,600 bytes.
TEST_F(GatewayTest, LongMethodArnsAreRefusedWhereThereIsAuthorization) {
    add("GET", "/open/{proxy+}", "f");
    add("GET", "/{proxy+}", "f").authorization = "AWS_IAM";
    apply();
    const std::vector<Field> signed_by_somebody = {{"authorization", "x"}};
    const size_t before = std::string("arn:aws:execute-api:us-east-1:1:abc/prod/GET/").size();
    EXPECT_EQ(get("/prod/" + std::string(1600 - before, 'x'), signed_by_somebody).status, 200);
    EXPECT_EQ(get("/prod/" + std::string(1601 - before, 'x'), signed_by_somebody).status, 414);
    EXPECT_EQ(get("/prod/open/" + std::string(1601, 'x')).status, 200);
}

// http-api-quotas, limits: 10,000 ms for a Lambda authorizer.
TEST_F(GatewayTest, AnAuthorizerHasTenSeconds) {
    Route& route = add("GET", "/", "f");
    route.authorization = "CUSTOM";
    route.authorizer = "a";
    content.authorizers["a"].id = "a";
    content.authorizers["a"].kind = Authorizer::Kind::request;
    content.authorizers["a"].function = "slow";
    for (const Api::Kind kind : {Api::Kind::rest, Api::Kind::http}) {
        apply(kind);
        const Steady begun = world.loop.steady();
        EXPECT_EQ(get("/prod").status, 500);
        EXPECT_EQ(world.loop.steady() - begun, std::chrono::seconds(10));
    }
}

Task<void> store_slowly(Gateway& gateway, Loop& loop, Stop& stop, int64_t& stored) {
    while (co_await gateway.usage_counted().wait(loop, never, &stop) == Wake::ready) {
        const uint64_t up_to = gateway.counted();
        const UsageCounts counts = gateway.take_usage();
        co_await loop.sleep(std::chrono::milliseconds(3));  // The commit.
        stored = counts.begin()->second;
        gateway.usage_stored(up_to);
    }
}

Task<void> join(Scope& scope) { co_await scope.join(); }

// With a keeper an answer waits for its count to be stored; when the store does not get on, it goes
// out after all.
TEST_F(GatewayTest, AnAnswerWaitsForItsUsageToBeStored) {
    add("GET", "/", "f").api_key_required = true;
    UsagePlan plan{.id = "p", .quota = 9, .period = "DAY"};
    plan.stages["abc:prod"];
    plan.keys.push_back({"k", "secret-secret-secret"});
    plans.push_back(plan);
    apply();
    gateway.set_usage_keeper(true);
    Stop stop;
    Scope scope;
    int64_t stored = 0;
    scope.spawn(store_slowly(gateway, world.loop, stop, stored));
    const std::vector<Field> key = {{"x-api-key", "secret-secret-secret"}};
    for (int64_t i = 1; i <= 3; ++i) {
        EXPECT_EQ(get("/prod", key).status, 200);
        EXPECT_EQ(stored, i);
    }
    stop.request();
    world.loop.run_until_done(join(scope));
    const Steady begun = world.loop.steady();
    EXPECT_EQ(get("/prod", key).status, 200);
    EXPECT_EQ(world.loop.steady() - begun, std::chrono::seconds(5));
}

TEST_F(GatewayTest, LambdaAuthorizersAreCachedAndTheirPoliciesHold) {
    Route& route = add("GET", "/", "f");
    route.authorization = "CUSTOM";
    route.authorizer = "a";
    content.authorizers["a"] = {.id = "a",
                                .function = "authorizer",
                                .sources = {"method.request.header.Auth"},
                                .validation = "t.*"};
    apply();
    EXPECT_EQ(get("/prod").body, R"({"message":"Unauthorized"})");
    EXPECT_EQ(get("/prod", {{"auth", "x"}}).status, 401);
    EXPECT_EQ(backend.invocations, 0);
    EXPECT_EQ(get("/prod", {{"auth", "t1"}}).status, 200);
    EXPECT_EQ(backend.invocations, 2);
    const Json event = *Json::parse(backend.last.payload);
    EXPECT_EQ(event["requestContext"]["authorizer"]["principalId"].as_string(), "ada");
    EXPECT_EQ(event["requestContext"]["authorizer"]["k"].as_string(), "v");
    EXPECT_EQ(get("/prod", {{"auth", "t1"}}).status, 200);
    EXPECT_EQ(backend.invocations, 3);  // The verdict was kept.
    gateway.flush_authorizers("abc", "prod");
    backend.verdict = R"({"principalId":"ada","policyDocument":{"Statement":[{"Effect":"Deny"}]}})";
    const Outgoing denied = get("/prod", {{"auth", "t1"}});
    EXPECT_EQ(denied.status, 403);
    EXPECT_EQ(
        denied.body,
        R"({"Message":"User is not authorized to access this resource with an explicit deny"})");
    backend.verdict = "{}";
    EXPECT_EQ(get("/prod", {{"auth", "t2"}}).status, 500);
}

TEST_F(GatewayTest, SignaturesAndResourcePolicies) {
    add("GET", "/", "f").authorization = "AWS_IAM";
    apply();
    EXPECT_EQ(get("/prod").body, R"({"message":"Missing Authentication Token"})");
    EXPECT_EQ(get("/prod", {{"authorization", "AWS4"}}).status, 200);
    policy = "Deny";
    apply();
    EXPECT_EQ(get("/prod", {{"authorization", "AWS4"}}).status, 403);
}

TEST_F(GatewayTest, ValidatesParametersAndBodies) {
    Route& route = add("POST", "/", "f");
    route.validate_body = route.validate_parameters = true;
    route.parameters = {{"method.request.querystring.page", true},
                        {"method.request.header.X-A", true},
                        {"method.request.querystring.free", false}};
    route.models["application/json"] =
        std::make_shared<const Json>(*Json::parse(R"({"type":"object","required":["name"]})"));
    apply();
    EXPECT_EQ(get("/prod", {}, "POST", "{}").body,
              R"({"message":"Missing required request parameters: [X-A, page]"})");
    EXPECT_EQ(get("/prod?page=1", {{"X-A", "1"}}, "POST", "{}").body,
              R"({"message":"Invalid request body"})");
    EXPECT_EQ(get("/prod?page=1", {{"X-A", "1"}}, "POST", "no").status, 400);
    EXPECT_EQ(get("/prod?page=1", {{"X-A", "1"}}, "POST", R"({"name":1})").status, 200);
}

TEST_F(GatewayTest, MockIntegrationsAndGatewayResponses) {
    Route& route = add("GET", "/", "");
    route.integration.kind = Integration::Kind::mock;
    route.integration.request_templates["application/json"] =
        R"({"statusCode": #if($input.params('bad') != '')500#{else}200#end})";
    route.integration.responses = {
        {.status = "200",
         .parameters = {{"method.response.header.X-Own", "'yes'"}},
         .templates = {{"application/json", R"({"ip":"$context.identity.sourceIp"})"}}},
        {.status = "500", .selection = "5\\d\\d"}};
    content.responses["DEFAULT_4XX"] = {
        .status = "418",
        .parameters = {{"gatewayresponse.header.X-Custom", "'own'"}},
        .templates = {{"application/json", R"({"said":$context.error.messageString})"}}};
    apply();
    const Outgoing good = get("/prod");
    EXPECT_EQ(good.body, R"({"ip":"192.0.2.1"})");
    EXPECT_EQ(*good.header("x-own"), "yes");
    EXPECT_EQ(get("/prod?bad=1").status, 500);
    const Outgoing missing = get("/prod/none");
    EXPECT_EQ(missing.status, 418);
    EXPECT_EQ(missing.body, R"({"said":"Missing Authentication Token"})");
    EXPECT_EQ(*missing.header("x-custom"), "own");
}

TEST_F(GatewayTest, BinaryBodiesGoOutDecodedWhenAccepted) {
    add("GET", "/", "f");
    content.binary_types = {"image/*"};
    backend.answer = R"({"statusCode":200,"body":"aGk=","isBase64Encoded":true})";
    apply();
    EXPECT_EQ(get("/prod", {{"Accept", "image/png,*/*"}}).body, "hi");
    EXPECT_EQ(get("/prod", {{"Accept", "text/html"}}).body, "aGk=");
}

TEST_F(GatewayTest, CustomDomainNamesLogsMetersAndThePage) {
    add("GET", "/a", "f");
    stage.log_destination = "arn:aws:logs:us-east-1:1:log-group:g";
    stage.log_format = "$context.status $context.path";
    stage.detailed_metrics = true;
    domains["api.test"] = {"api.test", {{"v1", "abc", "prod"}}, true, {}};
    apply();
    EXPECT_TRUE(gateway.wants("api.test"));
    EXPECT_FALSE(gateway.wants("b.test"));
    host = "api.test";
    EXPECT_EQ(get("/v1/a").status, 200);
    EXPECT_EQ(get("/v2/a").status, 403);
    EXPECT_EQ(get("/v1/none").status, 403);
    EXPECT_EQ(backend.lines, (std::vector<std::string>{"200 /v1/a", "403 /v1/none"}));
    const Meters meters = gateway.take_meters();
    ASSERT_EQ(meters.size(), 2u);
    EXPECT_EQ(meters.begin()->second.count, 2u);
    EXPECT_EQ(meters.begin()->second.errors_4xx, 1u);
    host = "abc.execute-api.localhost";
    const Outgoing page = get("/_unkai/apis/abc/prod/docs");
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.body.find("\"</script>\""), std::string::npos);
    EXPECT_EQ(get("/_unkai/apis/xyz/prod/docs").status, 404);
}

}  // namespace

}  // namespace unkai::planes::gateway
