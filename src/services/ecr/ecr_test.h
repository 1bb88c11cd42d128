// What the tests of ecr share: the service on a store in memory, and layers in a folder of their
// own.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "services/ecr/ecr.h"
#include "services/ecr/image.h"
#include "services/ecr/registry.h"

namespace unkai::services::ecr {

namespace fs = std::filesystem;

inline constexpr const char* account = "123456789012";

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

}  // namespace unkai::services::ecr
