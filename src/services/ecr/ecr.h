// Amazon Elastic Container Registry: repositories, images, layers, tokens.
//
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/
// Clients such as docker and skopeo come by the distribution API (registry.h), which calls the
// operations here. Manifests and tags lie in the store, layers in files. A layer lives as long as
// an image of its repository needs it; what was uploaded and never used goes after a day.
#pragma once

#include <map>

#include "api/ecr.h"
#include "aws/call.h"
#include "services/ecr/layer_files.h"
#include "services/ecr/schema.h"

namespace unkai::services::ecr {

using namespace api::ecr;
using Repository = services::ecr::Repository;  // The records, not the shapes of the API.
using Image = services::ecr::Image;
using Layer = services::ecr::Layer;

struct Options {
    // The registry's names are <account>.dkr.ecr.<region>.<domain>; with the front door's port.
    std::string domain = "localhost:4566";
    std::string scheme = "http";
    std::string folder;  // Of the layers.
};

class Ecr final : public api::ecr::Service {
public:
    Ecr(Env& env, store::Store& store, Options options);

#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
    // repository_ops.cc
    OPERATION(CreateRepository);
    OPERATION(DescribeRepositories);
    OPERATION(DeleteRepository);
    OPERATION(PutImageTagMutability);
    OPERATION(PutImageScanningConfiguration);
    OPERATION(TagResource);
    OPERATION(UntagResource);
    OPERATION(ListTagsForResource);
    OPERATION(DescribeRegistry);
    OPERATION(GetAuthorizationToken);
    // policy_ops.cc
    OPERATION(SetRepositoryPolicy);
    OPERATION(GetRepositoryPolicy);
    OPERATION(DeleteRepositoryPolicy);
    OPERATION(PutLifecyclePolicy);
    OPERATION(GetLifecyclePolicy);
    OPERATION(DeleteLifecyclePolicy);
    // image_ops.cc
    OPERATION(PutImage);
    OPERATION(BatchGetImage);
    OPERATION(BatchDeleteImage);
    OPERATION(ListImages);
    OPERATION(DescribeImages);
    // layer_ops.cc
    OPERATION(BatchCheckLayerAvailability);
    OPERATION(GetDownloadUrlForLayer);
    OPERATION(InitiateLayerUpload);
#undef OPERATION
    Task<Result<UploadLayerPartOutput>> UploadLayerPart(aws::Call& call,
                                                        const UploadLayerPartInput& in) override;
    Task<Result<CompleteLayerUploadOutput>> CompleteLayerUpload(
        aws::Call& call, const CompleteLayerUploadInput& in) override;

    // The key that tokens are signed with; made at the first use.
    std::string token_key(store::Txn& txn);
    std::string registry_host(std::string_view account, std::string_view region) const;
    LayerFiles& files() { return files_; }

    // Drops files that no record names, and old uploads. At start, and after the store was cleared.
    void sweep();

private:
    std::string repository_arn(const aws::Call& call, std::string_view name) const;
    api::ecr::Repository describe(const aws::Call& call, const Repository& repository) const;
    // Erases an image with its tags, and the layers that only it needed (their files after the
    // commit).
    void erase_image(aws::Call& call, const std::string& repository, const std::string& digest,
                     const Image& image);
    void release_layer(aws::Call& call, const std::string& repository, const std::string& digest);
    void remove_unused(const std::vector<std::string>& digests);

    Env& env_;
    store::Store& store_;
    const Options options_;
    LayerFiles files_;
    std::map<std::string, int>
        arriving_;  // Layers whose file is in place while its record is not yet.
    std::unique_ptr<store::Store::Watch> cleared_;
};

// Shared by the operations' files. The registry must be the caller's own.
Status check_registry(const aws::Call& call, const std::optional<std::string>& registry);
Result<Repository> find_repository(aws::Call& call, const std::string& name);
void put_repository(aws::Call& call, const Repository& repository);
Unexpected no_repository(const aws::Call& call, std::string_view name);

}  // namespace unkai::services::ecr
