#include "services/events/events.h"
#include "services/events/limits.h"

namespace unkai::services::events {

using wire::Json;

namespace {

Unexpected bad_entry(const char* code, std::string message) {
    return fail(code, std::move(message), 400);
}

// The event as rules see it.
Result<Json> make_event(const aws::Call& call, const PutEventsRequestEntry& entry,
                        const std::string& id) {
    for (const auto& [name, value] : {std::pair{"Source", &entry.source},
                                      {"DetailType", &entry.detail_type},
                                      {"Detail", &entry.detail}})
        if (!*value || (*value)->empty())
            return bad_entry("InvalidArgument", std::string("Parameter ") + name +
                                                    " is not valid. Reason: " + name +
                                                    " is a required argument.");
    const bool service = call.principal.kind == aws::Principal::Kind::service;
    if (entry.source->starts_with("aws.") && !service)
        return bad_entry("NotAuthorizedForSourceException", "Not authorized for the source.");
    auto detail = Json::parse(*entry.detail);
    if (!detail || !detail->is_object())
        return bad_entry("MalformedDetail", "Detail is malformed.");
    Json::Array resources;
    for (const std::string& resource : entry.resources) resources.push_back(resource);
    return Json::object({{"version", "0"},
                         {"id", id},
                         {"detail-type", *entry.detail_type},
                         {"source", *entry.source},
                         {"account", call.account},
                         {"time", iso8601(entry.time.value_or(call.now))},
                         {"region", call.region},
                         {"resources", std::move(resources)},
                         {"detail", *std::move(detail)}});
}

size_t entry_bytes(const PutEventsRequestEntry& entry) {
    size_t bytes = entry.source.value_or("").size() + entry.detail_type.value_or("").size() +
                   entry.detail.value_or("").size() + (entry.time ? 14 : 0);
    for (const std::string& resource : entry.resources) bytes += resource.size();
    return bytes;
}

// The tags of a rule or a bus, by its ARN; `change` may change them.
template <class Change>
Status with_tags(aws::Call& call, const std::string& arn, const Change& change) {
    const auto not_found = [&] {
        return errors::ResourceNotFoundException("Resource " + arn + " does not exist.");
    };
    if (const size_t mark = arn.find(":event-bus/"); mark != arn.npos) {
        const std::string name = arn.substr(mark + 11);
        TRY(StoredBus bus, find_bus(call, name));
        if (change(bus.tags)) schema::buses.put(call.txn(), {call.account, call.region, name}, bus);
        return ok();
    }
    const size_t mark = arn.find(":rule/");
    if (mark == arn.npos) return not_found();
    std::string name = arn.substr(mark + 6);
    std::string bus = "default";
    if (const size_t slash = name.find('/'); slash != name.npos) {
        bus = name.substr(0, slash);
        name = name.substr(slash + 1);
    }
    const RuleKey key = rule_key(call, bus, name);
    TRY(StoredRule rule, find_rule(call, key));
    if (change(rule.tags)) schema::rules.put(call.txn(), key, rule);
    return ok();
}

}  // namespace

Result<PutEventsOutput> Events::PutEvents(aws::Call& call, const PutEventsInput& in) {
    if (in.endpoint_id) return invalid("Unkai has no global endpoints: leave EndpointId out.");
    if (in.entries.size() > limits::entries)
        return invalid(
            "1 validation error detected: Value at 'entries' failed to satisfy "
            "constraint: Member must have length less than or equal to 10");
    size_t bytes = 0;
    for (const auto& entry : in.entries) bytes += entry_bytes(entry);
    if (bytes > limits::entry_bytes)
        return invalid("Total size of the entries in the request is over the limit.");
    if (router_.outbox().full())
        return errors::ThrottlingException("200,000 events wait for their targets. Try later.");
    PutEventsOutput out;
    int32_t failed = 0;
    std::vector<int64_t> ids;
    for (const auto& entry : in.entries) {
        const std::string id = call.env.random.uuid();
        const std::string bus = bus_name(entry.event_bus_name);
        auto event = make_event(call, entry, id);
        if (event)
            if (auto found = find_bus(call, bus); !found) event = found.error();
        if (!event) {
            ++failed;
            out.entries.push_back(
                {.error_code = event.error().code, .error_message = event.error().message});
            continue;
        }
        for (const int64_t made :
             router_.route(call.txn(), {call.account, call.region, bus}, *event))
            ids.push_back(made);
        out.entries.push_back({.event_id = id});
    }
    call.after_commit([this, ids = std::move(ids)] { router_.begin(ids); });
    out.failed_entry_count = failed;
    return out;
}

Result<TestEventPatternOutput> Events::TestEventPattern(aws::Call&,
                                                        const TestEventPatternInput& in) {
    const auto pattern = aws::EventPattern::compile(std::string_view(in.event_pattern));
    if (!pattern) return errors::InvalidEventPatternException(pattern.error().message);
    const auto event = Json::parse(in.event);
    if (!event || !event->is_object()) return invalid("Parameter Event is not valid.");
    for (const char* name :
         {"id", "account", "source", "time", "region", "resources", "detail-type"})
        if (event->find(name) == nullptr)
            return invalid("Parameter Event is not valid. Reason: it lacks " + std::string(name) +
                           ".");
    return TestEventPatternOutput{.result = pattern->matches(*event)};
}

Result<TagResourceOutput> Events::TagResource(aws::Call& call, const TagResourceInput& in) {
    Status full;
    REQUIRE(with_tags(call, in.resource_arn, [&](auto& tags) {
        for (const Tag& tag : in.tags) tags[tag.key] = tag.value;
        if (tags.size() > limits::tags) full = invalid("A resource holds at most 50 tags.");
        return true;
    }));
    REQUIRE(std::move(full));
    return TagResourceOutput{};
}

Result<UntagResourceOutput> Events::UntagResource(aws::Call& call, const UntagResourceInput& in) {
    REQUIRE(with_tags(call, in.resource_arn, [&](auto& tags) {
        for (const std::string& key : in.tag_keys) tags.erase(key);
        return true;
    }));
    return UntagResourceOutput{};
}

Result<ListTagsForResourceOutput> Events::ListTagsForResource(aws::Call& call,
                                                              const ListTagsForResourceInput& in) {
    ListTagsForResourceOutput out;
    REQUIRE(with_tags(call, in.resource_arn, [&](const auto& tags) {
        for (const auto& [key, value] : tags) out.tags.push_back({.key = key, .value = value});
        return false;
    }));
    return out;
}

}  // namespace unkai::services::events
