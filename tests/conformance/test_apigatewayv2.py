"""API Gateway, HTTP APIs: every promised operation, and requests that really pass."""
import base64
import io
import json
import subprocess
import zipfile

import botocore.exceptions
import pytest
import requests


@pytest.fixture(scope="module")
def gateway(unkai, via):
    return unkai.client("apigatewayv2", via=via)


@pytest.fixture
def api(gateway):
    made = gateway.create_api(Name="pets", ProtocolType="HTTP", Tags={"stage": "test"})
    yield made["ApiId"]
    gateway.delete_api(ApiId=made["ApiId"])


def code(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def call(unkai, api, path, method="GET", host=None, **options):
    headers = {"Host": host or f"{api}.execute-api.us-east-1.amazonaws.com", **options.pop("headers", {})}
    return requests.request(method, unkai.endpoint + path, headers=headers, timeout=40, **options)


def integration(gateway, api, **options):
    return gateway.create_integration(**{**dict(
        ApiId=api, IntegrationType="HTTP_PROXY", IntegrationMethod="ANY", PayloadFormatVersion="1.0",
        IntegrationUri="http://backend.example.test/{proxy}"), **options})["IntegrationId"]


def test_apis(gateway, api):
    assert gateway.get_api(ApiId=api)["Name"] == "pets"
    assert api in [one["ApiId"] for one in gateway.get_apis()["Items"]]
    changed = gateway.update_api(ApiId=api, Name="dogs", CorsConfiguration={"AllowOrigins": ["https://a.test"]})
    assert changed["Name"] == "dogs" and changed["CorsConfiguration"]["AllowOrigins"] == ["https://a.test"]
    gateway.delete_cors_configuration(ApiId=api)
    assert "CorsConfiguration" not in gateway.get_api(ApiId=api)
    assert code(gateway.create_api, Name="w", ProtocolType="WEBSOCKET",
                RouteSelectionExpression="$request.body.action") == "BadRequestException"
    assert code(gateway.get_api, ApiId="none") == "NotFoundException"
    assert code(gateway.update_api, ApiId=api, CorsConfiguration={
        "AllowOrigins": ["*"], "AllowCredentials": True}) == "BadRequestException"


def test_routes_integrations_stages(unkai, gateway, api):
    target = integration(gateway, api)
    route = gateway.create_route(ApiId=api, RouteKey="GET /pets/{proxy+}", Target=f"integrations/{target}")["RouteId"]
    assert gateway.get_route(ApiId=api, RouteId=route)["RouteKey"] == "GET /pets/{proxy+}"
    assert len(gateway.get_routes(ApiId=api)["Items"]) == 1
    assert gateway.update_route(ApiId=api, RouteId=route, OperationName="x")["OperationName"] == "x"
    assert gateway.get_integration(ApiId=api, IntegrationId=target)["TimeoutInMillis"] == 30000
    assert len(gateway.get_integrations(ApiId=api)["Items"]) == 1
    assert gateway.update_integration(ApiId=api, IntegrationId=target, TimeoutInMillis=100)["TimeoutInMillis"] == 100
    assert code(gateway.create_route, ApiId=api, RouteKey="GET /pets/{proxy+}") == "ConflictException"
    assert code(gateway.create_route, ApiId=api, RouteKey="bad") == "BadRequestException"
    assert code(gateway.create_route, ApiId=api, RouteKey="GET /a", Target="integrations/none") == \
        "BadRequestException"
    assert code(gateway.delete_integration, ApiId=api, IntegrationId=target) == "ConflictException"
    assert code(gateway.create_integration, ApiId=api, IntegrationType="HTTP_PROXY", IntegrationMethod="GET",
                IntegrationUri="http://x", PayloadFormatVersion="1.0", TimeoutInMillis=30001) == "BadRequestException"
    assert code(gateway.create_integration, ApiId=api, IntegrationType="AWS_PROXY",
                IntegrationSubtype="SQS-SendMessage", PayloadFormatVersion="1.0") == "BadRequestException"
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    assert call(unkai, api, "/none").json() == {"message": "Not Found"}
    # The backend's name is not known to anybody.
    refused = call(unkai, api, "/pets/a")
    assert refused.status_code == 503 and refused.json() == {"message": "Service Unavailable"}
    assert gateway.get_stage(ApiId=api, StageName="$default")["AutoDeploy"]
    assert len(gateway.get_stages(ApiId=api)["Items"]) == 1
    gateway.update_stage(ApiId=api, StageName="$default", RouteSettings={
        "GET /pets/{proxy+}": {"ThrottlingBurstLimit": 0, "ThrottlingRateLimit": 0.0}})
    limited = call(unkai, api, "/pets/a")
    assert limited.status_code == 429 and limited.json() == {"message": "Too Many Requests"}
    gateway.delete_route_settings(ApiId=api, StageName="$default", RouteKey="GET /pets/{proxy+}")
    assert code(gateway.delete_route_settings, ApiId=api, StageName="$default", RouteKey="GET /x") == \
        "NotFoundException"
    gateway.delete_access_log_settings(ApiId=api, StageName="$default")
    gateway.reset_authorizers_cache(ApiId=api, StageName="$default")
    made = gateway.create_deployment(ApiId=api, Description="one")["DeploymentId"]
    assert gateway.get_deployment(ApiId=api, DeploymentId=made)["DeploymentStatus"] == "DEPLOYED"
    assert gateway.get_deployments(ApiId=api)["Items"]
    assert gateway.update_deployment(ApiId=api, DeploymentId=made, Description="two")["Description"] == "two"
    gateway.create_stage(ApiId=api, StageName="dev", DeploymentId=made)
    assert code(gateway.delete_deployment, ApiId=api, DeploymentId=made) == "BadRequestException"
    assert code(gateway.create_stage, ApiId=api, StageName="dev") == "ConflictException"
    assert call(unkai, api, "/dev/none").json() == {"message": "Not Found"}
    gateway.delete_stage(ApiId=api, StageName="dev")
    gateway.delete_deployment(ApiId=api, DeploymentId=made)
    assert code(gateway.get_deployment, ApiId=api, DeploymentId=made) == "NotFoundException"
    gateway.delete_route(ApiId=api, RouteId=route)
    gateway.delete_integration(ApiId=api, IntegrationId=target)
    assert code(gateway.get_route, ApiId=api, RouteId=route) == "NotFoundException"
    assert code(gateway.get_integration, ApiId=api, IntegrationId=target) == "NotFoundException"
    assert code(gateway.get_stage, ApiId=api, StageName="dev") == "NotFoundException"


def test_authorizers(unkai, gateway, api):
    made = gateway.create_authorizer(
        ApiId=api, Name="jwt", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": "https://issuer.example.test", "Audience": ["me"]})["AuthorizerId"]
    assert gateway.get_authorizer(ApiId=api, AuthorizerId=made)["Name"] == "jwt"
    assert len(gateway.get_authorizers(ApiId=api)["Items"]) == 1
    assert gateway.update_authorizer(ApiId=api, AuthorizerId=made, Name="other")["Name"] == "other"
    target = integration(gateway, api)
    route = gateway.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{target}",
                                 AuthorizationType="JWT", AuthorizerId=made)["RouteId"]
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    refused = call(unkai, api, "/a")
    assert refused.status_code == 401 and refused.json() == {"message": "Unauthorized"}
    assert call(unkai, api, "/a", headers={"Authorization": "Bearer x.y.z"}).status_code == 401
    assert code(gateway.delete_authorizer, ApiId=api, AuthorizerId=made) == "ConflictException"
    assert code(gateway.create_authorizer, ApiId=api, Name="x", AuthorizerType="JWT",
                IdentitySource=["$request.header.A"]) == "BadRequestException"
    gateway.delete_route(ApiId=api, RouteId=route)
    gateway.delete_authorizer(ApiId=api, AuthorizerId=made)
    assert code(gateway.get_authorizer, ApiId=api, AuthorizerId=made) == "NotFoundException"


def test_domain_names_and_mappings(unkai, gateway, api):
    acm = unkai.client("acm")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                    "/CN=api.v2.test", "-addext", "subjectAltName=DNS:api.v2.test", "-keyout",
                    unkai.data / "k2.pem", "-out", unkai.data / "c2.pem"], check=True, stderr=subprocess.DEVNULL)
    arn = acm.import_certificate(Certificate=(unkai.data / "c2.pem").read_bytes(),
                                 PrivateKey=(unkai.data / "k2.pem").read_bytes())["CertificateArn"]
    configuration = [{"CertificateArn": arn, "EndpointType": "REGIONAL"}]
    name = "api.v2.test"
    made = gateway.create_domain_name(DomainName=name, DomainNameConfigurations=configuration)
    assert made["DomainNameConfigurations"][0]["HostedZoneId"] == "Z1UJRXOUMOOFQ8"
    assert gateway.get_domain_name(DomainName=name)["DomainName"] == name
    assert gateway.get_domain_names()["Items"]
    assert gateway.update_domain_name(DomainName=name, DomainNameConfigurations=configuration)
    gateway.create_stage(ApiId=api, StageName="s", AutoDeploy=True)
    mapping = gateway.create_api_mapping(DomainName=name, ApiId=api, Stage="s", ApiMappingKey="a/b")["ApiMappingId"]
    assert gateway.get_api_mapping(DomainName=name, ApiMappingId=mapping)["ApiMappingKey"] == "a/b"
    assert len(gateway.get_api_mappings(DomainName=name)["Items"]) == 1
    assert call(unkai, api, "/a/b/c", host=name).json() == {"message": "Not Found"}
    assert code(gateway.create_api_mapping, DomainName=name, ApiId=api, Stage="s", ApiMappingKey="a/b") == \
        "ConflictException"
    assert code(gateway.create_api_mapping, DomainName=name, ApiId="none", Stage="s") == "BadRequestException"
    assert code(gateway.delete_api, ApiId=api) == "BadRequestException"
    gateway.update_api_mapping(DomainName=name, ApiMappingId=mapping, ApiId=api, ApiMappingKey="")
    gateway.delete_api_mapping(DomainName=name, ApiMappingId=mapping)
    assert code(gateway.get_api_mapping, DomainName=name, ApiMappingId=mapping) == "NotFoundException"
    gateway.delete_domain_name(DomainName=name)
    assert code(gateway.get_domain_name, DomainName=name) == "NotFoundException"
    acm.delete_certificate(CertificateArn=arn)


