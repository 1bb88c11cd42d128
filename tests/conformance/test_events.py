"""EventBridge: every promised operation, by boto3 and by the AWS CLI; events to queues, topics, logs and buses."""
import json
import uuid

import pytest

from conftest import ACCOUNT, REGION, code


@pytest.fixture(scope="module")
def events(unkai, via):
    return unkai.client("events", via=via)


@pytest.fixture(scope="module")
def sqs(unkai):
    return unkai.client("sqs")


def name(prefix="r"):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def queue(sqs):
    """A queue that EventBridge may send to: (URL, ARN)."""
    url = sqs.create_queue(QueueName=name("q"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": arn}]})})
    yield url, arn
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def rule(events):
    """Makes rules with one target or more."""
    made = []

    def make(*targets, **more):
        rule = name()
        arn = events.put_rule(Name=rule, **more)["RuleArn"]
        bus = {"EventBusName": more["EventBusName"]} if "EventBusName" in more else {}
        made.append((rule, [target["Id"] for target in targets], bus))
        if targets:
            assert events.put_targets(Rule=rule, Targets=list(targets), **bus)["FailedEntryCount"] == 0
        return rule, arn
    yield make
    for rule, ids, bus in made:
        if ids:
            events.remove_targets(Rule=rule, Ids=ids, **bus)
        events.delete_rule(Name=rule, **bus)


def receive(sqs, url):
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20, MaxNumberOfMessages=10,
                              MessageAttributeNames=["All"]).get("Messages", [])
    for message in got:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return got


def put(events, source, detail, **more):
    answer = events.put_events(Entries=[{"Source": source, "DetailType": "T", "Detail": json.dumps(detail), **more}])
    assert answer["FailedEntryCount"] == 0
    return answer["Entries"][0]["EventId"]


def test_buses(events):
    bus = name("bus")
    arn = events.create_event_bus(Name=bus, Tags=[{"Key": "a", "Value": "b"}])["EventBusArn"]
    assert arn == f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus}"
    assert code(events.create_event_bus, Name=bus) == "ResourceAlreadyExistsException"
    assert events.describe_event_bus(Name=bus)["Arn"] == arn
    assert events.describe_event_bus()["Name"] == "default"
    assert [row["Name"] for row in events.list_event_buses(NamePrefix=bus)["EventBuses"]] == [bus]
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    events.put_permission(EventBusName=bus, Action="events:PutEvents", Principal="111122223333", StatementId="s")
    assert json.loads(events.describe_event_bus(Name=bus)["Policy"])["Statement"][0]["Sid"] == "s"
    assert code(events.remove_permission, EventBusName=bus, StatementId="t") == "ResourceNotFoundException"
    events.remove_permission(EventBusName=bus, StatementId="s")
    assert "Policy" not in events.describe_event_bus(Name=bus)
    assert code(events.put_permission, EventBusName=bus, Policy="no JSON") == "ValidationException"
    assert code(events.delete_event_bus, Name="default") == "ValidationException"
    events.delete_event_bus(Name=bus)
    assert code(events.describe_event_bus, Name=bus) == "ResourceNotFoundException"
    assert code(events.list_event_buses, NextToken="nonsense") == "ValidationException"


def test_updating_a_bus(events):  # The CLI 2.9 cannot.
    bus = name("bus")
    events.create_event_bus(Name=bus)
    events.update_event_bus(Name=bus, Description="d")
    assert events.describe_event_bus(Name=bus)["Description"] == "d"
    events.delete_event_bus(Name=bus)
    assert code(events.update_event_bus, Name=bus, Description="d") == "ResourceNotFoundException"


