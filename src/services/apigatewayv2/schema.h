// Every key and record that apigatewayv2 stores. AWS shapes lie in them as JSON.
#pragma once

#include "store/table.h"

namespace unkai::services::apigatewayv2 {

// One AWS shape: Api, Route, Integration, Stage …
struct Document {
    std::string json;
    void fields(auto& field) { field(1, json); }
};

namespace schema {
// Account, region, scope, kind, id. The scope is an API's id, a domain name, or empty.
inline const store::Table<Document, std::string, std::string, std::string, std::string, std::string>
    documents{"apigatewayv2/documents"};
// Account, region, API, deployment: what the deployment froze (content.h).
inline const store::Table<Document, std::string, std::string, std::string, std::string> frozen{
    "apigatewayv2/frozen"};
inline constexpr std::string_view everything = "apigatewayv2/";
}  // namespace schema

// Kinds of documents.
namespace kind {
inline constexpr const char *api = "api", *route = "route", *integration = "integration",
                            *authorizer = "authorizer", *stage = "stage",
                            *deployment = "deployment", *mapping = "mapping";
}  // namespace kind

}  // namespace unkai::services::apigatewayv2
