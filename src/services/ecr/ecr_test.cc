#include "services/ecr/ecr.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <tuple>

#include "base/strings.h"
#include "rt/process.h"
#include "services/ecr/image.h"
#include "services/ecr/image_source.h"
#include "services/ecr/registry.h"
#include "services/ecr/token.h"

namespace unkai::services::ecr {
namespace {

namespace fs = std::filesystem;

// ---- Rules

TEST(EcrRules, PathsOfTheDistributionApi) {
    using Kind = RegistryPath::Kind;
    const std::vector<std::tuple<std::string, Kind, std::string, std::string>> cases = {
        {"/v2", Kind::base, "", ""},
        {"/v2/", Kind::base, "", ""},
        {"/v2/api/manifests/v1", Kind::manifest, "api", "v1"},
        {"/v2/team/manifests/manifests/v1", Kind::manifest, "team/manifests", "v1"},
        {"/v2/team/api/blobs/sha256:ab", Kind::blob, "team/api", "sha256:ab"},
        {"/v2/team/api/blobs/uploads/", Kind::new_upload, "team/api", ""},
        {"/v2/team/api/blobs/uploads", Kind::new_upload, "team/api", ""},
        {"/v2/team/api/blobs/uploads/1234", Kind::upload, "team/api", "1234"},
        {"/v2/api/tags/list", Kind::tags, "api", "list"},
        {"/v2/api/tags/other", Kind::unknown, "", ""},
        {"/v2/apis", Kind::unknown, "", ""},
        {"/v2/apis/abc/routes", Kind::unknown, "", ""},
        {"/v2/manifests/v1", Kind::unknown, "", ""},
        {"/v3/api/manifests/v1", Kind::unknown, "", ""},
    };
    for (const auto& [path, kind, repository, reference] : cases) {
        const RegistryPath parsed = parse_registry_path(path);
        EXPECT_EQ(parsed.kind, kind) << path;
        if (kind == Kind::unknown) continue;
        EXPECT_EQ(parsed.repository, repository) << path;
        EXPECT_EQ(parsed.reference, reference) << path;
    }
}

TEST(EcrRules, HostsNameAccountAndRegion) {
    EXPECT_EQ(parse_registry_host("123456789012.dkr.ecr.eu-west-1.amazonaws.com"),
              (std::pair<std::string, std::string>("123456789012", "eu-west-1")));
    EXPECT_EQ(parse_registry_host("123456789012.dkr.ecr.us-east-1.localhost"),
              (std::pair<std::string, std::string>("123456789012", "us-east-1")));
    EXPECT_FALSE(parse_registry_host("localhost"));
    EXPECT_FALSE(parse_registry_host("me.dkr.ecr.us-east-1.amazonaws.com"));
    EXPECT_FALSE(parse_registry_host("api.ecr.us-east-1.amazonaws.com"));
}

TEST(EcrRules, TokensHoldUntilTheyExpireAndOnlyAsSigned) {
    const Time now = from_millis(1'000'000);
    const Token token{"123456789012", "us-east-1", "arn:aws:iam::123456789012:root", "", now + 1h};
    const std::string text = sign_token(token, "secret");
    const auto read = read_token(text, "secret", now);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->account, "123456789012");
    EXPECT_FALSE(read_token(text, "secret", now + 1h));
    EXPECT_FALSE(read_token(text, "other", now));
    EXPECT_FALSE(read_token(text + "0", "secret", now));
    EXPECT_FALSE(read_token("", "secret", now));
    std::string changed = text;
    changed[3] = changed[3] == '0' ? '1' : '0';
    EXPECT_FALSE(read_token(changed, "secret", now));
}

TEST(EcrRules, TagsMoveAsTheRepositorySays) {
    const auto repository = [](std::string mutability) {
        Repository out;
        out.mutability = std::move(mutability);
        out.exclusions = {{"WILDCARD", "dev-*"}};
        return out;
    };
    EXPECT_TRUE(tag_may_move(repository("MUTABLE"), "v1"));
    EXPECT_FALSE(tag_may_move(repository("IMMUTABLE"), "dev-1"));
    EXPECT_TRUE(tag_may_move(repository("IMMUTABLE_WITH_EXCLUSION"), "dev-1"));
    EXPECT_FALSE(tag_may_move(repository("IMMUTABLE_WITH_EXCLUSION"), "v1"));
    EXPECT_FALSE(tag_may_move(repository("MUTABLE_WITH_EXCLUSION"), "dev-1"));
}

TEST(EcrRules, ManifestsThatAreNoneAreRefused) {
    const std::string digest = "sha256:" + std::string(64, 'a');
    const std::string config =
        R"("config":{"mediaType":"c","digest":")" + digest + R"(","size":2})";
    EXPECT_TRUE(read_manifest("{\"schemaVersion\":2," + config + ",\"layers\":[]}", ""));
    for (const std::string& bad :
         {std::string("{"), std::string("[]"), std::string("{\"schemaVersion\":1}"),
          std::string("{\"schemaVersion\":2}"), "{\"schemaVersion\":2," + config + "}",
          "{\"schemaVersion\":2," + config +
              ",\"layers\":[{\"digest\":\"sha256:../../x\",\"size\":1}]}",
          "{\"schemaVersion\":2,\"mediaType\":\"text/plain\"," + config + ",\"layers\":[]}"})
        EXPECT_FALSE(read_manifest(bad, "")) << bad;
    EXPECT_FALSE(is_tag("-v1"));
    EXPECT_FALSE(is_tag(""));
    EXPECT_FALSE(is_tag("a/b"));
    EXPECT_TRUE(is_tag("V1.2-x_y"));
}

// ---- The service

constexpr const char* account = "123456789012";

class EcrTest : public testing::Test {
protected:
    EcrTest() {
        char name[] = "/tmp/unkai-ecr-test-XXXXXX";
        folder = ::mkdtemp(name);
        ecr = std::make_unique<Ecr>(env, store, Options{.folder = folder + "/layers"});
        dispatcher.add(bind(*ecr));
        registry = std::make_unique<Registry>(env, store, *ecr, client);
        caller = aws::service_caller("test.amazonaws.com", account, "us-east-1");
    }
    ~EcrTest() override { fs::remove_all(folder); }

