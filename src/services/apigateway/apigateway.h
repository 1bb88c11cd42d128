// Amazon API Gateway, REST APIs.
//
// https://docs.aws.amazon.com/apigateway/latest/api/
// Operations keep documents (schema.h); publisher.h compiles them into a snapshot for
// planes/gateway after each commit. A deployment freezes an API's content (content.h): stages show
// that, so that what is edited afterwards is not served before the next deployment.
#pragma once

#include "net/certificate_lookup.h"
#include "planes/gateway/gateway.h"
#include "services/apigateway/documents.h"

namespace unkai::services::apigateway {

class ApiGateway final : public api::apigateway::Service {
public:
    ApiGateway(planes::gateway::Gateway& gateway, net::CertificateLookup& certificates)
        : gateway_(gateway), certificates_(certificates) {}

#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
#define ASYNC_OPERATION(Name) \
    Task<Result<Name##Output>> Name(aws::Call& call, const Name##Input& in) override
    // rest_api_ops.cc
    OPERATION(CreateRestApi);
    OPERATION(GetRestApi);
    OPERATION(GetRestApis);
    OPERATION(UpdateRestApi);
    OPERATION(DeleteRestApi);
    OPERATION(PutRestApi);
    OPERATION(ImportRestApi);
    OPERATION(GetExport);
    // resource_ops.cc
    OPERATION(CreateResource);
    OPERATION(GetResource);
    OPERATION(GetResources);
    OPERATION(UpdateResource);
    OPERATION(DeleteResource);
    // method_ops.cc
    OPERATION(PutMethod);
    OPERATION(GetMethod);
    OPERATION(UpdateMethod);
    OPERATION(DeleteMethod);
    OPERATION(PutMethodResponse);
    OPERATION(GetMethodResponse);
    OPERATION(UpdateMethodResponse);
    OPERATION(DeleteMethodResponse);
    ASYNC_OPERATION(TestInvokeMethod);
    // integration_ops.cc
    OPERATION(PutIntegration);
    OPERATION(GetIntegration);
    OPERATION(UpdateIntegration);
    OPERATION(DeleteIntegration);
    OPERATION(PutIntegrationResponse);
    OPERATION(GetIntegrationResponse);
    OPERATION(UpdateIntegrationResponse);
    OPERATION(DeleteIntegrationResponse);
    // deployment_ops.cc
    OPERATION(CreateDeployment);
    OPERATION(GetDeployment);
    OPERATION(GetDeployments);
    OPERATION(UpdateDeployment);
    OPERATION(DeleteDeployment);
    // stage_ops.cc
    OPERATION(CreateStage);
    OPERATION(GetStage);
    OPERATION(GetStages);
    OPERATION(UpdateStage);
    OPERATION(DeleteStage);
    OPERATION(FlushStageAuthorizersCache);
    // part_ops.cc
    OPERATION(CreateAuthorizer);
    OPERATION(GetAuthorizer);
    OPERATION(GetAuthorizers);
    OPERATION(UpdateAuthorizer);
    OPERATION(DeleteAuthorizer);
    OPERATION(CreateRequestValidator);
    OPERATION(GetRequestValidator);
    OPERATION(GetRequestValidators);
    OPERATION(UpdateRequestValidator);
    OPERATION(DeleteRequestValidator);
    OPERATION(CreateModel);
    OPERATION(GetModel);
    OPERATION(GetModels);
    OPERATION(UpdateModel);
    OPERATION(DeleteModel);
    // response_ops.cc
    OPERATION(PutGatewayResponse);
    OPERATION(GetGatewayResponse);
    OPERATION(GetGatewayResponses);
    OPERATION(UpdateGatewayResponse);
    OPERATION(DeleteGatewayResponse);
    // documentation_ops.cc
    OPERATION(CreateDocumentationPart);
    OPERATION(GetDocumentationPart);
    OPERATION(GetDocumentationParts);
    OPERATION(UpdateDocumentationPart);
    OPERATION(DeleteDocumentationPart);
    OPERATION(ImportDocumentationParts);
    OPERATION(CreateDocumentationVersion);
    OPERATION(GetDocumentationVersion);
    OPERATION(GetDocumentationVersions);
    OPERATION(UpdateDocumentationVersion);
    OPERATION(DeleteDocumentationVersion);
    // plan_ops.cc
    OPERATION(CreateUsagePlan);
    OPERATION(GetUsagePlan);
    OPERATION(GetUsagePlans);
    OPERATION(UpdateUsagePlan);
    OPERATION(DeleteUsagePlan);
    OPERATION(CreateUsagePlanKey);
    OPERATION(GetUsagePlanKey);
    OPERATION(GetUsagePlanKeys);
    OPERATION(DeleteUsagePlanKey);
    OPERATION(GetUsage);
    OPERATION(UpdateUsage);
    // key_ops.cc
    OPERATION(CreateApiKey);
    OPERATION(GetApiKey);
    OPERATION(GetApiKeys);
    OPERATION(UpdateApiKey);
    OPERATION(DeleteApiKey);
    // domain_ops.cc
    OPERATION(CreateDomainName);
    OPERATION(GetDomainName);
    OPERATION(GetDomainNames);
    OPERATION(UpdateDomainName);
    OPERATION(DeleteDomainName);
    OPERATION(CreateBasePathMapping);
    OPERATION(GetBasePathMapping);
    OPERATION(GetBasePathMappings);
    OPERATION(UpdateBasePathMapping);
    OPERATION(DeleteBasePathMapping);
    // account_ops.cc
    OPERATION(GetAccount);
    OPERATION(UpdateAccount);
    OPERATION(TagResource);
    OPERATION(UntagResource);
    OPERATION(GetTags);
#undef OPERATION
#undef ASYNC_OPERATION

private:
    planes::gateway::Gateway& gateway_;
    net::CertificateLookup& certificates_;
};

// Shared by the operations' files.
Result<Method*> find_method(Resource& resource, const std::string& name);
Result<Stage> new_stage(aws::Call& call, const std::string& api, const std::string& name);
Status check_stage(const Stage& stage);

}  // namespace unkai::services::apigateway
