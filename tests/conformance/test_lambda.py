"""Lambda: every promised operation by boto3 on the real program, successes and errors, and the quotas."""
import base64
import hashlib
import io
import json
import os
import signal
import tarfile
import threading
import time
import urllib.error
import urllib.request
import uuid
import zipfile

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from conftest import ACCESS_KEY, ACCOUNT, REGION, SECRET_KEY, code

RUNTIME = "python3.11"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
HANDLER = """
import json, os, sys, time

def handler(event, context):
    what = event.get("do") if isinstance(event, dict) else None
    if what == "fail":
        raise ValueError("as told")
    if what == "sleep":
        time.sleep(event["seconds"])
    if what == "environment":
        return dict(os.environ)
    if what == "big":
        return "x" * event["bytes"]
    if what == "print":
        print("a line of its own")
    if what == "context":
        return {"version": context.function_version, "arn": context.invoked_function_arn,
                "client": context.client_context and context.client_context.custom}
    if what == "module":
        import extra
        return extra.NAME
    return {"echo": event, "tag": TAG}
TAG = "%s"
"""


def archive(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(name, text)
    return out.getvalue()


def package(tag="one", **more):
    return archive({"app.py": HANDLER % tag, **more})


def message(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Message"]


def until(look, seconds=60):
    """The first true answer; a function that is not yet there raises or answers nothing."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, "it never came"
        threading.Event().wait(0.1)


@pytest.fixture(scope="module")
def role(unkai):
    iam = unkai.client("iam")
    name = "lambda-" + uuid.uuid4().hex[:8]
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    yield made
    iam.delete_role(RoleName=name)


@pytest.fixture(scope="module")
def functions(unkai, via):
    return unkai.client("lambda", via=via, parameter_validation=False, read_timeout=120)


@pytest.fixture
def make(functions, role):
    names = []

    def create(wait=True, code=None, **arguments):
        name = "f-" + uuid.uuid4().hex[:10]
        made = functions.create_function(FunctionName=name, Role=role, Code=code or {"ZipFile": package()},
                                         **{"Runtime": RUNTIME, "Handler": "app.handler", **arguments})
        names.append(name)
        if wait:
            functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        return made
    yield create
    for name in names:
        try:
            functions.delete_function(FunctionName=name)
        except functions.exceptions.ResourceNotFoundException:
            pass


def invoke(functions, name, event=None, **arguments):
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event if event is not None else {}), **arguments)
    text = answer["Payload"].read()
    return (json.loads(text) if text else None), answer


def settled(functions, name):
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def test_a_function_is_made_run_changed_and_deleted(functions, make):
    zipped = package()
    made = make(wait=False, code={"ZipFile": zipped}, Description="first", Tags={"a": "1"},
                Environment={"Variables": {"GREETING": "hello"}})
    name = made["FunctionName"]
    assert made["State"] == "Pending" and made["StateReasonCode"] == "Creating"
    assert made["FunctionArn"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    assert made["CodeSha256"] == base64.b64encode(hashlib.sha256(zipped).digest()).decode()
    assert made["CodeSize"] == len(zipped) and made["Version"] == "$LATEST"
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    got = functions.get_function(FunctionName=name)
    assert got["Configuration"]["State"] == "Active" and got["Tags"] == {"a": "1"}
    assert got["Configuration"]["LastUpdateStatus"] == "Successful"
    with urllib.request.urlopen(got["Code"]["Location"]) as link:
        assert link.read() == zipped
    assert functions.get_function_configuration(FunctionName=made["FunctionArn"])["FunctionName"] == name
    assert name in [one["FunctionName"] for page in functions.get_paginator("list_functions").paginate()
                    for one in page["Functions"]]

    answer, whole = invoke(functions, name, {"n": 1})
    assert answer == {"echo": {"n": 1}, "tag": "one"}
    assert whole["StatusCode"] == 200 and whole["ExecutedVersion"] == "$LATEST" and "FunctionError" not in whole
    answer, whole = invoke(functions, name, {"do": "fail"})
    assert whole["FunctionError"] == "Unhandled" and answer["errorType"] == "ValueError"
    assert answer["errorMessage"] == "as told"
    environment, _ = invoke(functions, name, {"do": "environment"})
    assert environment["GREETING"] == "hello" and environment["AWS_REGION"] == REGION
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == name and environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")

    old = functions.get_function_configuration(FunctionName=name)["RevisionId"]
    functions.update_function_code(FunctionName=name, ZipFile=package("two"), RevisionId=old)
    settled(functions, name)
    assert invoke(functions, name)[0]["tag"] == "two"
    assert code(functions.update_function_code, FunctionName=name, ZipFile=package(),
                RevisionId=old) == "PreconditionFailedException"
    functions.update_function_configuration(FunctionName=name, Timeout=5, MemorySize=256,
                                            Environment={"Variables": {"GREETING": "hi"}})
    settled(functions, name)
    changed, _ = invoke(functions, name, {"do": "environment"})
    assert changed["GREETING"] == "hi" and changed["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"

    functions.delete_function(FunctionName=name)
    assert code(functions.get_function, FunctionName=name) == "ResourceNotFoundException"
    assert code(functions.invoke, FunctionName=name) == "ResourceNotFoundException"
    assert code(functions.delete_function, FunctionName=name) == "ResourceNotFoundException"


def test_what_invoke_takes_and_tells(functions, make):
    name = make()["FunctionName"]
    context = base64.b64encode(json.dumps({"custom": {"k": "v"}}).encode()).decode()
    answer, _ = invoke(functions, name, {"do": "context"}, ClientContext=context)
    assert answer["client"] == {"k": "v"} and answer["arn"].endswith(":function:" + name)
    _, whole = invoke(functions, name, {"do": "print"}, LogType="Tail")
    tail = base64.b64decode(whole["LogResult"]).decode()
    assert "START RequestId: " in tail and "a line of its own" in tail and "REPORT RequestId: " in tail
    assert functions.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    assert code(functions.invoke, FunctionName=name, Payload=b"{no json") == "InvalidRequestContentException"
    assert code(functions.invoke, FunctionName=name, ClientContext="%%%") == "InvalidRequestContentException"
    assert code(functions.invoke, FunctionName=name, Qualifier="nope") == "ResourceNotFoundException"
    assert functions.invoke(FunctionName=name)["StatusCode"] == 200


def test_lines_reach_the_log(unkai, functions, make):
    name = make()["FunctionName"]
    invoke(functions, name, {"do": "print"})
    logs = unkai.client("logs")

    def lines():
        try:
            return [event["message"] for event in logs.filter_log_events(logGroupName="/aws/lambda/" + name)["events"]]
        except logs.exceptions.ResourceNotFoundException:
            return []
    until(lambda: any(line.startswith("REPORT RequestId: ") for line in lines()))
    assert [line.split(" ")[0] for line in lines()][0:2] == ["START", "a"]
    stream = logs.describe_log_streams(logGroupName="/aws/lambda/" + name)["logStreams"][0]["logStreamName"]
    assert "/[$LATEST]" in stream and len(stream.split("]")[1]) == 32


def test_versions_and_aliases(functions, make):
    name = make()["FunctionName"]
    first = functions.publish_version(FunctionName=name, Description="one")
    assert first["Version"] == "1" and first["FunctionArn"].endswith(name + ":1")
    assert functions.publish_version(FunctionName=name)["Version"] == "1"  # Nothing changed.
    functions.update_function_code(FunctionName=name, ZipFile=package("two"))
    settled(functions, name)
    assert code(functions.publish_version, FunctionName=name, CodeSha256="x") == "InvalidParameterValueException"
    assert functions.publish_version(FunctionName=name)["Version"] == "2"
    for version in ("1", "2"):
        until(lambda v=version: functions.get_function_configuration(
            FunctionName=name, Qualifier=v)["State"] == "Active")
    assert [one["Version"] for one in functions.list_versions_by_function(FunctionName=name)["Versions"]] == [
        "$LATEST", "1", "2"]
    assert invoke(functions, name, Qualifier="1")[0]["tag"] == "one"
    assert invoke(functions, name + ":2")[0]["tag"] == "two"

    alias = functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert alias["AliasArn"].endswith(f"{name}:live")
    answer, whole = invoke(functions, name, Qualifier="live")
    assert answer["tag"] == "one" and whole["ExecutedVersion"] == "1"
    assert code(functions.create_alias, FunctionName=name, Name="live",
                FunctionVersion="1") == "ResourceConflictException"
    assert code(functions.create_alias, FunctionName=name, Name="x",
                FunctionVersion="9") == "ResourceNotFoundException"
    functions.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    ran = {invoke(functions, name, Qualifier="live")[1]["ExecutedVersion"] for _ in range(60)}
    assert ran == {"1", "2"}
    assert code(functions.update_alias, FunctionName=name, Name="live", RevisionId="x") == "PreconditionFailedException"
    assert code(functions.delete_function, FunctionName=name, Qualifier="2") == "ResourceConflictException"
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion="2",
                           RoutingConfig={"AdditionalVersionWeights": {}})
    assert functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "2"
    assert [one["Name"] for one in functions.list_aliases(FunctionName=name, FunctionVersion="2")["Aliases"]] == ["live"]
    functions.delete_function(FunctionName=name, Qualifier="1")
    assert code(functions.get_function, FunctionName=name, Qualifier="1") == "ResourceNotFoundException"
    functions.delete_alias(FunctionName=name, Name="live")
    assert code(functions.get_alias, FunctionName=name, Name="live") == "ResourceNotFoundException"


def test_layers(functions, make):
    layer = "layer-" + uuid.uuid4().hex[:8]
    content = {"ZipFile": archive({"python/extra.py": "NAME = 'from the layer'\n"})}
    made = functions.publish_layer_version(LayerName=layer, Content=content, CompatibleRuntimes=[RUNTIME],
                                           Description="d")
    assert made["Version"] == 1 and made["LayerVersionArn"].endswith(f":layer:{layer}:1")
    assert functions.publish_layer_version(LayerName=layer, Content=content)["Version"] == 2
    name = make(Layers=[made["LayerVersionArn"]])["FunctionName"]
    assert invoke(functions, name, {"do": "module"})[0] == "from the layer"
    got = functions.get_layer_version(LayerName=layer, VersionNumber=1)
    with urllib.request.urlopen(got["Content"]["Location"]) as link:
        assert link.read() == content["ZipFile"]
    assert functions.get_layer_version_by_arn(Arn=made["LayerVersionArn"])["Version"] == 1
    assert layer in [one["LayerName"] for one in functions.list_layers()["Layers"]]
    assert [one["Version"] for one in functions.list_layer_versions(LayerName=layer)["LayerVersions"]] == [2, 1]
    assert len(functions.list_layer_versions(LayerName=layer, CompatibleRuntime=RUNTIME)["LayerVersions"]) == 1
    functions.delete_layer_version(LayerName=layer, VersionNumber=1)
    assert code(functions.get_layer_version, LayerName=layer, VersionNumber=1) == "ResourceNotFoundException"
    assert invoke(functions, name, {"do": "module"})[0] == "from the layer"  # Who has it keeps it.
    assert code(functions.update_function_configuration, FunctionName=name,
                Layers=[made["LayerVersionArn"]]) == "InvalidParameterValueException"


def test_permissions(functions, make):
    name = make()["FunctionName"]
    assert code(functions.get_policy, FunctionName=name) == "ResourceNotFoundException"
    added = functions.add_permission(FunctionName=name, StatementId="s1", Action="lambda:InvokeFunction",
                                     Principal="s3.amazonaws.com", SourceArn="arn:aws:s3:::b", SourceAccount=ACCOUNT)
    statement = json.loads(added["Statement"])
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"]["ArnLike"] == {"AWS:SourceArn": "arn:aws:s3:::b"}
    assert code(functions.add_permission, FunctionName=name, StatementId="s1", Action="lambda:InvokeFunction",
                Principal="s3.amazonaws.com") == "ResourceConflictException"
    policy = functions.get_policy(FunctionName=name)
    assert len(json.loads(policy["Policy"])["Statement"]) == 1
    assert code(functions.remove_permission, FunctionName=name, StatementId="nope") == "ResourceNotFoundException"
    functions.remove_permission(FunctionName=name, StatementId="s1", RevisionId=policy["RevisionId"])
    assert code(functions.get_policy, FunctionName=name) == "ResourceNotFoundException"


def test_tags_and_account(functions, make):
    arn = make(Tags={"a": "1"})["FunctionArn"]
    functions.tag_resource(Resource=arn, Tags={"b": "2"})
    functions.untag_resource(Resource=arn, TagKeys=["a"])
    assert functions.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    assert code(functions.tag_resource, Resource=arn, Tags={str(n): "x" for n in range(51)}) == \
        "InvalidParameterValueException"
    assert code(functions.list_tags, Resource=arn + "x") == "ResourceNotFoundException"
    limits = functions.get_account_settings()["AccountLimit"]
    assert limits["ConcurrentExecutions"] == 1000 and limits["CodeSizeUnzipped"] == 262144000
    assert limits["TotalCodeSize"] == 80530636800


def test_code_from_s3(unkai, functions, make):
    s3 = unkai.client("s3")
    bucket = "code-" + uuid.uuid4().hex[:10]
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="app.zip", Body=package("from s3"))
    name = make(code={"S3Bucket": bucket, "S3Key": "app.zip"})["FunctionName"]
    assert invoke(functions, name)[0]["tag"] == "from s3"
    said = message(functions.update_function_code, FunctionName=name, S3Bucket=bucket, S3Key="nope")
    assert "S3 Error Code: NoSuchKey" in said
    s3.delete_object(Bucket=bucket, Key="app.zip")
    s3.delete_bucket(Bucket=bucket)


def test_bad_functions_are_refused(functions, role, make):
    def refused(**arguments):
        return code(functions.create_function, **{"FunctionName": "bad", "Role": role, "Runtime": RUNTIME,
                                                  "Handler": "a.b", "Code": {"ZipFile": package()}, **arguments})
    assert refused(Role=f"arn:aws:iam::{ACCOUNT}:role/nobody") == "InvalidParameterValueException"
    assert refused(Code={"ZipFile": b"no zip at all"}) == "InvalidParameterValueException"
    assert refused(Environment={"Variables": {"AWS_REGION": "x"}}) == "InvalidParameterValueException"
    assert refused(Code={"ImageUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/x:y"}) == \
        "InvalidParameterValueException"
    assert refused(Runtime="java21") == "InvalidParameterValueException"
    assert refused(VpcConfig={"SubnetIds": ["subnet-0123456789abcdef0"],
                              "SecurityGroupIds": ["sg-0123456789abcdef0"]}) == "InvalidParameterValueException"
    assert refused(Layers=[f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:none:1"]) == "InvalidParameterValueException"
    assert refused(Code={"ZipFile": archive({"../out.py": "x"})}) == "InvalidParameterValueException"
    name = make()["FunctionName"]
    assert refused(FunctionName=name) == "ResourceConflictException"


def test_quotas_of_configuration(functions, role):
    def said(**arguments):
        return message(functions.create_function, **{"FunctionName": "bad", "Role": role, "Runtime": RUNTIME,
                                                     "Handler": "a.b", "Code": {"ZipFile": package()}, **arguments})
    if functions.via != "cli":  # The AWS CLI looks itself.
        assert "128" in said(MemorySize=127)
    assert "less than or equal to 900" in said(Timeout=901)
    assert "less than or equal to 10240" in said(MemorySize=10241)
    assert "exceeded the 4KB limit" in said(Environment={"Variables": {"A1": "x" * 4096}})
    assert "less than or equal to 10240" in said(EphemeralStorage={"Size": 10241})
    layers = [f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:l{n}:1" for n in range(6)]
    assert said(Layers=layers) == "Cannot reference more than 5 layers."
    zeros = archive({"big": b"\0" * (262144000 + 1)})
    assert said(Code={"ZipFile": zeros}) == "Unzipped size must be smaller than 262144000 bytes"


@pytest.mark.by_boto3
def test_quota_of_a_zipped_upload(functions, role):
    big = os.urandom(53 << 20)
    assert code(functions.create_function, FunctionName="bad", Role=role, Runtime=RUNTIME, Handler="a.b",
                Code={"ZipFile": big}) == "RequestEntityTooLargeException"


@pytest.mark.by_boto3
def test_quota_of_layers_with_the_function(functions, role):
    layer = functions.publish_layer_version(LayerName="big-" + uuid.uuid4().hex[:8],
                                            Content={"ZipFile": archive({"big": b"\0" * (200 << 20)})})
    said = message(functions.create_function, FunctionName="bad", Role=role, Runtime=RUNTIME, Handler="a.b",
                   Layers=[layer["LayerVersionArn"]], Code={"ZipFile": archive({"big": b"\0" * (60 << 20)})})
    assert "exceeds the maximum allowed size of 262144000 bytes" in said


def test_quotas_of_payloads(functions, make):
    name = make(MemorySize=512)["FunctionName"]
    just = b'"' + b"x" * (6291456 - 2) + b'"'
    assert functions.invoke(FunctionName=name, Payload=just)["StatusCode"] == 200
    assert code(functions.invoke, FunctionName=name, Payload=just + b" ") == "RequestEntityTooLargeException"
    event = b'"' + b"x" * (1 << 20) + b'"'
    assert code(functions.invoke, FunctionName=name, Payload=event,
                InvocationType="Event") == "RequestEntityTooLargeException"
    answer, whole = invoke(functions, name, {"do": "big", "bytes": 6300000})
    assert whole["FunctionError"] == "Unhandled" and answer["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_timeout_kills(functions, make):
    name = make(Timeout=1)["FunctionName"]
    answer, whole = invoke(functions, name, {"do": "sleep", "seconds": 30})
    assert whole["FunctionError"] == "Unhandled" and "Task timed out after 1.00 seconds" in answer["errorMessage"]
    assert invoke(functions, name)[0]["tag"] == "one"


def test_reserved_concurrency(unkai, functions, make):
    name = make(Timeout=30)["FunctionName"]
    assert "below its minimum value of [100]" in message(
        functions.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=901)
    put = functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    assert put["ReservedConcurrentExecutions"] == 1
    assert functions.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 1
    assert functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 999

    plain = unkai.client("lambda", read_timeout=120)  # The AWS CLI makes one call at a time.

    def hold():
        while True:  # Until it is the one that runs.
            try:
                return invoke(plain, name, {"do": "sleep", "seconds": 5})
            except plain.exceptions.TooManyRequestsException:
                pass
    first = threading.Thread(target=hold)
    first.start()

    def throttled():
        try:
            plain.invoke(FunctionName=name, Payload=b"{}")
        except plain.exceptions.TooManyRequestsException as error:
            return error.response
        return None
    refused = until(throttled)
    assert refused["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert refused["Error"]["Message"] == "Rate Exceeded."
    first.join()
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert code(functions.invoke, FunctionName=name) == "TooManyRequestsException"
    functions.delete_function_concurrency(FunctionName=name)
    assert invoke(functions, name)[0]["tag"] == "one"


def test_event_invoke_configurations(functions, make):
    name = make()["FunctionName"]
    assert code(functions.get_function_event_invoke_config, FunctionName=name) == "ResourceNotFoundException"
    target = f"arn:aws:sqs:{REGION}:{ACCOUNT}:any"
    put = functions.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": target}})
    assert put["FunctionArn"].endswith(name + ":$LATEST")
    functions.update_function_event_invoke_config(FunctionName=name, MaximumEventAgeInSeconds=60)
    got = functions.get_function_event_invoke_config(FunctionName=name)
    assert (got["MaximumRetryAttempts"], got["MaximumEventAgeInSeconds"]) == (1, 60)
    assert got["DestinationConfig"]["OnFailure"]["Destination"] == target
    assert len(functions.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]) == 1
    assert code(functions.put_function_event_invoke_config, FunctionName=name, DestinationConfig={
        "OnFailure": {"Destination": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/x"}}) == "InvalidParameterValueException"
    functions.delete_function_event_invoke_config(FunctionName=name)
    assert code(functions.delete_function_event_invoke_config, FunctionName=name) == "ResourceNotFoundException"


def receive(sqs, url, seconds=60):
    def look():
        got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2, MessageAttributeNames=["All"]).get("Messages")
        return got and got[0]
    return until(look, seconds)


@pytest.fixture
def queue(unkai):
    sqs = unkai.client("sqs")
    urls = []

    def create(**attributes):
        name = "q-" + uuid.uuid4().hex[:10] + (".fifo" if "FifoQueue" in attributes else "")
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        urls.append(url)
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return url, arn
    yield create
    for url in urls:
        sqs.delete_queue(QueueUrl=url)


def test_asynchronous_invocations_tell_their_destinations(unkai, functions, make, queue):
    sqs = unkai.client("sqs")
    good, good_arn = queue()
    bad, bad_arn = queue()
    name = make(DeadLetterConfig={"TargetArn": bad_arn})["FunctionName"]
    functions.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={"OnSuccess": {"Destination": good_arn}})
    assert functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 7}')["StatusCode"] == 202
    told = json.loads(receive(sqs, good)["Body"])
    assert told["requestContext"]["condition"] == "Success" and told["requestPayload"] == {"n": 7}
    assert told["responsePayload"]["echo"] == {"n": 7} and told["requestContext"]["approximateInvokeCount"] == 1
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"do": "fail"}')
    letter = receive(sqs, bad)
    assert json.loads(letter["Body"]) == {"do": "fail"}
    assert letter["MessageAttributes"]["ErrorMessage"]["StringValue"] == "as told"


def test_event_source_mappings(unkai, functions, make, queue):
    sqs = unkai.client("sqs")
    url, arn = queue()
    name = make(code={"ZipFile": archive({"app.py": """
def handler(event, context):
    print("batch", [record["body"] for record in event["Records"]])
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"]
                                  if record["body"] == "bad"]}
