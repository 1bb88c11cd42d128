#include <algorithm>

#include "api/sqs.h"
#include "aws/paging.h"
#include "base/strings.h"
#include "services/lambda/event_filter.h"
#include "services/lambda/lambda.h"
#include "services/lambda/limits.h"
#include "services/lambda/settings.h"

namespace unkai::services::lambda {

namespace {

constexpr int32_t listed_mappings = 100;

using Shape = model::EventSourceMappingConfiguration;

bool is_fifo(const Shape& shape) { return shape.event_source_arn.value_or("").ends_with(".fifo"); }

Error mapping_missing() {
    return errors::ResourceNotFoundException("The resource you requested does not exist.")
        .with("Type", "User");
}

// What both operations take, into the mapping.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
template <class Input>
Status apply_mapping(const Input& in, Shape& shape) {
    if (in.kms_key_arn || in.provisioned_poller_config || in.parallelization_factor ||
        in.destination_config || in.tumbling_window_in_seconds || in.maximum_retry_attempts ||
        in.maximum_record_age_in_seconds || in.bisect_batch_on_function_error)
        return invalid(
            "Unsupported parameter for the given event source mapping type: queues "
            "take BatchSize, MaximumBatchingWindowInSeconds, FilterCriteria, "
            "FunctionResponseTypes and ScalingConfig.");
    if (in.batch_size) shape.batch_size = in.batch_size;
    if (in.maximum_batching_window_in_seconds)
        shape.maximum_batching_window_in_seconds = in.maximum_batching_window_in_seconds;
    if (in.function_response_types.given())
        shape.function_response_types = in.function_response_types;
    if (in.scaling_config) {
        shape.scaling_config.reset();
        if (in.scaling_config->maximum_concurrency) shape.scaling_config = in.scaling_config;
    }
    if (in.filter_criteria) {
        shape.filter_criteria.reset();
        if (in.filter_criteria->filters.size() > limits::filters)
            return invalid("A mapping can have at most 5 filters.");
        for (const model::Filter& filter : in.filter_criteria->filters)
            REQUIRE(parse_filter(filter.pattern.value_or("")));
        if (!in.filter_criteria->filters.empty()) shape.filter_criteria = in.filter_criteria;
    }
    const int32_t batch = shape.batch_size.value_or(limits::default_batch);
    const int32_t window = shape.maximum_batching_window_in_seconds.value_or(0);
    const int32_t most = is_fifo(shape) ? limits::fifo_batch : limits::standard_batch;
    if (batch < 1 || batch > most)
        return invalid("1 validation error detected: Value '" + std::to_string(batch) +
                       "' at 'batchSize' failed to satisfy constraint: Member must have value "
                       "less than or equal to " +
                       std::to_string(most));
    if (is_fifo(shape) && window > 0)
        return invalid("Unsupported source arn : Batching window is not supported for FIFO queues");
    if (window < 0 || window > limits::longest_window)
        return invalid("MaximumBatchingWindowInSeconds must lie between 0 and 300.");
    if (batch > 10 && window == 0)
        return invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch "
            "size is greater than 10");
    return ok();
}

unkai::Task<Status> check_queue(Engine& engine, aws::Caller caller, std::string arn,
                                int32_t timeout) {
    const Arn queue = parse_arn(arn);
    if (queue.service != "sqs")
        co_return invalid("Unrecognized event source: Unkai reads event sources of SQS only, not " +
                          arn + ".");
    if (queue.region != caller.region)
        co_return invalid("The queue must be in the region of the function.");
    api::sqs::GetQueueUrlInput url;
    url.queue_name = queue.resource;
    url.queue_owner_aws_account_id = queue.account;
    const auto named = co_await engine.client().call<api::sqs::op::GetQueueUrl>(caller, url);
    if (!named)
        co_return invalid("Error occurred while ReceiveMessage. SQS Error Code: " +
                          named.error().code + ". SQS Error Message: " + named.error().message);
    api::sqs::GetQueueAttributesInput ask;
    ask.queue_url = named->queue_url.value_or("");
    ask.attribute_names = {"VisibilityTimeout"};
    CO_TRY(const auto attributes,
           co_await engine.client().call<api::sqs::op::GetQueueAttributes>(caller, ask));
    const auto found = attributes.attributes.find("VisibilityTimeout");
    const int64_t visibility =
        found == attributes.attributes.end() ? 30 : parse_int(found->second).value_or(30);
    if (visibility < timeout)
        co_return invalid("Queue visibility timeout: " + std::to_string(visibility) +
                          " seconds is less than Function timeout: " + std::to_string(timeout) +
                          " seconds");
    co_return ok();
}

// As the operations answer: the record has the state that is wanted.
Shape shown(const StoredMapping& mapping, std::string_view state) {
    Shape out = mapping.shape;
    out.state = state;
    return out;
}

Result<std::pair<MappingKey, StoredMapping>> find_mapping(aws::Call& call,
                                                          const std::string& uuid) {
    const MappingKey key{call.account, call.region, uuid};
    auto mapping = schema::mappings.get(call.txn(), key);
    if (!mapping) return mapping_missing();
    return std::pair(key, std::move(*mapping));
}

void set_function(StoredMapping& mapping, const FunctionName& name) {
    mapping.name = name.name;
    mapping.qualifier = name.qualifier;
    mapping.shape.function_arn = function_arn(name.place, name.name, name.qualifier);
}

}  // namespace

