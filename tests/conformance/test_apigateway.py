"""API Gateway, REST APIs: every promised operation, and requests that really pass."""
import json
import subprocess

import botocore.exceptions
import pytest
import requests


@pytest.fixture(scope="module")
def gateway(unkai, via):
    return unkai.client("apigateway", via=via)


@pytest.fixture
def api(gateway):
    made = gateway.create_rest_api(name="pets", tags={"stage": "test"}, endpointConfiguration={"types": ["REGIONAL"]})
    yield made
    gateway.delete_rest_api(restApiId=made["id"])


def code(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def replace(path, value):
    return [{"op": "replace", "path": path, "value": value}]


def mock(gateway, api, resource, method="GET", body='{"ok":true}', **options):
    """A method with a MOCK integration that answers 200."""
    where = {"restApiId": api, "resourceId": resource, "httpMethod": method}
    gateway.put_method(**where, authorizationType=options.pop("authorizationType", "NONE"), **options)
    gateway.put_method_response(**where, statusCode="200")
    gateway.put_integration(**where, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gateway.put_integration_response(**where, statusCode="200", responseTemplates={"application/json": body})


def call(unkai, api, path, method="GET", host=None, **options):
    headers = {"Host": host or f"{api}.execute-api.us-east-1.amazonaws.com", **options.pop("headers", {})}
    return requests.request(method, unkai.endpoint + path, headers=headers, timeout=40, **options)


def root(gateway, api):
    return next(one["id"] for one in gateway.get_resources(restApiId=api)["items"] if one["path"] == "/")


def test_rest_apis(gateway, api):
    assert gateway.get_rest_api(restApiId=api["id"])["name"] == "pets"
    assert api["id"] in [one["id"] for one in gateway.get_rest_apis()["items"]]
    changed = gateway.update_rest_api(restApiId=api["id"], patchOperations=[
        {"op": "replace", "path": "/name", "value": "dogs"},
        {"op": "add", "path": "/binaryMediaTypes/image~1png"}])
    assert changed["name"] == "dogs" and changed["binaryMediaTypes"] == ["image/png"]
    changed = gateway.update_rest_api(restApiId=api["id"],
                                      patchOperations=[{"op": "remove", "path": "/binaryMediaTypes/image~1png"}])
    assert not changed.get("binaryMediaTypes")
    assert code(gateway.update_rest_api, restApiId=api["id"], patchOperations=replace("/id", "x")) == \
        "BadRequestException"
    assert code(gateway.get_rest_api, restApiId="none") == "NotFoundException"
    assert code(gateway.create_rest_api, name="") == "BadRequestException"
    assert code(gateway.create_rest_api, name="x", endpointConfiguration={"types": ["PRIVATE"]}) == \
        "BadRequestException"
    copy = gateway.create_rest_api(name="copy", cloneFrom=api["id"])
    gateway.delete_rest_api(restApiId=copy["id"])
    assert code(gateway.delete_rest_api, restApiId=copy["id"]) == "NotFoundException"


def test_resources(gateway, api):
    top = root(gateway, api["id"])
    pets = gateway.create_resource(restApiId=api["id"], parentId=top, pathPart="pets")
    one = gateway.create_resource(restApiId=api["id"], parentId=pets["id"], pathPart="{id}")
    assert one["path"] == "/pets/{id}"
    assert gateway.get_resource(restApiId=api["id"], resourceId=one["id"])["pathPart"] == "{id}"
    moved = gateway.update_resource(restApiId=api["id"], resourceId=pets["id"],
                                    patchOperations=replace("/pathPart", "animals"))
    assert moved["path"] == "/animals"
    assert gateway.get_resource(restApiId=api["id"], resourceId=one["id"])["path"] == "/animals/{id}"
    assert code(gateway.create_resource, restApiId=api["id"], parentId=top, pathPart="animals") == "ConflictException"
    assert code(gateway.create_resource, restApiId=api["id"], parentId=top, pathPart="a b") == "BadRequestException"
    assert code(gateway.create_resource, restApiId=api["id"], parentId="none", pathPart="a") == "NotFoundException"
    greedy = gateway.create_resource(restApiId=api["id"], parentId=top, pathPart="{proxy+}")
    assert code(gateway.create_resource, restApiId=api["id"], parentId=greedy["id"], pathPart="a") == \
        "BadRequestException"
    gateway.delete_resource(restApiId=api["id"], resourceId=pets["id"])
    assert code(gateway.get_resource, restApiId=api["id"], resourceId=one["id"]) == "NotFoundException"
    assert code(gateway.delete_resource, restApiId=api["id"], resourceId=top) == "BadRequestException"


def test_methods_and_integrations(gateway, api):
    where = {"restApiId": api["id"], "resourceId": root(gateway, api["id"]), "httpMethod": "GET"}
    mock(gateway, api["id"], where["resourceId"])
    got = gateway.get_method(**where)
    assert got["methodIntegration"]["type"] == "MOCK" and got["methodResponses"]["200"]["statusCode"] == "200"
    assert gateway.get_integration(**where)["timeoutInMillis"] == 29000
    assert gateway.get_method_response(**where, statusCode="200")["statusCode"] == "200"
    assert gateway.get_integration_response(**where, statusCode="200")["responseTemplates"]
    assert gateway.update_method(**where, patchOperations=replace("/operationName", "List"))["operationName"] == "List"
    assert gateway.update_integration(**where, patchOperations=replace("/timeoutInMillis", "100"))[
        "timeoutInMillis"] == 100
    gateway.update_method_response(**where, statusCode="200", patchOperations=[
        {"op": "add", "path": "/responseParameters/method.response.header.X", "value": "false"}])
    changed = gateway.update_integration_response(**where, statusCode="200", patchOperations=[
        {"op": "add", "path": "/responseParameters/method.response.header.X", "value": "'y'"}])
    assert changed["responseParameters"] == {"method.response.header.X": "'y'"}
    assert code(gateway.put_method, **where, authorizationType="NONE") == "ConflictException"
    assert code(gateway.put_method, **{**where, "httpMethod": "BAD"}, authorizationType="NONE") == \
        "BadRequestException"
    assert code(gateway.put_method, **{**where, "httpMethod": "PUT"}, authorizationType="COGNITO_USER_POOLS") == \
        "BadRequestException"
    assert code(gateway.put_integration, **where, type="AWS_PROXY", integrationHttpMethod="POST", uri="x") == \
        "BadRequestException"
    assert code(gateway.put_integration, **where, type="MOCK", timeoutInMillis=29001) == "BadRequestException"
    assert code(gateway.put_integration, **where, type="MOCK", timeoutInMillis=49) == "BadRequestException"
    assert code(gateway.put_integration, **where, type="MOCK",
                requestTemplates={"application/json": "#macro(x)#end"}) == "BadRequestException"
    assert code(gateway.put_method_response, **where, statusCode="200") == "ConflictException"
    assert code(gateway.put_integration_response, **where, statusCode="404") == "NotFoundException"
    tested = gateway.test_invoke_method(**where, pathWithQueryString="/?a=1")
    assert tested["status"] == 200 and json.loads(tested["body"]) == {"ok": True}
    gateway.delete_integration_response(**where, statusCode="200")
    assert code(gateway.get_integration_response, **where, statusCode="200") == "NotFoundException"
    gateway.delete_integration(**where)
    assert code(gateway.get_integration, **where) == "NotFoundException"
    gateway.delete_method_response(**where, statusCode="200")
    assert code(gateway.get_method_response, **where, statusCode="200") == "NotFoundException"
    gateway.delete_method(**where)
    assert code(gateway.get_method, **where) == "NotFoundException"


def test_deployments_and_stages(unkai, gateway, api):
    assert code(gateway.create_deployment, restApiId=api["id"]) == "BadRequestException"
    mock(gateway, api["id"], root(gateway, api["id"]), body='{"v":"$stageVariables.colour"}')
    first = gateway.create_deployment(restApiId=api["id"], stageName="prod", variables={"colour": "blue"})
    answer = call(unkai, api["id"], "/prod")
    assert answer.status_code == 200 and answer.json() == {"v": "blue"}
    assert answer.headers["x-amzn-RequestId"] and answer.headers["x-amz-apigw-id"]
    assert call(unkai, api["id"], "/prod/none").json() == {"message": "Missing Authentication Token"}
    assert call(unkai, api["id"], "/none").json() == {"message": "Forbidden"}
    second = gateway.create_deployment(restApiId=api["id"], description="two")
    gateway.create_stage(restApiId=api["id"], stageName="dev", deploymentId=second["id"])
    assert {one["stageName"] for one in gateway.get_stages(restApiId=api["id"])["item"]} == {"prod", "dev"}
    changed = gateway.update_stage(restApiId=api["id"], stageName="prod", patchOperations=[
        {"op": "replace", "path": "/variables/colour", "value": "red"},
        {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "0"},
        {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": "1"}])
    assert changed["methodSettings"]["*/*"]["throttlingBurstLimit"] == 1
    assert call(unkai, api["id"], "/prod").json() == {"v": "red"}
    limited = call(unkai, api["id"], "/prod")
    assert limited.status_code == 429 and limited.json() == {"message": "Too Many Requests"}
    assert gateway.get_stage(restApiId=api["id"], stageName="prod")["deploymentId"] == first["id"]
    assert len(gateway.get_deployments(restApiId=api["id"])["items"]) == 2
    assert gateway.get_deployment(restApiId=api["id"], deploymentId=first["id"],
                                  embed=["apisummary"])["apiSummary"]["/"]["GET"]
    assert gateway.update_deployment(restApiId=api["id"], deploymentId=second["id"],
                                     patchOperations=replace("/description", "x"))["description"] == "x"
    assert code(gateway.delete_deployment, restApiId=api["id"], deploymentId=second["id"]) == "BadRequestException"
    assert code(gateway.create_stage, restApiId=api["id"], stageName="dev", deploymentId=second["id"]) == \
        "ConflictException"
    assert code(gateway.create_stage, restApiId=api["id"], stageName="a.b", deploymentId=second["id"]) == \
        "BadRequestException"
    gateway.flush_stage_authorizers_cache(restApiId=api["id"], stageName="dev")
    gateway.delete_stage(restApiId=api["id"], stageName="dev")
    assert code(gateway.get_stage, restApiId=api["id"], stageName="dev") == "NotFoundException"
    gateway.delete_deployment(restApiId=api["id"], deploymentId=second["id"])


def test_parts(gateway, api):
    ident = api["id"]
    uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" \
          "arn:aws:lambda:us-east-1:123456789012:function:f/invocations"
    made = gateway.create_authorizer(restApiId=ident, name="a", type="TOKEN", authorizerUri=uri,
                                     identitySource="method.request.header.Auth")
    where = {"restApiId": ident, "authorizerId": made["id"]}
    assert gateway.get_authorizer(**where)["authorizerResultTtlInSeconds"] == 300
    assert len(gateway.get_authorizers(restApiId=ident)["items"]) == 1
    assert gateway.update_authorizer(**where, patchOperations=replace("/authorizerResultTtlInSeconds", "0"))[
        "authorizerResultTtlInSeconds"] == 0
    assert code(gateway.create_authorizer, restApiId=ident, name="b", type="TOKEN", authorizerUri="x",
                identitySource="method.request.header.A") == "BadRequestException"
    gateway.delete_authorizer(**where)
    assert code(gateway.get_authorizer, **where) == "NotFoundException"
    made = gateway.create_request_validator(restApiId=ident, name="v", validateRequestBody=True)
    where = {"restApiId": ident, "requestValidatorId": made["id"]}
    assert gateway.get_request_validator(**where)["validateRequestBody"]
    assert gateway.get_request_validators(restApiId=ident)["items"]
    assert gateway.update_request_validator(**where, patchOperations=replace("/validateRequestBody", "false"))[
        "validateRequestBody"] is False
    gateway.delete_request_validator(**where)
    assert code(gateway.get_request_validator, **where) == "NotFoundException"
    gateway.create_model(restApiId=ident, name="Pet", contentType="application/json", schema='{"type":"object"}')
    where = {"restApiId": ident, "modelName": "Pet"}
    assert gateway.get_model(**where)["schema"]
    assert {one["name"] for one in gateway.get_models(restApiId=ident)["items"]} >= {"Pet", "Empty", "Error"}
    assert gateway.update_model(**where, patchOperations=replace("/description", "d"))["description"] == "d"
    assert code(gateway.create_model, restApiId=ident, name="Pet", contentType="application/json") == \
        "ConflictException"
    assert code(gateway.create_model, restApiId=ident, name="X", contentType="application/json", schema="no") == \
        "BadRequestException"
    gateway.delete_model(**where)
    assert code(gateway.get_model, **where) == "NotFoundException"
    where = {"restApiId": ident, "responseType": "THROTTLED"}
    assert gateway.get_gateway_response(**where)["defaultResponse"]
    gateway.put_gateway_response(**where, statusCode="430")
    assert gateway.get_gateway_response(**where)["statusCode"] == "430"
    assert len(gateway.get_gateway_responses(restApiId=ident, limit=100)["items"]) > 15
    assert gateway.update_gateway_response(**where, patchOperations=replace("/statusCode", "431"))[
        "statusCode"] == "431"
    gateway.delete_gateway_response(**where)
    assert code(gateway.delete_gateway_response, **where) == "NotFoundException"


def test_documentation(gateway, api):
    ident = api["id"]
    made = gateway.create_documentation_part(restApiId=ident, location={"type": "API"},
                                             properties='{"description":"all"}')
    where = {"restApiId": ident, "documentationPartId": made["id"]}
    assert gateway.get_documentation_part(**where)["properties"]
    assert len(gateway.get_documentation_parts(restApiId=ident, type="API")["items"]) == 1
    gateway.update_documentation_part(**where, patchOperations=replace("/properties", '{"description":"b"}'))
    assert code(gateway.create_documentation_part, restApiId=ident, location={"type": "API"}, properties="{}") == \
        "ConflictException"
    body = {"x-amazon-apigateway-documentation": {"documentationParts": [
        {"location": {"type": "METHOD", "path": "/", "method": "GET"}, "properties": {"summary": "s"}}]}}
    assert gateway.import_documentation_parts(restApiId=ident, body=json.dumps(body))["ids"]
    gateway.create_documentation_version(restApiId=ident, documentationVersion="1")
    where_version = {"restApiId": ident, "documentationVersion": "1"}
    assert gateway.get_documentation_version(**where_version)["version"] == "1"
    assert len(gateway.get_documentation_versions(restApiId=ident)["items"]) == 1
    gateway.update_documentation_version(**where_version, patchOperations=replace("/description", "d"))
    assert code(gateway.create_documentation_version, **where_version) == "ConflictException"
    gateway.delete_documentation_version(**where_version)
    assert code(gateway.get_documentation_version, **where_version) == "NotFoundException"
    gateway.delete_documentation_part(**where)
    assert code(gateway.get_documentation_part, **where) == "NotFoundException"


def test_keys_plans_and_quotas(unkai, gateway, api):
    mock(gateway, api["id"], root(gateway, api["id"]), apiKeyRequired=True)
    gateway.create_deployment(restApiId=api["id"], stageName="prod")
    assert call(unkai, api["id"], "/prod").json() == {"message": "Forbidden"}
    key = gateway.create_api_key(name="k", enabled=True, value="0123456789-0123456789")
    plan = gateway.create_usage_plan(name="p", apiStages=[{"apiId": api["id"], "stage": "prod"}],
                                     quota={"limit": 2, "period": "DAY"}, throttle={"rateLimit": 100, "burstLimit": 50})
    assert gateway.get_usage_plan(usagePlanId=plan["id"])["name"] == "p"
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    headers = {"x-api-key": key["value"]}
    assert [call(unkai, api["id"], "/prod", headers=headers).status_code for _ in range(3)] == [200, 200, 429]
    assert call(unkai, api["id"], "/prod", headers=headers).json() == {"message": "Limit Exceeded"}
    assert "value" not in gateway.get_api_key(apiKey=key["id"])
    assert gateway.get_api_key(apiKey=key["id"], includeValue=True)["value"] == key["value"]
    assert gateway.get_api_keys(nameQuery="k")["items"]
    assert gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]
    assert gateway.get_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"])["type"] == "API_KEY"
    assert gateway.get_usage_plans(keyId=key["id"])["items"]
    gateway.update_usage(usagePlanId=plan["id"], keyId=key["id"], patchOperations=replace("/remaining", "2"))
    assert call(unkai, api["id"], "/prod", headers=headers).status_code == 200
    today = subprocess.run(["date", "-u", "+%F"], stdout=subprocess.PIPE, text=True).stdout.strip()
    assert gateway.get_usage(usagePlanId=plan["id"], startDate=today, endDate=today)["items"][key["id"]]
    changed = gateway.update_usage_plan(usagePlanId=plan["id"], patchOperations=[
        {"op": "replace", "path": "/throttle/rateLimit", "value": "0"},
        {"op": "replace", "path": "/throttle/burstLimit", "value": "0"}])
    assert changed["throttle"] == {"rateLimit": 0.0, "burstLimit": 0}
    assert call(unkai, api["id"], "/prod", headers=headers).json() == {"message": "Too Many Requests"}
    gateway.update_api_key(apiKey=key["id"], patchOperations=replace("/enabled", "false"))
    assert call(unkai, api["id"], "/prod", headers=headers).status_code == 403
    assert code(gateway.create_api_key, value="short") == "BadRequestException"
    assert code(gateway.create_usage_plan, name="x", quota={"limit": 1, "period": "DAY", "offset": 3}) == \
        "BadRequestException"
    assert code(gateway.create_usage_plan_key, usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY") == \
        "ConflictException"
    assert code(gateway.delete_usage_plan, usagePlanId=plan["id"]) == "BadRequestException"
    gateway.update_usage_plan(usagePlanId=plan["id"], patchOperations=[
        {"op": "remove", "path": "/apiStages", "value": f"{api['id']}:prod"}])
    gateway.delete_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"])
    gateway.delete_usage_plan(usagePlanId=plan["id"])
    gateway.delete_api_key(apiKey=key["id"])
    assert code(gateway.get_api_key, apiKey=key["id"]) == "NotFoundException"
    assert code(gateway.get_usage_plan, usagePlanId=plan["id"]) == "NotFoundException"


def test_domain_names(unkai, gateway, api):
    acm, route53 = unkai.client("acm"), unkai.client("route53")
    assert code(gateway.create_domain_name, domainName="api.example.test", regionalCertificateArn="arn:x",
                endpointConfiguration={"types": ["REGIONAL"]}) == "BadRequestException"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                    "/CN=api.example.test", "-addext", "subjectAltName=DNS:api.example.test",
                    "-keyout", unkai.data / "k.pem", "-out", unkai.data / "c.pem"], check=True,
                   stderr=subprocess.DEVNULL)
    arn = acm.import_certificate(Certificate=(unkai.data / "c.pem").read_bytes(),
                                 PrivateKey=(unkai.data / "k.pem").read_bytes())["CertificateArn"]
    made = gateway.create_domain_name(domainName="api.example.test", regionalCertificateArn=arn,
                                      endpointConfiguration={"types": ["REGIONAL"]})
    assert gateway.get_domain_name(domainName="api.example.test")["regionalDomainName"] == made["regionalDomainName"]
    assert made["regionalHostedZoneId"] == "Z1UJRXOUMOOFQ8"
    assert made["regionalDomainName"].endswith(".execute-api.us-east-1.amazonaws.com")
    mock(gateway, api["id"], root(gateway, api["id"]))
    gateway.create_deployment(restApiId=api["id"], stageName="prod")
    gateway.create_base_path_mapping(domainName="api.example.test", basePath="v1", restApiId=api["id"], stage="prod")
    assert call(unkai, api["id"], "/v1", host="api.example.test").json() == {"ok": True}
    assert call(unkai, api["id"], "/v2", host="api.example.test").status_code == 403
    where = {"domainName": "api.example.test", "basePath": "v1"}
    assert gateway.get_base_path_mapping(**where)["restApiId"] == api["id"]
    assert len(gateway.get_base_path_mappings(domainName="api.example.test")["items"]) == 1
    assert code(gateway.create_base_path_mapping, **where, restApiId=api["id"], stage="prod") == "ConflictException"
    assert code(gateway.delete_rest_api, restApiId=api["id"]) == "BadRequestException"
    gateway.update_base_path_mapping(**where, patchOperations=replace("/basePath", "v2"))
    assert call(unkai, api["id"], "/v2", host="api.example.test").status_code == 200
    # Where an alias record leads: the gateway's own address, by its name.
    zone = route53.create_hosted_zone(Name="example.test", CallerReference="gateway")["HostedZone"]["Id"]
    alias = {"Name": "api.example.test", "Type": "A", "AliasTarget": {
        "DNSName": made["regionalDomainName"], "HostedZoneId": made["regionalHostedZoneId"],
        "EvaluateTargetHealth": False}}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [
        {"Action": "CREATE", "ResourceRecordSet": alias}]})
    answered = route53.test_dns_answer(HostedZoneId=zone, RecordName="api.example.test", RecordType="A")
    address = answered["RecordData"][0]
    got = requests.get(f"http://{address}/v2", headers={"Host": "api.example.test"}, timeout=10)
    assert got.json() == {"ok": True}
    got = subprocess.run(["curl", "-s", "--cacert", unkai.data / "c.pem", "--resolve",
                          f"api.example.test:443:{address}", "https://api.example.test/v2"],
                         stdout=subprocess.PIPE, text=True)
    assert json.loads(got.stdout) == {"ok": True}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [
        {"Action": "DELETE", "ResourceRecordSet": alias}]})
    route53.delete_hosted_zone(Id=zone)
    assert gateway.get_domain_names()["items"]
    assert gateway.update_domain_name(domainName="api.example.test",
                                      patchOperations=replace("/securityPolicy", "TLS_1_2"))
    gateway.delete_base_path_mapping(domainName="api.example.test", basePath="v2")
    assert code(gateway.get_base_path_mapping, **where) == "NotFoundException"
    gateway.delete_domain_name(domainName="api.example.test")
    assert code(gateway.get_domain_name, domainName="api.example.test") == "NotFoundException"
    acm.delete_certificate(CertificateArn=arn)