def test_openapi_and_tags(gateway):
    document = {"openapi": "3.0.1", "info": {"title": "shop", "version": "1"},
                "x-amazon-apigateway-cors": {"allowOrigins": ["*"]},
                "paths": {"/a/{id}": {"get": {"operationId": "GetA", "x-amazon-apigateway-integration": {
                    "type": "http_proxy", "httpMethod": "GET", "uri": "http://b.test/", "payloadFormatVersion": "1.0"}}},
                    "/$default": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": {
                        "type": "http_proxy", "httpMethod": "ANY", "uri": "http://b.test/",
                        "payloadFormatVersion": "1.0"}}}}}
    made = gateway.import_api(Body=json.dumps(document))["ApiId"]
    assert {one["RouteKey"] for one in gateway.get_routes(ApiId=made)["Items"]} == {"GET /a/{id}", "$default"}
    exported = json.loads(gateway.export_api(ApiId=made, OutputType="JSON", Specification="OAS30")["body"].read())
    assert exported["paths"]["/a/{id}"]["get"]["operationId"] == "GetA"
    assert gateway.reimport_api(ApiId=made, Body=json.dumps(exported))["Name"] == "shop"
    assert code(gateway.import_api, Body="nonsense") == "BadRequestException"
    assert code(gateway.export_api, ApiId=made, OutputType="XML", Specification="OAS30") == "BadRequestException"
    arn = f"arn:aws:apigateway:us-east-1::/apis/{made}"
    gateway.tag_resource(ResourceArn=arn, Tags={"a": "b"})
    assert gateway.get_tags(ResourceArn=arn)["Tags"] == {"a": "b"}
    gateway.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert gateway.get_tags(ResourceArn=arn)["Tags"] == {}
    assert code(gateway.get_tags, ResourceArn="arn:aws:apigateway:us-east-1::/apis/none") == "NotFoundException"
    gateway.delete_api(ApiId=made)


