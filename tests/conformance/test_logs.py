"""CloudWatch Logs: every promised operation by boto3, successes and errors."""
import time
import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def logs(unkai, via):
    return unkai.client("logs", via=via)


@pytest.fixture
def group(logs):
    name = f"/conformance/{uuid.uuid4().hex}"
    logs.create_log_group(logGroupName=name, tags={"team": "a"})
    yield name
    try:
        logs.delete_log_group(logGroupName=name)
    except logs.exceptions.ResourceNotFoundException:
        pass


def code(call, **arguments):
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    return failure.value.response["Error"]["Code"]


def now():
    return int(time.time() * 1000)


def test_groups(logs, group):
    assert code(logs.create_log_group, logGroupName=group) == "ResourceAlreadyExistsException"
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert found["retentionInDays"] == 7 and found["arn"].endswith(f":log-group:{group}:*")
    assert code(logs.put_retention_policy, logGroupName=group, retentionInDays=2) == "InvalidParameterException"
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    logs.delete_log_group(logGroupName=group)
    assert code(logs.delete_log_group, logGroupName=group) == "ResourceNotFoundException"


def test_tags(logs, group):
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["arn"].removesuffix(":*")
    logs.tag_resource(resourceArn=arn, tags={"x": "y"})
    logs.tag_log_group(logGroupName=group, tags={"z": "1"})
    logs.untag_resource(resourceArn=arn, tagKeys=["team"])
    logs.untag_log_group(logGroupName=group, tags=["z"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"x": "y"}
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"x": "y"}
    assert code(logs.list_tags_for_resource, resourceArn=arn + "x") == "ResourceNotFoundException"


def test_events(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    assert code(logs.create_log_stream, logGroupName=group, logStreamName="one") == "ResourceAlreadyExistsException"
    start = now()
    events = [{"timestamp": start + i, "message": f"line {i} {'ERROR' if i % 3 == 0 else 'ok'}"} for i in range(10)]
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)
    page = logs.get_log_events(logGroupName=group, logStreamName="one", limit=6, startFromHead=True)
    assert [event["message"] for event in page["events"]] == [event["message"] for event in events[:6]]
    rest = logs.get_log_events(logGroupName=group, logStreamName="one", nextToken=page["nextForwardToken"])
    assert len(rest["events"]) == 4
    assert len(logs.get_log_events(logGroupName=group, logStreamName="one")["events"]) == 10
    found = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, filterPattern="ERROR", PaginationConfig={"PageSize": 2})
    assert sum(len(page["events"]) for page in found) == 4
    assert code(logs.filter_log_events, logGroupName=group, filterPattern="{ $.a =") == "InvalidParameterException"
    old = logs.put_log_events(logGroupName=group, logStreamName="one",
                              logEvents=[{"timestamp": start - 20 * 86400000, "message": "old"}])
    assert old["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"] == 1
    streams = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"]
    assert streams[0]["lastEventTimestamp"] == start + 9
    logs.delete_log_stream(logGroupName=group, logStreamName="one")
    assert code(logs.get_log_events, logGroupName=group, logStreamName="one") == "ResourceNotFoundException"


def test_what_is_not_there_says_so(logs):
    assert code(logs.describe_metric_filters) in ("NotImplemented", "501")