OPENAPI = {
    "openapi": "3.0.1", "info": {"title": "shop", "description": "All of it", "version": "7"},
    "x-amazon-apigateway-binary-media-types": ["image/png"],
    "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": True,
                                                       "validateRequestParameters": True}},
    "paths": {"/items/{id}": {"post": {
        "operationId": "PutItem", "summary": "Puts it", "x-amazon-apigateway-request-validator": "all",
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                       {"name": "page", "in": "query", "required": True, "schema": {"type": "string"}}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}},
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": {
            "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {"default": {"statusCode": "200", "responseTemplates": {
                "application/json": '{"id":"$input.params(\'id\')"}'}}}}}}},
    "components": {"schemas": {"Item": {"type": "object", "required": ["name"]}}}}


def test_openapi_in_and_out(unkai, gateway):
    made = gateway.import_rest_api(body=json.dumps(OPENAPI))
    assert made["name"] == "shop" and made["binaryMediaTypes"] == ["image/png"]
    gateway.create_deployment(restApiId=made["id"], stageName="s")
    answer = call(unkai, made["id"], "/s/items/7?page=1", "POST", json={"name": "x"})
    assert answer.status_code == 200 and answer.json() == {"id": "7"}
    assert call(unkai, made["id"], "/s/items/7", "POST", json={"name": "x"}).json() == \
        {"message": "Missing required request parameters: [page]"}
    assert call(unkai, made["id"], "/s/items/7?page=1", "POST", json={}).json() == {"message": "Invalid request body"}
    exported = gateway.get_export(restApiId=made["id"], stageName="s", exportType="oas30",
                                  parameters={"extensions": "integrations"})
    document = json.loads(exported["body"].read())
    operation = document["paths"]["/items/{id}"]["post"]
    assert operation["summary"] == "Puts it" and operation["x-amazon-apigateway-integration"]["type"] == "mock"
    yaml = gateway.get_export(restApiId=made["id"], stageName="s", exportType="swagger", accepts="application/yaml")
    assert yaml["contentType"] == "application/yaml" and b'"swagger": "2.0"' in yaml["body"].read()
    page = call(unkai, made["id"], f"/_unkai/apis/{made['id']}/s/docs")
    assert page.status_code == 200 and "PutItem" in page.text
    again = gateway.put_rest_api(restApiId=made["id"], mode="overwrite", body=json.dumps(document))
    assert again["name"] == "shop"
    assert code(gateway.import_rest_api, body="nonsense") == "BadRequestException"
    assert code(gateway.get_export, restApiId=made["id"], stageName="s", exportType="raml") == "BadRequestException"
    gateway.delete_rest_api(restApiId=made["id"])


