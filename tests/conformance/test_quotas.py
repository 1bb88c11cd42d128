"""Quotas that a client can hit: one more than AWS allows, and AWS's answer. docs/quotas.md lists all of them, and the
tests that hold those that need a world of their own (120,000 messages in flight, 50 load balancers).

What counts in a region is counted in one where no other test makes anything.
"""
import base64
import contextlib
import datetime
import http.server
import io
import json
import threading
import uuid
import zipfile

import pytest
import requests
from botocore.exceptions import ClientError

from conftest import ACCOUNT
from internet import serving

REGION = "eu-west-3"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:any"
INVOKE = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"


@pytest.fixture(scope="module")
def client(unkai):
    made = {}

    def get(service):
        if service not in made:
            made[service] = unkai.client(service, region=REGION, parameter_validation=False)
        return made[service]
    return get


def refused(call, **arguments):
    """Status, code and message of the error that a call ends with."""
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    response = raised.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def name():
    return "q-" + uuid.uuid4().hex[:10]


# ---- API Gateway

FULL = "Maximum number of {0} for this API has been reached. Please contact AWS if you need additional {0}."


def test_rest_api_counts(client):
    rest = client("apigateway")
    api = rest.create_rest_api(name="q")["id"]
    top = rest.get_resources(restApiId=api)["items"][0]["id"]
    for number in range(299):
        rest.create_resource(restApiId=api, parentId=top, pathPart=str(number))
    assert refused(rest.create_resource, restApiId=api, parentId=top, pathPart="more") == (
        429, "LimitExceededException", FULL.format("resources"))
    rest.put_method(restApiId=api, resourceId=top, httpMethod="GET", authorizationType="NONE")
    rest.put_integration(restApiId=api, resourceId=top, httpMethod="GET", type="MOCK")
    deployed = rest.create_deployment(restApiId=api)["id"]
    for number in range(10):
        rest.create_stage(restApiId=api, stageName=f"s{number}", deploymentId=deployed)
    assert refused(rest.create_stage, restApiId=api, stageName="more", deploymentId=deployed)[:2] == (
        429, "LimitExceededException")
    authorizer = dict(restApiId=api, type="TOKEN", authorizerUri=INVOKE, identitySource="method.request.header.A")
    for number in range(10):
        rest.create_authorizer(name=f"a{number}", **authorizer)
    assert refused(rest.create_authorizer, name="more", **authorizer)[:2] == (429, "LimitExceededException")
    assert refused(rest.create_authorizer, **{**authorizer, "name": "x", "authorizerResultTtlInSeconds": 3601})[1] == \
        "BadRequestException"
    for timeout in (49, 29001):
        assert refused(rest.put_integration, restApiId=api, resourceId=top, httpMethod="GET", type="MOCK",
                       timeoutInMillis=timeout)[:2] == (400, "BadRequestException")
    rest.delete_rest_api(restApiId=api)


def test_usage_plans_and_keys(client):
    rest = client("apigateway")
    plans = [rest.create_usage_plan(name=str(number))["id"] for number in range(11)]
    key = rest.create_api_key(name="k", enabled=True)["id"]
    for plan in plans[:10]:
        rest.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    assert refused(rest.create_usage_plan_key, usagePlanId=plans[10], keyId=key, keyType="API_KEY")[:2] == (
        429, "LimitExceededException")
    for length in (19, 129):
        assert refused(rest.create_api_key, value="x" * length)[:2] == (400, "BadRequestException")
    for plan in plans:
        if plan in plans[:10]:
            rest.delete_usage_plan_key(usagePlanId=plan, keyId=key)
        rest.delete_usage_plan(usagePlanId=plan)
    rest.delete_api_key(apiKey=key)


