"""What AWS answers when what an operation names is not there: every operation below, its required members made up by the
model. Operations that require nothing are called by a stranger, whose key nobody knows.
"""
import pytest
from botocore.exceptions import ClientError

from conftest import ACCOUNT

NOTHING = "none0none0"
CODES = {"ecs": {"ClientException"}, "lambda": {"ResourceNotFoundException"}, "apigateway": {"NotFoundException"},
         "apigatewayv2": {"NotFoundException"}}
REFUSED = {"UnrecognizedClientException", "InvalidClientTokenId"}
OPERATIONS = {
    "apigateway": """GetRestApis PutRestApi GetResources UpdateResource UpdateMethod DeleteMethod UpdateMethodResponse
        DeleteMethodResponse UpdateIntegration DeleteIntegration UpdateIntegrationResponse DeleteIntegrationResponse
        TestInvokeMethod GetDeployment GetDeployments UpdateDeployment GetStages UpdateStage DeleteStage
        FlushStageAuthorizersCache GetAuthorizers UpdateAuthorizer DeleteAuthorizer CreateRequestValidator
        GetRequestValidators UpdateRequestValidator DeleteRequestValidator GetModels UpdateModel DeleteModel
        PutGatewayResponse GetGatewayResponse GetGatewayResponses UpdateGatewayResponse GetDocumentationParts
        UpdateDocumentationPart DeleteDocumentationPart ImportDocumentationParts GetDocumentationVersions
        UpdateDocumentationVersion DeleteDocumentationVersion GetApiKeys UpdateApiKey DeleteApiKey GetUsagePlan
        GetUsagePlans UpdateUsagePlan GetUsagePlanKey GetUsagePlanKeys DeleteUsagePlanKey GetUsage UpdateUsage
        GetDomainName GetDomainNames UpdateDomainName DeleteDomainName GetBasePathMappings UpdateBasePathMapping
        DeleteBasePathMapping GetAccount TagResource UntagResource""",
    "apigatewayv2": """GetApis ReimportApi DeleteCorsConfiguration GetRoutes UpdateRoute DeleteRoute
        CreateDomainName GetIntegrations UpdateIntegration GetStages UpdateStage DeleteStage
        DeleteAccessLogSettings CreateDeployment GetDeployments UpdateDeployment GetAuthorizers UpdateAuthorizer
        ResetAuthorizersCache GetDomainNames UpdateDomainName DeleteDomainName GetApiMappings UpdateApiMapping
        DeleteApiMapping TagResource UntagResource""",
    "cloudwatch": "EnableAlarmActions DisableAlarmActions DescribeAlarmsForMetric",
    "lambda": """DeleteAlias PublishLayerVersion ListLayerVersions DeleteLayerVersion
        GetFunctionConfiguration ListFunctions ListVersionsByFunction ListAliases
        GetLayerVersionByArn ListLayers GetFunctionConcurrency DeleteFunctionConcurrency
        UpdateFunctionEventInvokeConfig ListFunctionEventInvokeConfigs UpdateEventSourceMapping ListEventSourceMappings
        DeleteEventSourceMapping UpdateFunctionUrlConfig ListFunctionUrlConfigs UntagResource GetAccountSettings""",
    "ecs": "DescribeTaskDefinition",
    "route53": "ListHealthChecks GetHealthCheckCount GetCheckerIpRanges",
    "chatbot": "GetAccountPreferences UpdateAccountPreferences",
}
# They answer with success when nothing is there, or refuse what is made up for another reason.
BY_A_STRANGER = {"DeleteAlias", "PublishLayerVersion", "ListLayerVersions", "DeleteLayerVersion", "EnableAlarmActions",
                 "DisableAlarmActions", "DescribeAlarmsForMetric", "CreateDomainName"}
CASES = [(service, operation) for service, names in OPERATIONS.items() for operation in names.split()]


def made_up(service, shape, name=""):
    kind = shape.type_name
    if kind == "structure":
        return {member: made_up(service, shape.members[member], member) for member in shape.required_members}
    if kind == "list":
        return [made_up(service, shape.member, name)]
    if kind == "map":
        return {}
    if kind in ("integer", "long"):
        return 1
    if kind == "boolean":
        return True
    if kind == "blob":
        return b"{}"
    if shape.enum:
        return shape.enum[0]
    if name.lower() in ("resource", "resourcearn", "arn"):
        return {"lambda": f"arn:aws:lambda:us-east-1:{ACCOUNT}:{'layer' if name == 'Arn' else 'function'}:{NOTHING}"
                          f"{':1' if name == 'Arn' else ''}",
                "apigateway": f"arn:aws:apigateway:us-east-1::/restapis/{NOTHING}",
                "apigatewayv2": f"arn:aws:apigateway:us-east-1::/apis/{NOTHING}"}[service]
    if name == "UUID":
        return "11111111-2222-3333-4444-555555555555"
    return {"httpMethod": "GET", "statusCode": "200", "startDate": "2026-11-01", "endDate": "2026-11-02",
            "keyType": "API_KEY"}.get(name, NOTHING)


@pytest.mark.parametrize("service, operation", CASES, ids=["-".join(case) for case in CASES])
def test_what_is_not_there(unkai, via, service, operation):
    client = unkai.client(service, via=via)
    model = client.meta.service_model.operation_model(operation)
    given = made_up(service, model.input_shape) if model.input_shape else {}
    strange = not given or operation in BY_A_STRANGER
    wanted = REFUSED if strange else CODES[service]
    if strange:
        client = unkai.client(service, via=via, keys=("AKIANOBODYKNOWSTHIS0", "secret"))
    call = getattr(client, next(name for name, api in client.meta.method_to_api_mapping.items() if api == operation))
    with pytest.raises(ClientError) as error:
        call(**given)
    assert error.value.response["Error"]["Code"] in wanted, (given, error.value)
