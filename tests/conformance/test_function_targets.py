"""What SNS, EventBridge and its Scheduler bring to a Lambda function; its destination tells what it was given."""
import datetime
import io
import json
import time
import uuid
import zipfile

import pytest

from conftest import ACCOUNT, REGION

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


@pytest.fixture
def function(unkai):
    """A function whose asynchronous calls end in a queue: (its ARN, may(principal, ARN), the next call's event)."""
    iam, functions, sqs = unkai.client("iam"), unkai.client("lambda"), unkai.client("sqs")
    name = "target-" + uuid.uuid4().hex[:8]
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as made:
        made.writestr("app.py", "def handler(event, context):\n    return 'done'\n")
    arn = functions.create_function(FunctionName=name, Role=role, Runtime="python3.11", Handler="app.handler",
                                    Code={"ZipFile": zipped.getvalue()})["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    functions.put_function_event_invoke_config(FunctionName=name, DestinationConfig={
        "OnSuccess": {"Destination": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"}})

    def may(principal, source):
        functions.add_permission(FunctionName=name, StatementId=uuid.uuid4().hex, Action="lambda:InvokeFunction",
                                 Principal=principal, SourceArn=source)

    def next_event():
        got = []
        for _ in range(3):
            got = got or sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages", [])
        return json.loads(got[0]["Body"])["requestPayload"]
    yield arn, may, next_event
    functions.delete_function(FunctionName=name)
    sqs.delete_queue(QueueUrl=url)
    iam.delete_role(RoleName=name)


def test_sns(unkai, function):
    arn, may, next_event = function
    sns = unkai.client("sns")
    topic = sns.create_topic(Name="t-" + uuid.uuid4().hex[:8])["TopicArn"]
    may("sns.amazonaws.com", topic)
    subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)["SubscriptionArn"]
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="S",
                       MessageAttributes={"a": {"DataType": "String", "StringValue": "x"}})
    record = next_event()["Records"][0]
    assert record["EventSource"] == "aws:sns" and record["EventSubscriptionArn"] == subscription
    assert record["Sns"]["Message"] == "hello" and record["Sns"]["MessageId"] == sent["MessageId"]
    assert record["Sns"]["MessageAttributes"] == {"a": {"Type": "String", "Value": "x"}}
    sns.delete_topic(TopicArn=topic)


def test_events(unkai, function):
    arn, may, next_event = function
    events, rule = unkai.client("events"), "r-" + uuid.uuid4().hex[:8]
    made = events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))["RuleArn"]
    may("events.amazonaws.com", made)
    events.put_targets(Rule=rule, Targets=[{"Id": "f", "Arn": arn}])
    events.put_events(Entries=[{"Source": rule, "DetailType": "T", "Detail": '{"x": 1}'}])
    assert next_event()["detail"] == {"x": 1}
    events.remove_targets(Rule=rule, Ids=["f"])
    events.delete_rule(Name=rule)


def test_scheduler(unkai, function):
    arn, _, next_event = function
    scheduler, schedule = unkai.client("scheduler"), "s-" + uuid.uuid4().hex[:8]
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    scheduler.create_schedule(Name=schedule, ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
                              FlexibleTimeWindow={"Mode": "OFF"}, ActionAfterCompletion="DELETE",
                              Target={"Arn": arn, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "Input": '{"x": 2}'})
    assert next_event() == {"x": 2}


def test_alarm(unkai, function):
    """An alarm's action runs by a permission for that alarm, and for no other."""
    arn, may, next_event = function
    cloudwatch, alarms = unkai.client("cloudwatch"), ["a-" + uuid.uuid4().hex[:8] for _ in range(2)]
    for alarm in alarms:
        cloudwatch.put_metric_alarm(
            AlarmName=alarm, Namespace="Test", MetricName=alarm, Statistic="Sum", Period=60, EvaluationPeriods=1,
            Threshold=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[arn])
    may("lambda.alarms.cloudwatch.amazonaws.com", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{alarms[1]}")
    for alarm in alarms:
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="to see")
    event = next_event()
    assert event["source"] == "aws.cloudwatch" and event["alarmData"]["alarmName"] == alarms[1]

    def said(alarm):
        items = cloudwatch.describe_alarm_history(AlarmName=alarm, HistoryItemType="Action")["AlarmHistoryItems"]
        return items and items[0]["HistorySummary"]
    assert said(alarms[1]).startswith("Successfully executed action " + arn)
    assert said(alarms[0]).startswith("Failed to execute action " + arn) and "lambda:InvokeFunction" in said(alarms[0])
    cloudwatch.delete_alarms(AlarmNames=alarms)


def test_fifo_queue(unkai, function):
    """Each group's messages come in their order, also after one failed; groups do not wait for each other."""
    arn, _, _ = function
    name = arn.split(":")[-1]
    functions, sqs, logs = unkai.client("lambda"), unkai.client("sqs"), unkai.client("logs")
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as made:
        made.writestr("app.py", """
def handler(event, context):
    for record in event["Records"]:
        word = record["body"]
        if word == "b1" and record["attributes"]["ApproximateReceiveCount"] == "1":
            raise ValueError("not yet")
        print("seen", word, flush=True)
""")
    functions.update_function_code(FunctionName=name, ZipFile=zipped.getvalue())
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    url = sqs.create_queue(QueueName=name + ".fifo", Attributes={
        "FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "4"})["QueueUrl"]
    mapping = functions.create_event_source_mapping(
        FunctionName=name, EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}.fifo", BatchSize=1)["UUID"]
    words = [group + str(number) for number in range(5) for group in "abc"]
    for word in words:
        sqs.send_message(QueueUrl=url, MessageBody=word, MessageGroupId=word[0])

    def seen():
        try:
            events = logs.filter_log_events(logGroupName="/aws/lambda/" + name, filterPattern="seen")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"].split()[1] for event in sorted(events, key=lambda event: event["timestamp"])]
    end = time.monotonic() + 60
    while len(seen()) < len(words) and time.monotonic() < end:
        time.sleep(0.2)
    for group in "abc":
        assert [word for word in seen() if word[0] == group] == [word for word in words if word[0] == group]
    functions.delete_event_source_mapping(UUID=mapping)
    sqs.delete_queue(QueueUrl=url)