    template <class Op>
    Result<typename Op::Output> call(typename Op::Input input) {
        return loop.run_until_done(client.call<Op>(caller, std::move(input)));
    }
    void create(const std::string& name, const std::string& mutability = "MUTABLE") {
        CreateRepositoryInput in;
        in.repository_name = name;
        in.image_tag_mutability = mutability;
        ASSERT_TRUE(call<op::CreateRepository>(in));
    }
    // Uploads a layer by the API's own operations; its digest.
    std::string upload(const std::string& repository, const std::string& bytes) {
        const auto started =
            call<op::InitiateLayerUpload>({.registry_id = {}, .repository_name = repository});
        EXPECT_TRUE(started);
        UploadLayerPartInput part;
        part.repository_name = repository;
        part.upload_id = *started->upload_id;
        part.part_last_byte = static_cast<int64_t>(bytes.size()) - 1;
        part.layer_part_blob = bytes;
        EXPECT_TRUE(call<op::UploadLayerPart>(part));
        const std::string digest = manifest_digest(bytes);
        EXPECT_TRUE(call<op::CompleteLayerUpload>({.registry_id = {},
                                                   .repository_name = repository,
                                                   .upload_id = *started->upload_id,
                                                   .layer_digests = {digest}}));
        return digest;
    }
    static std::string manifest_of(const std::string& config, const std::string& layer) {
        return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)"
               R"({"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" +
               config +
               R"(","size":2},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":")" +
               layer + R"(","size":5}]})";
    }
    Result<PutImageOutput> put(const std::string& repository, const std::string& manifest,
                               const std::string& tag) {
        PutImageInput in;
        in.repository_name = repository;
        in.image_manifest = manifest;
        if (!tag.empty()) in.image_tag = tag;
        return call<op::PutImage>(in);
    }
    size_t files() { return ecr->files().digests().size(); }

    Loop loop;
    std::unique_ptr<Random> random = seeded_random(7);
    Workers workers{2};
    Env env{loop, *random, workers};
    store::Store store{env, store::memory_engine()};
    aws::Dispatcher dispatcher{env, store};
    aws::Client client{dispatcher};
    aws::Caller caller;
    std::string folder;
    std::unique_ptr<Ecr> ecr;
    std::unique_ptr<Registry> registry;
};