unkai::Task<Result<model::CreateEventSourceMappingOutput>> Lambda::CreateEventSourceMapping(
    aws::Call& call, const model::CreateEventSourceMappingInput& in) {
    if (!in.event_source_arn)
        co_return invalid("EventSourceArn is needed: Unkai reads event sources of SQS.");
    if (in.starting_position)
        co_return invalid("StartingPosition is not valid for SQS event sources.");
    FunctionName name;
    int32_t timeout = 3;
    {
        CO_TRY(const Found found, find_function(call, in.function_name));
        CO_TRY(const FoundVersion version, find_version(call, found.name));
        name = found.name;
        timeout = version.version.shape.timeout.value_or(3);
    }
    call.abandon();
    CO_REQUIRE(co_await check_queue(engine_, aws::caller_of(call), *in.event_source_arn, timeout));

    StoredMapping mapping;
    set_function(mapping, name);
    mapping.shape.event_source_arn = in.event_source_arn;
    mapping.shape.batch_size = limits::default_batch;
    mapping.shape.maximum_batching_window_in_seconds = 0;
    CO_REQUIRE(apply_mapping(in, mapping.shape));
    CO_REQUIRE(check_tags(in.tags));
    size_t count = 0;
    for (const auto& [key, other] : schema::mappings.list(call.txn(), call.account, call.region)) {
        count += other.name == name.name;
        if (other.shape.event_source_arn == in.event_source_arn &&
            other.shape.function_arn == mapping.shape.function_arn)
            co_return errors::ResourceConflictException(
                "An event source mapping with SQS arn (\" " + *in.event_source_arn +
                " \") and function (\" " + name.name +
                " \") already exists. Please update or delete the existing mapping with UUID " +
                std::get<2>(key))
                .with("Type", "User");
    }
    if (count >= limits::mappings_per_function)
        co_return invalid("A function can have at most 100 event source mappings.");
    const std::string uuid = call.env.random.uuid();
    mapping.shape.uuid = uuid;
    mapping.shape.event_source_mapping_arn = call.arn("lambda", "event-source-mapping:" + uuid);
    mapping.shape.last_modified = call.now;
    mapping.shape.state = in.enabled.value_or(true) ? "Enabled" : "Disabled";
    mapping.shape.state_transition_reason = "USER_INITIATED";
    for (const auto& [tag, value] : in.tags) mapping.tags[tag] = value;
    schema::mappings.put(call.txn(), {call.account, call.region, uuid}, mapping);
    co_return shown(mapping, "Creating");
}

Result<model::UpdateEventSourceMappingOutput> Lambda::UpdateEventSourceMapping(
    aws::Call& call, const model::UpdateEventSourceMappingInput& in) {
    TRY(auto found, find_mapping(call, in.uuid));
    auto& [key, mapping] = found;
    if (in.function_name) {
        TRY(const Found function, find_function(call, *in.function_name));
        REQUIRE(check_qualifier(call, function.name));
        set_function(mapping, function.name);
    }
    REQUIRE(apply_mapping(in, mapping.shape));
    std::string_view state = "Updating";
    if (in.enabled && *in.enabled != (mapping.shape.state == "Enabled")) {
        mapping.shape.state = *in.enabled ? "Enabled" : "Disabled";
        state = *in.enabled ? "Enabling" : "Disabling";
    }
    mapping.shape.last_modified = call.now;
    schema::mappings.put(call.txn(), key, mapping);
    return shown(mapping, state);
}

Result<model::GetEventSourceMappingOutput> Lambda::GetEventSourceMapping(
    aws::Call& call, const model::GetEventSourceMappingInput& in) {
    TRY(auto found, find_mapping(call, in.uuid));
    return std::move(found.second.shape);
}

Result<model::ListEventSourceMappingsOutput> Lambda::ListEventSourceMappings(
    aws::Call& call, const model::ListEventSourceMappingsInput& in) {
    using Row = decltype(schema::mappings)::Row;
    std::vector<Row> rows = schema::mappings.list(call.txn(), call.account, call.region);
    std::optional<FunctionName> name;
    if (in.function_name) {
        TRY(Found found, find_function(call, *in.function_name));
        name = std::move(found.name);
    }
    std::erase_if(rows, [&](const Row& row) {
        const StoredMapping& mapping = row.second;
        if (in.event_source_arn && mapping.shape.event_source_arn != in.event_source_arn)
            return true;
        return name && (mapping.name != name->name || mapping.qualifier != name->qualifier);
    });
    const auto key_of = [](const Row& row) { return std::get<2>(row.first); };
    const size_t most = std::min(in.max_items.value_or(listed_mappings), listed_mappings);
    TRY(auto page, aws::page(rows, key_of, in.marker, most, "InvalidParameterValueException"));
    model::ListEventSourceMappingsOutput out;
    for (const Row* row : page.items) out.event_source_mappings.push_back(row->second.shape);
    out.next_marker = page.next;
    return out;
}

Result<model::DeleteEventSourceMappingOutput> Lambda::DeleteEventSourceMapping(
    aws::Call& call, const model::DeleteEventSourceMappingInput& in) {
    TRY(const auto found, find_mapping(call, in.uuid));
    schema::mappings.erase(call.txn(), found.first);
    return shown(found.second, "Deleting");
}

}  // namespace unkai::services::lambda
