// Every key and record that iam stores. Names are unique without regard to case, so keys hold them
// in lower case; the record holds them as given.
#pragma once

#include "store/table.h"

namespace unkai::services::iam {

struct User {
    std::string name, path, id, boundary;
    Time created;
    std::map<std::string, std::string> tags;
    std::map<std::string, std::string> inline_policies;
    std::set<std::string> attached;  // ARNs
    void fields(auto& field) {
        field(1, name);
        field(2, path);
        field(3, id);
        field(4, boundary);
        field(5, created);
        field(6, tags);
        field(7, inline_policies);
        field(8, attached);
    }
};

struct AccessKey {
    std::string id, user, status;  // Active, Inactive. The secret lies with aws::Credentials.
    Time created;
    void fields(auto& field) {
        field(1, id);
        field(2, user);
        field(3, status);
        field(4, created);
    }
};

struct Role {
    std::string name, path, id, description, trust, boundary;
    Time created;
    int32_t longest_session = 3600;
    std::map<std::string, std::string> tags;
    std::map<std::string, std::string> inline_policies;
    std::set<std::string> attached;
    void fields(auto& field) {
        field(1, name);
        field(2, path);
        field(3, id);
        field(4, description);
        field(5, trust);
        field(6, boundary);
        field(7, created);
        field(8, longest_session);
        field(9, tags);
        field(10, inline_policies);
        field(11, attached);
    }
};

struct PolicyVersion {
    std::string document;
    Time created;
    void fields(auto& field) {
        field(1, document);
        field(2, created);
    }
};

struct Policy {
    std::string name, path, id, description;
    Time created, updated;
    std::map<std::string, std::string> tags;
    std::map<int64_t, PolicyVersion> versions;  // By number: 1 is v1.
    int64_t default_version = 1;
    int64_t last_version = 1;  // Numbers are never used again.
    void fields(auto& field) {
        field(1, name);
        field(2, path);
        field(3, id);
        field(4, description);
        field(5, created);
        field(6, updated);
        field(7, tags);
        field(8, versions);
        field(9, default_version);
        field(10, last_version);
    }
};

struct InstanceProfile {
    std::string name, path, id, role;
    Time created;
    std::map<std::string, std::string> tags;
    void fields(auto& field) {
        field(1, name);
        field(2, path);
        field(3, id);
        field(4, role);
        field(5, created);
        field(6, tags);
    }
};

namespace schema {
// Each: account, name in lower case.
inline const store::Table<User, std::string, std::string> users{"iam/users"};
inline const store::Table<Role, std::string, std::string> roles{"iam/roles"};
inline const store::Table<Policy, std::string, std::string> policies{"iam/policies"};
inline const store::Table<InstanceProfile, std::string, std::string> profiles{
    "iam/instance-profiles"};
// Account, access key id.
inline const store::Table<AccessKey, std::string, std::string> keys{"iam/access-keys"};
}  // namespace schema

}  // namespace unkai::services::iam