def test_account_and_tags(gateway, api):
    assert gateway.get_account()["throttleSettings"] == {"burstLimit": 5000, "rateLimit": 10000.0}
    arn = "arn:aws:iam::123456789012:role/logs"
    assert gateway.update_account(patchOperations=replace("/cloudwatchRoleArn", arn))["cloudwatchRoleArn"] == arn
    assert code(gateway.update_account, patchOperations=replace("/cloudwatchRoleArn", "x")) == "BadRequestException"
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}"
    gateway.tag_resource(resourceArn=arn, tags={"a": "b"})
    assert gateway.get_tags(resourceArn=arn)["tags"] == {"a": "b", "stage": "test"}
    gateway.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert gateway.get_tags(resourceArn=arn)["tags"] == {"stage": "test"}
    assert code(gateway.get_tags, resourceArn="arn:aws:apigateway:us-east-1::/restapis/none") == "NotFoundException"


def test_signatures_and_limits(unkai, gateway, api):
    top = root(gateway, api["id"])
    mock(gateway, api["id"], top, authorizationType="AWS_IAM")
    mock(gateway, api["id"], top, method="POST")
    gateway.create_deployment(restApiId=api["id"], stageName="prod")
    assert call(unkai, api["id"], "/prod").json() == {"message": "Missing Authentication Token"}
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    host = f"{api['id']}.execute-api.us-east-1.amazonaws.com"
    for secret, status in (("conformance-secret", 200), ("wrong", 403)):
        request = AWSRequest("GET", f"http://{host}/prod", headers={"Host": host})
        SigV4Auth(Credentials("AKIACONFORMANCE00000", secret), "execute-api", "us-east-1").add_auth(request)
        assert call(unkai, api["id"], "/prod", headers=dict(request.headers)).status_code == status
    assert call(unkai, api["id"], "/prod", "POST", data=b"x" * (10 << 20)).status_code == 200
    large = call(unkai, api["id"], "/prod", "POST", data=b"x" * ((10 << 20) + 1))
    assert large.status_code == 413 and large.json() == {"message": "Request Too Long"}
    assert call(unkai, api["id"], "/prod", headers={"X-Long": "x" * 10240}).status_code == 431