TEST_F(EcrTest, RepositoriesAreMadeDescribedAndDeleted) {
    create("team/api");
    create("other");
    const auto again =
        call<op::CreateRepository>({.registry_id = {}, .repository_name = "team/api"});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, "RepositoryAlreadyExistsException");
    const auto all = call<op::DescribeRepositories>({});
    ASSERT_TRUE(all);
    ASSERT_EQ(all->repositories.size(), 2u);
    EXPECT_EQ(*all->repositories[1].repository_uri,
              "123456789012.dkr.ecr.us-east-1.localhost:4566/team/api");
    EXPECT_EQ(*all->repositories[1].repository_arn,
              "arn:aws:ecr:us-east-1:123456789012:repository/team/api");
    EXPECT_TRUE(call<op::DeleteRepository>({.registry_id = {}, .repository_name = "other"}));
    const auto gone = call<op::DeleteRepository>({.registry_id = {}, .repository_name = "other"});
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, "RepositoryNotFoundException");
}

TEST_F(EcrTest, PagesGoThroughAllRepositoriesOnce) {
    for (int i = 0; i < 7; ++i) create("repository" + std::to_string(i));
    std::vector<std::string> seen;
    DescribeRepositoriesInput in;
    in.max_results = 3;
    do {
        const auto page = call<op::DescribeRepositories>(in);
        ASSERT_TRUE(page);
        for (const auto& one : page->repositories) seen.push_back(*one.repository_name);
        in.next_token = page->next_token;
    } while (in.next_token);
    EXPECT_EQ(seen.size(), 7u);
    EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 7u);
    in.next_token = "nonsense";
    EXPECT_EQ(call<op::DescribeRepositories>(in).error().code, "InvalidParameterException");
}

TEST_F(EcrTest, AnImageNeedsItsLayersAndGoesWithItsLastTag) {
    create("api");
    const std::string config = "sha256:" + std::string(64, 'c');
    const auto early = put("api", manifest_of(config, config), "v1");
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().code, "LayersNotFoundException");

    const std::string manifest = manifest_of(upload("api", "{}"), upload("api", "layer"));
    ASSERT_TRUE(put("api", manifest, "v1"));
    EXPECT_EQ(put("api", manifest, "v1").error().code, "ImageAlreadyExistsException");
    ASSERT_TRUE(put("api", manifest, "v2"));
    const auto full = call<op::DeleteRepository>({.registry_id = {}, .repository_name = "api"});
    EXPECT_EQ(full.error().code, "RepositoryNotEmptyException");

    const auto described = call<op::DescribeImages>({.registry_id = {}, .repository_name = "api"});
    ASSERT_EQ(described->image_details.size(), 1u);
    EXPECT_EQ(described->image_details[0].image_tags, (std::vector<std::string>{"v1", "v2"}));
    EXPECT_EQ(*described->image_details[0].image_size_in_bytes, 7);

    BatchDeleteImageInput in;
    in.repository_name = "api";
    in.image_ids = {{.image_digest = {}, .image_tag = "v1"}};
    ASSERT_TRUE(call<op::BatchDeleteImage>(in));
    EXPECT_EQ(files(), 2u);
    in.image_ids = {{.image_digest = {}, .image_tag = "v2"}};
    ASSERT_TRUE(call<op::BatchDeleteImage>(in));
    EXPECT_EQ(files(), 0u);
    const auto missing = call<op::BatchDeleteImage>(in);
    ASSERT_EQ(missing->failures.size(), 1u);
    EXPECT_EQ(*missing->failures[0].failure_code, "ImageNotFound");
}

TEST_F(EcrTest, ALayerOfTwoRepositoriesLivesUntilBothAreGone) {
    create("a");
    create("b");
    for (const char* name : {"a", "b"})
        ASSERT_TRUE(put(name, manifest_of(upload(name, "{}"), upload(name, "layer")), "v1"));
    EXPECT_EQ(files(), 2u);
    ASSERT_TRUE(
        call<op::DeleteRepository>({.registry_id = {}, .repository_name = "a", .force = true}));
    EXPECT_EQ(files(), 2u);
    ASSERT_TRUE(
        call<op::DeleteRepository>({.registry_id = {}, .repository_name = "b", .force = true}));
    EXPECT_EQ(files(), 0u);
}

TEST_F(EcrTest, ImmutableTagsStay) {
    create("api", "IMMUTABLE");
    const std::string config = upload("api", "{}");
    ASSERT_TRUE(put("api", manifest_of(config, upload("api", "one..")), "v1"));
    const auto moved = put("api", manifest_of(config, upload("api", "two..")), "v1");
    ASSERT_FALSE(moved);
    EXPECT_EQ(moved.error().code, "ImageTagAlreadyExistsException");
}

