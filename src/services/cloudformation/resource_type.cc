#include "services/cloudformation/resource_type.h"

#include "base/strings.h"

namespace unkai::services::cloudformation {

bool ResourceType::has_attribute(std::string_view wanted) const {
    const auto names = split(attributes, ' ');
    return std::find(names.begin(), names.end(), wanted) != names.end();
}

bool ResourceType::replaces(const Json& before, const Json& after) const {
    if (!update) return true;
    return std::any_of(schema().members.begin(), schema().members.end(), [&](const auto& member) {
        return member.replaces && !(before[member.name] == after[member.name]);
    });
}

Json ResourceType::input_of(const Json& fitted) const {
    Json made = Json::object();
    for (const auto& member : schema().members)
        if (member.type.kind == PropertyType::Kind::by_api)
            if (const Json* value = fitted.find(member.name)) made.set(member.name, *value);
    return prepare ? prepare(std::move(made)) : made;
}

Result<Json> ResourceType::fit(const Json& given, Fit how, const Api& api) const {
    TRY(Json fitted, fit_property(given, schema(), how, "#"));
    if (const ShapeInfo* shape = api.input_shape(service, operation))
        REQUIRE(fit_shape(input_of(fitted), *shape, how, "#"));
    return fitted;
}

const ResourceType* find_resource_type(std::string_view name) {
    static const std::map<std::string_view, const ResourceType*> known = [] {
        std::map<std::string_view, const ResourceType*> made;
        for (const auto& table :
             {ec2_resources(),          security_group_resources(), ecr_resources(),
              ecs_resources(),          elbv2_resources(),          acm_resources(),
              rds_resources(),          secret_resources(),         s3_resources(),
              cloudfront_resources(),   route53_resources(),        iam_resources(),
              lambda_resources(),       apigateway_resources(),     apigateway_access_resources(),
              apigatewayv2_resources(), messaging_resources(),      event_resources(),
              monitoring_resources(),   other_resources()})
            for (const ResourceType& type : table) made.emplace(type.name, &type);
        return made;
    }();
    const auto found = known.find(name);
    return found == known.end() ? nullptr : found->second;
}

Task<Result<Json>> no_attributes(Work&) { co_return Json::object(); }
Task<Result<Json>> id_attribute(Work& work) { co_return Json::object({{"Id", work.physical_id}}); }
Task<Status> nothing_to_remove(Work&) { co_return ok(); }

bool has_code(const Error& error, const std::vector<std::string>& codes) {
    const auto plain = [](std::string_view code) {
        for (std::string_view end : {"Exception", "Fault"})
            if (code.ends_with(end)) code.remove_suffix(end.size());
        return code;
    };
    return std::any_of(codes.begin(), codes.end(),
                       [&](const std::string& code) { return plain(code) == plain(error.code); });
}

Task<Result<Json>> Work::call(std::string service, std::string operation, Json json) {
    return api.call(caller, std::move(service), std::move(operation), std::move(json));
}

std::string Work::generated_name(size_t most, bool lower_case) const {
    const std::string end = "-" + token;
    std::string front = stack_name + "-" + logical_id;
    if (front.size() + end.size() > most) front.resize(most - end.size());
    while (front.ends_with('-')) front.pop_back();
    const std::string name = front + end;
    return lower_case ? to_lower(name) : name;
}

std::map<std::string, std::string> Work::tag_map(bool system) const {
    std::map<std::string, std::string> made = stack_tags;
    for (const char* name : {"Tags", "HostedZoneTags"})
        if (properties[name].is_array())
            for (const Json& tag : properties[name].as_array())
                made[tag["Key"].text()] = tag["Value"].text();
    if (!system) return made;
    made["aws:cloudformation:stack-name"] = stack_name;
    made["aws:cloudformation:stack-id"] = stack_id;
    made["aws:cloudformation:logical-id"] = logical_id;
    return made;
}

Json Work::tags(bool system) const {
    Json made = Json::array();
    for (const auto& [key, value] : tag_map(system))
        made.push(Json::object({{"Key", key}, {"Value", value}}));
    return made;
}

Json Work::tag_object() const {
    Json made = Json::object();
    for (const auto& [key, value] : tag_map()) made.set(key, value);
    return made;
}

namespace {

Unexpected cancelled() { return fail("Cancelled", "Resource creation cancelled", 400); }

// A tenth of the time waited so far, so that a stack is not late by more than that.
Duration next_pause(Duration pause) { return std::min<Duration>(pause * 11 / 10, 1s); }

}  // namespace

Task<Result<Json>> Work::wait_until(std::string service, std::string operation, Json input_json,
                                    Done done, Duration limit) {
    const Steady deadline = env.loop.steady() + limit;
    for (Duration pause = 20ms;; pause = next_pause(pause)) {
        CO_TRY(Json answer, co_await call(service, operation, input_json));
        CO_TRY(const bool finished, done(answer));
        if (finished) co_return answer;
        if (env.loop.steady() > deadline)
            co_return fail("ResourceNotReady",
                           "Exceeded attempts to wait: the resource did not stabilize.", 400);
        if (!co_await env.loop.sleep(pause, stop)) co_return cancelled();
    }
}

Task<Status> Work::wait_gone(std::string service, std::string operation, Json input_json,
                             std::vector<std::string> codes, Done done, Duration limit) {
    const Steady deadline = env.loop.steady() + limit;
    for (Duration pause = 20ms;; pause = next_pause(pause)) {
        const Result<Json> answer = co_await call(service, operation, input_json);
        if (!answer) {
            if (has_code(answer.error(), codes)) co_return ok();
            co_return answer.error();
        }
        CO_TRY(const bool finished, done(*answer));
        if (finished) co_return ok();
        if (env.loop.steady() > deadline)
            co_return fail("ResourceNotReady",
                           "Exceeded attempts to wait: the resource is still there.", 400);
        if (!co_await env.loop.sleep(pause, stop)) co_return cancelled();
    }
}

Task<Result<bool>> Work::call_unless(std::string service, std::string operation, Json input_json,
                                     std::vector<std::string> codes) {
    const Result<Json> answer =
        co_await call(std::move(service), std::move(operation), std::move(input_json));
    if (answer) co_return true;
    if (has_code(answer.error(), codes)) co_return false;
    co_return answer.error();
}

Task<Status> Work::remove(std::string service, std::string operation, Json input_json,
                          std::vector<std::string> gone, std::vector<std::string> busy) {
    const Steady deadline = env.loop.steady() + std::chrono::minutes{10};
    for (Duration pause = 20ms;; pause = next_pause(pause)) {
        const Result<Json> answer = co_await call(service, operation, input_json);
        if (answer || has_code(answer.error(), gone)) co_return ok();
        if (!has_code(answer.error(), busy) || env.loop.steady() > deadline)
            co_return answer.error();
        if (!co_await env.loop.sleep(pause, stop)) co_return cancelled();
    }
}

}  // namespace unkai::services::cloudformation
