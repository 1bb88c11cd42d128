#include "aws/paging.h"
#include "services/lambda/lambda.h"
#include "services/lambda/settings.h"

namespace unkai::services::lambda {

namespace {

constexpr int32_t listed_urls = 50;
constexpr size_t url_id_characters = 32;

using UrlKey = decltype(schema::urls)::Key;

UrlKey url_key(const FunctionName& name) {
    return {name.place.account, name.place.region, name.name, name.qualifier};
}

// A URL belongs to $LATEST ("") or to an alias.
Result<FunctionName> url_name(aws::Call& call, const std::string& function,
                              const std::optional<std::string>& qualifier) {
    TRY(Found found, find_function(call, function, qualifier));
    if (version_number(found.name.qualifier) && !found.name.qualifier.empty())
        return invalid(
            "A function URL belongs to $LATEST or to an alias: leave the qualifier "
            "out, or name an alias.");
    REQUIRE(check_qualifier(call, found.name));
    return std::move(found.name);
}

Result<StoredUrl> find_url(aws::Call& call, const FunctionName& name) {
    auto url = schema::urls.get(call.txn(), url_key(name));
    if (!url)
        return errors::ResourceNotFoundException("The resource you requested does not exist.")
            .with("Type", "User");
    return std::move(*url);
}

Status check_mode(const std::optional<std::string>& mode) {
    if (mode.value_or("BUFFERED") == "BUFFERED") return ok();
    return invalid("InvokeMode RESPONSE_STREAM is not done by Unkai: use BUFFERED.");
}

}  // namespace

Result<model::CreateFunctionUrlConfigOutput> Lambda::CreateFunctionUrlConfig(
    aws::Call& call, const model::CreateFunctionUrlConfigInput& in) {
    TRY(const FunctionName name, url_name(call, in.function_name, in.qualifier));
    REQUIRE(check_mode(in.invoke_mode));
    if (schema::urls.has(call.txn(), url_key(name)))
        return errors::ResourceConflictException(
                   "Failed to create function url config for [functionArn = " +
                   function_arn(name.place, name.name, name.qualifier) +
                   "]. Error message:  FunctionUrlConfig exists for this Lambda function")
            .with("Type", "User");
    StoredUrl url;
    url.id = call.env.random.from("abcdefghijklmnopqrstuvwxyz234567", url_id_characters);
    url.shape.function_url = "https://" + url.id + ".lambda-url." + name.place.region + ".on.aws/";
    url.shape.function_arn = function_arn(name.place, name.name, name.qualifier);
    url.shape.auth_type = in.auth_type;
    url.shape.cors = in.cors;
    url.shape.creation_time = iso8601_millis(call.now);
    url.shape.last_modified_time = url.shape.creation_time;
    url.shape.invoke_mode = "BUFFERED";
    schema::urls.put(call.txn(), url_key(name), url);
    schema::url_owners.put(call.txn(), {url.id},
                           {name.place.account, name.place.region, name.name, name.qualifier});
    model::CreateFunctionUrlConfigOutput out;
    out.function_url = url.shape.function_url;
    out.function_arn = url.shape.function_arn;
    out.auth_type = url.shape.auth_type;
    out.cors = url.shape.cors;
    out.creation_time = url.shape.creation_time;
    out.invoke_mode = url.shape.invoke_mode;
    return out;
}

Result<model::UpdateFunctionUrlConfigOutput> Lambda::UpdateFunctionUrlConfig(
    aws::Call& call, const model::UpdateFunctionUrlConfigInput& in) {
    TRY(const FunctionName name, url_name(call, in.function_name, in.qualifier));
    TRY(StoredUrl url, find_url(call, name));
    REQUIRE(check_mode(in.invoke_mode));
    if (in.auth_type) url.shape.auth_type = *in.auth_type;
    if (in.cors) url.shape.cors = in.cors;
    url.shape.last_modified_time = iso8601_millis(call.now);
    schema::urls.put(call.txn(), url_key(name), url);
    model::UpdateFunctionUrlConfigOutput out;
    out.function_url = url.shape.function_url;
    out.function_arn = url.shape.function_arn;
    out.auth_type = url.shape.auth_type;
    out.cors = url.shape.cors;
    out.creation_time = url.shape.creation_time;
    out.last_modified_time = url.shape.last_modified_time;
    out.invoke_mode = url.shape.invoke_mode;
    return out;
}

Result<model::GetFunctionUrlConfigOutput> Lambda::GetFunctionUrlConfig(
    aws::Call& call, const model::GetFunctionUrlConfigInput& in) {
    TRY(const FunctionName name, url_name(call, in.function_name, in.qualifier));
    TRY(const StoredUrl url, find_url(call, name));
    model::GetFunctionUrlConfigOutput out;
    out.function_url = url.shape.function_url;
    out.function_arn = url.shape.function_arn;
    out.auth_type = url.shape.auth_type;
    out.cors = url.shape.cors;
    out.creation_time = url.shape.creation_time;
    out.last_modified_time = url.shape.last_modified_time;
    out.invoke_mode = url.shape.invoke_mode;
    return out;
}

Result<model::ListFunctionUrlConfigsOutput> Lambda::ListFunctionUrlConfigs(
    aws::Call& call, const model::ListFunctionUrlConfigsInput& in) {
    TRY(const Found found, find_function(call, in.function_name));
    using Row = decltype(schema::urls)::Row;
    const std::vector<Row> rows =
        schema::urls.list(call.txn(), call.account, call.region, found.name.name);
    const auto key_of = [](const Row& row) { return "/" + std::get<3>(row.first); };
    const size_t most = std::min(in.max_items.value_or(listed_urls), listed_urls);
    TRY(auto page, aws::page(rows, key_of, in.marker, most, "InvalidParameterValueException"));
    model::ListFunctionUrlConfigsOutput out;
    for (const Row* row : page.items) out.function_url_configs.push_back(row->second.shape);
    out.next_marker = page.next;
    return out;
}

Result<model::DeleteFunctionUrlConfigOutput> Lambda::DeleteFunctionUrlConfig(
    aws::Call& call, const model::DeleteFunctionUrlConfigInput& in) {
    TRY(const FunctionName name, url_name(call, in.function_name, in.qualifier));
    TRY(const StoredUrl url, find_url(call, name));
    schema::urls.erase(call.txn(), url_key(name));
    schema::url_owners.erase(call.txn(), {url.id});
    return model::DeleteFunctionUrlConfigOutput{};
}

}  // namespace unkai::services::lambda
