// AWS::Route53: zones and records.
#include "base/strings.h"
#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

namespace {

// Without "/hostedzone/" before it.
std::string plain_id(std::string id) {
    const size_t slash = id.rfind('/');
    return slash == id.npos ? id : id.substr(slash + 1);
}

Json zone(const Work& work) { return Json::object({{"Id", work.physical_id}}); }

Task<Result<std::string>> create_zone(Work& work) {
    Json input = work.input;
    input.set("CallerReference", work.token);
    if (const Json& networks = work["VPCs"]; networks.size() > 0) {
        input.set("VPC", networks[0]);
        Json config =
            input["HostedZoneConfig"].is_object() ? input["HostedZoneConfig"] : Json::object();
        config.set("PrivateZone", true);
        input.set("HostedZoneConfig", config);
    }
    CO_TRY(const Json made, co_await work.call("route53", "CreateHostedZone", std::move(input)));
    co_return plain_id(made["HostedZone"]["Id"].text());
}

Task<Result<std::vector<std::string>>> find_zone(Work& work) {
    CO_TRY(const Json answer, co_await work.call("route53", "ListHostedZones", Json::object()));
    std::vector<std::string> found;
    for (size_t i = 0; i < answer["HostedZones"].size(); ++i)
        if (answer["HostedZones"][i]["CallerReference"].text() == work.token)
            found.push_back(plain_id(answer["HostedZones"][i]["Id"].text()));
    co_return found;
}

Task<Result<Json>> settle_zone(Work& work) {
    CO_TRY(const Json answer, co_await work.call("route53", "GetHostedZone", zone(work)));
    for (size_t i = 1; i < work["VPCs"].size(); ++i)
        CO_REQUIRE(co_await work.call_unless(
            "route53", "AssociateVPCWithHostedZone",
            Json::object({{"HostedZoneId", work.physical_id}, {"VPC", work["VPCs"][i]}}),
            {"ConflictingDomainExists"}));
    if (const Json tags = work.tags(); tags.size() > 0)
        CO_REQUIRE(co_await work.call("route53", "ChangeTagsForResource",
                                      Json::object({{"ResourceType", "hostedzone"},
                                                    {"ResourceId", work.physical_id},
                                                    {"AddTags", tags}})));
    Json made = zone(work);
    if (const Json& servers = answer["DelegationSet"]["NameServers"]; servers.is_array())
        made.set("NameServers", servers);
    co_return made;
}

Task<Status> update_zone(Work& work) {
    if (work.changed("HostedZoneConfig"))
        CO_REQUIRE(co_await work.call(
            "route53", "UpdateHostedZoneComment",
            Json::object({{"Id", work.physical_id},
                          {"Comment", work["HostedZoneConfig"]["Comment"].text()}})));
    co_return ok();
}

Task<Status> remove_zone(Work& work) {
    return work.remove("route53", "DeleteHostedZone", zone(work), {"NoSuchHostedZone"},
                       {"PriorRequestNotComplete"});
}

// ---- Records

// A template's record as the API's ResourceRecordSet.
Json record_of(const Json& given) {
    Json made = Json::object();
    for (const auto& [name, value] : given.as_object()) {
        if (name == "HostedZoneId" || name == "HostedZoneName" || name == "Comment") continue;
        if (name == "ResourceRecords") {
            Json records = Json::array();
            for (const Json& text : value.as_array()) records.push(Json::object({{"Value", text}}));
            made.set(name, std::move(records));
        } else if (name == "AliasTarget") {
            Json alias = value;
            if (!alias.find("EvaluateTargetHealth")) alias.set("EvaluateTargetHealth", false);
            made.set(name, std::move(alias));
        } else
            made.set(name, value);
    }
    return made;
}

Task<Result<std::string>> zone_of_route53(Work& work, Json properties) {
    if (const Json* id = properties.find("HostedZoneId")) co_return plain_id(id->text());
    if (!properties.find("HostedZoneName"))
        co_return validation_error("Either HostedZoneId or HostedZoneName must be given.");
    std::string name = properties["HostedZoneName"].text();
    if (!name.ends_with('.')) name += '.';
    CO_TRY(const Json answer, co_await work.call("route53", "ListHostedZonesByName",
                                                 Json::object({{"DNSName", name}})));
    if (answer["HostedZones"][0]["Name"].text() != name)
        co_return validation_error("No hosted zone named " + name + " found.");
    co_return plain_id(answer["HostedZones"][0]["Id"].text());
}

// The records of a RecordSetGroup, or the one of a RecordSet.
Json records_of(const Json& properties) {
    if (properties.find("RecordSets")) return properties["RecordSets"];
    return Json::array({properties});
}

Task<Status> change(Work& work, std::string action, Json properties,
                    std::vector<std::string> accepted) {
    CO_TRY(const std::string id, co_await zone_of_route53(work, properties));
    Json changes = Json::array();
    for (const Json& record : records_of(properties).as_array())
        changes.push(Json::object({{"Action", action}, {"ResourceRecordSet", record_of(record)}}));
    if (changes.size() == 0) co_return ok();
    CO_REQUIRE(co_await work.call_unless(
        "route53", "ChangeResourceRecordSets",
        Json::object({{"HostedZoneId", id}, {"ChangeBatch", Json::object({{"Changes", changes}})}}),
        std::move(accepted)));
    co_return ok();
}

Task<Result<std::string>> create_record(Work& work) {
    CO_REQUIRE(co_await change(work, work.again ? "UPSERT" : "CREATE", work.properties, {}));
    co_return work["Name"].text();
}

Task<Status> update_record(Work& work) { return change(work, "UPSERT", work.properties, {}); }

// A record goes as it is now: its weight may have moved since the stack was made.
Task<Status> remove_record(Work& work) {
    const auto id = co_await zone_of_route53(work, work.properties);
    if (!id) co_return id.error().is("NoSuchHostedZone") ? ok() : Status(id.error());
    for (const Json& wanted : records_of(work.properties).as_array()) {
        Json input = Json::object({{"HostedZoneId", *id},
                                   {"StartRecordName", wanted["Name"]},
                                   {"StartRecordType", wanted["Type"]}});
        if (const Json* set = wanted.find("SetIdentifier"))
            input.set("StartRecordIdentifier", *set);
        input.set("MaxItems", "1");
        const auto listed = co_await work.call("route53", "ListResourceRecordSets", input);
        if (!listed && has_code(listed.error(), {"NoSuchHostedZone"})) co_return ok();
        if (!listed) co_return listed.error();
        const Json& now = (*listed)["ResourceRecordSets"][0];
        std::string name = wanted["Name"].text();
        if (!name.ends_with('.')) name += '.';
        if (!equals_ignoring_case(now["Name"].text(), name) || !(now["Type"] == wanted["Type"]) ||
            now["SetIdentifier"].text() != wanted["SetIdentifier"].text())
            continue;
        const Json change = Json::object({{"Action", "DELETE"}, {"ResourceRecordSet", now}});
        CO_REQUIRE(co_await work.call_unless(
            "route53", "ChangeResourceRecordSets",
            Json::object({{"HostedZoneId", *id},
                          {"ChangeBatch", Json::object({{"Changes", Json::array({change})}})}}),
            {"InvalidChangeBatch", "NoSuchHostedZone"}));
    }
    co_return ok();
}

Task<Result<std::string>> create_records(Work& work) {
    CO_REQUIRE(co_await change(work, work.again ? "UPSERT" : "CREATE", work.properties, {}));
    co_return work.generated_name(255);
}

// Those that are no longer there go, the others are put.
Task<Status> update_records(Work& work) {
    const auto is_there = [&work](const Json& record) {
        for (const Json& now : records_of(work.properties).as_array())
            if (now["Name"] == record["Name"] && now["Type"] == record["Type"] &&
                now["SetIdentifier"] == record["SetIdentifier"])
                return true;
        return false;
    };
    Json gone = work.previous;
    Json left = Json::array();
    for (const Json& record : records_of(work.previous).as_array())
        if (!is_there(record)) left.push(record);
    gone.set("RecordSets", left);
    CO_REQUIRE(co_await change(work, "DELETE", gone, {"InvalidChangeBatch"}));
    co_return co_await change(work, "UPSERT", work.properties, {});
}

// ---- Health checks

Task<Result<std::string>> create_health_check(Work& work) {
    CO_TRY(const Json made,
           co_await work.call("route53", "CreateHealthCheck",
                              Json::object({{"CallerReference", work.token},
                                            {"HealthCheckConfig", work["HealthCheckConfig"]}})));
    co_return made["HealthCheck"]["Id"].text();
}

Task<Result<std::vector<std::string>>> find_health_check(Work& work) {
    CO_TRY(const Json answer, co_await work.call("route53", "ListHealthChecks", Json::object()));
    std::vector<std::string> found;
    for (size_t i = 0; i < answer["HealthChecks"].size(); ++i)
        if (answer["HealthChecks"][i]["CallerReference"].text() == work.token)
            found.push_back(answer["HealthChecks"][i]["Id"].text());
    co_return found;
}

Task<Result<Json>> settle_health_check(Work& work) {
    if (const Json tags = work.tags(); tags.size() > 0)
        CO_REQUIRE(co_await work.call("route53", "ChangeTagsForResource",
                                      Json::object({{"ResourceType", "healthcheck"},
                                                    {"ResourceId", work.physical_id},
                                                    {"AddTags", tags}})));
    co_return Json::object({{"HealthCheckId", work.physical_id}});
}

Task<Status> update_health_check(Work& work) {
    Json input = Json::object({{"HealthCheckId", work.physical_id}});
    for (const auto& [name, value] : work["HealthCheckConfig"].as_object()) {
        if (name != "Type" && name != "RequestInterval" && name != "MeasureLatency" &&
            name != "RoutingControlArn")
            input.set(name, value);
        else if (work.previous["HealthCheckConfig"][name] != value)
            co_return validation_error("A health check's " + name +
                                       " cannot change. Give the resource another logical name.");
    }
    CO_REQUIRE(co_await work.call("route53", "UpdateHealthCheck", std::move(input)));
    co_return ok();
}

Task<Status> remove_health_check(Work& work) {
    return work.remove("route53", "DeleteHealthCheck",
                       Json::object({{"HealthCheckId", work.physical_id}}), {"NoSuchHealthCheck"},
                       {});
}

#define RECORD                                                                                   \
    "ResourceRecords:[s] TTL:i AliasTarget:{DNSName!:s HostedZoneId!:s EvaluateTargetHealth:b} " \
    "Weight:i "                                                                                  \
    "Region:s Failover:s MultiValueAnswer:b HealthCheckId:s GeoLocation:{ContinentCode:s "       \
    "CountryCode:s SubdivisionCode:s} "

constexpr ResourceType route53_types[] = {
    {.name = "AWS::Route53::HostedZone",
     .properties = "Name!^ HostedZoneConfig VPCs^:[{VPCId!:s VPCRegion!:s}] HostedZoneTags:tags",
     .attributes = "Id NameServers",
     .service = "route53",
     .operation = "CreateHostedZone",
     .create = create_zone,
     .settle = settle_zone,
     .update = update_zone,
     .remove = remove_zone,
     .find = find_zone},
    {.name = "AWS::Route53::HealthCheck",
     .properties = "HealthCheckConfig! HealthCheckTags:tags",
     .attributes = "HealthCheckId",
     .service = "route53",
     .operation = "CreateHealthCheck",
     .create = create_health_check,
     .settle = settle_health_check,
     .update = update_health_check,
     .remove = remove_health_check,
     .find = find_health_check},
    {.name = "AWS::Route53::RecordSet",
     .properties =
         "HostedZoneId^:s HostedZoneName^:s Name!^:s Type!^:s SetIdentifier^:s Comment:s " RECORD,
     .attributes = "",
     .service = "route53",
     .operation = "ChangeResourceRecordSets",
     .create = create_record,
     .settle = no_attributes,
     .update = update_record,
     .remove = remove_record},
    {.name = "AWS::Route53::RecordSetGroup",
     .properties = "HostedZoneId^:s HostedZoneName^:s Comment:s RecordSets:[{Name!:s Type!:s "
                   "SetIdentifier:s " RECORD "}]",
     .attributes = "",
     .service = "route53",
     .operation = "ChangeResourceRecordSets",
     .create = create_records,
     .settle = no_attributes,
     .update = update_records,
     .remove = remove_record},
};

}  // namespace

std::span<const ResourceType> route53_resources() { return route53_types; }

}  // namespace unkai::services::cloudformation