"""})})["FunctionName"]
    assert code(functions.create_event_source_mapping, FunctionName=name,
                EventSourceArn=arn + "x") == "InvalidParameterValueException"
    assert code(functions.create_event_source_mapping, FunctionName=name, EventSourceArn=arn,
                BatchSize=11) == "InvalidParameterValueException"
    made = functions.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, BatchSize=5,
                                                 FunctionResponseTypes=["ReportBatchItemFailures"])
    key = made["UUID"]
    assert made["State"] == "Creating"
    assert functions.get_event_source_mapping(UUID=key)["State"] == "Enabled"
    assert code(functions.create_event_source_mapping, FunctionName=name,
                EventSourceArn=arn) == "ResourceConflictException"
    for body in ("good", "bad", "fine"):
        sqs.send_message(QueueUrl=url, MessageBody=body)

    def left():
        got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[
            "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"])["Attributes"]
        return sum(int(value) for value in got.values())
    until(lambda: left() == 1)
    assert functions.update_event_source_mapping(UUID=key, Enabled=False)["State"] == "Disabling"
    assert functions.get_event_source_mapping(UUID=key)["State"] == "Disabled"
    listed = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    assert [one["UUID"] for one in listed] == [key]
    assert functions.delete_event_source_mapping(UUID=key)["State"] == "Deleting"
    assert code(functions.get_event_source_mapping, UUID=key) == "ResourceNotFoundException"


def fetch(unkai, url, method="GET", body=None, headers=()):
    """By the API's port, as the name's address would lead there."""
    host = url.split("/")[2]
    path = url.split(host, 1)[1]
    request = urllib.request.Request(f"http://127.0.0.1:{unkai.port}{path}", body, {**dict(headers), "Host": host},
                                     method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def test_function_urls(unkai, functions, make):
    name = make(code={"ZipFile": archive({"app.py": """
