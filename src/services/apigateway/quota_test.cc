// Quotas whose counts are large: what is there already is put into the store as it would lie there.
#include <gtest/gtest.h>

#include "aws/protocol/protocol.h"
#include "planes/gateway/gateway.h"
#include "rt/sim/sim_loop.h"
#include "services/apigateway/apigateway.h"
#include "services/apigateway/limits.h"

namespace unkai::services::apigateway {

namespace {

namespace gateway = planes::gateway;

struct NoBackend final : gateway::Backend {
    Task<Result<gateway::Invoked>> invoke(gateway::Invocation) override {
        co_return fail("NotFound", "none", 404);
    }
    Result<gateway::Identity> authenticate(const gateway::Incoming&, const std::string&) override {
        return fail("MissingAuthenticationToken", "none", 403);
    }
    gateway::Decision evaluate(const gateway::PolicyQuestion&) override {
        return gateway::Decision::none;
    }
    std::vector<std::string> resolve(const std::string&) override { return {}; }
    void log(const std::string&, const gateway::Api&, const std::string&, std::string,
             Time) override {}
    Task<Result<std::string>> document(const gateway::Api&, const std::string&) override {
        co_return fail("NotFound", "none", 404);
    }
};

struct NoCertificates final : net::CertificateLookup {
    Result<std::shared_ptr<const net::Identity>> find(const std::string&) override {
        return std::shared_ptr<const net::Identity>();
    }
    void set_uses(const std::string&, std::set<std::string>) override {}
};

class ApiGatewayQuotas : public testing::Test {
protected:
    template <class In, class Out>
    Result<Out> run(Result<Out> (ApiGateway::*operation)(aws::Call&, const In&), const In& in) {
        aws::Call call(world_.env, store_);
        call.account = "123456789012";
        call.region = "us-east-1";
        Result<Out> out = (service_.*operation)(call, in);
        if (out) EXPECT_TRUE(world_.loop.run_until_done(call.commit()));
        return out;
    }
    // `count` copies of a document, under ids of their own.
    template <class Shape>
    void fill(const std::string& scope, const char* kind, size_t count, const Shape& shape) {
        store::Txn txn = store_.begin();
        for (size_t i = 0; i < count; ++i)
            schema::documents.put(
                txn, {"123456789012", "us-east-1", scope, kind, "filled" + std::to_string(i)},
                {aws::protocol::to_json(shape)});
        ASSERT_TRUE(world_.loop.run_until_done(store_.commit(txn)));
    }

    SimWorld world_;
    store::Store store_{world_.env, store::memory_engine()};
    NoBackend backend_;
    NoCertificates certificates_;
    gateway::Gateway gateway_{world_.env, backend_, {}};
    ApiGateway service_{gateway_, certificates_};
};

template <class Out>
void expect_full(const Result<Out>& out) {
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, "LimitExceededException");
    EXPECT_EQ(out.error().status, 429);
}

}  // namespace

TEST_F(ApiGatewayQuotas, ApiKeys) {
    const CreateApiKeyInput key{.name = "k", .enabled = true};
    fill("", kind::key, limits::api_keys - 1, ApiKey{.value = "the-same-for-all-of-them"});
    EXPECT_TRUE(run(&ApiGateway::CreateApiKey, key));
    expect_full(run(&ApiGateway::CreateApiKey, key));
}

TEST_F(ApiGatewayQuotas, UsagePlans) {
    const CreateUsagePlanInput plan{.name = "p"};
    fill("", kind::plan, limits::plans - 1, UsagePlan{});
    EXPECT_TRUE(run(&ApiGateway::CreateUsagePlan, plan));
    expect_full(run(&ApiGateway::CreateUsagePlan, plan));
}

TEST_F(ApiGatewayQuotas, RestApis) {
    const CreateRestApiInput api{.name = "a"};
    fill("", kind::api, limits::apis - 1, RestApi{.name = "x"});
    EXPECT_TRUE(run(&ApiGateway::CreateRestApi, api));
    expect_full(run(&ApiGateway::CreateRestApi, api));
}

TEST_F(ApiGatewayQuotas, DomainNamesAndTheirMappings) {
    const auto domain = [&](const std::string& name) {
        CreateDomainNameInput in;
        in.domain_name = name;
        in.regional_certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1";
        in.endpoint_configuration.emplace().types = {"REGIONAL"};
        return run(&ApiGateway::CreateDomainName, in);
    };
    fill("", kind::domain, limits::domains - 1, DomainName{});
    const auto last = domain("api.example.test");
    ASSERT_TRUE(last) << last.error().message;
    expect_full(domain("more.example.test"));
    const auto api = run(&ApiGateway::CreateRestApi, CreateRestApiInput{.name = "a"});
    const auto map = [&](const std::string& path) {
        return run(
            &ApiGateway::CreateBasePathMapping,
            CreateBasePathMappingInput{
                .domain_name = "api.example.test", .base_path = path, .rest_api_id = *api->id});
    };
    fill("api.example.test", kind::mapping, limits::mappings - 1, BasePathMapping{});
    EXPECT_TRUE(map("last"));
    expect_full(map("more"));
}

}  // namespace unkai::services::apigateway
