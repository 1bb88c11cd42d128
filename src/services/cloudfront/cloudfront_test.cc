// The operations and the publisher in the simulated world; the plane is a list of what it was
// given.
#include "services/cloudfront/cloudfront.h"

#include <gtest/gtest.h>

#include "aws/client.h"
#include "net/certificate.h"
#include "rt/sim/sim_loop.h"

namespace unkai::services::cloudfront {

namespace {

constexpr auto optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6";
const std::string arn = "arn:aws:acm:us-east-1:123456789012:certificate/1";

class Certificates final : public net::CertificateLookup {
public:
    Result<std::shared_ptr<const net::Identity>> find(const std::string& wanted) override {
        if (wanted != arn || !identity) return fail("CertificateNotFound", "There is none.", 400);
        return identity;
    }
    void set_uses(const std::string& user, std::set<std::string> certificates) override {
        if (certificates.empty())
            uses.erase(user);
        else
            uses[user] = std::move(certificates);
    }
    std::shared_ptr<const net::Identity> identity;
    std::map<std::string, std::set<std::string>> uses;
};

struct World {
    SimWorld sim{11};
    store::Store store{sim.env, store::memory_engine()};
    aws::Credentials credentials{sim.env, store, {.account = "123456789012"}};
    Certificates certificates;
    planes::dns::NameSource names{"cloudfront"};
    Signer signer;
    std::shared_ptr<const planes::cdn::Snapshot> applied;
    std::vector<std::string> invalidated;
    Publisher publisher{
        sim.env,
        store,
        {.apply = [this](auto snapshot) { return take(*this, std::move(snapshot)); },
         .invalidate =
             [this](const std::string& id, const std::vector<std::string>& paths) {
                 for (const auto& path : paths) invalidated.push_back(id + path);
             },
         .names = names,
         .edge_addresses = {"198.18.0.2"},
         .certificates = certificates,
         .identity = nullptr,
         .credentials = credentials,
         .signer = signer}};
    CloudFront service{certificates, publisher};
    aws::Dispatcher dispatcher{sim.env, store};
    aws::Client client{dispatcher};
    aws::Caller caller = aws::service_caller("test.amazonaws.com", "123456789012", "us-east-1");
    bool started = false;

    World() { dispatcher.add(api::cloudfront::bind(service)); }
    ~World() {
        if (started) sim.loop.run_until_done(publisher.stop());
    }

    static Task<void> take(World& world, std::shared_ptr<const planes::cdn::Snapshot> snapshot) {
        world.applied = std::move(snapshot);
        co_return;
    }
    template <class Op>
    Result<typename Op::Output> run(typename Op::Input in) {
        return sim.loop.run_until_done(client.call<Op>(caller, std::move(in)));
    }
    void settle() {
        if (!std::exchange(started, true)) publisher.start();
        sim.loop.run_until_done(publisher.settle());
    }

