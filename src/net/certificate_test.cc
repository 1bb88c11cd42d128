#include "net/certificate.h"

#include <gtest/gtest.h>

#include <fstream>

#include "net/tls.h"

namespace unkai::net {

namespace {

const Time now{std::chrono::seconds{1795000000}};

struct Made {
    std::unique_ptr<Random> random = system_random();
    Authority authority = *Authority::make("Unkai Local CA", *random, now);
    std::string key = *make_private_key(KeyKind::ec_p256);
    Result<std::string> leaf(std::vector<std::string> names, const std::string& key_pem) {
        return authority.issue({key_pem, std::move(names), now, now + std::chrono::days(198)},
                               *random);
    }
};

// What openssl's own command says of a leaf, asked for a host.
bool verifies(const std::string& authority, const std::string& leaf, const std::string& question) {
    const std::string folder =
        ::testing::TempDir() + "/unkai-certificate-test-" + std::to_string(::getpid());
    std::ofstream(folder + "-ca.pem") << authority;
    std::ofstream(folder + "-leaf.pem") << leaf;
    const std::string command =
        "openssl verify -attime " + std::to_string(whole_seconds(now) + 60) + " -CAfile " + folder +
        "-ca.pem -purpose sslserver " + question + " " + folder + "-leaf.pem >/dev/null 2>&1";
    const bool good = std::system(command.c_str()) == 0;
    std::remove((folder + "-ca.pem").c_str());
    std::remove((folder + "-leaf.pem").c_str());
    return good;
}

}  // namespace

TEST(Certificate, LeavesVerifyForTheirNamesOnly) {
    Made made;
    const auto leaf = made.leaf({"example.com", "*.example.com", "127.0.0.1"}, made.key);
    ASSERT_TRUE(leaf) << leaf.error().message;
    const std::string& root = made.authority.certificate_pem();
    EXPECT_TRUE(verifies(root, *leaf, "-verify_hostname www.example.com"));
    EXPECT_TRUE(verifies(root, *leaf, "-verify_ip 127.0.0.1"));
    EXPECT_FALSE(verifies(root, *leaf, "-verify_hostname www.other.com"));
    Made other;
    EXPECT_FALSE(verifies(other.authority.certificate_pem(), *leaf, ""));
    const auto outside = made.leaf({"10.0.0.1"}, made.key);
    ASSERT_TRUE(outside);
    EXPECT_FALSE(
        verifies(root, *outside, ""));  // The authority is constrained to loopback addresses.
}

TEST(Certificate, SaysWhatItIs) {
    Made made;
    const auto leaf = made.leaf({"Example.com", "*.example.com"}, made.key);
    const auto facts = read_certificate(*leaf);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->common_name, "Example.com");
    EXPECT_EQ(facts->names, (std::vector<std::string>{"example.com", "*.example.com"}));
    EXPECT_EQ(facts->issuer, "CN=Unkai Local CA, O=Unkai");
    EXPECT_EQ(facts->issuer_organization, "Unkai");
    EXPECT_EQ(facts->serial.size(), 16 * 3 - 1u);
    EXPECT_EQ(facts->not_before, now);
    EXPECT_EQ(facts->not_after, now + std::chrono::days(198));
    EXPECT_EQ(facts->key_algorithm, "EC_prime256v1");
    EXPECT_EQ(facts->signature_algorithm, "SHA256WITHECDSA");
    EXPECT_FALSE(facts->self_signed);
    EXPECT_TRUE(read_certificate(made.authority.certificate_pem())->self_signed);
    const auto rsa = make_private_key(KeyKind::rsa_2048);
    EXPECT_EQ(read_certificate(*made.leaf({"example.com"}, *rsa))->key_algorithm, "RSA_2048");
    EXPECT_EQ(read_certificate("nothing").error().code, "InvalidCertificate");
}

TEST(Certificate, ServesAsAnIdentity) {
    Made made;
    const auto leaf = made.leaf({"*.example.com"}, made.key);
    const auto identity = Identity::from_pem(*leaf, made.authority.certificate_pem(), made.key);
    ASSERT_TRUE(identity) << identity.error().message;
    EXPECT_TRUE((*identity)->matches("a.example.com"));
    const auto again =
        Authority::from_pem(made.authority.certificate_pem(), made.authority.key_pem());
    EXPECT_TRUE(again);
    EXPECT_EQ(Authority::from_pem(made.authority.certificate_pem(), made.key).error().code,
              "KeyDoesNotMatch");
}

TEST(Certificate, RefusesNamesThatWouldBeMore) {
    Made made;
    EXPECT_FALSE(made.leaf({"a.com,IP:10.0.0.1"}, made.key));
    EXPECT_FALSE(made.leaf({""}, made.key));
    EXPECT_FALSE(made.leaf({}, made.key));
    EXPECT_EQ(made.leaf({"a.com"}, "no key").error().code, "InvalidPrivateKey");
}

TEST(Certificate, ChecksChains) {
    Made made, other;
    const std::string leaf = *made.leaf({"a.com"}, made.key);
    const std::string& root = made.authority.certificate_pem();
    EXPECT_TRUE(check_chain(leaf, root));
    EXPECT_TRUE(check_chain(leaf, ""));
    EXPECT_FALSE(check_chain(leaf, other.authority.certificate_pem()));
    EXPECT_FALSE(
        check_chain(leaf, root + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
    EXPECT_EQ(count_certificates(leaf + root), 2u);
    EXPECT_EQ(count_certificates(""), 0u);
    EXPECT_EQ(count_certificates(leaf + made.key), std::nullopt);
}

}  // namespace unkai::net