def test_http_api_counts(client):
    http_ = client("apigatewayv2")
    api = http_.create_api(Name="q", ProtocolType="HTTP")["ApiId"]
    integration = dict(ApiId=api, IntegrationType="HTTP_PROXY", IntegrationMethod="ANY", PayloadFormatVersion="1.0")
    for number in range(300):
        http_.create_integration(IntegrationUri=f"http://{number}.example.test/", **integration)
    assert refused(http_.create_integration, IntegrationUri="http://more.example.test/", **integration) == (
        429, "ConflictException", FULL.format("Integrations"))
    for number in range(300):
        http_.create_route(ApiId=api, RouteKey=f"GET /{number}")
    assert refused(http_.create_route, ApiId=api, RouteKey="GET /more") == (
        429, "ConflictException", FULL.format("Routes"))
    for number in range(10):
        http_.create_stage(ApiId=api, StageName=f"s{number}")
        http_.create_authorizer(ApiId=api, Name=f"a{number}", AuthorizerType="JWT",
                                IdentitySource=["$request.header.Authorization"],
                                JwtConfiguration={"Issuer": "https://issuer.example.test", "Audience": ["me"]})
    assert refused(http_.create_stage, ApiId=api, StageName="more") == (429, "ConflictException", FULL.format("Stages"))
    assert refused(http_.create_authorizer, ApiId=api, Name="more", AuthorizerType="JWT",
                   IdentitySource=["$request.header.Authorization"],
                   JwtConfiguration={"Issuer": "https://issuer.example.test", "Audience": ["me"]}) == (
        429, "ConflictException", FULL.format("Authorizers"))
    for timeout in (49, 30001):
        assert refused(http_.create_integration, IntegrationUri="http://x.test/", TimeoutInMillis=timeout, **integration)[
            :2] == (400, "BadRequestException")
    long_format = {"DestinationArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g", "Format": "$context.requestId" * 171}
    assert refused(http_.update_stage, ApiId=api, StageName="s0", AccessLogSettings=long_format)[:2] == (
        400, "BadRequestException")
    http_.delete_api(ApiId=api)


class Backend(http.server.BaseHTTPRequestHandler):
    """/SIZE answers so many bytes; /slow does not answer while the test waits."""
    protocol_version = "HTTP/1.1"
    released = threading.Event()

    def do_GET(self):
        if self.path.endswith("/slow"):
            self.released.wait(30)
        size = 1 if self.path.endswith("/slow") else int(self.path.rsplit("/", 1)[1])
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        with contextlib.suppress(OSError):  # Who asked may be gone.
            self.wfile.write(b"x" * size)

    def log_message(self, *_):
        pass


@pytest.fixture
def backend(unkai):
    with serving(unkai, Backend) as address:
        yield address
        Backend.released.set()


def ask(unkai, api, path, method="GET", **options):
    headers = {"Host": f"{api}.execute-api.{REGION}.amazonaws.com", **options.pop("headers", {})}
    return requests.request(method, unkai.endpoint + path, headers=headers, timeout=40, **options)


