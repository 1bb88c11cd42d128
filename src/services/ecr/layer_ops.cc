#include "services/ecr/ecr.h"
#include "services/ecr/image.h"
#include "services/ecr/limits.h"
#include "services/ecr/token.h"

namespace unkai::services::ecr {

Ecr::Ecr(Env& env, store::Store& store, Options options)
    : env_(env), store_(store), options_(std::move(options)), files_(env, options_.folder) {
    cleared_ = store_.watch(schema::layer_users.prefix(), [this](auto, bool cleared) {
        if (cleared) sweep();
    });
}

// ---- Files that nobody needs

void Ecr::remove_unused(const std::vector<std::string>& digests) {
    store::Txn txn = store_.begin();
    for (const std::string& digest : digests)
        if (!arriving_.contains(digest) && schema::layer_users.list(txn, digest).empty())
            files_.remove(digest);
}

void Ecr::sweep() {
    remove_unused(files_.digests());
    store::Txn txn = store_.begin();
    std::set<std::string> running;
    const Time oldest = env_.now() - std::chrono::hours(limits::upload_hours);
    for (const auto& [key, upload] : schema::uploads.list(txn))
        if (upload.started > oldest) running.insert(std::get<3>(key));
    for (const std::string& id : files_.uploads())
        if (!running.contains(id)) files_.discard(id);
}

// ---- Layers

Result<BatchCheckLayerAvailabilityOutput> Ecr::BatchCheckLayerAvailability(
    aws::Call& call, const BatchCheckLayerAvailabilityInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(const Repository repository, find_repository(call, in.repository_name));
    BatchCheckLayerAvailabilityOutput out;
    for (const std::string& digest : in.layer_digests) {
        if (!is_digest(digest)) {
            LayerFailure failure;
            failure.layer_digest = digest;
            failure.failure_code = "InvalidLayerDigest";
            failure.failure_reason = "The digest is not sha256: and 64 hexadecimal digits.";
            out.failures.push_back(std::move(failure));
            continue;
        }
        const auto layer =
            schema::layers.get(call.txn(), {call.account, call.region, repository.name, digest});
        api::ecr::Layer one;
        one.layer_digest = digest;
        one.layer_availability = layer ? "AVAILABLE" : "UNAVAILABLE";
        if (layer) one.layer_size = layer->bytes;
        out.layers.push_back(std::move(one));
    }
    return out;
}

// The link is good for an hour, for this layer only, without further credentials.
Result<GetDownloadUrlForLayerOutput> Ecr::GetDownloadUrlForLayer(
    aws::Call& call, const GetDownloadUrlForLayerInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(const Repository repository, find_repository(call, in.repository_name));
    if (!schema::layers.has(call.txn(),
                            {call.account, call.region, repository.name, in.layer_digest}))
        return errors::LayersNotFoundException("The layer with digest '" + in.layer_digest +
                                               "' does not exist in the repository with name '" +
                                               repository.name + "' in the registry with id '" +
                                               call.account + "'");
    const Token token{.account = call.account,
                      .region = call.region,
                      .principal = call.principal.arn,
                      .scope = repository.name + "@" + in.layer_digest,
                      .expires = call.now + std::chrono::hours(1)};
    GetDownloadUrlForLayerOutput out;
    out.download_url = options_.scheme + "://" + registry_host(call.account, call.region) + "/v2/" +
                       repository.name + "/blobs/" + in.layer_digest +
                       "?token=" + sign_token(token, token_key(call.txn()));
    out.layer_digest = in.layer_digest;
    return out;
}

// ---- Uploads

Result<InitiateLayerUploadOutput> Ecr::InitiateLayerUpload(aws::Call& call,
                                                           const InitiateLayerUploadInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(const Repository repository, find_repository(call, in.repository_name));
    const std::string id = env_.random.uuid();
    REQUIRE(files_.begin(id));
    schema::uploads.put(call.txn(), {call.account, call.region, repository.name, id},
                        Upload{.started = call.now});
    return InitiateLayerUploadOutput{.upload_id = id, .part_size = limits::part_bytes};
}

static Unexpected no_upload(const aws::Call& call, const std::string& repository,
                            const std::string& id) {
    return unexpected(errors::UploadNotFoundException(
        "The upload with id '" + id + "' does not exist for the repository with name '" +
        repository + "' in the registry with id '" + call.account + "'"));
}

Task<Result<UploadLayerPartOutput>> Ecr::UploadLayerPart(aws::Call& call,
                                                         const UploadLayerPartInput& in) {
    CO_REQUIRE(check_registry(call, in.registry_id));
    CO_TRY(const Repository repository, find_repository(call, in.repository_name));
    const auto key = std::tuple{call.account, call.region, repository.name, in.upload_id};
    auto upload = schema::uploads.get(call.txn(), key);
    if (!upload) co_return no_upload(call, repository.name, in.upload_id);
    CO_TRY(const int64_t size, files_.uploaded(in.upload_id));
    const auto length = static_cast<int64_t>(in.layer_part_blob.size());
    if (in.part_first_byte != size || in.part_last_byte - in.part_first_byte + 1 != length)
        co_return errors::InvalidLayerPartException(
            "The layer part upload is not consecutive: the next part must "
            "begin with byte " +
            std::to_string(size) + " and be as long as it says.")
            .with("lastValidByteReceived", std::to_string(size - 1));
    if (size + length > limits::layer_bytes)
        co_return errors::LimitExceededException("A layer has at most 52000 MiB.");
    if (upload->last_part > 0 &&
        (upload->smallest_part == 0 || upload->last_part < upload->smallest_part))
        upload->smallest_part = upload->last_part;
    upload->last_part = length;
    CO_REQUIRE(co_await files_.append(in.upload_id, in.layer_part_blob));
    schema::uploads.put(call.txn(), key, *upload);
    UploadLayerPartOutput out;
    out.registry_id = call.account;
    out.repository_name = repository.name;
    out.upload_id = in.upload_id;
    out.last_byte_received = size + length - 1;
    co_return out;
}

Task<Result<CompleteLayerUploadOutput>> Ecr::CompleteLayerUpload(
    aws::Call& call, const CompleteLayerUploadInput& in) {
    CO_REQUIRE(check_registry(call, in.registry_id));
    CO_TRY(const Repository repository, find_repository(call, in.repository_name));
    const auto key = std::tuple{call.account, call.region, repository.name, in.upload_id};
    const auto upload = schema::uploads.get(call.txn(), key);
    if (!upload) co_return no_upload(call, repository.name, in.upload_id);
    const std::string digest = in.layer_digests.empty() ? "" : in.layer_digests.front();
    if (!is_digest(digest))
        co_return errors::InvalidLayerException(
            "A layer's digest is sha256: and 64 hexadecimal digits.");
    const auto size =
        files_.uploaded(in.upload_id);  // Gone: a first run of this call has moved it.
    if (!size && !files_.has(digest)) co_return unexpected(size.error());
    if (size && *size == 0) co_return errors::EmptyUploadException("The upload has no bytes.");
    if (upload->smallest_part > 0 && upload->smallest_part < limits::least_part_bytes)
        co_return errors::LayerPartTooSmallException("All parts but the last have at least 5 MiB.");
    if (schema::layers.has(call.txn(), {call.account, call.region, repository.name, digest}))
        co_return errors::LayerAlreadyExistsException("Layer with digest '" + digest +
                                                      "' already exists in repository '" +
                                                      repository.name + "'");
    ++arriving_[digest];
    const auto moved = co_await files_.finish(in.upload_id, digest);
    Status committed;
    if (moved) {
        schema::uploads.erase(call.txn(), key);
        schema::layers.put(call.txn(), {call.account, call.region, repository.name, digest},
                           Layer{.bytes = *moved, .uploaded = call.now});
        schema::layer_users.put(call.txn(), {digest, call.account, call.region, repository.name},
                                LayerUser{});
        committed = co_await call.commit();
    }
    if (--arriving_[digest] == 0) arriving_.erase(digest);
    if (!moved && moved.error().is("DigestMismatch"))
        co_return errors::InvalidLayerException(moved.error().message);
    if (!moved) co_return unexpected(moved.error());
    if (!committed) co_return unexpected(committed.error());
    CompleteLayerUploadOutput out;
    out.registry_id = call.account;
    out.repository_name = repository.name;
    out.upload_id = in.upload_id;
    out.layer_digest = digest;
    co_return out;
}

}  // namespace unkai::services::ecr
