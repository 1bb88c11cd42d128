// Every key and record that apigateway stores. AWS shapes lie in them as JSON.
#pragma once

#include "store/table.h"

namespace unkai::services::apigateway {

// One AWS shape: RestApi, Resource (with its methods and their integrations), Stage …
struct Document {
    std::string json;
    void fields(auto& field) { field(1, json); }
};

struct UsageRecord {
    int64_t count = 0;
    void fields(auto& field) { field(1, count); }
};

namespace schema {
// Account, region, scope, kind, id. The scope is an API's id, a usage plan's id, a domain name; or
// empty for what belongs to the account.
inline const store::Table<Document, std::string, std::string, std::string, std::string, std::string>
    documents{"apigateway/documents"};
// Account, region, API, deployment: what the deployment froze (content.h).
inline const store::Table<Document, std::string, std::string, std::string, std::string> frozen{
    "apigateway/frozen"};
inline constexpr std::string_view everything = "apigateway/";
// Account, region, plan, key, day: requests counted. Of its own, since it changes all the time.
inline const store::Table<UsageRecord, std::string, std::string, std::string, std::string,
                          std::string>
    usage{"apigateway-usage/days"};
}  // namespace schema

// Kinds of documents.
namespace kind {
inline constexpr const char *api = "api", *resource = "resource", *authorizer = "authorizer",
                            *validator = "validator", *model = "model", *response = "response",
                            *part = "documentation-part", *version = "documentation-version",
                            *deployment = "deployment", *stage = "stage", *key = "key",
                            *plan = "plan", *plan_key = "plan-key", *domain = "domain",
                            *mapping = "mapping", *account = "account",
                            *snapshot = "documentation-snapshot";
}  // namespace kind

}  // namespace unkai::services::apigateway
