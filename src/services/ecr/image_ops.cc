#include "aws/paging.h"
#include "services/ecr/ecr.h"
#include "services/ecr/image.h"
#include "services/ecr/limits.h"

namespace unkai::services::ecr {

static ImageIdentifier identifier(const std::string& digest, const std::string& tag) {
    ImageIdentifier out;
    if (!digest.empty()) out.image_digest = digest;
    if (!tag.empty()) out.image_tag = tag;
    return out;
}

static std::vector<std::string> tags_of(aws::Call& call, const std::string& repository,
                                        const std::string& digest) {
    std::vector<std::string> out;
    for (const auto& [key, tag] :
         schema::tags.list(call.txn(), call.account, call.region, repository))
        if (tag.digest == digest) out.push_back(std::get<3>(key));
    return out;
}

// ---- Putting

static std::string listed(const std::vector<std::string>& digests) {
    return "[" + join(digests, ", ") + "]";
}

// Everything that a manifest refers to must be in the repository.
static Status check_references(aws::Call& call, const std::string& repository, const Image& image) {
    const std::string where = " required for pushing image into repository with name '" +
                              repository + "' in the registry with id '" + call.account +
                              "' do not exist";
    std::vector<std::string> missing;
    for (const std::string& digest : image.layers)
        if (!schema::layers.has(call.txn(), {call.account, call.region, repository, digest}))
            missing.push_back("'" + digest + "'");
    if (!missing.empty())
        return unexpected(
            errors::LayersNotFoundException("Layers with digests " + listed(missing) + where));
    for (const std::string& digest : image.images)
        if (!schema::images.has(call.txn(), {call.account, call.region, repository, digest}))
            missing.push_back("'" + digest + "'");
    if (!missing.empty())
        return unexpected(errors::ReferencedImagesNotFoundException("Images with digests " +
                                                                    listed(missing) + where));
    return ok();
}

// True when the tag already names this image.
static Result<bool> put_tag(aws::Call& call, const Repository& repository, const std::string& tag,
                            const std::string& digest) {
    const auto key = std::tuple{call.account, call.region, repository.name, tag};
    const auto existing = schema::tags.get(call.txn(), key);
    if (existing && existing->digest == digest) return true;
    if (existing && !tag_may_move(repository, tag))
        return errors::ImageTagAlreadyExistsException(
            "The image tag '" + tag + "' already exists in the '" + repository.name +
            "' repository and cannot be overwritten because the tag is "
            "immutable.");
    if (tags_of(call, repository.name, digest).size() >= limits::tags_per_image)
        return errors::LimitExceededException("An image has at most 1000 tags.");
    schema::tags.put(call.txn(), key, ImageTag{.digest = digest});
    return false;
}

Result<PutImageOutput> Ecr::PutImage(aws::Call& call, const PutImageInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(const Repository repository, find_repository(call, in.repository_name));
    auto read = read_manifest(in.image_manifest, in.image_manifest_media_type.value_or(""));
    if (!read)
        return errors::InvalidParameterException(
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON "
            "syntax': " +
            read.error().message);
    Image image = std::move(*read);
    image.pushed = call.now;
    const std::string digest = manifest_digest(in.image_manifest);
    if (in.image_digest && *in.image_digest != digest)
        return errors::ImageDigestDoesNotMatchException(
            "Image digest does not match manifest: expected " + *in.image_digest + ", found " +
            digest);
    if (in.image_tag && !is_tag(*in.image_tag))
        return errors::InvalidParameterException(
            "Invalid parameter at 'imageTag': '" + *in.image_tag +
            "' is no tag: letters, digits, '_', '.' and '-', at most 128.");
    REQUIRE(check_references(call, repository.name, image));
    const auto key = std::tuple{call.account, call.region, repository.name, digest};
    bool existed = schema::images.has(call.txn(), key);
    if (in.image_tag) {
        TRY(const bool tagged, put_tag(call, repository, *in.image_tag, digest));
        existed = existed && tagged;
    }
    if (existed)
        return errors::ImageAlreadyExistsException(
            "Image with digest '" + digest + "' and tag '" + in.image_tag.value_or("null") +
            "' already exists in the repository with name '" + repository.name +
            "' in registry with id '" + call.account + "'");
    if (!schema::images.has(call.txn(), key)) schema::images.put(call.txn(), key, image);
    api::ecr::Image out;
    out.registry_id = call.account;
    out.repository_name = repository.name;
    out.image_id = identifier(digest, in.image_tag.value_or(""));
    out.image_manifest = in.image_manifest;
    out.image_manifest_media_type = image.media_type;
    return PutImageOutput{.image = out};
}

// ---- Finding

// The digest that an identifier means, or the failure to answer.
static Result<std::string> resolve(aws::Call& call, const std::string& repository,
                                   const ImageIdentifier& id) {
    if (!id.image_digest && !id.image_tag)
        return fail("MissingDigestAndTag",
                    "Invalid request parameters: both tag and digest cannot be null");
    if (id.image_digest && !is_digest(*id.image_digest))
        return fail("InvalidImageDigest",
                    "Invalid request parameters: image digest should satisfy the regex "
                    "'[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'");
    std::string digest = id.image_digest.value_or("");
    if (id.image_tag) {
        const auto tag =
            schema::tags.get(call.txn(), {call.account, call.region, repository, *id.image_tag});
        if (!tag) return fail("ImageNotFound", "Requested image not found");
        if (id.image_digest && *id.image_digest != tag->digest)
            return fail("ImageTagDoesNotMatchDigest",
                        "The tag and the digest name different images");
        digest = tag->digest;
    }
    if (!schema::images.has(call.txn(), {call.account, call.region, repository, digest}))
        return fail("ImageNotFound", "Requested image not found");
    return digest;
}

static ImageFailure failure(const ImageIdentifier& id, const Error& error) {
    return ImageFailure{
        .image_id = id, .failure_code = error.code, .failure_reason = error.message};
}

Result<BatchGetImageOutput> Ecr::BatchGetImage(aws::Call& call, const BatchGetImageInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(const Repository repository, find_repository(call, in.repository_name));
    BatchGetImageOutput out;
    for (const ImageIdentifier& id : in.image_ids) {
        const auto digest = resolve(call, repository.name, id);
        if (!digest) {
            out.failures.push_back(failure(id, digest.error()));
            continue;
        }
        const auto key = std::tuple{call.account, call.region, repository.name, *digest};
        auto image = schema::images.get(call.txn(), key);
        if (!image->pulled || call.now - *image->pulled > std::chrono::hours(24)) {
            image->pulled = call.now;  // ECR too keeps it to the day.
            schema::images.put(call.txn(), key, *image);
        }
        api::ecr::Image one;
        one.registry_id = call.account;
        one.repository_name = repository.name;
        one.image_id = identifier(*digest, id.image_tag.value_or(""));
        one.image_manifest = image->manifest;
        one.image_manifest_media_type = image->media_type;
        out.images.push_back(std::move(one));
    }
    return out;
}

// Whether an image has the tag status that a filter asks for.
static bool wanted(const std::optional<std::string>& status, bool tagged) {
    return !status || *status == "ANY" || (*status == "TAGGED") == tagged;
}

Result<ListImagesOutput> Ecr::ListImages(aws::Call& call, const ListImagesInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(const Repository repository, find_repository(call, in.repository_name));
    const auto status = in.filter ? in.filter->tag_status : std::nullopt;
    std::vector<std::pair<std::string, std::string>> rows;  // Digest, tag.
    std::set<std::string> tagged;
    for (const auto& [key, tag] :
         schema::tags.list(call.txn(), call.account, call.region, repository.name)) {
        tagged.insert(tag.digest);
        if (wanted(status, true)) rows.emplace_back(tag.digest, std::get<3>(key));
    }
    for (const auto& [key, image] :
         schema::images.list(call.txn(), call.account, call.region, repository.name))
        if (!tagged.contains(std::get<3>(key)) && wanted(status, false))
            rows.emplace_back(std::get<3>(key), "");
    std::ranges::sort(rows);
    TRY(const auto page,
        aws::page(
            rows, [](const auto& row) { return row.first + " " + row.second; }, in.next_token,
            static_cast<size_t>(in.max_results.value_or(100)), "InvalidParameterException"));
    ListImagesOutput out;
    for (const auto* row : page.items) out.image_ids.push_back(identifier(row->first, row->second));
    out.next_token = page.next;
    return out;
}

static ImageDetail detail(const aws::Call& call, const std::string& repository,
                          const std::string& digest, const Image& image,
                          std::vector<std::string> tags) {
    ImageDetail out;
    out.registry_id = call.account;
    out.repository_name = repository;
    out.image_digest = digest;
    for (std::string& tag : tags) out.image_tags.push_back(std::move(tag));
    out.image_size_in_bytes = image.bytes;
    out.image_pushed_at = image.pushed;
    out.image_manifest_media_type = image.media_type;
    if (!image.artifact_type.empty()) out.artifact_media_type = image.artifact_type;
    if (!image.subject.empty()) out.subject_manifest_digest = image.subject;
    out.last_recorded_pull_time = image.pulled;
    return out;
}

Result<DescribeImagesOutput> Ecr::DescribeImages(aws::Call& call, const DescribeImagesInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(const Repository repository, find_repository(call, in.repository_name));
    const std::string& name = repository.name;
    DescribeImagesOutput out;
    for (const ImageIdentifier& id : in.image_ids) {
        const auto digest = resolve(call, name, id);
        if (!digest)
            return errors::ImageNotFoundException(
                "The image with imageId {imageDigest:'" + id.image_digest.value_or("null") +
                "', imageTag:'" + id.image_tag.value_or("null") +
                "'} does not exist within the repository with name '" + name +
                "' in the registry with id '" + call.account + "'");
        const auto image =
            schema::images.get(call.txn(), {call.account, call.region, name, *digest});
        out.image_details.push_back(
            detail(call, name, *digest, *image, tags_of(call, name, *digest)));
    }
    if (!in.image_ids.empty()) return out;

    std::map<std::string, std::vector<std::string>> tags;
    for (const auto& [key, tag] : schema::tags.list(call.txn(), call.account, call.region, name))
        tags[tag.digest].push_back(std::get<3>(key));
    auto rows = schema::images.list(call.txn(), call.account, call.region, name);
    const auto status = in.filter ? in.filter->tag_status : std::nullopt;
    std::erase_if(rows, [&](const auto& row) {
        return !wanted(status, tags.contains(std::get<3>(row.first)));
    });
    TRY(const auto page,
        aws::page(
            rows, [](const auto& row) { return std::get<3>(row.first); }, in.next_token,
            static_cast<size_t>(in.max_results.value_or(100)), "InvalidParameterException"));
    for (const auto* row : page.items) {
        const std::string& digest = std::get<3>(row->first);
        out.image_details.push_back(detail(call, name, digest, row->second, tags[digest]));
    }
    out.next_token = page.next;
    return out;
}

// ---- Deleting

void Ecr::release_layer(aws::Call& call, const std::string& repository, const std::string& digest) {
    schema::layers.erase(call.txn(), {call.account, call.region, repository, digest});
    schema::layer_users.erase(call.txn(), {digest, call.account, call.region, repository});
    call.after_commit([this, digest] { remove_unused({digest}); });
}

void Ecr::erase_image(aws::Call& call, const std::string& repository, const std::string& digest,
                      const Image& image) {
    schema::images.erase(call.txn(), {call.account, call.region, repository, digest});
    for (const std::string& tag : tags_of(call, repository, digest))
        schema::tags.erase(call.txn(), {call.account, call.region, repository, tag});
    std::set<std::string> needed;
    for (const auto& [key, other] :
         schema::images.list(call.txn(), call.account, call.region, repository))
        needed.insert(other.layers.begin(), other.layers.end());
    for (const std::string& layer : image.layers)
        if (!needed.contains(layer)) release_layer(call, repository, layer);
}

// By tag: the image goes with its last tag. By digest: with all its tags.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
Result<BatchDeleteImageOutput> Ecr::BatchDeleteImage(aws::Call& call,
                                                     const BatchDeleteImageInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(const Repository repository, find_repository(call, in.repository_name));
    const std::string& name = repository.name;
    BatchDeleteImageOutput out;
    for (const ImageIdentifier& id : in.image_ids) {
        const auto digest = resolve(call, name, id);
        if (!digest) {
            out.failures.push_back(failure(id, digest.error()));
            continue;
        }
        const auto tags = tags_of(call, name, *digest);
        const bool whole = !id.image_tag || tags.size() == 1;
        const auto images = schema::images.list(call.txn(), call.account, call.region, name);
        const bool referenced =
            whole && std::ranges::any_of(images, [&](const auto& row) {
                return std::ranges::find(row.second.images, *digest) != row.second.images.end();
            });
        if (referenced) {
            out.failures.push_back(failure(id, {"ImageReferencedByManifestList",
                                                "Requested image referenced by manifest list",
                                                400,
                                                {}}));
            continue;
        }
        if (whole) {
            const auto image =
                schema::images.get(call.txn(), {call.account, call.region, name, *digest});
            erase_image(call, name, *digest, *image);
            for (const std::string& tag : tags) out.image_ids.push_back(identifier(*digest, tag));
            if (tags.empty()) out.image_ids.push_back(identifier(*digest, ""));
        } else {
            schema::tags.erase(call.txn(), {call.account, call.region, name, *id.image_tag});
            out.image_ids.push_back(identifier(*digest, *id.image_tag));
        }
    }
    return out;
}

}  // namespace unkai::services::ecr
