"""API Gateway's way to what lies behind it: HTTP backends that are there, tokens of an issuer that is there, functions
that say who may. Both kinds of APIs; all of it on this machine, reached as the internet is reached."""
import base64
import contextlib
import http.server
import io
import json
import os
import signal
import ssl
import subprocess
import threading
import time
import uuid
import zipfile

import pytest
import requests

from conftest import ACCOUNT, REGION
from internet import listening_socket, serving


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """An RSA key by openssl, as a JWK and to sign with."""
    def __init__(self, folder, ident):
        self.ident, self.path = ident, folder / f"{ident}.pem"
        subprocess.run(["openssl", "genrsa", "-out", self.path, "2048"], check=True, stderr=subprocess.DEVNULL)

    def jwk(self):
        said = subprocess.run(["openssl", "rsa", "-in", self.path, "-noout", "-modulus"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        return {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.ident, "e": "AQAB",
                "n": encoded(bytes.fromhex(said.strip().removeprefix("Modulus=")))}

    def sign(self, claims, **head):
        text = ".".join(encoded(json.dumps(part).encode())
                        for part in ({"alg": "RS256", "typ": "JWT", "kid": self.ident, **head}, claims))
        done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.path], input=text.encode(), check=True,
                              stdout=subprocess.PIPE)
        return f"{text}.{encoded(done.stdout)}"


class Place(http.server.BaseHTTPRequestHandler):
    """A backend that tells what reached it, and issuers under /issuer, /slow and /large."""
    protocol_version = "HTTP/1.1"
    keys, asked, released = [], [], threading.Event()

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append(self.path)
        own = "http://" + self.headers["Host"]
        status, headers = 200, {"Content-Type": "application/json", "X-Own": "yes", "Server": "place"}
        if self.path.endswith("/.well-known/openid-configuration"):
            issuer = own + self.path.removesuffix("/.well-known/openid-configuration")
            out = json.dumps({"issuer": issuer, "jwks_uri": issuer + "/keys"}).encode()
        elif self.path.endswith("/keys"):
            if self.path.startswith("/slow"):
                self.released.wait(20)
            out = json.dumps({"keys": self.keys, "pad": "x" * (150000 if self.path.startswith("/large") else 0)}).encode()
        elif self.path.startswith("/binary"):
            out, headers["Content-Type"] = bytes(range(256)), "image/png"
        else:
            status = int(self.headers.get("X-Status", "200"))
            out = json.dumps({"method": self.command, "path": self.path, "body": body.decode("latin-1"),
                              "headers": {name.lower(): value for name, value in self.headers.items()}}).encode()
        self.send_response_only(status)  # Without a Server of its own.
        for name, value in {**headers, "Content-Length": str(len(out))}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(out)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def place(unkai):
    with serving(unkai, Place) as address:
        yield address


@pytest.fixture(scope="module")
def rest(unkai):
    return unkai.client("apigateway")


@pytest.fixture(scope="module")
def gateway(unkai):
    return unkai.client("apigatewayv2")


@pytest.fixture
def api(gateway):
    """An HTTP API whose changes are deployed at once."""
    made = gateway.create_api(Name="behind", ProtocolType="HTTP")["ApiId"]
    gateway.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
    yield made
    gateway.delete_api(ApiId=made)


@pytest.fixture
def old(rest):
    made = rest.create_rest_api(name="behind", binaryMediaTypes=["image/png"])["id"]
    yield made
    rest.delete_rest_api(restApiId=made)


def call(unkai, api, path, method="GET", **options):
    headers = {"Host": f"{api}.execute-api.{REGION}.amazonaws.com", **options.pop("headers", {})}
    return requests.request(method, unkai.endpoint + path, headers=headers, timeout=40, **options)


def proxy_route(gateway, api, uri, key="ANY /{proxy+}", integration=None, **route):
    made = gateway.create_integration(ApiId=api, IntegrationType="HTTP_PROXY", IntegrationMethod="ANY", IntegrationUri=uri,
                                      PayloadFormatVersion="1.0", **(integration or {}))["IntegrationId"]
    return gateway.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{made}", **route)["RouteId"]


