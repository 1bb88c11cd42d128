#include <algorithm>

#include "aws/paging.h"
#include "base/strings.h"
#include "services/events/events.h"
#include "services/events/limits.h"

namespace unkai::services::events {

using wire::Json;

namespace {

Json empty_policy() {
    return Json::object({{"Version", "2012-10-17"}, {"Statement", Json::array()}});
}

Bus place_of(const aws::Call& call, const std::string& name) {
    return {call.account, call.region, name};
}

Status refuse_unknown(const std::optional<std::string>& key, bool logs) {
    if (key && !key->empty()) return invalid("Unkai has no KMS: leave KmsKeyIdentifier out.");
    if (logs) return invalid("Unkai's event buses write no logs: leave LogConfig out.");
    return ok();
}

void put_bus(aws::Call& call, const std::string& name, const StoredBus& bus) {
    schema::buses.put(call.txn(), {call.account, call.region, name}, bus);
}

}  // namespace

Unexpected invalid(std::string message) {
    return fail("ValidationException", std::move(message), 400);
}

Result<StoredBus> find_bus(aws::Call& call, const std::string& name) {
    auto bus = schema::buses.get(call.txn(), {call.account, call.region, name});
    if (!bus && name == "default") return StoredBus{};
    if (!bus) return errors::ResourceNotFoundException("Event bus " + name + " does not exist.");
    return *std::move(bus);
}

Result<CreateEventBusOutput> Events::CreateEventBus(aws::Call& call,
                                                    const CreateEventBusInput& in) {
    if (in.event_source_name)
        return invalid("Unkai has no partner event sources: leave EventSourceName out.");
    REQUIRE(refuse_unknown(in.kms_key_identifier, in.log_config.has_value()));
    if (in.name.find('/') != in.name.npos) return invalid("Event bus name must not contain '/'.");
    if (in.name == "default" || schema::buses.has(call.txn(), {call.account, call.region, in.name}))
        return errors::ResourceAlreadyExistsException("Event bus " + in.name + " already exists.");
    if (schema::buses.list(call.txn(), call.account, call.region).size() >= limits::buses)
        return errors::LimitExceededException(
            "The requested resource exceeds the maximum number "
            "allowed.");
    StoredBus bus{
        .created = call.now, .modified = call.now, .description = in.description.value_or("")};
    for (const Tag& tag : in.tags) bus.tags[tag.key] = tag.value;
    put_bus(call, in.name, bus);
    return CreateEventBusOutput{.event_bus_arn = bus_arn(place_of(call, in.name)),
                                .description = in.description};
}

Result<DescribeEventBusOutput> Events::DescribeEventBus(aws::Call& call,
                                                        const DescribeEventBusInput& in) {
    const std::string name = bus_name(in.name);
    TRY(const StoredBus bus, find_bus(call, name));
    DescribeEventBusOutput out{.name = name, .arn = bus_arn(place_of(call, name))};
    if (!bus.description.empty()) out.description = bus.description;
    if (!bus.policy.empty()) out.policy = bus.policy;
    if (bus.created != Time{}) out.creation_time = bus.created;
    if (bus.modified != Time{}) out.last_modified_time = bus.modified;
    return out;
}

Result<UpdateEventBusOutput> Events::UpdateEventBus(aws::Call& call,
                                                    const UpdateEventBusInput& in) {
    const std::string name = bus_name(in.name);
    TRY(StoredBus bus, find_bus(call, name));
    REQUIRE(refuse_unknown(in.kms_key_identifier, in.log_config.has_value()));
    if (in.description) bus.description = *in.description;
    bus.modified = call.now;
    put_bus(call, name, bus);
    return UpdateEventBusOutput{
        .arn = bus_arn(place_of(call, name)), .name = name, .description = bus.description};
}

Result<DeleteEventBusOutput> Events::DeleteEventBus(aws::Call& call,
                                                    const DeleteEventBusInput& in) {
    const std::string name = bus_name(in.name);
    if (name == "default") return invalid("Cannot delete event bus default.");
    if (!schema::rules.list(call.txn(), call.account, call.region, name).empty())
        return invalid("Event bus " + name + " cannot be deleted since it has rules.");
    schema::buses.erase(call.txn(), {call.account, call.region, name});
    return DeleteEventBusOutput{};
}

Result<ListEventBusesOutput> Events::ListEventBuses(aws::Call& call,
                                                    const ListEventBusesInput& in) {
    std::vector<std::pair<std::string, StoredBus>> rows{{"default", {}}};
    for (auto& [key, bus] : schema::buses.list(call.txn(), call.account, call.region))
        if (std::get<2>(key) == "default")
            rows.front().second = std::move(bus);
        else
            rows.emplace_back(std::get<2>(key), std::move(bus));
    std::erase_if(
        rows, [&](const auto& row) { return !row.first.starts_with(in.name_prefix.value_or("")); });
    std::sort(rows.begin(), rows.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    TRY(const auto page,
        aws::page(
            rows, [](const auto& row) { return row.first; }, in.next_token,
            static_cast<size_t>(in.limit.value_or(limits::listed)), "ValidationException"));
    ListEventBusesOutput out;
    for (const auto* row : page.items) {
        EventBus bus{.name = row->first, .arn = bus_arn(place_of(call, row->first))};
        if (!row->second.policy.empty()) bus.policy = row->second.policy;
        if (!row->second.description.empty()) bus.description = row->second.description;
        if (row->second.created != Time{}) bus.creation_time = row->second.created;
        out.event_buses.push_back(std::move(bus));
    }
    out.next_token = page.next;
    return out;
}

Result<PutPermissionOutput> Events::PutPermission(aws::Call& call, const PutPermissionInput& in) {
    const std::string name = bus_name(in.event_bus_name);
    TRY(StoredBus bus, find_bus(call, name));
    if (in.policy) {
        const auto policy = Json::parse(*in.policy);
        if (!policy || !policy->is_object()) return invalid("Policy is not valid JSON.");
        bus.policy = policy->dump();
        put_bus(call, name, bus);
        return PutPermissionOutput{};
    }
    if (!in.action || !in.principal || !in.statement_id)
        return invalid("Parameters Action, Principal and StatementId, or Policy, must be given.");
    Json policy = Json::parse(bus.policy).value_or(empty_policy());
    Json::Array statements = policy["Statement"].is_array() ? policy["Statement"].as_array()
                                                            : Json::Array{policy["Statement"]};
    std::erase_if(statements, [&](const Json& statement) {
        return statement["Sid"].string_or("") == *in.statement_id;
    });
    Json principal("*");
    if (*in.principal != "*")
        principal = Json::object({{"AWS", "arn:aws:iam::" + *in.principal + ":root"}});
    Json statement = Json::object({{"Sid", *in.statement_id},
                                   {"Effect", "Allow"},
                                   {"Principal", std::move(principal)},
                                   {"Action", *in.action},
                                   {"Resource", bus_arn(place_of(call, name))}});
    if (in.condition)
        statement.set("Condition",
                      Json::object({{in.condition->type,
                                     Json::object({{in.condition->key, in.condition->value}})}}));
    statements.push_back(std::move(statement));
    policy.set("Statement", std::move(statements));
    bus.policy = policy.dump();
    put_bus(call, name, bus);
    return PutPermissionOutput{};
}

Result<RemovePermissionOutput> Events::RemovePermission(aws::Call& call,
                                                        const RemovePermissionInput& in) {
    const std::string name = bus_name(in.event_bus_name);
    TRY(StoredBus bus, find_bus(call, name));
    Json policy = Json::parse(bus.policy).value_or(empty_policy());
    Json::Array statements;
    if (policy["Statement"].is_array()) statements = policy["Statement"].as_array();
    const size_t removed = std::erase_if(statements, [&](const Json& statement) {
        return in.remove_all_permissions.value_or(false) ||
               statement["Sid"].string_or("") == in.statement_id.value_or("");
    });
    if (removed == 0 && !in.remove_all_permissions.value_or(false))
        return errors::ResourceNotFoundException("Statement with the provided id does not exist.");
    policy.set("Statement", statements);
    bus.policy = statements.empty() ? "" : policy.dump();
    put_bus(call, name, bus);
    return RemovePermissionOutput{};
}

}  // namespace unkai::services::events
