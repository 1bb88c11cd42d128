// The content of a REST API: what a deployment freezes, an import brings, an export shows.
#pragma once

#include "planes/gateway/snapshot.h"
#include "services/apigateway/documents.h"

namespace unkai::services::apigateway {

struct Content {
    RestApi api;
    std::vector<Resource> resources;
    std::vector<Authorizer> authorizers;
    std::vector<RequestValidator> validators;
    std::vector<Model> models;
    std::vector<GatewayResponse> responses;  // Those that were put.
    std::vector<DocumentationPart> parts;
};

// As it is now in the store.
Content read_content(aws::Call& call, const RestApi& api);
// Replaces all documents of the API but stages, deployments and documentation versions.
void write_content(aws::Call& call, const Content& content);

std::string content_to_json(const Content& content);
Content content_from_json(const std::string& json);

// For the plane: resources with a method become routes.
std::shared_ptr<const planes::gateway::Content> compile_content(const Content& content,
                                                                const std::string& deployment);

// ---- Rules about an integration's address.

// The function's ARN in arn:aws:apigateway:…:lambda:path/2015-03-31/functions/ARN/invocations; the
// region that it names must be one's own or any.
std::optional<std::string> function_of(std::string_view uri);
Status check_integration(const Integration& integration);

}  // namespace unkai::services::apigateway