def proxy_method(rest, api, uri, part="{proxy+}", integration=None, **method):
    top = next(one["id"] for one in rest.get_resources(restApiId=api)["items"] if one["path"] == "/")
    resource = rest.create_resource(restApiId=api, parentId=top, pathPart=part)["id"]
    where = dict(restApiId=api, resourceId=resource, httpMethod="ANY")
    parameters = dict(method.pop("requestParameters", {}))
    mapped = dict((integration or {}).pop("requestParameters", {}))
    if part == "{proxy+}":
        parameters["method.request.path.proxy"] = True
        mapped["integration.request.path.proxy"] = "method.request.path.proxy"
    rest.put_method(**where, **{"authorizationType": "NONE", **method}, requestParameters=parameters)
    rest.put_integration(**where, type="HTTP_PROXY", integrationHttpMethod="ANY", uri=uri, requestParameters=mapped,
                         **(integration or {}))
    rest.create_deployment(restApiId=api, stageName="s")
    return resource


# ---- HTTP backends

def test_http_apis_pass_requests_on(unkai, gateway, api, place):
    proxy_route(gateway, api, place + "/in/{proxy}", integration={"RequestParameters": {
        "append:header.x-added": "$context.apiId", "overwrite:querystring.q": "$request.querystring.a"}})
    got = call(unkai, api, "/a/b%20c?a=1&q=9", "PUT", data=b"hello", headers={"X-Own": "mine"})
    seen = got.json()
    assert (got.status_code, got.headers["X-Own"]) == (200, "yes")
    assert (seen["method"], seen["body"]) == ("PUT", "hello")
    assert seen["path"].startswith("/in/a/b%20c?") and "q=1" in seen["path"]
    assert seen["headers"]["x-own"] == "mine" and seen["headers"]["x-added"] == api
    assert seen["headers"]["x-amzn-trace-id"].startswith("Root=1-")
    assert call(unkai, api, "/a", headers={"X-Status": "418"}).status_code == 418
    proxy_route(gateway, api, place + "/binary", key="GET /binary")
    assert call(unkai, api, "/binary").content == bytes(range(256))


def test_rest_apis_pass_requests_on(unkai, rest, old, place):
    proxy_method(rest, old, place + "/in/{proxy}",
                 integration={"requestParameters": {"integration.request.header.x-added": "context.apiId"}})
    got = call(unkai, old, "/s/a/b?a=1&a=2", "POST", data=b"hello", headers={"X-Own": "mine"})
    seen = got.json()
    assert (got.status_code, got.headers["X-Own"]) == (200, "yes")
    assert (seen["method"], seen["body"], seen["path"]) == ("POST", "hello", "/in/a/b?a=1&a=2")
    assert seen["headers"]["x-own"] == "mine" and seen["headers"]["x-added"] == old
    assert seen["headers"]["x-forwarded-for"] == "127.0.0.1"
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
    assert got.headers["x-amzn-remapped-server"] == "place"
    assert call(unkai, old, "/s/a", headers={"X-Status": "503"}).status_code == 503
    proxy_method(rest, old, place + "/binary", part="binary")
    assert call(unkai, old, "/s/binary", headers={"Accept": "image/png"}).content == bytes(range(256))


def test_a_rest_api_maps_requests_and_answers(unkai, rest, old, place):
    top = rest.get_resources(restApiId=old)["items"][0]["id"]
    where = dict(restApiId=old, resourceId=top, httpMethod="POST")
    rest.put_method(**where, authorizationType="NONE")
    for status in ("200", "404"):
        rest.put_method_response(**where, statusCode=status)
    rest.put_integration(**where, type="HTTP", integrationHttpMethod="PUT", uri=place + "/mapped",
                         requestParameters={"integration.request.header.X-Status": "method.request.header.X-Status"},
                         requestTemplates={"application/json": '{"name": "$input.path(\'$.first\')"}'})
    rest.put_integration_response(**where, statusCode="200", responseTemplates={
        "application/json": '{"sent": $input.json("$.body"), "with": "$input.path("$.method")"}'})
    rest.put_integration_response(**where, statusCode="404", selectionPattern="4..", responseTemplates={
        "application/json": '{"none": true}'})
    rest.create_deployment(restApiId=old, stageName="s")
    assert call(unkai, old, "/s", "POST", json={"first": "Ada"}).json() == {"sent": '{"name": "Ada"}', "with": "PUT"}
    none = call(unkai, old, "/s", "POST", json={"first": "Ada"}, headers={"X-Status": "410"})
    assert (none.status_code, none.json()) == (404, {"none": True})


