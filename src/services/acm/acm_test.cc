#include "services/acm/acm.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "api/route53.h"
#include "rt/sim/sim_loop.h"
#include "services/acm/limits.h"
#include "services/acm/validator.h"

namespace unkai::services::acm {

namespace {

// route53, as far as acm asks it: one public zone and its CNAMEs.
struct Zones {
    std::string zone = "example.com.";
    bool is_private = false;
    std::map<std::string, std::string> records;  // Name → value.
    size_t asked = 0;

    static Status zones(void* self, aws::Call&, const void* input, void* output) {
        auto& all = *static_cast<Zones*>(self);
        ++all.asked;
        if (static_cast<const api::route53::ListHostedZonesByNameInput*>(input)->dns_name !=
            all.zone)
            return ok();
        static_cast<api::route53::ListHostedZonesByNameOutput*>(output)->hosted_zones.push_back(
            {.id = "/hostedzone/Z1",
             .name = all.zone,
             .config = api::route53::HostedZoneConfig{.private_zone = all.is_private}});
        return ok();
    }
    static Status sets(void* self, aws::Call&, const void* input, void* output) {
        auto& all = *static_cast<Zones*>(self);
        const auto found =
            all.records.find(*static_cast<const api::route53::ListResourceRecordSetsInput*>(input)
                                  ->start_record_name);
        if (found != all.records.end())
            static_cast<api::route53::ListResourceRecordSetsOutput*>(output)
                ->resource_record_sets.push_back(
                    {.name = found->first, .type = "CNAME", .resource_records = {{found->second}}});
        return ok();
    }
    OperationInfo operations[2] = {{.name = "ListHostedZonesByName", .invoke = &zones},
                                   {.name = "ListResourceRecordSets", .invoke = &sets}};
    ServiceInfo info{.name = "route53", .operations = operations, .operation_count = 2};
};

std::string folder() {
    return ::testing::TempDir() + "/unkai-acm-test-" + std::to_string(::getpid());
}

struct World {
    SimWorld sim{3};
    std::unique_ptr<Random> random = system_random();
    store::Store store{sim.env, store::memory_engine()};
    LocalAuthority authority = *LocalAuthority::open(folder(), *random, sim.loop.now());
    Certificates certificates{store};
    aws::Dispatcher dispatcher{sim.env, store};
    aws::Client client{dispatcher};
    Acm service{certificates};
    Validator validator{sim.env, store, client, authority};
    Zones zones;
    aws::Caller caller = aws::service_caller("test.amazonaws.com", "123456789012", "us-east-1");

    World() {
        dispatcher.add(api::acm::bind(service));
        dispatcher.add({&zones.info, &zones});
    }
    ~World() {
        sim.loop.run_until_done(validator.stop());
        std::filesystem::remove_all(folder());
    }

    template <class Op>
    Result<typename Op::Output> run(typename Op::Input in) {
        return sim.loop.run_until_done(client.call<Op>(caller, std::move(in)));
    }
    void wait(Duration length) {
        struct Run {
            static Task<void> go(World& world, Duration length) {
                if (!std::exchange(world.started, true)) world.validator.start();
                co_await world.sim.loop.sleep(length);
            }
        };
        sim.loop.run_until_done(Run::go(*this, length));
    }
    bool started = false;