def test_integration_timeouts_and_payloads(unkai, client, backend):
    rest, http_ = client("apigateway"), client("apigatewayv2")
    old = rest.create_rest_api(name="q")["id"]
    top = rest.get_resources(restApiId=old)["items"][0]["id"]
    proxy = rest.create_resource(restApiId=old, parentId=top, pathPart="{size}")["id"]
    rest.put_method(restApiId=old, resourceId=proxy, httpMethod="GET", authorizationType="NONE",
                    requestParameters={"method.request.path.size": True})
    rest.put_integration(restApiId=old, resourceId=proxy, httpMethod="GET", type="HTTP_PROXY", integrationHttpMethod="GET",
                         uri=backend + "/{size}", timeoutInMillis=400,
                         requestParameters={"integration.request.path.size": "method.request.path.size"})
    rest.create_deployment(restApiId=old, stageName="s")
    new = http_.create_api(Name="q", ProtocolType="HTTP")["ApiId"]
    target = http_.create_integration(ApiId=new, IntegrationType="HTTP_PROXY", IntegrationMethod="ANY", TimeoutInMillis=400,
                                      PayloadFormatVersion="1.0", IntegrationUri=backend + "/{size}")["IntegrationId"]
    http_.create_route(ApiId=new, RouteKey="ANY /{size}", Target=f"integrations/{target}")
    http_.create_stage(ApiId=new, StageName="$default", AutoDeploy=True)

    late = ask(unkai, old, "/s/slow")
    assert (late.status_code, late.json()) == (504, {"message": "Endpoint request timed out"})
    late = ask(unkai, new, "/slow")
    assert (late.status_code, late.json()) == (503, {"message": "Service Unavailable"})
    rest.update_integration(restApiId=old, resourceId=proxy, httpMethod="GET", patchOperations=[
        {"op": "replace", "path": "/timeoutInMillis", "value": "29000"}])
    rest.create_deployment(restApiId=old, stageName="s")
    http_.update_integration(ApiId=new, IntegrationId=target, TimeoutInMillis=30000)
    most = 10 << 20
    assert len(ask(unkai, old, f"/s/{most}").content) == most
    assert len(ask(unkai, new, f"/{most}").content) == most
    large = ask(unkai, old, f"/s/{most + 1}")
    assert (large.status_code, large.json()) == (502, {"message": "Internal server error"})
    large = ask(unkai, new, f"/{most + 1}")
    assert (large.status_code, large.json()) == (500, {"message": "Internal Server Error"})
    large = ask(unkai, new, "/1", "POST", data=b"x" * (most + 1))
    assert (large.status_code, large.json()) == (413, {"message": "Request Entity Too Large"})
    for api, path in ((old, "/s/1"), (new, "/1")):
        assert ask(unkai, api, path, headers={"X-Long": "x" * 9000}).status_code == 200
        assert ask(unkai, api, path, headers={"X-Long": "x" * 10240}).status_code == 431
    rest.delete_rest_api(restApiId=old)
    http_.delete_api(ApiId=new)


# ---- Lambda: what test_lambda.py does not hit.

def test_lambda_policies_and_mappings(unkai, client):
    functions, iam, sqs = client("lambda"), client("iam"), client("sqs")
    role_name, function = name(), name()
    role = iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("app.py", "def handler(event, context): pass\n")
    made = dict(FunctionName=function, Role=role, Runtime="python3.11", Handler="app.handler",
                Code={"ZipFile": archive.getvalue()})
    functions.create_function(**made)
    functions.get_waiter("function_active_v2").wait(FunctionName=function, WaiterConfig={"Delay": 1})

    def permit(number):
        return functions.add_permission(FunctionName=function, StatementId=f"{number:0100}", Action="lambda:InvokeFunction",
                                        Principal="s3.amazonaws.com")
    with pytest.raises(ClientError) as raised:
        for number in range(200):
            permit(number)
    assert raised.value.response["Error"]["Code"] == "PolicyLengthExceededException"
    assert raised.value.response["Error"]["Message"] == "The final policy size is bigger than the limit (20480)."
    url = sqs.create_queue(QueueName=function)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for wrong in ({"BatchSize": 10001, "MaximumBatchingWindowInSeconds": 1}, {"MaximumBatchingWindowInSeconds": 301},
                  {"ScalingConfig": {"MaximumConcurrency": 1}}, {"ScalingConfig": {"MaximumConcurrency": 1001}},
                  {"FilterCriteria": {"Filters": [{"Pattern": "{}"}] * 6}}):
        assert refused(functions.create_event_source_mapping, FunctionName=function, EventSourceArn=arn, **wrong)[
            :2] in ((400, "InvalidParameterValueException"), (400, "ValidationException")), wrong
    for wrong in ({"MaximumRetryAttempts": 3}, {"MaximumEventAgeInSeconds": 59}, {"MaximumEventAgeInSeconds": 21601}):
        assert refused(functions.put_function_event_invoke_config, FunctionName=function, **wrong)[:2] in (
            (400, "InvalidParameterValueException"), (400, "ValidationException")), wrong
    context = base64.b64encode(json.dumps({"x": "y" * 3600}).encode()).decode()
    assert refused(functions.invoke, FunctionName=function, ClientContext=context)[:2] == (
        400, "InvalidRequestContentException")
    functions.delete_function(FunctionName=function)
    sqs.delete_queue(QueueUrl=url)
    iam.delete_role(RoleName=role_name)