def test_backends_that_cannot_be_had(unkai, gateway, rest, api, old):
    with listening_socket(unkai) as closed:
        nobody = "http://%s:%d" % closed.getsockname()
    proxy_route(gateway, api, nobody + "/{proxy}")
    proxy_method(rest, old, nobody + "/{proxy}")
    got = call(unkai, api, "/a")
    assert (got.status_code, got.json()) == (503, {"message": "Service Unavailable"})
    got = call(unkai, old, "/s/a")
    assert (got.status_code, got.json()) == (504, {"message": "Network error communicating with endpoint"})


def test_certificates_of_backends_are_looked_at(unkai, gateway, rest, api, old):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=backend.test",
                    "-keyout", unkai.data / "kb.pem", "-out", unkai.data / "cb.pem"], check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(unkai.data / "cb.pem", unkai.data / "kb.pem")
    with serving(unkai, Place, context) as address:
        proxy_route(gateway, api, address + "/{proxy}")
        assert call(unkai, api, "/a").status_code == 503  # Nobody that is trusted has signed it.
        proxy_method(rest, old, address + "/{proxy}")
        assert call(unkai, old, "/s/a").status_code in (502, 504)
        trusting = rest.create_rest_api(name="trusting")["id"]
        proxy_method(rest, trusting, address + "/{proxy}", integration={"tlsConfig": {"insecureSkipVerification": True}})
        assert call(unkai, trusting, "/s/a").json()["path"] == "/a"
        rest.delete_rest_api(restApiId=trusting)


def test_vpc_links_are_refused(gateway, rest, api, old):
    """They are not promised; docs/services/apigateway.md says so."""
    with pytest.raises(gateway.exceptions.BadRequestException, match="VPC links"):
        gateway.create_integration(ApiId=api, IntegrationType="HTTP_PROXY", IntegrationMethod="ANY", ConnectionType="VPC_LINK",
                                   ConnectionId="x", IntegrationUri="http://x/", PayloadFormatVersion="1.0")
    top = rest.get_resources(restApiId=old)["items"][0]["id"]
    rest.put_method(restApiId=old, resourceId=top, httpMethod="GET", authorizationType="NONE")
    with pytest.raises(rest.exceptions.BadRequestException, match="VPC links"):
        rest.put_integration(restApiId=old, resourceId=top, httpMethod="GET", type="HTTP_PROXY", integrationHttpMethod="GET",
                             uri="http://x/", connectionType="VPC_LINK", connectionId="x")


# ---- JSON web tokens

def jwt_authorizer(gateway, api, issuer, name):
    return gateway.create_authorizer(ApiId=api, Name=name, AuthorizerType="JWT",
                                     IdentitySource=["$request.header.Authorization"],
                                     JwtConfiguration={"Issuer": issuer, "Audience": ["shop"]})["AuthorizerId"]


