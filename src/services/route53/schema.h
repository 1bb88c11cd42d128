// Every key and record that route53 stores. Zones and changes have ids that are unique in the
// program, so that zones of all accounts lie in one table and the publisher reads them in one walk.
#pragma once

#include "store/table.h"

namespace unkai::services::route53 {

struct VpcAssociation {
    std::string region, vpc;
    bool operator==(const VpcAssociation&) const = default;
    void fields(auto& field) {
        field(1, region);
        field(2, vpc);
    }
};

struct Zone {
    std::string id, account, name, caller_reference, comment;  // name: lower case, final dot.
    bool is_private = false;
    std::vector<VpcAssociation> vpcs;
    std::vector<std::string> name_servers;  // Without final dots.
    std::map<std::string, std::string> tags;
    int64_t records = 0;
    Time created;
    void fields(auto& field) {
        field(1, id);
        field(2, account);
        field(3, name);
        field(4, caller_reference);
        field(5, comment);
        field(6, is_private);
        field(7, vpcs);
        field(8, name_servers);
        field(9, tags);
        field(10, records);
        field(11, created);
    }
};

struct AliasOf {
    std::string zone, name;  // name: lower case, final dot.
    bool evaluate_health = false;
    bool operator==(const AliasOf&) const = default;
    void fields(auto& field) {
        field(1, zone);
        field(2, name);
        field(3, evaluate_health);
    }
};

// Where clients of a geolocation record are: one of the three, or "*" as the country.
struct Place {
    std::string continent, country, subdivision;
    bool operator==(const Place&) const = default;
    void fields(auto& field) {
        field(1, continent);
        field(2, country);
        field(3, subdivision);
    }
};

struct Record {
    std::string name, type, identifier;  // name: lower case, final dot, octal escapes.
    std::optional<int64_t> ttl, weight;
    std::vector<std::string> values;  // As given.
    std::optional<AliasOf> alias;
    std::string failover, health_check;
    bool multivalue = false;
    std::string region;          // Of a latency record.
    std::optional<Place> place;  // Of a geolocation record.
    bool operator==(const Record&) const = default;
    void fields(auto& field) {
        field(1, name);
        field(2, type);
        field(3, identifier);
        field(4, ttl);
        field(5, weight);
        field(6, values);
        field(7, alias);
        field(8, failover);
        field(9, health_check);
        field(10, multivalue);
        field(11, region);
        field(12, place);
    }
};

struct HealthCheckRecord {
    std::string id, account, caller_reference, type;
    std::string address, domain, path, search;
    int32_t port = 0, interval = 30, threshold = 3, health_threshold = 0;
    bool measure_latency = false, inverted = false, disabled = false, sni = false;
    std::vector<std::string> children, regions;
    std::string alarm_region, alarm_name, without_data;
    int64_t version = 1;
    Time created;
    std::map<std::string, std::string> tags;
    void fields(auto& field) {
        field(1, id);
        field(2, account);
        field(3, caller_reference);
        field(4, type);
        field(5, address);
        field(6, domain);
        field(7, path);
        field(8, search);
        field(9, port);
        field(10, interval);
        field(11, threshold);
        field(12, health_threshold);
        field(13, measure_latency);
        field(14, inverted);
        field(15, disabled);
        field(16, sni);
        field(17, children);
        field(18, regions);
        field(19, alarm_region);
        field(20, alarm_name);
        field(21, without_data);
        field(22, version);
        field(23, created);
        field(24, tags);
    }
};

// What a check found, written when it changes, so that a restart does not flap.
struct HealthRecord {
    bool passing = true;  // Before inversion.
    std::string last_failure;
    Time last_failed;
    void fields(auto& field) {
        field(1, passing);
        field(2, last_failure);
        field(3, last_failed);
    }
};

struct ChangeRecord {
    std::string account, comment;
    Time submitted;
    void fields(auto& field) {
        field(1, account);
        field(2, comment);
        field(3, submitted);
    }
};

namespace schema {
inline const store::Table<Zone, std::string> zones{"route53/zones"};  // Zone id.
// Zone id, name in order of reversed labels ("com.example.www."), type, identifier: the order of
// listing.
inline const store::Table<Record, std::string, std::string, std::string, std::string> records{
    "route53/records"};
// Change id, which starts with the time: the oldest come first and are dropped.
inline const store::Table<ChangeRecord, std::string> changes{"route53/changes"};
inline const store::Table<HealthCheckRecord, std::string> health_checks{
    "route53/health-checks"};                                                   // Its id.
inline const store::Table<HealthRecord, std::string> health{"route53/health"};  // The check's id.
}  // namespace schema

}  // namespace unkai::services::route53
