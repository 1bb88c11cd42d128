// The content of an HTTP API: what a deployment freezes and an export shows.
#pragma once

#include "planes/gateway/snapshot.h"
#include "services/apigatewayv2/documents.h"

namespace unkai::services::apigatewayv2 {

struct Content {
    std::vector<Route> routes;
    std::vector<Integration> integrations;
    std::vector<Authorizer> authorizers;
};

Content read_content(aws::Call& call, const std::string& api);
std::string content_to_json(const Content& content);
Content content_from_json(const std::string& json);
std::shared_ptr<const planes::gateway::Content> compile_content(const Content& content,
                                                                const std::string& deployment);

// A function's ARN in the forms that IntegrationUri and AuthorizerUri take. nullopt: none.
std::optional<std::string> function_of(std::string_view uri);
Status check_integration(const Integration& integration);
Status check_route_key(const std::string& key);

// OpenAPI 3.0, JSON or YAML, with x-amazon-apigateway-integration, -cors, -authorizer and
// $default. Adds to `api` and `content`.
Status import_openapi(aws::Call& call, const std::string& text, const std::string& base_path,
                      Api& api, Content& content);
wire::Json export_openapi(const Api& api, const Content& content, const std::string& stage,
                          bool extensions);
std::string to_yaml(const wire::Json& document);

}  // namespace unkai::services::apigatewayv2