def test_tokens_of_an_issuer(unkai, gateway, api, place):
    good, other = Key(unkai.data, "good"), Key(unkai.data, "other")
    Place.keys[:] = [good.jwk()]
    issuer, now = place + "/issuer", int(time.time())
    who = jwt_authorizer(gateway, api, issuer, "who")
    proxy_route(gateway, api, place + "/{proxy}", key="GET /{proxy+}", AuthorizationType="JWT", AuthorizerId=who,
                integration={"RequestParameters": {"append:header.x-sub": "$context.authorizer.claims.sub"}})
    proxy_route(gateway, api, place + "/scoped", key="GET /scoped", AuthorizationType="JWT", AuthorizerId=who,
                AuthorizationScopes=["orders/read", "orders/write"])
    claims = {"iss": issuer, "sub": "ada", "aud": "shop", "iat": now - 5, "nbf": now - 5, "exp": now + 300}
    Place.asked.clear()

    def ask(token, path="/a"):
        return call(unkai, api, path, headers={"Authorization": token})
    got = ask("Bearer " + good.sign(claims))
    assert got.status_code == 200 and got.json()["headers"]["x-sub"] == "ada"
    assert ask(good.sign(claims)).status_code == 200  # "Bearer" may be left out.
    assert ask(good.sign({**claims, "aud": ["x", "shop"]})).status_code == 200
    machine = {key: value for key, value in claims.items() if key != "aud"}
    assert ask(good.sign({**machine, "client_id": "shop"})).status_code == 200
    assert [path for path in Place.asked if path.endswith("/keys")] == ["/issuer/keys"]  # Kept for two hours.

    signed = good.sign(claims)
    head, body, mark = signed.split(".")
    unsigned = ".".join([encoded(b'{"alg":"none"}'), body, ""])
    for why, token in {"expired": good.sign({**claims, "exp": now - 1}), "no exp": good.sign({"iss": issuer, "aud": "shop"}),
                       "audience": good.sign({**claims, "aud": "other"}), "not yet": good.sign({**claims, "nbf": now + 300}),
                       "issuer": good.sign({**claims, "iss": place + "/other"}),
                       "issued later": good.sign({**claims, "iat": now + 300}), "unsigned": unsigned,
                       "changed": ".".join([head, encoded(json.dumps({**claims, "sub": "eve"}).encode()), mark]),
                       "other key": other.sign(claims), "other key, known kid": other.sign(claims, kid="good"),
                       "HMAC by the public key": good.sign(claims, alg="HS256"), "nonsense": "x.y.z"}.items():
        refused = ask("Bearer " + token)
        assert (refused.status_code, refused.json()) == (401, {"message": "Unauthorized"}), why
        assert 'error="invalid_token"' in refused.headers["www-authenticate"], why
    missing = call(unkai, api, "/a")
    assert (missing.status_code, missing.headers["www-authenticate"]) == (401, "Bearer")

    for extra, wanted in (({}, 403), ({"scope": "orders/list"}, 403), ({"scope": "x orders/read"}, 200),
                          ({"scp": ["orders/write"]}, 200)):
        got = ask("Bearer " + good.sign({**claims, **extra}), "/scoped")
        assert got.status_code == wanted, extra
        if wanted == 403:
            assert got.json() == {"message": "Forbidden"}
            assert 'error="insufficient_scope"' in got.headers["www-authenticate"]


def test_issuers_that_answer_too_late_or_too_much(unkai, gateway, api, place):
    """limits: 1,500 ms for JWKS, 150,000 bytes."""
    key = Key(unkai.data, "limits")
    Place.keys[:] = [key.jwk()]
    Place.released.clear()
    for kind in ("slow", "large"):
        issuer = f"{place}/{kind}"
        proxy_route(gateway, api, place + "/x", key=f"GET /{kind}", AuthorizationType="JWT",
                    AuthorizerId=jwt_authorizer(gateway, api, issuer, kind))
        token = key.sign({"iss": issuer, "aud": "shop", "exp": int(time.time()) + 300})
        began = time.monotonic()
        refused = call(unkai, api, f"/{kind}", headers={"Authorization": token})
        assert refused.status_code == 401 and time.monotonic() - began < 15
    Place.released.set()


# ---- Functions that decide

AUTHORIZER = """
CALLS = 0
def handler(event, context):
    global CALLS
    CALLS += 1
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    said = event.get("authorizationToken") or headers.get("x-who") or ""
    told = {"user": said, "calls": CALLS, "type": event["type"], "version": event.get("version", "")}
    if said == "raise":
        raise Exception("Unauthorized")
    if said == "break":
        return {"nothing": True}
    if event.get("version") == "2.0":
        return {"isAuthorized": said == "allow", "context": told}
    return {"principalId": said, "context": told, "policyDocument": {"Version": "2012-10-17", "Statement": [
        {"Action": "execute-api:Invoke", "Effect": "Allow" if said.startswith("allow") else "Deny",
         "Resource": event.get("methodArn") or event["routeArn"]}]}}
"""


