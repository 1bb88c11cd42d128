// Where a package comes from: the request, S3, or an image in ECR; and what else CreateFunction and
// its like ask other services about. All of it waits; nothing is written to the store.
#pragma once

#include "services/lambda/engine.h"
#include "services/lambda/schema.h"

namespace unkai::services::lambda {

// What CreateFunction, UpdateFunctionCode and PublishLayerVersion have in common.
struct CodeSource {
    std::optional<std::string> zip_file, s3_bucket, s3_key, s3_object_version, image_uri;
};
struct FetchedCode {
    StoredCode code;
    std::string image, resolved_image;  // Of an image.
};
// `operation` names the request in AWS's message about its size. Errors:
// InvalidParameterValueException, RequestEntityTooLargeException, CodeStorageExceededException.
unkai::Task<Result<FetchedCode>> fetch_code(Engine& engine, aws::Caller caller, CodeSource source,
                                            std::string operation);

// Whether Lambda may assume the role. Error: InvalidParameterValueException.
unkai::Task<Status> check_role(Engine& engine, Place place, std::string role);

// What all packages of a place take, each counted once for each version that has it.
int64_t code_storage(store::Txn& txn, const Place& place);
// Whether that much more may be stored. Error: CodeStorageExceededException.
Status check_storage(store::Txn& txn, const Place& place, int64_t more);
// Layers by their ARNs, and what they take unpacked. Errors: InvalidParameterValueException.
Result<std::vector<std::pair<std::string, StoredCode>>> resolve_layers(
    store::Txn& txn, const Place& place, const List<std::string>& arns);
// Layers into the record; the rule of 250 MB.
Status set_layers(store::Txn& txn, const Place& place, const List<std::string>& arns,
                  StoredVersion& version);
Status check_unzipped(const StoredVersion& version);

}  // namespace unkai::services::lambda
