// The registry, with skopeo and curl as its clients.
#include "base/strings.h"
#include "rt/process.h"
#include "services/ecr/ecr_test.h"

namespace unkai::services::ecr {
namespace {

class Door final : public net::Handler {
public:
    explicit Door(Registry& registry) : registry_(registry) {}
    Task<void> handle(net::Exchange& exchange) override { co_await registry_.handle(exchange); }

private:
    Registry& registry_;
};

// An OCI layout with one image of one layer of `bytes` bytes.
std::string write_layout(const std::string& folder, size_t bytes) {
    fs::create_directories(folder + "/blobs/sha256");
    const auto blob = [&](const std::string& text) {
        const std::string digest = manifest_digest(text);
        std::ofstream(folder + "/blobs/sha256/" + digest.substr(7)) << text;
        return digest;
    };
    std::string layer(bytes, '\0');  // An empty tar, and noise that no reader looks at.
    for (size_t i = 1024; i < bytes; ++i) layer[i] = static_cast<char>(i * 2654435761u >> 13);
    const std::string layer_digest = blob(layer);
    const std::string config =
        R"({"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[")" +
        layer_digest + R"("]}})";
    const std::string config_digest = blob(config);
    const std::string manifest =
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":)"
        R"("application/vnd.oci.image.config.v1+json","digest":")" +
        config_digest + R"(","size":)" + std::to_string(config.size()) +
        R"(},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":")" +
        layer_digest + R"(","size":)" + std::to_string(layer.size()) + "}]}";
    const std::string digest = blob(manifest);
    std::ofstream(folder + "/oci-layout") << R"({"imageLayoutVersion":"1.0.0"})";
    std::ofstream(folder + "/index.json")
        << R"({"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")"
        << digest << R"(","size":)" << manifest.size() << "}]}";
    return digest;
}

class RegistryTest : public EcrTest {
protected:
    struct Answer {
        int code;
        std::string text;
    };
    // Runs a program against the registry, with the loop serving meanwhile.
    Task<Answer> run_program(std::vector<std::string> argv) {
        auto output =
            co_await run(loop, {.argv = std::move(argv), .environment = {"HOME=" + folder}},
                         loop.steady() + 60s);
        if (!output) co_return Answer{-1, output.error().message};
        co_return Answer{output->exit.code, output->output + output->error};
    }
    Answer run_and_wait(std::vector<std::string> argv) {
        return loop.run_until_done(run_program(std::move(argv)));
    }
    Answer skopeo(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {find_program("skopeo"), "--insecure-policy"});
        return run_and_wait(std::move(arguments));
    }
    void start() {
        if (find_program("skopeo").empty()) GTEST_SKIP() << "skopeo is not installed";
        const auto address = net::Address::parse("127.0.0.1", 0);
        const auto bound = server.listen("", *address);
        ASSERT_TRUE(bound) << bound.error().message;
        host = "127.0.0.1:" + std::to_string(bound->port());
        const auto token = call<op::GetAuthorizationToken>({});
        ASSERT_TRUE(token);
        credentials = from_base64(*token->authorization_data[0].authorization_token).value_or("");
    }
    void TearDown() override { loop.run_until_done(server.drain(1s)); }

    Door door{*registry};
    net::Server server{loop, door};
    std::string host, credentials;
};

TEST_F(RegistryTest, SkopeoCopiesInAndOut) {
    start();
    if (host.empty()) return;
    create("team/api");
    const std::string digest = write_layout(folder + "/in", 5 << 20);
    const auto pushed =
        skopeo({"copy", "--preserve-digests", "--dest-tls-verify=false", "--dest-creds",
                credentials, "oci:" + folder + "/in", "docker://" + host + "/team/api:v1"});
    ASSERT_EQ(pushed.code, 0) << pushed.text;
    const auto described =
        call<op::DescribeImages>({.registry_id = {}, .repository_name = "team/api"});
    ASSERT_EQ(described->image_details.size(), 1u);
    EXPECT_EQ(*described->image_details[0].image_digest, digest);

    const auto pulled =
        skopeo({"copy", "--preserve-digests", "--src-tls-verify=false", "--src-creds", credentials,
                "docker://" + host + "/team/api:v1", "oci:" + folder + "/out"});
    ASSERT_EQ(pulled.code, 0) << pulled.text;
    EXPECT_TRUE(fs::exists(folder + "/out/blobs/sha256/" + digest.substr(7)));
    // The same image again, and under another name of the same registry: nothing new is stored.
    create("team/web");
    const size_t before = files();
    for (const char* name : {"/team/api:v2", "/team/web:v1"})
        EXPECT_EQ(skopeo({"copy", "--preserve-digests", "--dest-tls-verify=false", "--dest-creds",
                          credentials, "oci:" + folder + "/in", "docker://" + host + name})
                      .code,
                  0);
    EXPECT_EQ(files(), before);
    const auto tags = skopeo({"list-tags", "--tls-verify=false", "--creds", credentials,
                              "docker://" + host + "/team/api"});
    EXPECT_NE(tags.text.find("\"v2\""), std::string::npos) << tags.text;
}

