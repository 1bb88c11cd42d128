// Every key and record that acm stores. Private keys are among them: the data folder is readable by
// its owner only, as the authority's key file is.
#pragma once

#include "store/table.h"

namespace unkai::services::acm {

// One domain name of a requested certificate and whether its owner has shown that it is his.
struct Domain {
    std::string name;
    std::string record_name, record_value;  // The CNAME that shows it.
    bool validated = false;
    void fields(auto& field) {
        field(1, name);
        field(2, record_name);
        field(3, record_value);
        field(4, validated);
    }
};

struct Certificate {
    std::string id, account, region, domain;
    std::string status;  // certificate_status
    std::string type;    // certificate_type
    std::string key_algorithm;
    bool algorithm_given = false;
    std::vector<Domain> domains;
    std::vector<std::string> names;       // All names, the first one included.
    std::string certificate, chain, key;  // PEM
    std::string serial, subject, issuer, signature_algorithm;
    Time created, issued, not_before, not_after;
    std::optional<Time> renewed;
    std::map<std::string, std::string> tags;
    std::string token;              // Idempotency token of the request.
    bool transparency_off = false;  // The option's value; there is no public log that we write to.
    void fields(auto& field) {
        field(1, id);
        field(2, account);
        field(3, region);
        field(4, domain);
        field(5, status);
        field(6, type);
        field(7, key_algorithm);
        field(8, algorithm_given);
        field(9, domains);
        field(10, names);
        field(11, certificate);
        field(12, chain);
        field(13, key);
        field(14, serial);
        field(15, subject);
        field(16, issuer);
        field(17, signature_algorithm);
        field(18, created);
        field(19, issued);
        field(20, not_before);
        field(21, not_after);
        field(22, renewed);
        field(23, tags);
        field(24, token);
        field(25, transparency_off);
    }
};

struct Configuration {
    int32_t days_before_expiry = 45;
    void fields(auto& field) { field(1, days_before_expiry); }
};

namespace schema {
// Account, region, id.
inline const store::Table<Certificate, std::string, std::string, std::string> certificates{
    "acm/certificates"};
// Account, region.
inline const store::Table<Configuration, std::string, std::string> configurations{
    "acm/configurations"};
}  // namespace schema

}  // namespace unkai::services::acm