import base64
def handler(event, context):
    http = event["requestContext"]["http"]
    if event["rawPath"] == "/binary":
        return {"statusCode": 200, "headers": {"Content-Type": "image/png"}, "isBase64Encoded": True,
                "body": base64.b64encode(bytes(range(256))).decode()}
    return {"statusCode": 201, "cookies": ["a=1"], "headers": {"X-Method": http["method"]},
            "body": event["rawPath"] + "?" + event["rawQueryString"] + " " + str(event.get("body"))}
"""})})["FunctionName"]
    assert code(functions.get_function_url_config, FunctionName=name) == "ResourceNotFoundException"
    made = functions.create_function_url_config(FunctionName=name, AuthType="NONE", Cors={
        "AllowOrigins": ["https://app.example"], "AllowMethods": ["POST"], "MaxAge": 60})
    url = made["FunctionUrl"]
    assert url.endswith(f".lambda-url.{REGION}.on.aws/")
    assert code(functions.create_function_url_config, FunctionName=name, AuthType="NONE") == "ResourceConflictException"
    assert fetch(unkai, url)[0] == 403  # No statement lets everybody in.
    functions.add_permission(FunctionName=name, StatementId="all", Action="lambda:InvokeFunctionUrl", Principal="*",
                             FunctionUrlAuthType="NONE")
    status, headers, body = fetch(unkai, url + "a/b?c=d", "POST", b"text", {"Content-Type": "text/plain"})
    assert (status, body) == (201, b"/a/b?c=d text")
    headers = {key.lower(): value for key, value in headers.items()}
    assert headers["set-cookie"] == "a=1" and headers["x-method"] == "POST"
    assert fetch(unkai, url + "binary")[2] == bytes(range(256))
    local = url.replace(".on.aws", ".localhost")
    assert fetch(unkai, local + "x")[0] == 201
    status, headers, _ = fetch(unkai, url, "OPTIONS", None, {"Origin": "https://app.example",
                                                             "Access-Control-Request-Method": "POST"})
    headers = {key.lower(): value for key, value in headers.items()}
    assert status == 200 and headers["access-control-allow-origin"] == "https://app.example"

    functions.update_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    assert functions.get_function_url_config(FunctionName=name)["AuthType"] == "AWS_IAM"
    assert fetch(unkai, url)[0] == 403
    signed = AWSRequest("GET", url + "s")
    SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "lambda", REGION).add_auth(signed)
    assert fetch(unkai, url + "s", headers=dict(signed.headers))[0] == 201
    assert len(functions.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]) == 1
    functions.delete_function_url_config(FunctionName=name)
    assert fetch(unkai, url)[0] == 404
    assert code(functions.delete_function_url_config, FunctionName=name) == "ResourceNotFoundException"


def test_a_function_in_a_vpc(unkai, functions, make):
    ec2 = unkai.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.77.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="f", Description="f", VpcId=vpc)["GroupId"]
    name = make(VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": [group]})["FunctionName"]
    assert functions.get_function_configuration(FunctionName=name)["VpcConfig"]["VpcId"] == vpc

    def interfaces():
        return ec2.describe_network_interfaces(Filters=[{"Name": "subnet-id", "Values": [subnet]}])["NetworkInterfaces"]
    assert [one["Description"] for one in interfaces()] == ["AWS Lambda VPC ENI"]
    assert invoke(functions, name)[0]["tag"] == "one"
    functions.delete_function(FunctionName=name)
    until(lambda: not interfaces())
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def push_image(ecr, repository):
    """An image of one file, by the API alone; its digest."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        entry = tarfile.TarInfo("hello")
        entry.size = 5
        tar.addfile(entry, io.BytesIO(b"hello"))
    blob = layer.getvalue()
    digest = "sha256:" + hashlib.sha256(blob).hexdigest()
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Entrypoint": ["/hello"]},
                         "rootfs": {"type": "layers", "diff_ids": [digest]}}).encode()
    parts = []
    for bytes_ in (config, blob):
        name = "sha256:" + hashlib.sha256(bytes_).hexdigest()
        upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
        ecr.upload_layer_part(repositoryName=repository, uploadId=upload, partFirstByte=0, partLastByte=len(bytes_) - 1,
                              layerPartBlob=bytes_)
        ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[name])
        parts.append({"digest": name, "size": len(bytes_)})
    kind = "application/vnd.oci.image."
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
                           "config": {"mediaType": kind + "config.v1+json", **parts[0]},
                           "layers": [{"mediaType": kind + "layer.v1.tar", **parts[1]}]})
    return ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag="one",
                         imageManifestMediaType=kind + "manifest.v1+json")["image"]["imageId"]["imageDigest"]


