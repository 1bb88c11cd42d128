// Every key and record that secretsmanager stores.
#pragma once

#include "store/table.h"

namespace unkai::services::secretsmanager {

struct Version {
    std::set<std::string> stages;  // Empty: deprecated, kept for a while.
    Time created;
    std::optional<Time> accessed;
    void fields(auto& field) {
        field(1, stages);
        field(2, created);
        field(3, accessed);
    }
};

struct Secret {
    std::string name;
    std::string arn;
    std::string description;
    std::string kms_key_id;
    std::map<std::string, std::string> tags;
    std::map<std::string, Version> versions;  // By version id.
    std::string policy;
    std::string owning_service;
    Time created;
    Time changed;
    std::optional<Time> accessed;
    std::optional<Time> deleted;       // When DeleteSecret was called.
    std::optional<Time> deletion_due;  // From then on it is not there any more.
    void fields(auto& field) {
        field(1, name);
        field(2, arn);
        field(3, description);
        field(4, kms_key_id);
        field(5, tags);
        field(6, versions);
        field(7, policy);
        field(8, owning_service);
        field(9, created);
        field(10, changed);
        field(11, accessed);
        field(12, deleted);
        field(13, deletion_due);
    }
};

struct Value {
    std::string sealed;  // aws/sealing.h; the context is the secret's ARN and the version id.
    bool binary = false;
    void fields(auto& field) {
        field(1, sealed);
        field(2, binary);
    }
};

struct SealingKey {
    std::string bytes;
    void fields(auto& field) { field(1, bytes); }
};

namespace schema {
// Account, region, name.
inline const store::Table<Secret, std::string, std::string, std::string> secrets{
    "secretsmanager/secrets"};
// Account, region, name, version id.
inline const store::Table<Value, std::string, std::string, std::string, std::string> values{
    "secretsmanager/values"};
// Account, region.
inline const store::Table<SealingKey, std::string, std::string> keys{"secretsmanager/keys"};
}  // namespace schema

}  // namespace unkai::services::secretsmanager
