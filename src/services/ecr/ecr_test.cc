#include "services/ecr/ecr_test.h"

#include <tuple>

#include "base/strings.h"
#include "services/ecr/image_source.h"
#include "services/ecr/token.h"

namespace unkai::services::ecr {
namespace {

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

}  // namespace
}  // namespace unkai::services::ecr
