#include "services/lambda/sources.h"

#include <set>

#include "api/s3.h"
#include "api/sts.h"
#include "base/strings.h"
#include "services/lambda/limits.h"
#include "services/lambda/settings.h"

namespace unkai::services::lambda {

namespace {

unkai::Task<Result<std::string>> fetch_from_s3(Engine& engine, aws::Caller caller,
                                               CodeSource source) {
    api::s3::GetObjectInput in;
    in.bucket = *source.s3_bucket;
    in.key = *source.s3_key;
    in.version_id = source.s3_object_version;
    auto got =
        co_await engine.client().fetch<api::s3::op::GetObject>(caller, in, limits::unzipped_bytes);
    if (got) co_return std::move(got->second);
    if (got.error().is("EntityTooLarge"))
        co_return invalid("Unzipped size must be smaller than " +
                          std::to_string(limits::unzipped_bytes) + " bytes");
    co_return invalid("Error occurred while GetObject. S3 Error Code: " + got.error().code +
                      ". S3 Error Message: " + got.error().message);
}

unkai::Task<Result<FetchedCode>> fetch_image(Engine& engine, std::string reference) {
    FetchedCode out;
    const auto missing =
        invalid("Source image " + reference + " does not exist. Provide a valid source image.");
    if (!engine.options().images) co_return missing;
    const auto digest = co_await engine.options().images->resolve(reference);
    if (!digest) co_return missing;
    out.image = reference;
    const size_t at = reference.find('@');
    const size_t slash = reference.rfind('/');
    const size_t colon = reference.find(':', slash == std::string::npos ? 0 : slash);
    out.resolved_image = reference.substr(0, std::min(at, colon)) + "@" + *digest;
    out.code.id = digest->substr(digest->find(':') + 1);
    co_return out;
}

}  // namespace

unkai::Task<Result<FetchedCode>> fetch_code(Engine& engine, aws::Caller caller, CodeSource source,
                                            std::string operation) {
    const bool s3 = source.s3_bucket || source.s3_key || source.s3_object_version;
    if (source.image_uri && (s3 || source.zip_file))
        co_return invalid("Please provide either a package (ZipFile or S3) or an image, not both.");
    if (source.image_uri) co_return co_await fetch_image(engine, *source.image_uri);
    if (s3 && source.zip_file)
        co_return invalid(
            "Please do not provide other FunctionCode parameters when providing a ZipFile.");
    std::string zip;
    if (s3) {
        if (!source.s3_bucket || !source.s3_key)
            co_return invalid("Please provide both S3Bucket and S3Key.");
        CO_TRY(zip, co_await fetch_from_s3(engine, caller, source));
    } else {
        zip = source.zip_file.value_or("");
        if (zip.empty()) co_return invalid("Please provide a source for function code.");
        if (zip.size() > limits::zipped_bytes)
            co_return Error{
                "RequestEntityTooLargeException",
                "Request must be smaller than 69905067 bytes for the " + operation + " operation",
                413,
                {}};
    }
    {
        store::Txn txn = engine.store().begin();
        const Place place{caller.account, caller.region};
        CO_REQUIRE(check_storage(txn, place, static_cast<int64_t>(zip.size())));
    }
    FetchedCode out;
    CO_TRY(out.code, co_await engine.codes().put(std::move(zip)));
    co_return out;
}

unkai::Task<Status> check_role(Engine& engine, Place place, std::string role) {
    api::sts::AssumeRoleInput in;
    in.role_arn = role;
    in.role_session_name = "awslambda-check";
    const auto assumed = co_await engine.client().call<api::sts::op::AssumeRole>(
        aws::service_caller("lambda.amazonaws.com", place.account, place.region), in);
    if (!assumed)
        co_return invalid("The role defined for the function cannot be assumed by Lambda.");
    co_return ok();
}

int64_t code_storage(store::Txn& txn, const Place& place) {
    int64_t out = 0;
    for (const auto& [key, version] : schema::versions.list(txn, place.account, place.region))
        out += version.code.zipped;
    for (const auto& [key, layer] : schema::layer_versions.list(txn, place.account, place.region))
        out += layer.code.zipped;
    return out;
}

Status check_storage(store::Txn& txn, const Place& place, int64_t more) {
    if (code_storage(txn, place) + more <= limits::storage_bytes) return ok();
    return model::errors::CodeStorageExceededException("Code storage limit exceeded.")
        .with("Type", "User");
}

Result<std::vector<std::pair<std::string, StoredCode>>> resolve_layers(
    store::Txn& txn, const Place& place, const List<std::string>& arns) {
    if (arns.size() > limits::layers) return invalid("Cannot reference more than 5 layers.");
    std::vector<std::pair<std::string, StoredCode>> out;
    std::set<std::string> names;
    for (const std::string& arn : arns) {
        const auto name = parse_layer(place, arn);
        if (!name || !name->version)
            return invalid("Layer version ARN " + arn +
                           " is invalid: it must be the full ARN, with the version.");
        const auto layer = schema::layer_versions.get(
            txn, {name->place.account, name->place.region, name->name, *name->version});
        if (!layer || name->place != place)
            return invalid("Layer version " + arn + " does not exist.");
        if (!names.insert(name->name).second)
            return invalid(
                "Two different versions of the same layer are not allowed to be "
                "referenced in the same function. " +
                arn);
        out.emplace_back(arn, layer->code);
    }
    return out;
}

Status check_unzipped(const StoredVersion& version) {
    int64_t unzipped = version.code.unzipped;
    for (const auto& [arn, code] : version.layers) unzipped += code.unzipped;
    if (unzipped <= limits::unzipped_bytes) return ok();
    if (version.layers.empty())
        return invalid("Unzipped size must be smaller than " +
                       std::to_string(limits::unzipped_bytes) + " bytes");
    return invalid("Function code combined with layers exceeds the maximum allowed size of " +
                   std::to_string(limits::unzipped_bytes) + " bytes. The actual size is " +
                   std::to_string(unzipped) + " bytes.");
}

Status set_layers(store::Txn& txn, const Place& place, const List<std::string>& arns,
                  StoredVersion& version) {
    TRY(version.layers, resolve_layers(txn, place, arns));
    version.shape.layers.clear();
    for (const auto& [arn, code] : version.layers) {
        model::Layer layer;
        layer.arn = arn;
        layer.code_size = code.zipped;
        version.shape.layers.push_back(std::move(layer));
    }
    return check_unzipped(version);
}

}  // namespace unkai::services::lambda