HANDLER = """
import base64, json
def handler(event, context):
    if event.get("rawPath") == "/binary" or event.get("path") == "/binary":
        return {"statusCode": 200, "headers": {"content-type": "image/png"}, "isBase64Encoded": True,
                "body": base64.b64encode(bytes(range(256))).decode()}
    return {"statusCode": 200, "body": json.dumps({"event": event})}
"""


@pytest.fixture(scope="module")
def function(unkai):
    functions, iam = unkai.client("lambda"), unkai.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                     "Principal": {"Service": "lambda.amazonaws.com"}}]}
    role = iam.create_role(RoleName="gateway", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("app.py", HANDLER)
    made = functions.create_function(FunctionName="gateway", Runtime="python3.11", Handler="app.handler",
                                     Role=role, Code={"ZipFile": archive.getvalue()})
    functions.get_waiter("function_active_v2").wait(FunctionName="gateway")
    yield made["FunctionArn"]
    functions.delete_function(FunctionName="gateway")
    iam.delete_role(RoleName="gateway")


def test_lambda_behind_both_kinds(unkai, gateway, function):
    functions, rest = unkai.client("lambda"), unkai.client("apigateway")
    made = gateway.create_api(Name="f", ProtocolType="HTTP", Target=function)
    denied = call(unkai, made["ApiId"], "/a")
    assert denied.status_code == 500 and denied.json() == {"message": "Internal Server Error"}
    functions.add_permission(FunctionName="gateway", StatementId=made["ApiId"], Action="lambda:InvokeFunction",
                             Principal="apigateway.amazonaws.com",
                             SourceArn=f"arn:aws:execute-api:us-east-1:123456789012:{made['ApiId']}/*")
    event = call(unkai, made["ApiId"], "/a?x=1&x=2", headers={"Cookie": "c=d"}).json()["event"]
    assert event["version"] == "2.0" and event["rawQueryString"] == "x=1&x=2" and event["cookies"] == ["c=d"]
    assert call(unkai, made["ApiId"], "/binary").content == bytes(range(256))
    gateway.delete_api(ApiId=made["ApiId"])
    ident = rest.create_rest_api(name="f", binaryMediaTypes=["image/png"])["id"]
    top = rest.get_resources(restApiId=ident)["items"][0]["id"]
    proxy = rest.create_resource(restApiId=ident, parentId=top, pathPart="{proxy+}")["id"]
    rest.put_method(restApiId=ident, resourceId=proxy, httpMethod="ANY", authorizationType="NONE")
    rest.put_integration(restApiId=ident, resourceId=proxy, httpMethod="ANY", type="AWS_PROXY",
                         integrationHttpMethod="POST",
                         uri="arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + function +
                             "/invocations")
    rest.create_deployment(restApiId=ident, stageName="s")
    denied = call(unkai, ident, "/s/a")
    assert denied.status_code == 500 and denied.json() == {"message": "Internal server error"}
    functions.add_permission(FunctionName="gateway", StatementId=ident, Action="lambda:InvokeFunction",
                             Principal="apigateway.amazonaws.com",
                             SourceArn=f"arn:aws:execute-api:us-east-1:123456789012:{ident}/*/*/*")
    event = call(unkai, ident, "/s/a/b?x=1", "POST", data="hi").json()["event"]
    assert event["resource"] == "/{proxy+}" and event["path"] == "/a/b" and event["body"] == "hi"
    assert event["pathParameters"] == {"proxy": "a/b"} and event["requestContext"]["stage"] == "s"
    assert call(unkai, ident, "/s/binary", headers={"Accept": "image/png"}).content == bytes(range(256))
    assert call(unkai, ident, "/s/binary", headers={"Accept": "text/plain"}).text == \
        base64.b64encode(bytes(range(256))).decode()
    rest.delete_rest_api(restApiId=ident)
