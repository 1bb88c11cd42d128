#include <algorithm>

#include "aws/paging.h"
#include "services/lambda/lambda.h"
#include "services/lambda/settings.h"
#include "services/lambda/sources.h"

namespace unkai::services::lambda {

namespace {

constexpr int32_t listed_layers = 50;

Error layer_missing(const Place& place, const LayerName& name, std::optional<int64_t> version) {
    (void)place;
    return errors::ResourceNotFoundException("The resource you requested does not exist: " +
                                             layer_arn(name.place, name.name, version))
        .with("Type", "User");
}

Result<LayerName> layer_name(aws::Call& call, const std::string& text) {
    auto name = parse_layer(place_of(call), text);
    if (!name) return invalid("'" + text + "' is not the name or ARN of a layer.");
    if (name->place != place_of(call)) return layer_missing(name->place, *name, name->version);
    return std::move(*name);
}

bool fits(const model::GetLayerVersionResponse& layer, const std::optional<std::string>& runtime,
          const std::optional<std::string>& architecture) {
    const auto has = [](const List<std::string>& list, const std::string& one) {
        return std::find(list.begin(), list.end(), one) != list.end();
    };
    if (runtime && !has(layer.compatible_runtimes, *runtime)) return false;
    return !architecture || has(layer.compatible_architectures, *architecture);
}

model::LayerVersionsListItem list_item(const model::GetLayerVersionResponse& layer) {
    model::LayerVersionsListItem out;
    out.layer_version_arn = layer.layer_version_arn;
    out.version = layer.version;
    out.description = layer.description;
    out.created_date = layer.created_date;
    out.compatible_architectures = layer.compatible_architectures;
    out.compatible_runtimes = layer.compatible_runtimes;
    out.license_info = layer.license_info;
    return out;
}

}  // namespace

unkai::Task<Result<model::PublishLayerVersionOutput>> Lambda::PublishLayerVersion(
    aws::Call& call, const model::PublishLayerVersionInput& in) {
    CO_TRY(const LayerName name, layer_name(call, in.layer_name));
    if (name.version) co_return invalid("The name of a layer has no version here.");
    CO_TRY(const FetchedCode fetched, co_await fetch_code(engine_, aws::caller_of(call),
                                                          {in.content.zip_file,
                                                           in.content.s3_bucket,
                                                           in.content.s3_key,
                                                           in.content.s3_object_version,
                                                           {}},
                                                          "PublishLayerVersion"));
    StoredLayer layer = schema::layers.get(call.txn(), {call.account, call.region, name.name})
                            .value_or(StoredLayer{});
    const int64_t number = ++layer.last_version;
    StoredLayerVersion version;
    version.code = fetched.code;
    model::GetLayerVersionResponse& shape = version.shape;
    shape.layer_arn = layer_arn(name.place, name.name);
    shape.layer_version_arn = layer_arn(name.place, name.name, number);
    shape.description = in.description.value_or("");
    shape.created_date = lambda_date(call.now);
    shape.version = number;
    shape.compatible_architectures = in.compatible_architectures;
    shape.compatible_runtimes = in.compatible_runtimes;
    shape.license_info = in.license_info;
    model::LayerVersionContentOutput content;
    content.code_sha256 = code_sha256(fetched.code.id);
    content.code_size = fetched.code.zipped;
    shape.content = content;
    schema::layers.put(call.txn(), {call.account, call.region, name.name}, layer);
    schema::layer_versions.put(call.txn(), {call.account, call.region, name.name, number}, version);
    model::PublishLayerVersionOutput out;
    out.content = shape.content;
    out.content->location = package_link(call, engine_, version.code);
    out.layer_arn = shape.layer_arn;
    out.layer_version_arn = shape.layer_version_arn;
    out.description = shape.description;
    out.created_date = shape.created_date;
    out.version = shape.version;
    out.compatible_architectures = shape.compatible_architectures;
    out.compatible_runtimes = shape.compatible_runtimes;
    out.license_info = shape.license_info;
    co_return out;
}

Result<model::GetLayerVersionOutput> Lambda::GetLayerVersion(
    aws::Call& call, const model::GetLayerVersionInput& in) {
    TRY(const LayerName name, layer_name(call, in.layer_name));
    auto version = schema::layer_versions.get(
        call.txn(), {call.account, call.region, name.name, in.version_number});
    if (!version) return layer_missing(name.place, name, in.version_number);
    version->shape.content->location = package_link(call, engine_, version->code);
    return std::move(version->shape);
}

Result<model::GetLayerVersionByArnOutput> Lambda::GetLayerVersionByArn(
    aws::Call& call, const model::GetLayerVersionByArnInput& in) {
    TRY(const LayerName name, layer_name(call, in.arn));
    if (!name.version) return invalid("The ARN of a layer version ends in its number.");
    model::GetLayerVersionInput one;
    one.layer_name = name.name;
    one.version_number = *name.version;
    return GetLayerVersion(call, one);
}

Result<model::ListLayersOutput> Lambda::ListLayers(aws::Call& call,
                                                   const model::ListLayersInput& in) {
    std::vector<model::LayersListItem> rows;
    for (const auto& [key, version] :
         schema::layer_versions.list(call.txn(), call.account, call.region)) {
        if (!fits(version.shape, in.compatible_runtime, in.compatible_architecture)) continue;
        const std::string& name = std::get<2>(key);
        if (rows.empty() || rows.back().layer_name != name) {
            rows.emplace_back();
            rows.back().layer_name = name;
            rows.back().layer_arn = version.shape.layer_arn;
        }
        rows.back().latest_matching_version = list_item(version.shape);  // They come in order.
    }
    const auto key_of = [](const model::LayersListItem& row) { return *row.layer_name; };
    const size_t most = std::min(in.max_items.value_or(listed_layers), listed_layers);
    TRY(auto page, aws::page(rows, key_of, in.marker, most, "InvalidParameterValueException"));
    model::ListLayersOutput out;
    for (const auto* row : page.items) out.layers.push_back(*row);
    out.next_marker = page.next;
    return out;
}

Result<model::ListLayerVersionsOutput> Lambda::ListLayerVersions(
    aws::Call& call, const model::ListLayerVersionsInput& in) {
    TRY(const LayerName name, layer_name(call, in.layer_name));
    using Row = decltype(schema::layer_versions)::Row;
    std::vector<Row> rows =
        schema::layer_versions.list(call.txn(), call.account, call.region, name.name);
    std::erase_if(rows, [&](const Row& row) {
        return !fits(row.second.shape, in.compatible_runtime, in.compatible_architecture);
    });
    // The newest first: pages go by what is left to the last number.
    std::reverse(rows.begin(), rows.end());
    const auto key_of = [](const Row& row) {
        const std::string text = std::to_string(INT64_MAX - std::get<3>(row.first));
        return std::string(20 - text.size(), '0') + text;
    };
    const size_t most = std::min(in.max_items.value_or(listed_layers), listed_layers);
    TRY(auto page, aws::page(rows, key_of, in.marker, most, "InvalidParameterValueException"));
    model::ListLayerVersionsOutput out;
    for (const Row* row : page.items) out.layer_versions.push_back(list_item(row->second.shape));
    out.next_marker = page.next;
    return out;
}

// Functions that have it keep it: its package stays as long as one names it.
Result<model::DeleteLayerVersionOutput> Lambda::DeleteLayerVersion(
    aws::Call& call, const model::DeleteLayerVersionInput& in) {
    TRY(const LayerName name, layer_name(call, in.layer_name));
    schema::layer_versions.erase(call.txn(),
                                 {call.account, call.region, name.name, in.version_number});
    return model::DeleteLayerVersionOutput{};
}

}  // namespace unkai::services::lambda
