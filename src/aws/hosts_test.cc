#include "aws/hosts.h"

#include <gtest/gtest.h>

namespace unkai::aws {

TEST(Hosts, TheAllowListKeepsRebindingOut) {
    const std::vector<std::string> own = {"198.18.0.1", ".example.com"};
    for (const char* good : {"localhost", "LOCALHOST", "127.0.0.1", "[::1]", "a.b.localhost",
                             "s3.localhost.localstack.cloud", "localhost.localstack.cloud",
                             "sqs.us-east-1.amazonaws.com", "198.18.0.1", "api.example.com"})
        EXPECT_TRUE(is_allowed_host(good, own)) << good;
    for (const char* bad :
         {"", "evil.com", "localhost.evil.com", "amazonaws.com.evil.com", "127.0.0.1.nip.io",
          "evillocalhost", "0.0.0.0", "10.0.0.1", "xexample.com"})
        EXPECT_FALSE(is_allowed_host(bad, own)) << bad;
}

TEST(Hosts, ForeignOriginsAreRefused) {
    for (const char* good : {"", "http://localhost:3000", "https://app.localhost",
                             "http://127.0.0.1", "http://[::1]:80"})
        EXPECT_TRUE(is_allowed_origin(good)) << good;
    for (const char* bad : {"null", "file://", "https://evil.com", "http://localhost.evil.com",
                            "http://evillocalhost", "http://[::2]"})
        EXPECT_FALSE(is_allowed_origin(bad)) << bad;
}

TEST(Hosts, NamesOfServices) {
    struct Case {
        const char* host;
        const char* service;
    };
    for (const Case& c : {Case{"sqs.us-east-1.amazonaws.com", "sqs"},
                          {"iam.amazonaws.com", "iam"},
                          {"localhost", ""},
                          {"rds.ap-northeast-1.localhost.localstack.cloud", "rds"},
                          {"photos.s3.eu-west-1.amazonaws.com", "s3"}})
        EXPECT_EQ(service_label(c.host), c.service) << c.host;
}

TEST(Hosts, VirtualBuckets) {
    struct Case {
        const char* host;
        bool surely;
        const char* bucket;
    };
    for (const Case& c : {Case{"photos.s3.eu-west-1.amazonaws.com", false, "photos"},
                          {"my.photos.s3.amazonaws.com", false, "my.photos"},
                          {"s3.amazonaws.com", true, ""},
                          {"s3.localhost.localstack.cloud", true, ""},
                          {"photos.localhost", true, "photos"},
                          {"photos.localhost", false, ""},
                          {"localhost", true, ""},
                          {"photos.s3.localhost", false, "photos"}})
        EXPECT_EQ(virtual_bucket(c.host, c.surely).value_or(""), c.bucket) << c.host;
}

}  // namespace unkai::aws
