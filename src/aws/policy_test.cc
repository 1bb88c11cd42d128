#include "aws/policy.h"

#include <gtest/gtest.h>

namespace unkai::aws {

static const Principal ada{Principal::Kind::user,
                           "111122223333",
                           "arn:aws:iam::111122223333:user/ada",
                           "AIDA",
                           "AKIA",
                           ""};
static const Principal session{Principal::Kind::assumed_role,
                               "111122223333",
                               "arn:aws:sts::111122223333:assumed-role/app/i-1",
                               "AROA:i-1",
                               "ASIA",
                               ""};
static const Principal cloudfront{Principal::Kind::service,  "111122223333", "", "", "",
                                  "cloudfront.amazonaws.com"};
static const Principal nobody{};

static Decision ask(std::string_view document, const Principal& who,
                    std::string_view action = "s3:GetObject",
                    std::string_view resource = "arn:aws:s3:::site/index.html",
                    std::multimap<std::string, std::string, std::less<>> context = {}) {
    return evaluate(document, {who, action, resource, std::move(context)});
}

TEST(Policy, OriginAccessControlOfADistribution) {
    const char* const policy =
        R"({"Statement":{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},
        "Action":"s3:GetObject","Resource":"arn:aws:s3:::site/*",
        "Condition":{"StringEquals":
        {"AWS:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}}}})";
    const std::multimap<std::string, std::string, std::less<>> mine = {
        {"aws:sourcearn", "arn:aws:cloudfront::111122223333:distribution/E1"}};
    const std::multimap<std::string, std::string, std::less<>> other = {
        {"aws:sourcearn", "arn:aws:cloudfront::111122223333:distribution/E2"}};
    EXPECT_EQ(ask(policy, cloudfront, "s3:GetObject", "arn:aws:s3:::site/a", mine),
              Decision::allow);
    EXPECT_EQ(ask(policy, cloudfront, "s3:GetObject", "arn:aws:s3:::site/a", other),
              Decision::none);
    EXPECT_EQ(ask(policy, cloudfront), Decision::none);
    EXPECT_EQ(ask(policy, cloudfront, "s3:PutObject", "arn:aws:s3:::site/a", mine), Decision::none);
    EXPECT_EQ(ask(policy, cloudfront, "s3:GetObject", "arn:aws:s3:::another/a", mine),
              Decision::none);
    EXPECT_EQ(ask(policy, nobody, "s3:GetObject", "arn:aws:s3:::site/a", mine), Decision::none);
}

TEST(Policy, DenyWinsAndUnknownConditionsFailClosed) {
    const auto document = [](std::string_view effect, std::string_view condition) {
        return R"({"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"},{"Effect":")" +
               std::string(effect) +
               R"(","Principal":"*","Action":"s3:*","Resource":"*","Condition":)" +
               std::string(condition) + "}]}";
    };
    EXPECT_EQ(ask(document("Deny", R"({"Bool":{"aws:SecureTransport":"false"}})"), ada,
                  "s3:GetObject", "r", {{"aws:securetransport", "false"}}),
              Decision::deny);
    EXPECT_EQ(ask(document("Deny", R"({"Bool":{"aws:SecureTransport":false}})"), ada,
                  "s3:GetObject", "r", {{"aws:securetransport", "true"}}),
              Decision::allow);
    EXPECT_EQ(
        ask(document("Deny", R"({"Unheard":{"x":"y"}})"), ada, "s3:GetObject", "r", {{"x", "z"}}),
        Decision::deny);
    const char* const strange =
        R"({"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Unheard":{"x":"y"}}}})";
    EXPECT_EQ(ask(strange, ada, "s3:GetObject", "r", {{"x", "y"}}), Decision::none);
    EXPECT_EQ(ask("not json", ada), Decision::deny);
}

TEST(Policy, PrincipalsOfEveryKind) {
    const auto document = [](std::string_view who) {
        return R"({"Statement":{"Effect":"Allow","Principal":)" + std::string(who) +
               R"(,"Action":"S3:getobject","Resource":"*"}})";
    };
    struct Case {
        const char* who;
        const Principal& principal;
        Decision expected;
    };
    for (const Case& c :
         {Case{R"("*")", nobody, Decision::allow},
          {R"({"AWS":"*"})", nobody, Decision::allow},
          {R"({"AWS":"111122223333"})", ada, Decision::allow},
          {R"({"AWS":"111122223333"})", nobody, Decision::none},
          {R"({"AWS":"999922223333"})", ada, Decision::none},
          {R"({"AWS":["x","arn:aws:iam::111122223333:root"]})", session, Decision::allow},
          {R"({"AWS":"arn:aws:iam::111122223333:user/ada"})", ada, Decision::allow},
          {R"({"AWS":"arn:aws:iam::111122223333:user/bob"})", ada, Decision::none},
          {R"({"AWS":"arn:aws:iam::111122223333:role/path/app"})", session, Decision::allow},
          {R"({"AWS":"arn:aws:iam::111122223333:role/apps"})", session, Decision::none},
          {R"({"Service":"ecs.amazonaws.com"})", cloudfront, Decision::none}})
        EXPECT_EQ(ask(document(c.who), c.principal), c.expected) << c.who;
}

TEST(Policy, ConditionOperators) {
    struct Case {
        const char* condition;
        const char* key;
        const char* value;
        Decision expected;
    };
    for (const Case& c :
         {Case{R"({"IpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.7"]}})", "aws:sourceip",
               "10.9.9.9", Decision::allow},
          {R"({"IpAddress":{"aws:SourceIp":"10.0.0.0/9"}})", "aws:sourceip", "10.128.0.1",
           Decision::none},
          {R"({"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}})", "aws:sourceip", "11.0.0.1",
           Decision::allow},
          {R"({"StringLike":{"s3:prefix":["home/*"]}})", "s3:prefix", "home/ada", Decision::allow},
          {R"({"StringNotEquals":{"k":["a","b"]}})", "k", "b", Decision::none},
          {R"({"StringEqualsIfExists":{"k":"a"}})", "other", "b", Decision::allow},
          {R"({"Null":{"k":"true"}})", "other", "b", Decision::allow},
          {R"({"NumericLessThan":{"k":"10"}})", "k", "9", Decision::allow},
          {R"({"DateGreaterThan":{"k":"2026-01-01T00:00:00Z"}})", "k", "2026-02-01T00:00:00Z",
           Decision::allow}}) {
        const std::string document =
            R"({"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":)" +
            std::string(c.condition) + "}}";
        EXPECT_EQ(ask(document, ada, "s3:GetObject", "r", {{c.key, c.value}}), c.expected)
            << c.condition;
    }
}

}  // namespace unkai::aws