def test_rules(events):
    rule = name()
    arn = events.put_rule(Name=rule, EventPattern='{"source": ["x"]}', Description="d",
                          Tags=[{"Key": "a", "Value": "b"}])["RuleArn"]
    assert arn == f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"
    shown = events.describe_rule(Name=rule)
    assert shown["State"] == "ENABLED" and shown["Description"] == "d" and shown["EventBusName"] == "default"
    events.disable_rule(Name=rule)
    assert events.list_rules(NamePrefix=rule)["Rules"][0]["State"] == "DISABLED"
    events.enable_rule(Name=rule)
    events.put_rule(Name=rule, ScheduleExpression="rate(5 minutes)")
    assert "EventPattern" not in events.describe_rule(Name=rule)
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "c", "Value": "d"}])
    events.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    for more in ({}, {"ScheduleExpression": "rate(1 second)"}, {"ScheduleExpression": "cron(* * *)"}):
        assert code(events.put_rule, Name=rule, **more) == "ValidationException"
    assert code(events.put_rule, Name=rule, EventPattern='{"source": "x"}') == "InvalidEventPatternException"
    events.delete_rule(Name=rule)
    events.delete_rule(Name=rule)
    for call in (events.describe_rule, events.enable_rule, events.disable_rule):
        assert code(call, Name=rule) == "ResourceNotFoundException"
    assert code(events.delete_rule, Name=rule, EventBusName="none") == "ResourceNotFoundException"
    assert code(events.list_rules, EventBusName="none") == "ResourceNotFoundException"
    assert code(events.list_rule_names_by_target, TargetArn=arn, EventBusName="none") == "ResourceNotFoundException"
    for call, more in ((events.tag_resource, {"Tags": [{"Key": "a", "Value": "b"}]}),
                       (events.untag_resource, {"TagKeys": ["a"]}), (events.list_tags_for_resource, {})):
        assert code(call, ResourceARN=arn, **more) == "ResourceNotFoundException"


def test_targets(events, queue, rule):
    made, _ = rule(EventPattern='{"source": ["x"]}')
    answer = events.put_targets(Rule=made, Targets=[
        {"Id": "q", "Arn": queue[1]},
        {"Id": "s", "Arn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:x", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}])
    assert answer["FailedEntryCount"] == 1 and "Step Functions" in answer["FailedEntries"][0]["ErrorMessage"]
    assert [target["Id"] for target in events.list_targets_by_rule(Rule=made)["Targets"]] == ["q"]
    assert events.list_rule_names_by_target(TargetArn=queue[1])["RuleNames"] == [made]
    assert code(events.delete_rule, Name=made) == "ValidationException"
    many = [{"Id": str(i), "Arn": queue[1]} for i in range(6)]
    assert code(events.put_targets, Rule=made, Targets=many) == "LimitExceededException"
    assert events.remove_targets(Rule=made, Ids=["q", "none"])["FailedEntryCount"] == 1
    for call, more in ((events.put_targets, {"Targets": many[:1]}), (events.remove_targets, {"Ids": ["q"]}),
                       (events.list_targets_by_rule, {})):
        assert code(call, Rule="none", **more) == "ResourceNotFoundException"


