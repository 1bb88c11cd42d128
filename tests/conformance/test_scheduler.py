"""EventBridge Scheduler: every promised operation, by boto3 and by the AWS CLI; calls to a queue."""
import datetime
import json
import uuid

import pytest

from conftest import ACCOUNT, REGION, code

ROLE = f"arn:aws:iam::{ACCOUNT}:role/scheduler"


@pytest.fixture(scope="module")
def scheduler(unkai, via):
    return unkai.client("scheduler", via=via)


@pytest.fixture(scope="module")
def sqs(unkai):
    return unkai.client("sqs")


def name(prefix="s"):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def queue(sqs):
    url = sqs.create_queue(QueueName=name("q"))["QueueUrl"]
    yield url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.delete_queue(QueueUrl=url)


def described(arn, expression="rate(1 day)", **more):
    target = {"Arn": arn, "RoleArn": ROLE, "Input": '{"at": "<aws.scheduler.scheduled-time>"}', **more.pop("Target", {})}
    return {"ScheduleExpression": expression, "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target, **more}


NOWHERE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:nowhere"


def test_groups(scheduler):
    group = name("g")
    arn = scheduler.create_schedule_group(Name=group, Tags=[{"Key": "a", "Value": "b"}])["ScheduleGroupArn"]
    assert arn == f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{group}"
    assert code(scheduler.create_schedule_group, Name=group) == "ConflictException"
    assert scheduler.get_schedule_group(Name=group)["State"] == "ACTIVE"
    assert [row["Name"] for row in scheduler.list_schedule_groups(NamePrefix=group)["ScheduleGroups"]] == [group]
    scheduler.tag_resource(ResourceArn=arn, Tags=[{"Key": "c", "Value": "d"}])
    scheduler.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    scheduler.create_schedule(Name="s", GroupName=group, State="DISABLED", **described(NOWHERE))
    assert [row["Name"] for row in scheduler.list_schedules(GroupName=group)["Schedules"]] == ["s"]
    scheduler.delete_schedule_group(Name=group)
    gone = "ResourceNotFoundException"
    assert code(scheduler.get_schedule_group, Name=group) == gone
    assert code(scheduler.delete_schedule_group, Name=group) == gone
    assert code(scheduler.list_schedules, GroupName=group) == gone
    assert code(scheduler.get_schedule, Name="s", GroupName=group) == gone
    assert code(scheduler.delete_schedule_group, Name="default") == "ValidationException"
    assert code(scheduler.list_schedule_groups, NextToken="nonsense") == "ValidationException"
    for call, more in ((scheduler.tag_resource, {"Tags": [{"Key": "a", "Value": "b"}]}),
                       (scheduler.untag_resource, {"TagKeys": ["a"]}), (scheduler.list_tags_for_resource, {})):
        assert code(call, ResourceArn=arn, **more) == gone


def test_schedules(scheduler):
    schedule = name()
    made = described(NOWHERE, "cron(0 9 * * ? *)", ScheduleExpressionTimezone="Asia/Tokyo", State="DISABLED")
    arn = scheduler.create_schedule(Name=schedule, **made)["ScheduleArn"]
    assert arn == f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{schedule}"
    assert code(scheduler.create_schedule, Name=schedule, **made) == "ConflictException"
    shown = scheduler.get_schedule(Name=schedule)
    assert shown["ScheduleExpressionTimezone"] == "Asia/Tokyo" and shown["State"] == "DISABLED"
    assert shown["Target"]["Arn"] == NOWHERE and shown["GroupName"] == "default"
    assert scheduler.update_schedule(Name=schedule, **described(NOWHERE, State="DISABLED"))["ScheduleArn"] == arn
    shown = scheduler.get_schedule(Name=schedule)
    assert shown["ScheduleExpression"] == "rate(1 day)" and shown["ScheduleExpressionTimezone"] == "UTC"
    found = scheduler.list_schedules(NamePrefix=schedule, State="DISABLED")["Schedules"]
    assert found[0]["Target"] == {"Arn": NOWHERE}
    bad = "ValidationException"
    for more in (described(NOWHERE, "rate(1 second)"), described(NOWHERE, ScheduleExpressionTimezone="No/Where"),
                 described("arn:aws:scheduler:::aws-sdk:sqs:sendMessage"), described(NOWHERE, "at(tomorrow)")):
        assert code(scheduler.create_schedule, Name=name(), **more) == bad
        assert code(scheduler.update_schedule, Name=schedule, **more) == bad
    scheduler.delete_schedule(Name=schedule)
    assert code(scheduler.delete_schedule, Name=schedule) == "ResourceNotFoundException"
    assert code(scheduler.update_schedule, Name=schedule, **made) == "ResourceNotFoundException"


def test_it_calls_and_goes(scheduler, sqs, queue):
    url, arn = queue
    schedule = name()
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    at = soon.strftime("%Y-%m-%dT%H:%M:%S")
    more = described(arn, f"at({at})")
    # CLI 2.9 does not know ActionAfterCompletion.
    via_cli = scheduler.via == "cli"
    scheduler.create_schedule(Name=schedule, **more, **({} if via_cli else {"ActionAfterCompletion": "DELETE"}))
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0]
    assert json.loads(got["Body"]) == {"at": at + "Z"}
    if via_cli:
        scheduler.delete_schedule(Name=schedule)
    else:
        assert code(scheduler.get_schedule, Name=schedule) == "ResourceNotFoundException"


def test_dead_letters(scheduler, sqs, queue):
    url, arn = queue
    schedule = name()
    scheduler.create_schedule(Name=schedule, **described(NOWHERE, Target={"DeadLetterConfig": {"Arn": arn}}))
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20, MessageAttributeNames=["All"])["Messages"][0]
    assert got["MessageAttributes"]["TARGET_ARN"]["StringValue"] == NOWHERE
    scheduler.delete_schedule(Name=schedule)
