#include "aws/paging.h"
#include "services/ecr/ecr.h"
#include "services/ecr/limits.h"
#include "services/ecr/token.h"

namespace unkai::services::ecr {

static std::string in_registry(const aws::Call& call, std::string_view name) {
    return "The repository with name '" + std::string(name) + "' %s in the registry with id '" +
           call.account + "'";
}

Unexpected no_repository(const aws::Call& call, std::string_view name) {
    return unexpected(errors::RepositoryNotFoundException(
        replace_all(in_registry(call, name), "%s", "does not exist")));
}

Status check_registry(const aws::Call& call, const std::optional<std::string>& registry) {
    if (!registry || *registry == call.account) return ok();
    return fail("AccessDeniedException",
                "The registry " + *registry + " belongs to another account than the caller's, " +
                    call.account + ".",
                400);
}

Result<Repository> find_repository(aws::Call& call, const std::string& name) {
    auto repository = schema::repositories.get(call.txn(), {call.account, call.region, name});
    if (!repository) return no_repository(call, name);
    return std::move(*repository);
}

void put_repository(aws::Call& call, const Repository& repository) {
    schema::repositories.put(call.txn(), {call.account, call.region, repository.name}, repository);
}

std::string Ecr::repository_arn(const aws::Call& call, std::string_view name) const {
    return call.arn("ecr", "repository/" + std::string(name));
}

std::string Ecr::registry_host(std::string_view account, std::string_view region) const {
    return std::string(account) + ".dkr.ecr." + std::string(region) + "." + options_.domain;
}

static List<ImageTagMutabilityExclusionFilter> filters_of(const Repository& repository) {
    List<ImageTagMutabilityExclusionFilter> out;
    for (const MutabilityFilter& one : repository.exclusions)
        out.push_back({.filter_type = one.type, .filter = one.filter});
    return out;
}

api::ecr::Repository Ecr::describe(const aws::Call& call, const Repository& repository) const {
    api::ecr::Repository out;
    out.repository_arn = repository_arn(call, repository.name);
    out.registry_id = call.account;
    out.repository_name = repository.name;
    out.repository_uri = registry_host(call.account, call.region) + "/" + repository.name;
    out.created_at = repository.created;
    out.image_tag_mutability = repository.mutability;
    out.image_tag_mutability_exclusion_filters = filters_of(repository);
    out.image_scanning_configuration =
        ImageScanningConfiguration{.scan_on_push = repository.scan_on_push};
    EncryptionConfiguration encryption{.encryption_type = repository.encryption, .kms_key = {}};
    if (!repository.kms_key.empty()) encryption.kms_key = repository.kms_key;
    out.encryption_configuration = encryption;
    return out;
}

static Status set_mutability(Repository& repository, const std::string& mutability,
                             const List<ImageTagMutabilityExclusionFilter>& filters) {
    const bool takes_filters = mutability.ends_with("_WITH_EXCLUSION");
    if (takes_filters == filters.empty())
        return unexpected(errors::InvalidParameterException(
            takes_filters
                ? "ImageTagMutabilityExclusionFilters are needed with " + mutability + "."
                : "ImageTagMutabilityExclusionFilters are not taken with " + mutability + "."));
    repository.mutability = mutability;
    repository.exclusions.clear();
    for (const auto& one : filters) repository.exclusions.push_back({one.filter_type, one.filter});
    return ok();
}

static Status merge_tags(Repository& repository, const List<Tag>& tags) {
    for (const Tag& tag : tags) {
        if (tag.key.empty() || tag.key.size() > 128 || tag.value.size() > 256 ||
            tag.key.starts_with("aws:"))
            return unexpected(errors::InvalidTagParameterException(
                "A tag's key has 1 to 128 characters and does not begin with aws:, its value at "
                "most 256."));
        repository.tags[tag.key] = tag.value;
    }
    if (repository.tags.size() > limits::tags_per_repository)
        return unexpected(errors::TooManyTagsException("A repository has at most 50 tags."));
    return ok();
}

Result<CreateRepositoryOutput> Ecr::CreateRepository(aws::Call& call,
                                                     const CreateRepositoryInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    if (schema::repositories.has(call.txn(), {call.account, call.region, in.repository_name}))
        return errors::RepositoryAlreadyExistsException(
            replace_all(in_registry(call, in.repository_name), "%s", "already exists"));
    Repository repository;
    repository.name = in.repository_name;
    repository.created = call.now;
    REQUIRE(set_mutability(repository, in.image_tag_mutability.value_or("MUTABLE"),
                           in.image_tag_mutability_exclusion_filters));
    REQUIRE(merge_tags(repository, in.tags));
    if (in.image_scanning_configuration)
        repository.scan_on_push = in.image_scanning_configuration->scan_on_push.value_or(false);
    if (in.encryption_configuration) {
        repository.encryption = in.encryption_configuration->encryption_type;
        repository.kms_key = in.encryption_configuration->kms_key.value_or("");
    }
    put_repository(call, repository);
    return CreateRepositoryOutput{.repository = describe(call, repository)};
}

Result<DescribeRepositoriesOutput> Ecr::DescribeRepositories(aws::Call& call,
                                                             const DescribeRepositoriesInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    DescribeRepositoriesOutput out;
    if (!in.repository_names.empty()) {
        for (const std::string& name : in.repository_names) {
            TRY(const Repository repository, find_repository(call, name));
            out.repositories.push_back(describe(call, repository));
        }
        return out;
    }
    const auto rows = schema::repositories.list(call.txn(), call.account, call.region);
    TRY(const auto page,
        aws::page(
            rows, [](const auto& row) { return row.second.name; }, in.next_token,
            static_cast<size_t>(in.max_results.value_or(100)), "InvalidParameterException"));
    for (const auto* row : page.items) out.repositories.push_back(describe(call, row->second));
    out.next_token = page.next;
    return out;
}

Result<DeleteRepositoryOutput> Ecr::DeleteRepository(aws::Call& call,
                                                     const DeleteRepositoryInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(const Repository repository, find_repository(call, in.repository_name));
    const std::string& name = in.repository_name;
    const auto images = schema::images.list(call.txn(), call.account, call.region, name);
    if (!images.empty() && !in.force.value_or(false))
        return errors::RepositoryNotEmptyException(
            "The repository with name '" + name + "' in registry with id '" + call.account +
            "' cannot be deleted because it still contains images");
    for (const auto& [key, image] : images) schema::images.erase(call.txn(), key);
    for (const auto& [key, tag] : schema::tags.list(call.txn(), call.account, call.region, name))
        schema::tags.erase(call.txn(), key);
    for (const auto& [key, layer] :
         schema::layers.list(call.txn(), call.account, call.region, name))
        release_layer(call, name, std::get<3>(key));
    for (const auto& [key, upload] :
         schema::uploads.list(call.txn(), call.account, call.region, name)) {
        schema::uploads.erase(call.txn(), key);
        call.after_commit([this, id = std::get<3>(key)] { files_.discard(id); });
    }
    schema::repositories.erase(call.txn(), {call.account, call.region, name});
    return DeleteRepositoryOutput{.repository = describe(call, repository)};
}

Result<PutImageTagMutabilityOutput> Ecr::PutImageTagMutability(
    aws::Call& call, const PutImageTagMutabilityInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(Repository repository, find_repository(call, in.repository_name));
    REQUIRE(set_mutability(repository, in.image_tag_mutability,
                           in.image_tag_mutability_exclusion_filters));
    put_repository(call, repository);
    PutImageTagMutabilityOutput out;
    out.registry_id = call.account;
    out.repository_name = repository.name;
    out.image_tag_mutability = repository.mutability;
    out.image_tag_mutability_exclusion_filters = filters_of(repository);
    return out;
}

Result<PutImageScanningConfigurationOutput> Ecr::PutImageScanningConfiguration(
    aws::Call& call, const PutImageScanningConfigurationInput& in) {
    REQUIRE(check_registry(call, in.registry_id));
    TRY(Repository repository, find_repository(call, in.repository_name));
    repository.scan_on_push = in.image_scanning_configuration.scan_on_push.value_or(false);
    put_repository(call, repository);
    PutImageScanningConfigurationOutput out;
    out.registry_id = call.account;
    out.repository_name = repository.name;
    out.image_scanning_configuration =
        ImageScanningConfiguration{.scan_on_push = repository.scan_on_push};
    return out;
}

static Result<Repository> by_arn(aws::Call& call, const std::string& arn) {
    const std::string own = call.arn("ecr", "repository/");
    if (!arn.starts_with(own))
        return errors::InvalidParameterException("Invalid parameter at 'resourceArn': " + arn +
                                                 " is no repository of this account and region");
    return find_repository(call, arn.substr(own.size()));
}

Result<TagResourceOutput> Ecr::TagResource(aws::Call& call, const TagResourceInput& in) {
    TRY(Repository repository, by_arn(call, in.resource_arn));
    REQUIRE(merge_tags(repository, in.tags));
    put_repository(call, repository);
    return TagResourceOutput{};
}

Result<UntagResourceOutput> Ecr::UntagResource(aws::Call& call, const UntagResourceInput& in) {
    TRY(Repository repository, by_arn(call, in.resource_arn));
    for (const std::string& key : in.tag_keys) repository.tags.erase(key);
    put_repository(call, repository);
    return UntagResourceOutput{};
}

Result<ListTagsForResourceOutput> Ecr::ListTagsForResource(aws::Call& call,
                                                           const ListTagsForResourceInput& in) {
    TRY(const Repository repository, by_arn(call, in.resource_arn));
    ListTagsForResourceOutput out;
    for (const auto& [key, value] : repository.tags)
        out.tags.push_back({.key = key, .value = value});
    return out;
}

Result<DescribeRegistryOutput> Ecr::DescribeRegistry(aws::Call& call,
                                                     const DescribeRegistryInput&) {
    DescribeRegistryOutput out;
    out.registry_id = call.account;
    out.replication_configuration = ReplicationConfiguration{};
    out.replication_configuration->rules.present = true;  // None: written as [].
    return out;
}

std::string Ecr::token_key(store::Txn& txn) {
    if (const auto secret = schema::secrets.get(txn, {"tokens"})) return secret->bytes;
    const Secret secret{.bytes = env_.random.bytes(32)};
    schema::secrets.put(txn, {"tokens"}, secret);
    return secret.bytes;
}

Result<GetAuthorizationTokenOutput> Ecr::GetAuthorizationToken(
    aws::Call& call, const GetAuthorizationTokenInput& in) {
    for (const std::string& registry : in.registry_ids) REQUIRE(check_registry(call, registry));
    const Token token{.account = call.account,
                      .region = call.region,
                      .principal = call.principal.arn,
                      .scope = "",
                      .expires = call.now + std::chrono::hours(limits::token_hours)};
    AuthorizationData data;
    data.authorization_token = base64("AWS:" + sign_token(token, token_key(call.txn())));
    data.expires_at = token.expires;
    data.proxy_endpoint = options_.scheme + "://" + registry_host(call.account, call.region);
    GetAuthorizationTokenOutput out;
    out.authorization_data.push_back(std::move(data));
    return out;
}

}  // namespace unkai::services::ecr
