// Every key and record that ssm stores.
#pragma once

#include "store/table.h"

namespace unkai::services::ssm {

struct StoredVersion {
    std::string value;  // Of a SecureString sealed (sealing.h).
    Time modified;
    std::string user;  // ARN
    std::string description, allowed_pattern, tier, data_type, key_id, type;
    void fields(auto& field) {
        field(1, value);
        field(2, modified);
        field(3, user);
        field(4, description);
        field(5, allowed_pattern);
        field(6, tier);
        field(7, data_type);
        field(8, key_id);
        field(9, type);
    }
};

struct StoredParameter {
    std::string name;
    int64_t version = 0;  // The latest.
    std::map<std::string, std::string> tags;
    void fields(auto& field) {
        field(1, name);
        field(2, version);
        field(3, tags);
    }
};

struct SealingKey {
    std::string bytes;
    void fields(auto& field) { field(1, bytes); }
};

namespace schema {
// Account, region, name.
inline const store::Table<StoredParameter, std::string, std::string, std::string> parameters{
    "ssm/parameters"};
// Account, region, name, version.
inline const store::Table<StoredVersion, std::string, std::string, std::string, int64_t> versions{
    "ssm/versions"};
// Account, region.
inline const store::Table<SealingKey, std::string, std::string> keys{"ssm/keys"};
}  // namespace schema

}  // namespace unkai::services::ssm
