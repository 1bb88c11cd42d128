// OpenAPI 2.0 and 3.0 in and out, with API Gateway's extensions.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
// Read: -integration (-uri templates, responses, parameters), -binary-media-types,
// -request-validators, -request-validator, -authorizer, -authtype, -api-key-source,
// -gateway-responses, -any-method, -minimum-compression-size, -policy, -endpoint-configuration;
// models, parameters, descriptions (as documentation parts). Pure but for the ids drawn.
#pragma once

#include "services/apigateway/content.h"

namespace unkai::services::apigateway {

// JSON or YAML. BadRequestException.
Result<wire::Json> read_openapi(const std::string& text);

struct ImportOptions {
    Map<std::string> parameters;  // basepath: ignore, prepend, split; ignore: documentation
    bool overwrite = false;
};
// Adds to (or with overwrite replaces) what is in `content`. Warnings come in content.api.
Status import_openapi(aws::Call& call, const wire::Json& document, const ImportOptions& options,
                      Content& content);

struct ExportOptions {
    bool version_2 = false;  // Swagger.
    bool integrations = false, authorizers = false;
    std::string stage, region;
};
wire::Json export_openapi(const Content& content, const ExportOptions& options);

std::string to_yaml(const wire::Json& document);

}  // namespace unkai::services::apigateway