TEST_F(RegistryTest, WrongCredentialsUnknownNamesAndBadBytesAreRefused) {
    start();
    if (host.empty()) return;
    write_layout(folder + "/in", 4096);
    const auto copy = [&](const std::string& creds) {
        return skopeo({"copy", "--dest-tls-verify=false", "--dest-creds", creds,
                       "oci:" + folder + "/in", "docker://" + host + "/missing:v1"});
    };
    EXPECT_NE(copy("AWS:wrong").text.find("uthori"), std::string::npos);
    const auto missing = copy(credentials);
    EXPECT_NE(missing.code, 0);
    EXPECT_NE(missing.text.find("does not exist"), std::string::npos) << missing.text;
    create("api");
    const std::string curl = find_program("curl");
    if (curl.empty()) return;
    const auto answer = run_and_wait(
        {curl, "-s", "-u", credentials, "-X", "POST", "--data-binary", "bytes",
         "http://" + host + "/v2/api/blobs/uploads/?digest=" + manifest_digest("other")});
    EXPECT_NE(answer.text.find("DIGEST_INVALID"), std::string::npos) << answer.text;
    EXPECT_EQ(files(), 0u);
}

TEST_F(RegistryTest, ChunksRangesMountsAndDownloadLinks) {
    start();
    const std::string curl = find_program("curl");
    if (host.empty() || curl.empty()) return;
    create("a");
    create("b");
    const auto ask = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {curl, "-s", "-i"});
        return run_and_wait(std::move(arguments)).text;
    };
    const std::string base = "http://" + host;
    std::string answer = ask({"-u", credentials, "-X", "POST", base + "/v2/a/blobs/uploads/"});
    const size_t at = answer.find("/v2/a/blobs/uploads/");
    ASSERT_NE(at, std::string::npos) << answer;
    const std::string location = base + answer.substr(at, answer.find('\r', at) - at);
    answer = ask({"-u", credentials, "-X", "PATCH", "-H", "Content-Range: 0-4", "--data-binary",
                  "hello", location});
    EXPECT_NE(answer.find("range: 0-4"), std::string::npos) << answer;
    answer = ask({"-u", credentials, "-X", "PATCH", "-H", "Content-Range: 9-13", "--data-binary",
                  "world", location});
    EXPECT_NE(answer.find(" 416 "), std::string::npos) << answer;
    const std::string digest = manifest_digest("helloworld");
    answer = ask(
        {"-u", credentials, "-X", "PUT", "--data-binary", "world", location + "?digest=" + digest});
    EXPECT_NE(answer.find(" 201 "), std::string::npos) << answer;

    answer = ask({"-u", credentials, "-H", "Range: bytes=3-6", base + "/v2/a/blobs/" + digest});
    EXPECT_NE(answer.find(" 206 "), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nlowo")) << answer;
    answer = ask({"-u", credentials, "-I", base + "/v2/b/blobs/" + digest});
    EXPECT_NE(answer.find(" 404 "), std::string::npos) << answer;
    answer = ask(
        {"-u", credentials, "-X", "POST", base + "/v2/b/blobs/uploads/?from=a&mount=" + digest});
    EXPECT_NE(answer.find(" 201 "), std::string::npos) << answer;
    answer = ask({"-u", credentials, "-I", base + "/v2/b/blobs/" + digest});
    EXPECT_NE(answer.find("Content-Length: 10"), std::string::npos) << answer;

    const auto link = call<op::GetDownloadUrlForLayer>(
        {.registry_id = {}, .repository_name = "a", .layer_digest = digest});
    ASSERT_TRUE(link);
    const std::string path = link->download_url->substr(link->download_url->find("/v2/"));
    EXPECT_TRUE(ask({base + path}).ends_with("helloworld"));
    EXPECT_NE(ask({base + replace_all(path, "/v2/a/", "/v2/b/")}).find(" 401 "), std::string::npos);
    EXPECT_NE(ask({"-X", "POST", base + "/v2/a/blobs/uploads/" + path.substr(path.find('?'))})
                  .find(" 401 "),
              std::string::npos);
}

}  // namespace
}  // namespace unkai::services::ecr