@pytest.fixture(scope="module")
def function(unkai):
    functions, iam = unkai.client("lambda"), unkai.client("iam")
    name = "who-" + uuid.uuid4().hex[:8]
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com", "apigateway.amazonaws.com"]},
         "Action": "sts:AssumeRole"}]}))["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("app.py", AUTHORIZER)
    arn = functions.create_function(FunctionName=name, Runtime="python3.11", Handler="app.handler", Role=role,
                                    Code={"ZipFile": archive.getvalue()})["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    yield {"arn": arn, "name": name, "client": functions,
           "uri": f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"}
    functions.delete_function(FunctionName=name)
    iam.delete_role(RoleName=name)


def permit(function, api, authorizer):
    function["client"].add_permission(FunctionName=function["name"], StatementId=f"{api}-{authorizer}",
                                      Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com",
                                      SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/authorizers/{authorizer}")


SHOWN = {"requestParameters": {f"integration.request.header.x-{name}": f"context.authorizer.{name}"
                               for name in ("user", "calls", "type", "principalId")}}


def shown(answer):
    return {name.removeprefix("x-"): value for name, value in answer.json()["headers"].items()
            if name in ("x-user", "x-calls", "x-type", "x-principalid", "x-version")}


def test_rest_authorizers_by_token(unkai, rest, old, place, function):
    made = rest.create_authorizer(restApiId=old, name="token", type="TOKEN", authorizerUri=function["uri"],
                                  identitySource="method.request.header.Authorization", authorizerResultTtlInSeconds=300,
                                  identityValidationExpression="[a-z0-9]+")["id"]
    proxy_method(rest, old, place + "/{proxy}", integration=json.loads(json.dumps(SHOWN)), authorizationType="CUSTOM",
                 authorizerId=made)

    def ask(token):
        return call(unkai, old, "/s/a", headers={"Authorization": token} if token else {})
    broken = ask("allow")
    assert (broken.status_code, broken.headers["x-amzn-ErrorType"]) == (500, "AuthorizerConfigurationException")
    permit(function, old, made)
    first = shown(ask("allow"))
    assert (first["user"], first["type"], first["principalid"]) == ("allow", "TOKEN", "allow")
    assert shown(ask("allow")) == first  # Kept.
    assert shown(ask("allow2"))["calls"] != first["calls"]
    rest.flush_stage_authorizers_cache(restApiId=old, stageName="s")
    assert shown(ask("allow"))["calls"] != first["calls"]
    for token, status, body in (("deny", 403, {"Message": "User is not authorized to access this resource with an explicit "
                                                          "deny"}),
                                ("raise", 401, {"message": "Unauthorized"}), ("", 401, {"message": "Unauthorized"}),
                                ("UPPER", 401, {"message": "Unauthorized"}),  # It does not fit: nobody is asked.
                                ("break", 500, {"message": "Internal server error"})):
        refused = ask(token)
        assert (refused.status_code, refused.json()) in ((status, body), (status, {"message": None})), token
    rest.update_authorizer(restApiId=old, authorizerId=made, patchOperations=[
        {"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": "0"}])
    rest.create_deployment(restApiId=old, stageName="s")
    assert shown(ask("allow"))["calls"] != shown(ask("allow"))["calls"]


def test_rest_authorizers_by_request(unkai, rest, old, place, function):
    made = rest.create_authorizer(restApiId=old, name="request", type="REQUEST", authorizerUri=function["uri"],
                                  identitySource="method.request.header.X-Who,method.request.querystring.shop",
                                  authorizerResultTtlInSeconds=300)["id"]
    permit(function, old, made)
    proxy_method(rest, old, place + "/{proxy}", integration=json.loads(json.dumps(SHOWN)), authorizationType="CUSTOM",
                 authorizerId=made)
    first = call(unkai, old, "/s/a?shop=1", headers={"X-Who": "allow"})
    assert first.status_code == 200 and shown(first)["type"] == "REQUEST"
    assert shown(call(unkai, old, "/s/a?shop=1", headers={"X-Who": "allow"})) == shown(first)
    assert shown(call(unkai, old, "/s/a?shop=2", headers={"X-Who": "allow"})) != shown(first)
    assert call(unkai, old, "/s/a", headers={"X-Who": "allow"}).status_code == 401
    assert call(unkai, old, "/s/a?shop=1", headers={"X-Who": "deny"}).status_code == 403
    # The policy that is kept names one method: the other path is not in it.
    assert call(unkai, old, "/s/b?shop=1", headers={"X-Who": "allow"}).status_code == 403


@pytest.mark.parametrize("version", ["2.0", "1.0"])
def test_http_authorizers(unkai, gateway, api, place, function, version):
    simple = {"EnableSimpleResponses": True} if version == "2.0" else {}
    made = gateway.create_authorizer(ApiId=api, Name="request", AuthorizerType="REQUEST", AuthorizerUri=function["uri"],
                                     IdentitySource=["$request.header.X-Who"], AuthorizerResultTtlInSeconds=300,
                                     AuthorizerPayloadFormatVersion=version, **simple)["AuthorizerId"]
    proxy_route(gateway, api, place + "/{proxy}", AuthorizationType="CUSTOM", AuthorizerId=made, integration={
        "RequestParameters": {f"append:header.x-{name}": f"$context.authorizer.{name}"
                              for name in ("user", "calls", "type", "version")}})

    def ask(who):
        return call(unkai, api, "/a", headers={"X-Who": who} if who else {})
    broken = ask("allow")
    assert (broken.status_code, broken.json()) == (500, {"message": "Internal Server Error"})
    permit(function, api, made)
    first = shown(ask("allow"))
    assert (first["user"], first["type"], first["version"]) == ("allow", "REQUEST", version)
    assert shown(ask("allow")) == first
    gateway.reset_authorizers_cache(ApiId=api, StageName="$default")
    assert shown(ask("allow"))["calls"] != first["calls"]
    denied, unknown = ask("deny"), ask("")
    assert (denied.status_code, denied.json()) == (403, {"message": "Forbidden"})
    assert (unknown.status_code, unknown.json()) == (401, {"message": "Unauthorized"})
    assert ask("break").status_code in (403, 500)
    gateway.update_authorizer(ApiId=api, AuthorizerId=made, AuthorizerResultTtlInSeconds=0)
    assert shown(ask("allow"))["calls"] != shown(ask("allow"))["calls"]


# ---- Usage plans

def test_usage_survives_kill_9(unkai, rest, old):
    """A request that was answered is counted, whatever happens a moment later."""
    top = rest.get_resources(restApiId=old)["items"][0]["id"]
    where = dict(restApiId=old, resourceId=top, httpMethod="GET")
    rest.put_method(**where, authorizationType="NONE", apiKeyRequired=True)
    rest.put_method_response(**where, statusCode="200")
    rest.put_integration(**where, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    rest.put_integration_response(**where, statusCode="200", responseTemplates={"application/json": "{}"})
    rest.create_deployment(restApiId=old, stageName="s")
    key = rest.create_api_key(name="k", enabled=True)
    plan = rest.create_usage_plan(name="p", apiStages=[{"apiId": old, "stage": "s"}],
                                  quota={"limit": 50, "period": "MONTH"})["id"]
    rest.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")

    def ask():
        return call(unkai, old, "/s", headers={"x-api-key": key["value"]})
    for round_ in range(2):
        assert [ask().status_code for _ in range(25)] == [200] * 25
        os.kill(json.loads(unkai.run("status", "--json").stdout)["data"]["pid"], signal.SIGKILL)
        unkai.start()
    spent = ask()
    assert (spent.status_code, spent.json()) == (429, {"message": "Limit Exceeded"})
    rest.update_usage_plan(usagePlanId=plan, patchOperations=[{"op": "remove", "path": "/apiStages", "value": f"{old}:s"}])
    rest.delete_usage_plan_key(usagePlanId=plan, keyId=key["id"])
    rest.delete_usage_plan(usagePlanId=plan)
    rest.delete_api_key(apiKey=key["id"])