def test_events_reach_a_queue(events, sqs, queue, rule):
    url, arn = queue
    source = name("app")
    made, rule_arn = rule({"Id": "all", "Arn": arn}, EventPattern=json.dumps(
        {"source": [source], "detail": {"n": [{"numeric": [">", 3]}]}}))
    put(events, source, {"n": 3})
    sent = put(events, source, {"n": 4}, Resources=["a:b"])
    got = json.loads(receive(sqs, url)[0]["Body"])
    assert got["id"] == sent and got["detail"] == {"n": 4} and got["resources"] == ["a:b"]
    assert got["account"] == ACCOUNT and got["region"] == REGION and got["detail-type"] == "T"
    events.put_targets(Rule=made, Targets=[{"Id": "all", "Arn": arn, "InputTransformer": {
        "InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"n": <n>, "rule": <aws.events.rule-arn>}'}}])
    put(events, source, {"n": 5})
    assert json.loads(receive(sqs, url)[0]["Body"]) == {"n": 5, "rule": rule_arn}


def test_entries_that_fail(events):
    answer = events.put_events(Entries=[
        {"Source": "x", "DetailType": "T", "Detail": "no JSON"}, {"DetailType": "T", "Detail": "{}"},
        {"Source": "aws.x", "DetailType": "T", "Detail": "{}"}, {"Source": "x", "DetailType": "T", "Detail": "{}"}])
    assert answer["FailedEntryCount"] == 3
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        "MalformedDetail", "InvalidArgument", "NotAuthorizedForSourceException", None]
    big = [{"Source": "x", "DetailType": "T", "Detail": json.dumps({"x": "y" * 262144})}]
    assert code(events.put_events, Entries=big) == "ValidationException"


def test_topics_buses_and_logs(events, sqs, queue, rule, unkai):
    url, queue_arn = queue
    sns, logs = unkai.client("sns"), unkai.client("logs")
    topic, group, bus, source = name("t"), "/aws/events/" + name("g"), name("bus"), name("app")
    topic_arn = sns.create_topic(Name=topic)["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic_arn, AttributeName="Policy", AttributeValue=json.dumps({"Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish",
        "Resource": topic_arn}]}))
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    policy["Statement"][0]["Principal"] = {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"})
    logs.create_log_group(logGroupName=group)
    group_arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"
    bus_arn = events.create_event_bus(Name=bus)["EventBusArn"]
    pattern = json.dumps({"source": [source]})
    rule({"Id": "bus", "Arn": bus_arn, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}, EventPattern=pattern)
    rule({"Id": "topic", "Arn": topic_arn, "InputPath": "$.detail"}, {"Id": "logs", "Arn": group_arn},
         EventPattern=pattern, EventBusName=bus)
    put(events, source, {"x": 1})
    assert json.loads(receive(sqs, url)[0]["Body"]) == {"x": 1}
    found = []
    while not found:  # It may come a moment later.
        found = logs.filter_log_events(logGroupName=group)["events"]
    assert json.loads(found[0]["message"])["detail"] == {"x": 1}
    logs.delete_log_group(logGroupName=group)
    sns.delete_topic(TopicArn=topic_arn)


@pytest.mark.by_boto3
def test_a_schedule(events, sqs, queue, rule):
    _, arn = rule({"Id": "q", "Arn": queue[1]}, ScheduleExpression="cron(* * * * ? *)")
    got = []
    while not got:  # At the next full minute.
        got = receive(sqs, queue[0])
    event = json.loads(got[0]["Body"])
    assert event["detail-type"] == "Scheduled Event" and event["source"] == "aws.events" and event["resources"] == [arn]


def test_dead_letters(events, sqs, queue, rule):
    url, dead = queue
    source = name("app")
    none = f"arn:aws:sqs:{REGION}:{ACCOUNT}:none"
    rule({"Id": "q", "Arn": none, "DeadLetterConfig": {"Arn": dead}}, EventPattern=json.dumps({"source": [source]}))
    put(events, source, {"x": 1})
    got = receive(sqs, url)[0]
    assert json.loads(got["Body"])["detail"] == {"x": 1}
    assert got["MessageAttributes"]["TARGET_ARN"]["StringValue"] == none
    assert got["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "QueueDoesNotExist"


def test_a_task_that_cannot_start(events, sqs, queue, rule):
    url, dead = queue
    source = name("app")
    rule({"Id": "ecs", "Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/none", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
          "EcsParameters": {"TaskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/none:1",
                            "LaunchType": "FARGATE", "NetworkConfiguration": {
                                "awsvpcConfiguration": {"Subnets": ["subnet-0"], "AssignPublicIp": "ENABLED"}}},
          "DeadLetterConfig": {"Arn": dead}}, EventPattern=json.dumps({"source": [source]}))
    put(events, source, {"x": 1})
    told = receive(sqs, url)[0]["MessageAttributes"]
    assert told["ERROR_CODE"]["StringValue"] == "InvalidParameterException"
    assert "subnet-0" in told["ERROR_MESSAGE"]["StringValue"]


def test_patterns(events):
    event = json.dumps({"id": "1", "account": ACCOUNT, "source": "x", "time": "2026-01-01T00:00:00Z",
                        "region": REGION, "resources": [], "detail-type": "T", "detail": {"a": ["b", "c"]}})
    assert events.test_event_pattern(EventPattern='{"detail": {"a": ["c"]}}', Event=event)["Result"] is True
    assert events.test_event_pattern(EventPattern='{"detail": {"a": ["d"]}}', Event=event)["Result"] is False
    assert code(events.test_event_pattern, EventPattern='{"a": 1}', Event=event) == "InvalidEventPatternException"
    assert code(events.test_event_pattern, EventPattern='{"a": [1]}', Event="{}") == "ValidationException"