# ---- SQS, SNS, EventBridge

def test_sqs(client):
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=name())["QueueUrl"]
    invalid = (400, "InvalidParameterValue")
    most = 1 << 20
    status, code, message = refused(sqs.send_message, QueueUrl=url, MessageBody="x" * (most + 1))
    assert (status, code) == invalid and message.endswith("Message must be shorter than 1048576 bytes.")
    halves = [{"Id": str(number), "MessageBody": "x" * (most // 2 + 1)} for number in range(2)]
    assert refused(sqs.send_message_batch, QueueUrl=url, Entries=halves)[1].endswith("BatchRequestTooLong")
    assert refused(sqs.send_message_batch, QueueUrl=url, Entries=[
        {"Id": str(number), "MessageBody": "x"} for number in range(11)])[1].endswith("TooManyEntriesInBatchRequest")
    attributes = {f"a{number}": {"DataType": "String", "StringValue": "x"} for number in range(11)}
    for wrong in (refused(sqs.send_message, QueueUrl=url, MessageBody="x", DelaySeconds=901),
                  refused(sqs.send_message, QueueUrl=url, MessageBody="x", MessageAttributes=attributes),
                  refused(sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=11),
                  refused(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=21),
                  refused(sqs.receive_message, QueueUrl=url, VisibilityTimeout=43201)):
        assert wrong[:2] == invalid, wrong
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    assert refused(sqs.change_message_visibility, QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=43201)[
        :2] == invalid
    for attribute, wrong in (("DelaySeconds", "901"), ("VisibilityTimeout", "43201"), ("MaximumMessageSize", "1048577"),
                             ("MaximumMessageSize", "1023"), ("MessageRetentionPeriod", "1209601"),
                             ("MessageRetentionPeriod", "59"), ("ReceiveMessageWaitTimeSeconds", "21")):
        status, code, message = refused(sqs.set_queue_attributes, QueueUrl=url, Attributes={attribute: wrong})
        assert (status, code) == (400, "InvalidAttributeValue")
        assert message == f"Invalid value for the parameter {attribute}."
    assert refused(sqs.create_queue, QueueName="x" * 81)[:2] == invalid
    assert refused(sqs.tag_queue, QueueUrl=url, Tags={str(number): "x" for number in range(51)})[0] == 400
    sqs.delete_queue(QueueUrl=url)


def test_sns(client):
    sns = client("sns")
    topic = sns.create_topic(Name=name())["TopicArn"]
    most = 256 << 10
    invalid = (400, "InvalidParameter")
    sns.publish(TopicArn=topic, Message="x" * most)
    assert refused(sns.publish, TopicArn=topic, Message="x" * (most + 1)) == (
        *invalid, "Invalid parameter: Message Reason: Message too long")
    assert refused(sns.publish, TopicArn=topic, Message="x", Subject="x" * 101)[:2] == invalid
    halves = [{"Id": str(number), "Message": "x" * (most // 2 + 1)} for number in range(2)]
    assert refused(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=halves)[1] == "BatchRequestTooLong"
    assert refused(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": str(number), "Message": "x"} for number in range(11)])[1] == "TooManyEntriesInBatchRequest"
    assert refused(sns.create_topic, Name="x" * 257)[:2] == invalid

    def subscribe(number, policy):
        return sns.subscribe(TopicArn=topic, Protocol="sqs", ReturnSubscriptionArn=True,
                             Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:q{number}",
                             Attributes={"FilterPolicy": json.dumps(policy)} if policy else {})["SubscriptionArn"]
    for policy in ({f"k{number}": ["x"] for number in range(6)},  # 5 keys.
                   {"a": list("abcdefghijklm"), "b": list("abcdefghijkl")},  # 150 combinations.
                   {"a": ["x" * most]}):
        assert refused(subscribe, number=0, policy=policy)[:2] == invalid
    for number in range(200):
        subscribe(number, {"a": ["x"]})
    assert refused(subscribe, number=200, policy={"a": ["x"]})[:2] == (403, "FilterPolicyLimitExceeded")
    more = subscribe(200, None)
    assert refused(sns.set_subscription_attributes, SubscriptionArn=more, AttributeName="FilterPolicy",
                   AttributeValue='{"a": ["x"]}')[:2] == (403, "FilterPolicyLimitExceeded")
    sns.delete_topic(TopicArn=topic)


def test_eventbridge(client):
    events = client("events")
    full = (400, "LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    made = [f"b{number}" for number in range(100)]
    for bus in made:
        events.create_event_bus(Name=bus)
    assert refused(events.create_event_bus, Name="more")[:2] == full[:2]
    pattern = '{"source": ["x"]}'
    for number in range(300):
        events.put_rule(Name=f"r{number}", EventBusName="b0", EventPattern=pattern)
    assert refused(events.put_rule, Name="more", EventBusName="b0", EventPattern=pattern) == full
    targets = [{"Id": str(number), "Arn": FUNCTION} for number in range(6)]
    assert refused(events.put_targets, Rule="r0", EventBusName="b0", Targets=targets) == full
    assert refused(events.put_rule, Name="r0", EventBusName="b0", EventPattern='{"source": ["%s"]}' % ("x" * 2048))[
        :2] == (400, "InvalidEventPatternException")
    entry = {"Source": "x", "DetailType": "y", "Detail": "{}"}
    assert refused(events.put_events, Entries=[entry] * 11)[:2] == (400, "ValidationException")
    assert refused(events.put_events, Entries=[{**entry, "Detail": json.dumps({"x": "y" * (256 << 10)})}])[:2] == (
        400, "ValidationException")
    for wrong in ({"MaximumRetryAttempts": 186}, {"MaximumEventAgeInSeconds": 86401}):
        assert refused(events.put_targets, Rule="r0", EventBusName="b0", Targets=[{**targets[0], "RetryPolicy": wrong}])[
            :2] == (400, "ValidationException")
    for number in range(300):
        events.delete_rule(Name=f"r{number}", EventBusName="b0")
    for bus in made:
        events.delete_event_bus(Name=bus)


def test_scheduler(client):
    scheduler = client("scheduler")
    made = [f"g{number}" for number in range(500)]
    for group in made:
        scheduler.create_schedule_group(Name=group)
    assert refused(scheduler.create_schedule_group, Name="more")[:2] == (402, "ServiceQuotaExceededException")
    schedule = dict(Name="x", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"})
    target = {"Arn": FUNCTION, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/any"}
    for wrong in ({"MaximumRetryAttempts": 186}, {"MaximumEventAgeInSeconds": 86401}):
        assert refused(scheduler.create_schedule, Target={**target, "RetryPolicy": wrong}, **schedule)[:2] == (
            400, "ValidationException")
    assert refused(scheduler.create_schedule, Target=target, **{**schedule, "FlexibleTimeWindow": {
        "Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441}})[:2] == (400, "ValidationException")
    assert refused(scheduler.create_schedule, Target=target, **{**schedule, "Name": "x" * 65})[:2] == (
        400, "ValidationException")
    for group in made:
        scheduler.delete_schedule_group(Name=group)


# ---- CloudWatch

def test_cloudwatch_data(client):
    cloudwatch = client("cloudwatch")
    invalid = (400, "InvalidParameterValue")
    one = {"MetricName": "m", "Value": 1.0}

    def put(*data):
        return refused(cloudwatch.put_metric_data, Namespace="Quotas", MetricData=list(data))
    assert put(*[one] * 1001)[:2] == invalid
    wide = [{"Name": f"d{number}", "Value": "v"} for number in range(31)]
    assert put({**one, "Dimensions": wide})[:2] == (400, "ValidationError")
    many = [float(number) for number in range(151)]
    assert put({"MetricName": "m", "Values": many}) == (
        *invalid, "The collection MetricData.member.1.Values must not have a size greater than 150.")
    assert put({**one, "MetricName": "m" * 256})[0] == 400
    assert put({"MetricName": "m", "Value": 2.0 ** 361})[:2] == invalid
    now = datetime.datetime.now(datetime.timezone.utc)
    span = dict(StartTime=now - datetime.timedelta(days=2), EndTime=now)
    queries = [{"Id": f"m{number}", "Expression": "1", "ReturnData": True} for number in range(501)]
    assert refused(cloudwatch.get_metric_data, MetricDataQueries=queries, **span)[0] == 400
    status, code, message = refused(cloudwatch.get_metric_statistics, Namespace="Quotas", MetricName="m", Period=60,
                                    Statistics=["Sum"], **span)
    assert (status, code) == (400, "InvalidParameterCombination") and "exceeds the limit of 1,440" in message
    assert refused(cloudwatch.list_metrics, Dimensions=wide[:11])[0] == 400


def test_cloudwatch_alarms(client):
    cloudwatch = client("cloudwatch")
    alarm = dict(AlarmName="a", Namespace="Quotas", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1,
                 Threshold=1.0, ComparisonOperator="GreaterThanThreshold")
    topics = [f"arn:aws:sns:{REGION}:{ACCOUNT}:t{number}" for number in range(6)]
    for state in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        assert refused(cloudwatch.put_metric_alarm, **alarm, **{state: topics})[0] == 400
    assert refused(cloudwatch.put_metric_alarm, **{**alarm, "EvaluationPeriods": 1441}) == (
        400, "ValidationError", "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be "
        "<= 86400).")
    assert refused(cloudwatch.put_metric_alarm, **{**alarm, "Period": 3600, "EvaluationPeriods": 169})[:2] == (
        400, "ValidationError")
    assert refused(cloudwatch.put_metric_alarm, **{**alarm, "AlarmName": "a" * 256})[:2] == (400, "ValidationError")
    metric = {"Metric": {"Namespace": "Quotas", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
    eleven = [{"Id": f"m{number}", "MetricStat": metric, "ReturnData": False} for number in range(11)]
    assert refused(cloudwatch.put_metric_alarm, AlarmName="a", EvaluationPeriods=1, Threshold=1.0,
                   ComparisonOperator="GreaterThanThreshold", Metrics=[
                       *eleven, {"Id": "e", "Expression": "SUM(METRICS())"}])[0] == 400
    assert refused(cloudwatch.delete_alarms, AlarmNames=[f"a{number}" for number in range(101)])[:2] == (
        400, "ValidationError")
    rule = " OR ".join(f"ALARM(a{number})" for number in range(101))
    assert refused(cloudwatch.put_composite_alarm, AlarmName="c", AlarmRule=rule)[:2] == (400, "ValidationError")
    assert refused(cloudwatch.put_composite_alarm, AlarmName="c", AlarmRule="TRUE OR " * 1280 + "TRUE")[:2] == (
        400, "ValidationError")


# ---- Route 53

@pytest.fixture
def zone(client):
    route53 = client("route53")
    made = route53.create_hosted_zone(Name=f"{name()}.test", CallerReference=name())["HostedZone"]
    yield made["Id"].split("/")[-1], made["Name"]
    changes = [{"Action": "DELETE", "ResourceRecordSet": one} for page in route53.get_paginator(
        "list_resource_record_sets").paginate(HostedZoneId=made["Id"]) for one in page["ResourceRecordSets"]
        if one["Type"] not in ("NS", "SOA")]
    for start in range(0, len(changes), 600):  # The first of them has 400 values.
        route53.change_resource_record_sets(HostedZoneId=made["Id"], ChangeBatch={"Changes": changes[start:start + 600]})
    route53.delete_hosted_zone(Id=made["Id"])


def changing(action, owner, values, kind="A", **more):
    return {"Action": action, "ResourceRecordSet": {
        "Name": owner, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value} for value in values], **more}}


def test_route53_records(client, zone):
    route53, (ident, apex) = client("route53"), zone

    def change(*changes):
        return route53.change_resource_record_sets(HostedZoneId=ident, ChangeBatch={"Changes": list(changes)})

    def wrong(*changes):
        status, code, message = refused(lambda: change(*changes))
        assert (status, code) == (400, "InvalidChangeBatch"), message
        return message
    addresses = [f"10.0.{number // 250}.{number % 250}" for number in range(1001)]
    change(changing("CREATE", f"many.{apex}", addresses[:400]))
    assert "400 values" in wrong(changing("CREATE", f"more.{apex}", addresses[:401]))
    assert "Number of records limit of 1000 exceeded." in wrong(
        *[changing("CREATE", f"r{number}.{apex}", [address]) for number, address in enumerate(addresses)])
    assert "Number of records limit of 1000 exceeded." in wrong(  # UPSERT counts twice.
        *[changing("UPSERT", f"r{number}.{apex}", [address]) for number, address in enumerate(addresses[:501])])
    assert "RDATA character limit of 32000 exceeded." in wrong(*[
        changing("CREATE", f"t{number}.{apex}", ['"' + "x" * 250 + '"'] * 1, kind="TXT") for number in range(130)])
    weighted = dict(values=["10.0.0.1"], owner=f"w.{apex}")
    for weight in (-1, 256):
        assert refused(lambda w=weight: change(changing("CREATE", **weighted, SetIdentifier="x", Weight=w)))[0] == 400
    change(*[changing("CREATE", **weighted, SetIdentifier=str(number), Weight=255) for number in range(100)])
    assert "more than 100" in wrong(changing("CREATE", **weighted, SetIdentifier="more", Weight=0))
    there = route53.get_hosted_zone_limit(HostedZoneId=ident, Type="MAX_RRSETS_BY_ZONE")
    assert there["Limit"]["Value"] == 10000
    left = 10000 - there["Count"]
    for start in range(0, left, 1000):
        change(*[changing("CREATE", f"x{number}.{apex}", ["10.0.0.1"]) for number in range(start, min(left, start + 1000))])
    assert "has reached its limit of 10000 records" in wrong(changing("CREATE", f"more.{apex}", ["10.0.0.1"]))


def test_route53_health_checks(client):
    route53 = client("route53")
    there = route53.get_account_limit(Type="MAX_HEALTH_CHECKS_BY_OWNER")
    assert there["Limit"]["Value"] == 200
    config = {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 1, "Disabled": True}
    made = [route53.create_health_check(CallerReference=name(), HealthCheckConfig=config)["HealthCheck"]["Id"]
            for _ in range(200 - there["Count"])]
    assert refused(route53.create_health_check, CallerReference=name(), HealthCheckConfig=config)[:2] == (
        400, "TooManyHealthChecks")
    for ident in made:
        route53.delete_health_check(HealthCheckId=ident)
    children = [str(uuid.uuid4()) for _ in range(256)]
    assert refused(route53.create_health_check, CallerReference=name(), HealthCheckConfig={
        "Type": "CALCULATED", "HealthThreshold": 1, "ChildHealthChecks": children})[:2] == (400, "InvalidInput")
    for wrong in ({"RequestInterval": 20}, {"FailureThreshold": 11}, {"Type": "HTTP_STR_MATCH", "SearchString": "x" * 256}):
        assert refused(route53.create_health_check, CallerReference=name(), HealthCheckConfig={
            **config, **wrong})[:2] == (400, "InvalidInput"), wrong
