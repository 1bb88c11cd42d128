// Amazon API Gateway, HTTP APIs (API version 2).
//
// https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/
// Operations keep documents (schema.h); publisher.h compiles them into a snapshot for
// planes/gateway after each commit. A deployment freezes an API's content; stages with AutoDeploy
// get a new one with every change. Domain names are those of API version 1: they are asked for
// there; API mappings are kept here. WebSocket APIs are refused.
#pragma once

#include "aws/client.h"
#include "planes/gateway/gateway.h"
#include "services/apigatewayv2/documents.h"

namespace unkai::services::apigatewayv2 {

class ApiGatewayV2 final : public api::apigatewayv2::Service {
public:
    ApiGatewayV2(planes::gateway::Gateway& gateway, aws::Client& client)
        : gateway_(gateway), client_(client) {}

#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
#define ASYNC_OPERATION(Name) \
    Task<Result<Name##Output>> Name(aws::Call& call, const Name##Input& in) override
    // domain_ops.cc
    ASYNC_OPERATION(CreateDomainName);
    ASYNC_OPERATION(GetDomainName);
    ASYNC_OPERATION(GetDomainNames);
    ASYNC_OPERATION(UpdateDomainName);
    ASYNC_OPERATION(DeleteDomainName);
    ASYNC_OPERATION(CreateApiMapping);
    ASYNC_OPERATION(GetApiMapping);
    ASYNC_OPERATION(GetApiMappings);
    ASYNC_OPERATION(UpdateApiMapping);
    OPERATION(DeleteApiMapping);
    // tag_ops.cc
    ASYNC_OPERATION(TagResource);
    ASYNC_OPERATION(UntagResource);
    ASYNC_OPERATION(GetTags);
    // api_ops.cc
    OPERATION(CreateApi);
    OPERATION(GetApi);
    OPERATION(GetApis);
    OPERATION(UpdateApi);
    OPERATION(DeleteApi);
    OPERATION(ImportApi);
    OPERATION(ReimportApi);
    OPERATION(ExportApi);
    OPERATION(DeleteCorsConfiguration);
    // route_ops.cc
    OPERATION(CreateRoute);
    OPERATION(GetRoute);
    OPERATION(GetRoutes);
    OPERATION(UpdateRoute);
    OPERATION(DeleteRoute);
    // integration_ops.cc
    OPERATION(CreateIntegration);
    OPERATION(GetIntegration);
    OPERATION(GetIntegrations);
    OPERATION(UpdateIntegration);
    OPERATION(DeleteIntegration);
    // stage_ops.cc
    OPERATION(CreateStage);
    OPERATION(GetStage);
    OPERATION(GetStages);
    OPERATION(UpdateStage);
    OPERATION(DeleteStage);
    OPERATION(DeleteAccessLogSettings);
    OPERATION(DeleteRouteSettings);
    OPERATION(CreateDeployment);
    OPERATION(GetDeployment);
    OPERATION(GetDeployments);
    OPERATION(UpdateDeployment);
    OPERATION(DeleteDeployment);
    // authorizer_ops.cc
    OPERATION(CreateAuthorizer);
    OPERATION(GetAuthorizer);
    OPERATION(GetAuthorizers);
    OPERATION(UpdateAuthorizer);
    OPERATION(DeleteAuthorizer);
    OPERATION(ResetAuthorizersCache);
#undef OPERATION
#undef ASYNC_OPERATION

private:
    planes::gateway::Gateway& gateway_;
    aws::Client& client_;
};

}  // namespace unkai::services::apigatewayv2
