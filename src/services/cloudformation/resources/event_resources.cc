// AWS::Events and AWS::Scheduler: buses, rules with their targets, schedules and their groups.
#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

namespace {

// ---- AWS::Events::EventBus

Task<Result<std::string>> create_bus(Work& work) {
    Json input = work.input;
    if (Json tags = work.tags(); tags.size() > 0) input.set("Tags", std::move(tags));
    CO_REQUIRE(co_await work.call_unless("events", "CreateEventBus", std::move(input),
                                         work.again
                                             ? std::vector<std::string>{"ResourceAlreadyExists"}
                                             : std::vector<std::string>{}));
    co_return work["Name"].text();
}

Task<Result<Json>> settle_bus(Work& work) {
    CO_TRY(const Json answer, co_await work.call("events", "DescribeEventBus",
                                                 Json::object({{"Name", work.physical_id}})));
    co_return Json::object({{"Arn", answer["Arn"]}, {"Name", answer["Name"]}});
}

Task<Status> update_bus(Work& work) {
    CO_REQUIRE(co_await work.call("events", "UpdateEventBus", work.input));
    co_return ok();
}

Task<Status> remove_bus(Work& work) {
    return work.remove("events", "DeleteEventBus", Json::object({{"Name", work.physical_id}}),
                       {"ResourceNotFound"});
}

// ---- AWS::Events::Rule: Ref gives the rule's name, after the bus's where that is not the default.

std::string rule_name(const Work& work) {
    const size_t bar = work.physical_id.rfind('|');
    return bar == work.physical_id.npos ? work.physical_id : work.physical_id.substr(bar + 1);
}

Json rule_of_bus(const Work& work, std::string_view member) {
    Json made = Json::object({{member, rule_name(work)}});
    if (const Json* bus = work.properties.find("EventBusName")) made.set("EventBusName", *bus);
    return made;
}

Task<Status> put_rule(Work& work, std::string name) {
    Json input = work.input;
    input.set("Name", name);
    if (const Json* pattern = work.properties.find("EventPattern"))
        input.set("EventPattern", pattern->is_string() ? pattern->as_string() : pattern->dump());
    CO_REQUIRE(co_await work.call("events", "PutRule", std::move(input)));
    co_return ok();
}

Task<Result<std::string>> create_event_rule(Work& work) {
    const std::string name = work["Name"].string_or(work.generated_name(64));
    CO_REQUIRE(co_await put_rule(work, name));
    const std::string bus = work["EventBusName"].text();
    co_return bus.empty() || bus == "default" ? name : bus + "|" + name;
}

Task<Result<Json>> settle_event_rule(Work& work) {
    if (work["Targets"].size() > 0) {
        Json input = rule_of_bus(work, "Rule");
        input.set("Targets", work["Targets"]);
        CO_TRY(const Json answer, co_await work.call("events", "PutTargets", std::move(input)));
        if (answer["FailedEntryCount"].int_or(0) > 0)
            co_return fail("NotStabilized", answer["FailedEntries"][0]["ErrorMessage"].text());
    }
    CO_TRY(const Json answer,
           co_await work.call("events", "DescribeRule", rule_of_bus(work, "Name")));
    co_return Json::object({{"Arn", answer["Arn"]}});
}

Task<Status> remove_targets(Work& work, Json targets) {
    if (targets.size() == 0) co_return ok();
    Json input = rule_of_bus(work, "Rule");
    Json ids = Json::array();
    for (const Json& target : targets.as_array()) ids.push(target["Id"]);
    input.set("Ids", std::move(ids));
    CO_REQUIRE(co_await work.call_unless("events", "RemoveTargets", std::move(input),
                                         {"ResourceNotFound"}));
    co_return ok();
}

Task<Status> update_event_rule(Work& work) {
    CO_REQUIRE(co_await put_rule(work, rule_name(work)));
    Json left = Json::array();
    for (size_t i = 0; i < work.previous["Targets"].size(); ++i) {
        const Json& target = work.previous["Targets"][i];
        bool stays = false;
        for (size_t j = 0; j < work["Targets"].size(); ++j)
            stays = stays || work["Targets"][j]["Id"] == target["Id"];
        if (!stays) left.push(target);
    }
    co_return co_await remove_targets(work, std::move(left));
}

Task<Status> remove_event_rule(Work& work) {
    CO_REQUIRE(co_await remove_targets(work, work["Targets"]));
    co_return co_await work.remove("events", "DeleteRule", rule_of_bus(work, "Name"),
                                   {"ResourceNotFound"});
}

// ---- AWS::Scheduler

Task<Result<std::string>> create_schedule(Work& work) {
    Json input = work.input;
    const std::string name = work["Name"].string_or(work.generated_name(64));
    input.set("Name", name);
    input.set("ClientToken", work.token);
    CO_REQUIRE(co_await work.call_unless(
        "scheduler", "CreateSchedule", std::move(input),
        work.again ? std::vector<std::string>{"Conflict"} : std::vector<std::string>{}));
    co_return name;
}

Json schedule(const Work& work) {
    Json made = Json::object({{"Name", work.physical_id}});
    if (const Json* group = work.properties.find("GroupName")) made.set("GroupName", *group);
    return made;
}

Task<Result<Json>> settle_schedule(Work& work) {
    CO_TRY(const Json answer, co_await work.call("scheduler", "GetSchedule", schedule(work)));
    co_return Json::object({{"Arn", answer["Arn"]}});
}

Task<Status> update_schedule(Work& work) {
    Json input = work.input;
    input.set("Name", work.physical_id);
    CO_REQUIRE(co_await work.call("scheduler", "UpdateSchedule", std::move(input)));
    co_return ok();
}

Task<Status> remove_schedule(Work& work) {
    return work.remove("scheduler", "DeleteSchedule", schedule(work), {"ResourceNotFound"});
}

Task<Result<std::string>> create_schedule_group(Work& work) {
    const std::string name = work["Name"].string_or(work.generated_name(64));
    Json input = Json::object({{"Name", name}, {"ClientToken", work.token}});
    if (Json tags = work.tags(); tags.size() > 0) input.set("Tags", std::move(tags));
    CO_REQUIRE(co_await work.call_unless(
        "scheduler", "CreateScheduleGroup", std::move(input),
        work.again ? std::vector<std::string>{"Conflict"} : std::vector<std::string>{}));
    co_return name;
}

Task<Result<Json>> settle_schedule_group(Work& work) {
    CO_TRY(const Json answer, co_await work.call("scheduler", "GetScheduleGroup",
                                                 Json::object({{"Name", work.physical_id}})));
    co_return Json::object({{"Arn", answer["Arn"]}, {"State", answer["State"]}});
}

Task<Status> remove_schedule_group(Work& work) {
    return work.remove("scheduler", "DeleteScheduleGroup",
                       Json::object({{"Name", work.physical_id}}), {"ResourceNotFound"});
}

constexpr ResourceType event_types[] = {
    {.name = "AWS::Events::EventBus",
     .properties = "Name!^ EventSourceName^ Description KmsKeyIdentifier DeadLetterConfig "
                   "Tags:tags",
     .attributes = "Arn Name",
     .service = "events",
     .operation = "CreateEventBus",
     .create = create_bus,
     .settle = settle_bus,
     .update = update_bus,
     .remove = remove_bus},
    {.name = "AWS::Events::Rule",
     .properties = "Name^:s EventBusName^ Description EventPattern:j ScheduleExpression State "
                   "RoleArn Targets:[j] Tags:tags",
     .attributes = "Arn",
     .service = "events",
     .operation = "PutRule",
     .create = create_event_rule,
     .settle = settle_event_rule,
     .update = update_event_rule,
     .remove = remove_event_rule},
    {.name = "AWS::Scheduler::Schedule",
     .properties = "Name^:s GroupName^ ScheduleExpression! StartDate EndDate Description "
                   "ScheduleExpressionTimezone State KmsKeyArn Target! FlexibleTimeWindow!",
     .attributes = "Arn",
     .service = "scheduler",
     .operation = "CreateSchedule",
     .create = create_schedule,
     .settle = settle_schedule,
     .update = update_schedule,
     .remove = remove_schedule},
    {.name = "AWS::Scheduler::ScheduleGroup",
     .properties = "Name^:s Tags:tags",
     .attributes = "Arn State",
     .service = "scheduler",
     .operation = "CreateScheduleGroup",
     .create = create_schedule_group,
     .settle = settle_schedule_group,
     .remove = remove_schedule_group},
};

}  // namespace

std::span<const ResourceType> event_resources() { return event_types; }

}  // namespace unkai::services::cloudformation