    std::string request(std::string name, List<std::string> others = {},
                        std::optional<std::string> algorithm = {}) {
        RequestCertificateInput in{.domain_name = std::move(name), .validation_method = "DNS"};
        in.subject_alternative_names = std::move(others);
        in.key_algorithm = std::move(algorithm);
        auto out = run<op::RequestCertificate>(in);
        CHECK(out.has_value(), "the test's certificate was refused");
        return *out->certificate_arn;
    }
    CertificateDetail describe(const std::string& arn) {
        return *run<op::DescribeCertificate>({.certificate_arn = arn})->certificate;
    }
    void publish(const std::string& arn) {
        for (const auto& one : describe(arn).domain_validation_options)
            zones.records[one.resource_record->name] = one.resource_record->value;
    }
};

}  // namespace

TEST(Acm, IssuesWhenTheRecordsAreThere) {
    World world;
    const std::string arn = world.request("Example.com", {"*.example.com", "www.example.com"});
    EXPECT_TRUE(arn.starts_with("arn:aws:acm:us-east-1:123456789012:certificate/"));
    world.wait(30s);
    auto detail = world.describe(arn);
    EXPECT_EQ(detail.status, "PENDING_VALIDATION");
    ASSERT_EQ(detail.domain_validation_options.size(), 3u);
    const auto& first = detail.domain_validation_options[0];
    EXPECT_EQ(first.validation_status, "PENDING_VALIDATION");
    EXPECT_TRUE(first.resource_record->name.ends_with(".example.com."));
    EXPECT_EQ(first.resource_record->name,
              detail.domain_validation_options[1].resource_record->name);
    EXPECT_NE(first.resource_record->name,
              detail.domain_validation_options[2].resource_record->name);
    EXPECT_EQ(world.run<op::GetCertificate>({.certificate_arn = arn}).error().code,
              "RequestInProgressException");
    EXPECT_EQ(world.certificates.find(arn).error().code, "CertificateNotFound");

    world.zones.records[first.resource_record->name] = first.resource_record->value;
    world.wait(1s);
    detail = world.describe(arn);
    EXPECT_EQ(detail.status, "PENDING_VALIDATION");  // One name is still open.
    EXPECT_EQ(detail.domain_validation_options[0].validation_status, "SUCCESS");
    EXPECT_EQ(detail.domain_validation_options[2].validation_status, "PENDING_VALIDATION");
    world.publish(arn);
    world.wait(1s);
    detail = world.describe(arn);
    EXPECT_EQ(detail.status, "ISSUED");
    EXPECT_EQ(detail.key_algorithm, "EC_prime256v1");
    EXPECT_EQ(detail.issuer, "Unkai");
    EXPECT_EQ(*detail.not_after - world.sim.loop.now() > limits::lifetime - 1min, true);
    const auto got = world.run<op::GetCertificate>({.certificate_arn = arn});
    ASSERT_TRUE(got);
    EXPECT_TRUE(net::check_chain(*got->certificate, *got->certificate_chain));
    const auto identity = world.certificates.find(arn);
    ASSERT_TRUE(identity) << identity.error().message;
    EXPECT_TRUE((*identity)->matches("a.example.com"));
    EXPECT_EQ(world.run<op::ListCertificates>({})->certificate_summary_list.size(), 1u);
}

TEST(Acm, PrivateZonesAndWrongValuesProveNothing) {
    World world;
    const std::string arn = world.request("www.example.com");
    world.publish(arn);
    world.zones.is_private = true;
    world.wait(10s);
    EXPECT_EQ(world.describe(arn).status, "PENDING_VALIDATION");
    world.zones.is_private = false;
    for (auto& [name, value] : world.zones.records) value = "_other.acm-validations.aws.";
    world.wait(10s);
    EXPECT_EQ(world.describe(arn).status, "PENDING_VALIDATION");
    world.publish(arn);
    world.wait(1s);
    EXPECT_EQ(world.describe(arn).status, "ISSUED");
}

TEST(Acm, GivesUpAfterThreeDays) {
    World world;
    const std::string arn = world.request("www.example.com");
    world.wait(73h);
    EXPECT_EQ(world.describe(arn).status, "VALIDATION_TIMED_OUT");
    EXPECT_LT(world.zones.asked, 500000u);
}

TEST(Acm, RenewsBeforeTheEndIfTheRecordsAreThere) {
    World world;
    const std::string kept = world.request("www.example.com"),
                      dropped = world.request("api.example.com");
    world.publish(kept);
    world.publish(dropped);
    world.wait(1s);
    const auto before = world.describe(kept);
    ASSERT_EQ(before.status, "ISSUED");
    std::erase_if(world.zones.records, [](const auto& record) {
        return record.first.find("api.") != std::string::npos;
    });
    world.wait(std::chrono::days(200));
    const auto after = world.describe(kept);
    EXPECT_EQ(after.status, "ISSUED");
    EXPECT_NE(after.serial, before.serial);
    ASSERT_TRUE(after.renewal_summary);
    EXPECT_EQ(after.renewal_summary->renewal_status, "SUCCESS");
    EXPECT_EQ(world.describe(dropped).status, "EXPIRED");
}

TEST(Acm, MakesTheKeyThatIsAskedFor) {
    World world;
    const std::string rsa = world.request("a.example.com", {}, "RSA_2048"),
                      ec = world.request("b.example.com", {}, "EC_secp384r1");
    world.publish(rsa);
    world.publish(ec);
    world.wait(1s);
    EXPECT_EQ(world.describe(rsa).key_algorithm, "RSA_2048");
    EXPECT_EQ(world.describe(ec).key_algorithm, "EC_secp384r1");
    EXPECT_TRUE(world.certificates.find(rsa));
    EXPECT_EQ(world.run<op::ListCertificates>({})->certificate_summary_list.size(),
              1u);  // RSA only, as AWS does.
    EXPECT_EQ(world.run<op::ListCertificates>({.includes = Filters{.key_types = {"EC_secp384r1"}}})
                  ->certificate_summary_list.size(),
              1u);
}

TEST(Acm, RefusesWhatItCannotDo) {
    World world;
    const auto refused = [&](RequestCertificateInput in) {
        const auto out = world.run<op::RequestCertificate>(std::move(in));
        return out ? "accepted" : out.error().code;
    };
    EXPECT_EQ(refused({.domain_name = "example.com"}), "InvalidParameterException");
    EXPECT_EQ(refused({.domain_name = "example.com", .validation_method = "EMAIL"}),
              "InvalidParameterException");
    EXPECT_EQ(
        refused({.domain_name = std::string(60, 'a') + ".example.com", .validation_method = "DNS"}),
        "InvalidParameterException");
    EXPECT_EQ(refused({.domain_name = "example.com",
                       .validation_method = "DNS",
                       .certificate_authority_arn =
                           "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/x"}),
              "InvalidArnException");
    RequestCertificateInput many{.domain_name = "example.com", .validation_method = "DNS"};
    for (int i = 0; i < 10; ++i)
        many.subject_alternative_names.push_back("h" + std::to_string(i) + ".example.com");
    EXPECT_EQ(refused(many), "LimitExceededException");
    EXPECT_EQ(world
                  .run<op::DescribeCertificate>(
                      {.certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/none"})
                  .error()
                  .code,
              "ResourceNotFoundException");
    EXPECT_EQ(normal_domain("a..b"), std::nullopt);
    EXPECT_EQ(normal_domain("x.*.com"), std::nullopt);
    EXPECT_EQ(normal_domain("-a.com"), std::nullopt);
    EXPECT_EQ(normal_domain("*.A.com."), "*.a.com");
}

TEST(Acm, ATokenMakesARequestOnce) {
    World world;
    const auto ask = [&](std::string name) {
        return *world
                    .run<op::RequestCertificate>({.domain_name = std::move(name),
                                                  .validation_method = "DNS",
                                                  .idempotency_token = "t1"})
                    ->certificate_arn;
    };
    EXPECT_EQ(ask("a.example.com"), ask("a.example.com"));
    EXPECT_NE(ask("a.example.com"), ask("b.example.com"));
}

TEST(Acm, ImportsChecksAndReplaces) {
    World world;
    const Time now = world.sim.loop.now();
    const auto& authority = world.authority.authority();
    const auto leaf = [&](std::string name, const std::string& key, Time until) {
        return *authority.issue({key, {std::move(name)}, now - 1h, until}, *world.random);
    };
    const std::string key = *net::make_private_key(net::KeyKind::ec_p256),
                      other = *net::make_private_key(net::KeyKind::ec_p256);
    const std::string good = leaf("shop.test", key, now + 24h);
    const auto refused = [&](ImportCertificateInput in) {
        const auto out = world.run<op::ImportCertificate>(std::move(in));
        return out ? "accepted" : out.error().code + ": " + out.error().message;
    };
    EXPECT_EQ(refused({.certificate = good, .private_key = other}),
              "ValidationException: The private key does not match the certificate.");
    EXPECT_EQ(refused({.certificate = "x", .private_key = key}),
              "ValidationException: The certificate is not in a valid PEM format.");
    EXPECT_TRUE(refused({.certificate = good + good, .private_key = key})
                    .find("more than one certificate") != std::string::npos);
    EXPECT_TRUE(refused({.certificate = leaf("shop.test", key, now - 1s), .private_key = key})
                    .find("not valid at this time") != std::string::npos);
    const auto stranger = net::Authority::make("Other", *world.random, now);
    EXPECT_EQ(
        refused({.certificate = good,
                 .private_key = key,
                 .certificate_chain = stranger->certificate_pem()}),
        "ValidationException: Could not validate the certificate with the certificate chain.");

    const auto made =
        world.run<op::ImportCertificate>({.certificate = good,
                                          .private_key = key,
                                          .certificate_chain = world.authority.certificate_pem(),
                                          .tags = {{"k", "v"}}});
    ASSERT_TRUE(made) << made.error().message;
    const std::string arn = *made->certificate_arn;
    EXPECT_EQ(world.describe(arn).type, "IMPORTED");
    EXPECT_EQ(world.describe(arn).domain_name, "shop.test");
    const auto before = world.certificates.find(arn);
    ASSERT_TRUE(before);
    ASSERT_TRUE(
        world.run<op::ImportCertificate>({.certificate_arn = arn,
                                          .certificate = leaf("shop.test", other, now + 48h),
                                          .private_key = other}));
    EXPECT_NE(*world.certificates.find(arn), *before);
}

TEST(Acm, KeepsWhatIsInUse) {
    World world;
    const std::string arn = world.request("www.example.com");
    const std::string user =
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/1";
    world.certificates.set_uses(user, {arn});
    EXPECT_EQ(world.describe(arn).in_use_by, List<std::string>{user});
    EXPECT_EQ(world.run<op::DeleteCertificate>({.certificate_arn = arn}).error().code,
              "ResourceInUseException");
    world.certificates.set_uses(user, {});
    ASSERT_TRUE(world.run<op::DeleteCertificate>({.certificate_arn = arn}));
    EXPECT_EQ(world.run<op::DescribeCertificate>({.certificate_arn = arn}).error().code,
              "ResourceNotFoundException");
}

TEST(Acm, TagsAndOptions) {
    World world;
    const std::string arn = world.request("www.example.com");
    ASSERT_TRUE(world.run<op::AddTagsToCertificate>(
        {.certificate_arn = arn, .tags = {{"a", "1"}, {"b", "2"}}}));
    ASSERT_TRUE(world.run<op::RemoveTagsFromCertificate>(
        {.certificate_arn = arn, .tags = {{"a", "other"}, {"b"}}}));
    const auto tags = world.run<op::ListTagsForCertificate>({.certificate_arn = arn})->tags;
    ASSERT_EQ(tags.size(), 1u);
    EXPECT_EQ(tags[0].key, "a");
    EXPECT_EQ(
        world.run<op::AddTagsToCertificate>({.certificate_arn = arn, .tags = {{"aws:x", "1"}}})
            .error()
            .code,
        "InvalidTagException");
    ASSERT_TRUE(world.run<op::UpdateCertificateOptions>(
        {.certificate_arn = arn,
         .options = {.certificate_transparency_logging_preference = "DISABLED"}}));
    EXPECT_EQ(world.describe(arn).options->certificate_transparency_logging_preference, "DISABLED");
    ASSERT_TRUE(world.run<op::PutAccountConfiguration>(
        {.expiry_events = ExpiryEventsConfiguration{30}, .idempotency_token = "t"}));
    EXPECT_EQ(world.run<op::GetAccountConfiguration>({})->expiry_events->days_before_expiry, 30);
}

TEST(LocalAuthority, IsMadeOnceAndKept) {
    const auto random = system_random();
    const Time now{std::chrono::seconds{1795000000}};
    const std::string path = folder();
    {
        const auto first = LocalAuthority::open(path, *random, now);
        ASSERT_TRUE(first) << first.error().message;
        struct stat state{};
        ASSERT_EQ(::stat((path + "/ca.key").c_str(), &state), 0);
        EXPECT_EQ(state.st_mode & 0777, 0600u);
        const auto second = LocalAuthority::open(path, *random, now);
        ASSERT_TRUE(second);
        EXPECT_EQ(first->certificate_pem(), second->certificate_pem());
        EXPECT_EQ(first->certificate_path(), path + "/ca.pem");
        EXPECT_TRUE(first->identity_for({"localhost", "127.0.0.1"}, *random, now));
    }
    std::ofstream(path + "/ca.key") << "broken";
    EXPECT_EQ(LocalAuthority::open(path, *random, now).error().code, "AuthorityUnreadable");
    std::filesystem::remove_all(path);
}

}  // namespace unkai::services::acm
