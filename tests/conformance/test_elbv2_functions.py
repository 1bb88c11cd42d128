"""A load balancer's targets that are functions, and those that speak HTTP/2."""
import io
import json
import time
import uuid
import zipfile

import pytest
import requests

from conftest import code
from test_elbv2 import place, public_address  # noqa: F401

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
CODE = """
import base64, json
def handler(event, context):
    if event['path'] == '/png':
        return {'statusCode': 200, 'headers': {'content-type': 'image/png'}, 'isBase64Encoded': True,
                'body': base64.b64encode(b'\\x89PNG\\x00').decode()}
    if event['path'] == '/fail':
        raise ValueError('no')
    if event['path'] == '/odd':
        return 'not an answer'
    if 'multiValueHeaders' in event:
        return {'statusCode': 200, 'multiValueHeaders': {'set-cookie': ['a=1', 'b=2']}, 'body': json.dumps(event)}
    return {'statusCode': 201, 'headers': {'content-type': 'application/json'}, 'body': json.dumps(event)}
"""


@pytest.fixture(scope="module")
def ec2(unkai):
    return unkai.client("ec2")


@pytest.fixture(scope="module")
def elbv2(unkai):
    return unkai.client("elbv2")


@pytest.fixture
def function(unkai):
    iam, functions = unkai.client("iam"), unkai.client("lambda")
    name = "behind-" + uuid.uuid4().hex[:8]
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as made:
        made.writestr("app.py", CODE)
    arn = functions.create_function(FunctionName=name, Role=role, Runtime="python3.11", Handler="app.handler",
                                    Code={"ZipFile": zipped.getvalue()})["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    yield arn
    functions.delete_function(FunctionName=name)
    iam.delete_role(RoleName=name)


def answered(url, wanted, **options):
    """The answer, as soon as its status is the one that is waited for: a listener opens within a moment."""
    deadline = time.monotonic() + 30
    while True:
        try:
            got = requests.request(options.pop("method", "GET"), url, timeout=20, **options)
            if got.status_code == wanted:
                return got
        except requests.ConnectionError:
            got = None
        assert time.monotonic() < deadline, got and (got.status_code, got.text)
        time.sleep(0.1)


def test_a_function_answers_for_a_load_balancer(unkai, ec2, elbv2, place, function):  # noqa: F811
    group = elbv2.create_target_group(Name="f-" + uuid.uuid4().hex[:8], TargetType="lambda")["TargetGroups"][0]
    assert group["TargetType"] == "lambda" and "Port" not in group and "VpcId" not in group
    assert group["HealthCheckEnabled"] is False and group["HealthCheckIntervalSeconds"] == 35
    arn = group["TargetGroupArn"]
    assert code(elbv2.register_targets, TargetGroupArn=arn, Targets=[{"Id": function}]) == "AccessDenied"
    unkai.client("lambda").add_permission(
        FunctionName=function, StatementId="elb", Action="lambda:InvokeFunction",
        Principal="elasticloadbalancing.amazonaws.com", SourceArn=arn)
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": function}])
    assert code(elbv2.register_targets, TargetGroupArn=arn, Targets=[{"Id": function + "x"}]) == "InvalidTarget"
    assert code(elbv2.register_targets, TargetGroupArn=arn, Targets=[{"Id": "10.0.0.1"}]) == "InvalidTarget"
    balancer = elbv2.create_load_balancer(Name="f-" + uuid.uuid4().hex[:8], Subnets=place["subnets"],
                                          SecurityGroups=[place["group"]])["LoadBalancers"][0]
    try:
        elbv2.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80,
                              DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}])
        url = "http://" + public_address(ec2, balancer)
        event = answered(url + "/x?a=1&b=%20", 201, method="POST", data=b"\x00\x01",
                         headers={"X-Own": "yes"}).json()
        assert event["requestContext"] == {"elb": {"targetGroupArn": arn}}
        assert (event["httpMethod"], event["path"]) == ("POST", "/x")
        assert event["queryStringParameters"] == {"a": "1", "b": "%20"}
        assert event["headers"]["x-own"] == "yes" and event["headers"]["x-forwarded-proto"] == "http"
        assert (event["body"], event["isBase64Encoded"]) == ("AAE=", True)
        assert answered(url + "/png", 200).content == b"\x89PNG\x00"
        answered(url + "/fail", 502)
        answered(url + "/odd", 502)
        answered(url + "/large", 413, method="POST", data=b"x" * (1024 * 1024 + 1))
        [health] = elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        assert health["Target"] == {"Id": function}
        assert health["TargetHealth"]["State"] == "unavailable"
        attributes = [{"Key": "lambda.multi_value_headers.enabled", "Value": "true"}]
        assert elbv2.modify_target_group_attributes(
            TargetGroupArn=arn, Attributes=attributes)["Attributes"] == attributes
        assert code(elbv2.modify_target_group_attributes, TargetGroupArn=arn, Attributes=[
            {"Key": "stickiness.enabled", "Value": "true"}]) == "InvalidConfigurationRequest"
        several = answered(url + "/x", 200)
        assert several.cookies == {"a": "1", "b": "2"}
        assert several.json()["multiValueHeaders"]["host"]
        elbv2.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": function}])
        answered(url + "/x", 503)
    finally:
        elbv2.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    elbv2.delete_target_group(TargetGroupArn=arn)


def test_groups_of_functions_have_rules_of_their_own(elbv2, place):  # noqa: F811
    for extra in ({"Protocol": "HTTP"}, {"Port": 80}, {"VpcId": place["vpc"]}, {"ProtocolVersion": "HTTP2"}):
        assert code(elbv2.create_target_group, Name="g", TargetType="lambda", **extra) == "ValidationError"
    version = {"Name": "h2", "Protocol": "HTTP", "Port": 80, "VpcId": place["vpc"], "TargetType": "ip"}
    assert code(elbv2.create_target_group, **version, ProtocolVersion="GRPC") == "InvalidConfigurationRequest"
    made = elbv2.create_target_group(**version, ProtocolVersion="HTTP2")["TargetGroups"][0]
    assert made["ProtocolVersion"] == "HTTP2"
    assert code(elbv2.create_target_group, **version) == "DuplicateTargetGroupName"
    assert code(elbv2.modify_target_group_attributes, TargetGroupArn=made["TargetGroupArn"], Attributes=[
        {"Key": "lambda.multi_value_headers.enabled", "Value": "true"}]) == "InvalidConfigurationRequest"
    elbv2.delete_target_group(TargetGroupArn=made["TargetGroupArn"])