    static DistributionConfig config(const std::string& reference) {
        DistributionConfig out;
        out.caller_reference = reference;
        out.enabled = true;
        Origin origin;
        origin.id = "site";
        origin.domain_name = "photos.s3.us-east-1.amazonaws.com";
        origin.s3_origin_config.emplace();
        out.origins.quantity = 1;
        out.origins.items.push_back(origin);
        out.default_cache_behavior.target_origin_id = "site";
        out.default_cache_behavior.viewer_protocol_policy = "allow-all";
        out.default_cache_behavior.cache_policy_id = optimized;
        return out;
    }
    Distribution make(const DistributionConfig& wanted) {
        auto out = run<op::CreateDistribution>({.distribution_config = wanted});
        CHECK(out.has_value(), "the test's distribution was refused");
        return *out->distribution;
    }
    std::string make_access_control() {
        auto out = run<op::CreateOriginAccessControl>(
            {.origin_access_control_config = {.name = "mine",
                                              .signing_protocol = "sigv4",
                                              .signing_behavior = "always",
                                              .origin_access_control_origin_type = "s3"}});
        CHECK(out.has_value(), "the test's access control was refused");
        return out->origin_access_control->id;
    }
};

template <class T>
std::string code(const Result<T>& result) {
    return result ? "" : result.error().code;
}

}  // namespace

TEST(CloudFront, IsDeployedWhenTheEdgesHaveIt) {
    World world;
    const Distribution made = world.make(World::config("one"));
    EXPECT_EQ(made.status, "InProgress");
    world.settle();
    auto got = world.run<op::GetDistribution>({.id = made.id});
    ASSERT_TRUE(got);
    EXPECT_EQ(got->distribution->status, "Deployed");
    ASSERT_EQ(world.applied->distributions.size(), 1U);
    EXPECT_EQ(world.applied->distributions[0]->domain, made.domain_name);
    ASSERT_NE(world.names.find(made.domain_name), nullptr);
    EXPECT_EQ(world.names.find(made.domain_name)->public_addresses[0], "198.18.0.2");

    DistributionConfig changed = got->distribution->distribution_config;
    changed.enabled = false;
    EXPECT_EQ(code(world.run<op::DeleteDistribution>({.id = made.id, .if_match = got->e_tag})),
              "DistributionNotDisabled");
    auto updated = world.run<op::UpdateDistribution>(
        {.distribution_config = changed, .id = made.id, .if_match = got->e_tag});
    ASSERT_TRUE(updated);
    world.settle();
    EXPECT_TRUE(world.applied->distributions.empty());
    EXPECT_EQ(code(world.run<op::DeleteDistribution>({.id = made.id, .if_match = got->e_tag})),
              "PreconditionFailed");
    EXPECT_TRUE(world.run<op::DeleteDistribution>({.id = made.id, .if_match = updated->e_tag}));
    world.settle();
    EXPECT_EQ(world.names.entries().size(), 0U);
    EXPECT_EQ(code(world.run<op::GetDistribution>({.id = made.id})), "NoSuchDistribution");
}

TEST(CloudFront, SignedOriginsGetASessionThatIsRenewedAndErased) {
    World world;
    DistributionConfig wanted = World::config("one");
    wanted.origins.items[0].origin_access_control_id = world.make_access_control();
    const Distribution made = world.make(wanted);
    world.settle();
    const auto sign = [&] {
        net::Headers headers = {{"host", "photos.s3.us-east-1.amazonaws.com"}};
        world.signer.sign_at(
            {"123456789012/" + made.id, "GET", "/", "photos.s3.us-east-1.amazonaws.com"},
            world.sim.env.now(), headers);
        return std::string(headers.value("x-amz-security-token"));
    };
    const auto key_of = [&] {
        net::Headers headers = {{"host", "photos.s3.us-east-1.amazonaws.com"}};
        world.signer.sign_at(
            {"123456789012/" + made.id, "GET", "/", "photos.s3.us-east-1.amazonaws.com"},
            world.sim.env.now(), headers);
        const std::string text(headers.value("authorization"));
        const size_t from = text.find("Credential=") + 11;
        return text.substr(from, text.find('/', from) - from);
    };
    const std::string first = sign();
    ASSERT_FALSE(first.empty());
    const auto credential = world.credentials.find(key_of(), first, world.sim.env.now());
    ASSERT_TRUE(credential);
    EXPECT_EQ(credential->principal.arn, made.arn);
    EXPECT_EQ(credential->principal.service, "cloudfront.amazonaws.com");
    EXPECT_EQ(credential->principal.kind, aws::Principal::Kind::service);

    struct Wait {
        static Task<void> hours(World& world, int count) {
            co_await world.sim.loop.sleep(std::chrono::hours(count));
        }
    };
    world.sim.loop.run_until_done(Wait::hours(world, 5));
    world.settle();
    const std::string second = sign();
    EXPECT_NE(second, first);
    EXPECT_TRUE(world.credentials.find(key_of(), second, world.sim.env.now()));

    const std::string key = key_of();
    auto got = world.run<op::GetDistribution>({.id = made.id});
    DistributionConfig changed = got->distribution->distribution_config;
    changed.enabled = false;
    auto updated = world.run<op::UpdateDistribution>(
        {.distribution_config = changed, .id = made.id, .if_match = got->e_tag});
    world.settle();
    ASSERT_TRUE(world.run<op::DeleteDistribution>({.id = made.id, .if_match = updated->e_tag}));
    world.settle();
    EXPECT_EQ(sign(), "");
    EXPECT_FALSE(world.credentials.find(key, second, world.sim.env.now()));
}

TEST(CloudFront, InvalidationsAreCarriedOutOnce) {
    World world;
    const Distribution made = world.make(World::config("one"));
    world.settle();
    CreateInvalidationInput in{.distribution_id = made.id};
    in.invalidation_batch.caller_reference = "a";
    in.invalidation_batch.paths.quantity = 1;
    in.invalidation_batch.paths.items = {"/images/*"};
    auto sent = world.run<op::CreateInvalidation>(in);
    ASSERT_TRUE(sent);
    EXPECT_EQ(sent->invalidation->status, "InProgress");
    world.settle();
    EXPECT_EQ(world.invalidated, std::vector<std::string>{made.id + "/images/*"});
    auto got =
        world.run<op::GetInvalidation>({.distribution_id = made.id, .id = sent->invalidation->id});
    ASSERT_TRUE(got);
    EXPECT_EQ(got->invalidation->status, "Completed");
    world.settle();
    EXPECT_EQ(world.invalidated.size(), 1U);
}

TEST(CloudFront, CertificatesCoverAliasesAndAreInUse) {
    World world;
    auto authority = net::Authority::make("test", *world.sim.random, world.sim.env.now());
    const auto key = net::make_private_key(net::KeyKind::ec_p256);
    const auto leaf = authority->issue({.key_pem = *key,
                                        .names = {"*.example.com"},
                                        .not_before = world.sim.env.now(),
                                        .not_after = world.sim.env.now() + std::chrono::hours(24)},
                                       *world.sim.random);
    world.certificates.identity = *net::Identity::from_pem(*leaf, "", *key);
    const auto with = [](const std::string& alias, const std::string& certificate) {
        DistributionConfig out = World::config(alias + certificate);
        out.aliases = Aliases{.quantity = 1, .items = {alias}};
        out.viewer_certificate.emplace();
        out.viewer_certificate->acm_certificate_arn = certificate;
        out.viewer_certificate->ssl_support_method = "sni-only";
        return CreateDistributionInput{.distribution_config = out};
    };
    const std::string elsewhere = "arn:aws:acm:eu-west-1:123456789012:certificate/1";
    EXPECT_EQ(code(world.run<op::CreateDistribution>(with("a.example.com", elsewhere))),
              "InvalidViewerCertificate");
    EXPECT_EQ(code(world.run<op::CreateDistribution>(with("a.example.org", arn))),
              "InvalidViewerCertificate");
    EXPECT_EQ(code(world.run<op::CreateDistribution>(with("a.b.example.com", arn))),
              "InvalidViewerCertificate");
    const auto made = world.run<op::CreateDistribution>(with("WWW.example.com", arn));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(world.certificates.uses[made->distribution->arn], std::set<std::string>{arn});
    world.settle();
    EXPECT_EQ(world.applied->distributions[0]->identity, world.certificates.identity);
    EXPECT_EQ(world.applied->distributions[0]->aliases[0], "www.example.com");
    EXPECT_TRUE(world.run<op::CreateDistribution>(with("*.example.com", arn)));
    EXPECT_EQ(code(world.run<op::CreateDistribution>(with("www.EXAMPLE.com", arn))),
              "CNAMEAlreadyExists");
    // A renewed certificate reaches the edges.
    world.certificates.identity = *net::Identity::from_pem(*leaf, "", *key);
    world.certificates.changed().notify_all();
    world.settle();
    for (const auto& distribution : world.applied->distributions)
        EXPECT_EQ(distribution->identity, world.certificates.identity);
}

TEST(CloudFront, WhatWasThereIsServedAfterARestart) {
    World world;
    const Distribution made = world.make(World::config("one"));
    world.settle();
    std::shared_ptr<const planes::cdn::Snapshot> seen;
    struct Take {
        static Task<void> into(std::shared_ptr<const planes::cdn::Snapshot>& seen,
                               std::shared_ptr<const planes::cdn::Snapshot> given) {
            seen = std::move(given);
            co_return;
        }
    };
    planes::dns::NameSource names{"cloudfront"};
    Publisher second{world.sim.env,
                     world.store,
                     {.apply = [&seen](auto given) { return Take::into(seen, std::move(given)); },
                      .invalidate = [](const std::string&, const std::vector<std::string>&) {},
                      .names = names,
                      .edge_addresses = {"198.18.0.2"},
                      .certificates = world.certificates,
                      .identity = nullptr,
                      .credentials = world.credentials,
                      .signer = world.signer}};
    second.start();
    world.sim.loop.run_until_done(second.settle());
    ASSERT_EQ(seen->distributions.size(), 1U);
    EXPECT_EQ(seen->distributions[0]->id, made.id);
    world.sim.loop.run_until_done(second.stop());
}

}  // namespace unkai::services::cloudfront
