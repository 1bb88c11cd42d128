#include "services/route53/record_rules.h"

#include "base/strings.h"
#include "services/route53/limits.h"

namespace unkai::services::route53 {

using api::route53::Change;
using api::route53::ResourceRecordSet;
namespace errors = api::route53::errors;
using wire::dns::Escapes;
using wire::dns::Name;
using wire::dns::Type;

namespace {

// CloudFront's zone, for every distribution.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
constexpr std::string_view cloudfront_zone = "Z2FDTNDATAQYW2";

std::string_view policy_of(const Record& record) {
    if (record.weight) return "weighted";
    if (!record.failover.empty()) return "failover";
    if (!record.region.empty()) return "latency";
    if (record.place) return "geolocation";
    return record.multivalue ? "multivalue" : "simple";
}

bool routed(const Record& record) { return policy_of(record) != "simple"; }

// "[Action=CREATE, Name=…, Type=A, SetIdentifier=null]"
std::string describe(const Change& change) {
    const ResourceRecordSet& set = change.resource_record_set;
    return "Change with [Action=" + change.action + ", Name=" + set.name + ", Type=" + set.type +
           ", SetIdentifier=" + set.set_identifier.value_or("null") + "]";
}

// https://docs.aws.amazon.com/Route53/latest/APIReference/API_GeoLocation.html
Status check_place(const api::route53::GeoLocation& place) {
    if (place.continent_code && (place.country_code || place.subdivision_code))
        return errors::InvalidInput(
            "A continent code may not be specified with a country or subdivision code.");
    if (place.subdivision_code && place.country_code.value_or("") != "US" &&
        place.country_code.value_or("") != "UA")
        return errors::InvalidInput(
            "A subdivision code needs the country code US or UA beside it.");
    if (!place.continent_code && !place.country_code)
        return errors::InvalidInput(
            "A geolocation needs a continent code or a country code; \"*\" is everywhere else.");
    return ok();
}

Status check_members(const Change& change) {
    const ResourceRecordSet& set = change.resource_record_set;
    const auto refuse = [&](const std::string& why) {
        return errors::InvalidInput("Invalid request: " + why + " in " + describe(change));
    };
    if (set.cidr_routing_config || set.geo_proximity_location)
        return errors::InvalidInput(
            "Geoproximity and IP-based routing are not answered by this DNS server, which knows "
            "one "
            "place only. Use weighted, failover, latency, geolocation or multivalue records.");
    if (set.traffic_policy_instance_id)
        return errors::InvalidInput("Traffic policies are not answered by this DNS server yet.");
    const bool plain = set.ttl || set.resource_records.given();
    if (!plain && !set.alias_target)
        return refuse(
            "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
            "TrafficPolicyInstanceId], but found none");
    if (plain && set.alias_target)
        return refuse(
            "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
            "TrafficPolicyInstanceId], but found more than one");
    if (plain && !set.ttl) return refuse("Missing field 'TTL'");
    if (plain && set.resource_records.empty()) return refuse("Missing field 'ResourceRecords'");
    const int policies = (set.weight ? 1 : 0) + (set.failover ? 1 : 0) + (set.region ? 1 : 0) +
                         (set.geo_location ? 1 : 0) +
                         (set.multi_value_answer.value_or(false) ? 1 : 0);
    if (policies > 0 && !set.set_identifier) return refuse("Missing field 'SetIdentifier'");
    if (policies > 1)
        return refuse(
            "Expected exactly one of [Weight, Region, Failover, GeoLocation, or MultiValueAnswer], "
            "but found more than one");
    if (policies == 0 && set.set_identifier)
        return refuse(
            "Expected exactly one of [Weight, Region, Failover, GeoLocation, or MultiValueAnswer], "
            "but found none");
    if (set.geo_location) return check_place(*set.geo_location);
    return ok();
}

std::optional<std::string> refuse_alias(const Zone& zone, const Record& record) {
    const AliasOf& alias = *record.alias;
    if (record.type == "NS" || record.type == "SOA")
        return "RRSet of type " + record.type + " with DNS name " + record.name +
               " cannot be an alias";
    if (alias.zone == zone.id) {
        if (!is_in_zone(alias.name, zone.name))
            return "Tried to create an alias that targets " + alias.name + ", type " + record.type +
                   " in zone " + alias.zone +
                   ", but the alias target name does not lie within the target zone";
        return std::nullopt;
    }
    if (is_in_zone(alias.name, zone.name))
        return "Tried to create an alias that targets " + alias.name + ", type " + record.type +
               " in zone " + alias.zone + ", but the hosted zone of that name is " + zone.id;
    const bool distribution = alias.name.ends_with(".cloudfront.net.");
    if (distribution != (alias.zone == cloudfront_zone))
        return "Tried to create an alias that targets " + alias.name + ", type " + record.type +
               " in zone " + alias.zone +
               ", but the alias target name does not lie within the target zone";
    if (distribution && alias.evaluate_health)
        return "EvaluateTargetHealth cannot be set to true when the alias target is a CloudFront "
               "distribution";
    return std::nullopt;
}

}  // namespace

Result<std::string> normal_name(std::string_view name) {
    TRY(const Name parsed, Name::parse(name, Escapes::octal));
    return parsed.lower().text(Escapes::octal);
}

std::string order_of(std::string_view name) {
    std::string out;
    if (name.ends_with('.')) name.remove_suffix(1);
    while (!name.empty()) {
        const size_t dot = name.rfind('.');
        out += name.substr(dot == std::string_view::npos ? 0 : dot + 1);
        out += '.';
        name = dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
    }
    return out;
}

bool is_in_zone(std::string_view name, std::string_view zone) {
    return name == zone || zone == "." ||
           (name.size() > zone.size() && name.ends_with(zone) &&
            name[name.size() - zone.size() - 1] == '.');
}

std::string describe(const Record& record) {
    std::string out = "[name='" + record.name + "', type='" + record.type + "'";
    if (!record.identifier.empty()) out += ", set-identifier='" + record.identifier + "'";
    return out + "]";
}

Result<Record> read_record(const Change& change) {
    REQUIRE(check_members(change));
    const ResourceRecordSet& set = change.resource_record_set;
    Record out;
    auto name = normal_name(set.name);
    if (!name) return errors::InvalidChangeBatch("[" + name.error().message + "]");
    out.name = std::move(*name);
    out.type = set.type;
    out.identifier = set.set_identifier.value_or("");
    out.ttl = set.ttl;
    out.weight = set.weight;
    out.failover = set.failover.value_or("");
    out.multivalue = set.multi_value_answer.value_or(false);
    out.region = set.region.value_or("");
    if (set.geo_location)
        out.place = Place{set.geo_location->continent_code.value_or(""),
                          set.geo_location->country_code.value_or(""),
                          set.geo_location->subdivision_code.value_or("")};
    out.health_check = set.health_check_id.value_or("");
    for (const auto& one : set.resource_records) out.values.push_back(one.value);
    if (set.alias_target) {
        auto target = normal_name(set.alias_target->dns_name);
        if (!target) return errors::InvalidChangeBatch("[" + target.error().message + "]");
        std::string zone = set.alias_target->hosted_zone_id;
        if (zone.starts_with("/hostedzone/")) zone.erase(0, 12);
        out.alias =
            AliasOf{std::move(zone), std::move(*target), set.alias_target->evaluate_target_health};
    }
    return out;
}

ResourceRecordSet write_record(const Record& record) {
    ResourceRecordSet out;
    out.name = record.name;
    out.type = record.type;
    if (!record.identifier.empty()) out.set_identifier = record.identifier;
    out.ttl = record.ttl;
    out.weight = record.weight;
    if (!record.failover.empty()) out.failover = record.failover;
    if (record.multivalue) out.multi_value_answer = true;
    if (!record.region.empty()) out.region = record.region;
    if (record.place) {
        auto& place = out.geo_location.emplace();
        if (!record.place->continent.empty()) place.continent_code = record.place->continent;
        if (!record.place->country.empty()) place.country_code = record.place->country;
        if (!record.place->subdivision.empty()) place.subdivision_code = record.place->subdivision;
    }
    if (!record.health_check.empty()) out.health_check_id = record.health_check;
    for (const std::string& value : record.values) out.resource_records.push_back({value});
    if (record.alias)
        out.alias_target =
            api::route53::AliasTarget{.hosted_zone_id = record.alias->zone,
                                      .dns_name = record.alias->name,
                                      .evaluate_target_health = record.alias->evaluate_health};
    return out;
}

std::optional<std::string> refuse_value(Type type, const std::string& value) {
    const auto problem = [&](std::string_view code, std::string_view why) {
        return "Invalid Resource Record: 'FATAL problem: " + std::string(code) + " (" +
               std::string(why) + ") encountered with '" + value + "''";
    };
    if (value.size() > limits::value_bytes)
        return problem("ValueTooLong", "Value is longer than 4000 characters");
    const bool text = type == Type::TXT || type == Type::SPF;
    if (text && !trim(value).starts_with('"'))
        return problem("InvalidCharacterString", "Value should be enclosed in quotation marks");
    const auto data = wire::dns::parse_data(type, value, Escapes::octal);
    if (data) return std::nullopt;
    const std::string& why = data.error().message;
    switch (type) {
        case Type::A:
            if (trim(value).find(' ') != std::string_view::npos)
                return problem("ARRDATANotSingleField", "Value contains spaces");
            return problem("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address");
        case Type::AAAA:
            return problem("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address");
        case Type::TXT:
        case Type::SPF:
            if (why.find("255") != std::string::npos)
                return problem("CharacterStringTooLong", "Value is too long");
            return problem("InvalidCharacterString", why.substr(0, why.size() - 1));
        case Type::MX:
            return problem("MXRRDATANotTwoFields", why.substr(0, why.size() - 1));
        case Type::CAA:
            return problem("CAARRDATAInvalid", why.substr(0, why.size() - 1));
        case Type::SRV:
            return problem("SRVRRDATANotFourFields", why.substr(0, why.size() - 1));
        default:
            return problem("InvalidRRData", why.substr(0, why.size() - 1));
    }
}

std::optional<std::string> refuse_record(const Zone& zone, const Record& record) {
    const auto named = [&](const std::string& rest) {
        return "RRSet of type " + record.type + " with DNS name " + record.name + " " + rest;
    };
    if (!is_in_zone(record.name, zone.name))
        return "RRSet with DNS name " + record.name + " is not permitted in zone " + zone.name;
    const bool apex = record.name == zone.name;
    if (record.type == "CNAME" && apex)
        return named("is not permitted at apex in zone " + zone.name);
    if (record.type == "SOA" && !apex)
        return named("is only permitted at apex in zone " + zone.name);
    if (record.type == "DS" && apex) return named("is not permitted at apex in zone " + zone.name);
    if ((record.type == "SOA" || record.type == "NS") && routed(record))
        return named("cannot have a routing policy");
    if (record.multivalue && (record.type == "CNAME" || record.alias))
        return named("cannot be a multivalue answer record");
    if (record.alias) return refuse_alias(zone, record);
    const auto type = wire::dns::parse_type(record.type);
    if (!type || wire::dns::data_layout(*type) == "*")
        return named("is not answered by this DNS server yet: types SVCB and HTTPS come later");
    if (record.values.size() > limits::values_per_record)
        return named("has more than " + std::to_string(limits::values_per_record) + " values");
    if (record.values.size() > 1 &&
        (record.type == "CNAME" || record.type == "SOA" || record.weight || record.multivalue))
        return named("must have exactly one ResourceRecord");
    std::set<std::string> seen;
    for (const std::string& value : record.values) {
        if (auto why = refuse_value(*type, value)) return why;
        if (!seen.insert(value).second) return "Duplicate Resource Record: '" + value + "'";
    }
    return std::nullopt;
}

std::optional<std::string> refuse_beside(const Zone& zone, const Record& record,
                                         std::span<const Record> others) {
    size_t group = 1;
    for (const Record& other : others) {
        if ((record.type == "CNAME") != (other.type == "CNAME")) {
            if (record.type == "CNAME")
                return "RRSet of type CNAME with DNS name " + record.name +
                       " is not permitted as it conflicts with other records with the same DNS "
                       "name in zone " +
                       zone.name;
            return "RRSet of type " + record.type + " with DNS name " + record.name +
                   " is not permitted because a conflicting RRSet of type  CNAME with the same DNS "
                   "name already "
                   "exists in zone " +
                   zone.name;
        }
        if (other.type != record.type) continue;
        ++group;
        const std::string head = "RRSet with DNS name " + record.name + ", type " + record.type;
        if (!routed(record))
            return head + " cannot be created as other RRSets exist with the same name and type.";
        const std::string named = head + ", SetIdentifier " + record.identifier;
        if (policy_of(other) != policy_of(record))
            return named + " cannot be created as a non-" + std::string(policy_of(record)) +
                   " set exists with the same name and type.";
        if (!record.failover.empty() && record.failover == other.failover)
            return named + " cannot be created as a " + to_lower(record.failover) +
                   " failover RRSet exists with the same name and type.";
        if (!record.region.empty() && record.region == other.region)
            return named + ", and Region Name=" + record.region +
                   " cannot be created because a latency RRSet with the same name, type and region "
                   "already exists.";
        if (record.place && record.place == other.place)
            return named +
                   " cannot be created because a geolocation RRSet with the same name, type and "
                   "location already exists.";
    }
    if (group > limits::routed_per_name)
        return "RRSet with DNS name " + record.name + ", type " + record.type +
               " has more than 100 routed records";
    return std::nullopt;
}

std::vector<std::string> wire_values(const Record& record) {
    std::vector<std::string> out;
    const auto type = wire::dns::parse_type(record.type);
    for (const std::string& value : record.values)
        if (auto data = type ? wire::dns::parse_data(*type, value, Escapes::octal) : Error{})
            out.push_back(std::move(*data));
    return out;
}

}  // namespace unkai::services::route53