def test_a_function_from_an_image(unkai, functions, role):
    ecr = unkai.client("ecr")
    repository = "lambda-" + uuid.uuid4().hex[:8]
    uri = ecr.create_repository(repositoryName=repository)["repository"]["repositoryUri"]
    digest = push_image(ecr, repository)
    name = "i-" + uuid.uuid4().hex[:8]
    assert code(functions.create_function, FunctionName=name, Role=role, PackageType="Image", Runtime=RUNTIME,
                Code={"ImageUri": uri + ":one"}) == "InvalidParameterValueException"
    assert code(functions.create_function, FunctionName=name, Role=role, PackageType="Image",
                Code={"ImageUri": uri + ":two"}) == "InvalidParameterValueException"
    functions.create_function(FunctionName=name, Role=role, PackageType="Image", Code={"ImageUri": uri + ":one"})
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    got = functions.get_function(FunctionName=name)
    assert got["Code"]["ResolvedImageUri"] == f"{uri}@{digest}" and got["Configuration"]["PackageType"] == "Image"
    answer, whole = invoke(functions, name)  # It is no program.
    assert whole["FunctionError"] == "Unhandled" and answer["errorType"] == "Runtime.InvalidEntrypoint"
    functions.delete_function(FunctionName=name)
    ecr.delete_repository(repositoryName=repository, force=True)


def test_the_role_is_what_the_function_acts_with(unkai, functions, make, role):
    name = make()["FunctionName"]
    environment, _ = invoke(functions, name, {"do": "environment"})
    session = unkai.session(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"],
                            environment["AWS_SESSION_TOKEN"])
    who = session.client("sts", config=Config(retries={"total_max_attempts": 1})).get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.split('/')[-1]}/{name}"


def test_accepted_events_survive_kill_9(unkai, functions, make, queue):
    """The whole program is killed and started again; what was acknowledged is run."""
    sqs = unkai.client("sqs")
    url, arn = queue()
    name = make()["FunctionName"]
    functions.put_function_event_invoke_config(FunctionName=name,
                                               DestinationConfig={"OnSuccess": {"Destination": arn}})
    for number in range(20):
        functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({"n": number}))
    pid = json.loads(unkai.run("status", "--json").stdout)["data"]["pid"]
    os.kill(pid, signal.SIGKILL)
    unkai.start()
    seen = set()

    def all_came():
        for got in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
            seen.add(json.loads(got["Body"])["requestPayload"]["n"])
        return seen == set(range(20))
    until(all_came, 90)