TEST_F(EcrTest, BytesThatAreNotTheDigestAreRefused) {
    create("api");
    const auto started =
        call<op::InitiateLayerUpload>({.registry_id = {}, .repository_name = "api"});
    UploadLayerPartInput part;
    part.repository_name = "api";
    part.upload_id = *started->upload_id;
    part.part_first_byte = 5;
    part.part_last_byte = 9;
    part.layer_part_blob = "bytes";
    EXPECT_EQ(call<op::UploadLayerPart>(part).error().code, "InvalidLayerPartException");
    part.part_first_byte = 0;
    part.part_last_byte = 4;
    ASSERT_TRUE(call<op::UploadLayerPart>(part));
    const auto done = call<op::CompleteLayerUpload>({.registry_id = {},
                                                     .repository_name = "api",
                                                     .upload_id = *started->upload_id,
                                                     .layer_digests = {manifest_digest("other")}});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, "InvalidLayerException");
    EXPECT_EQ(files(), 0u);
}

TEST_F(EcrTest, PoliciesAndTagsAreKept) {
    create("api");
    EXPECT_EQ(
        call<op::GetRepositoryPolicy>({.registry_id = {}, .repository_name = "api"}).error().code,
        "RepositoryPolicyNotFoundException");
    EXPECT_EQ(
        call<op::GetLifecyclePolicy>({.registry_id = {}, .repository_name = "api"}).error().code,
        "LifecyclePolicyNotFoundException");
    const std::string rules = R"({"rules":[{"rulePriority":1}]})";
    ASSERT_TRUE(call<op::PutLifecyclePolicy>(
        {.registry_id = {}, .repository_name = "api", .lifecycle_policy_text = rules}));
    EXPECT_EQ(*call<op::GetLifecyclePolicy>({.registry_id = {}, .repository_name = "api"})
                   ->lifecycle_policy_text,
              rules);
    const std::string arn = "arn:aws:ecr:us-east-1:123456789012:repository/api";
    ASSERT_TRUE(
        call<op::TagResource>({.resource_arn = arn, .tags = {{.key = "team", .value = "a"}}}));
    EXPECT_EQ(call<op::ListTagsForResource>({.resource_arn = arn})->tags[0].value, "a");
    ASSERT_TRUE(call<op::UntagResource>({.resource_arn = arn, .tag_keys = {"team"}}));
    EXPECT_TRUE(call<op::ListTagsForResource>({.resource_arn = arn})->tags.empty());
}

TEST_F(EcrTest, ThePlaneOpensImagesWhereTheyLie) {
    create("team/api");
    const std::string layer = upload("team/api", "layer");
    const std::string manifest = manifest_of(upload("team/api", "{}"), layer);
    ASSERT_TRUE(put("team/api", manifest, "v1"));
    RegistrySource source(store, *ecr);
    const std::string name = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/api";
    const auto digest = loop.run_until_done(source.resolve(name + ":v1"));
    ASSERT_TRUE(digest) << digest.error().message;
    EXPECT_EQ(*digest, manifest_digest(manifest));
    for (const auto& [wanted, bytes] :
         {std::pair{*digest, manifest}, {layer, std::string("layer")}}) {
        const auto file = loop.run_until_done(source.open(name + ":v1", wanted));
        ASSERT_TRUE(file);
        std::string read(1000, ' ');
        read.resize(static_cast<size_t>(::read(file->get(), read.data(), read.size())));
        EXPECT_EQ(read, bytes);
    }
    for (const std::string& missing :
         {name + ":v2", std::string("123456789012.dkr.ecr.us-east-1.amazonaws.com/other:v1"),
          std::string("nginx:latest"), name + "@sha256:" + std::string(64, 'a')}) {
        const auto none = loop.run_until_done(source.resolve(missing));
        ASSERT_FALSE(none) << missing;
        EXPECT_EQ(none.error().code, "CannotPullContainerError");
    }
}

TEST_F(EcrTest, SweepingDropsWhatNoRecordNames) {
    create("api");
    upload("api", "kept");
    std::ofstream(folder + "/layers/uploads/stray") << "x";
    fs::create_directories(folder + "/layers/sha256/aa");
    std::ofstream(folder + "/layers/sha256/aa/" + std::string(64, 'a')) << "x";
    ecr->sweep();
    EXPECT_EQ(files(), 1u);
    EXPECT_TRUE(ecr->files().uploads().empty());
    ASSERT_TRUE(loop.run_until_done(store.clear()));
    EXPECT_EQ(files(), 0u);
}

// ---- The registry, with a real client

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
