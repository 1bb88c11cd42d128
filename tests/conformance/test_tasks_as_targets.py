"""A rule of EventBridge and a schedule run a task on Fargate: it starts, gets what the rule says, and ends."""
import datetime
import json
import uuid

import pytest

from test_ecs import ACCOUNT, REGION, definition, logging, messages, wait_until
from test_ecs import clients, cluster, ecs, image, subnets  # noqa: F401: fixtures


@pytest.fixture(scope="module")
def via():
    return "boto3"


@pytest.fixture(scope="module")
def task(clients, ecs, image):  # noqa: F811
    """A task definition whose task tells what it was given; and its log group."""
    group = "/tasks/" + uuid.uuid4().hex[:8]
    clients["logs"].create_log_group(logGroupName=group)
    made = ecs.register_task_definition(**definition(
        "told-" + uuid.uuid4().hex[:8], image, 'echo "told: $GIVEN"', logConfiguration=logging(group)))
    yield {"arn": made["taskDefinition"]["taskDefinitionArn"], "group": group}
    ecs.deregister_task_definition(taskDefinition=made["taskDefinition"]["taskDefinitionArn"])
    clients["logs"].delete_log_group(logGroupName=group)


def overrides(value):
    return json.dumps({"containerOverrides": [{"name": "app", "environment": [{"name": "GIVEN", "value": value}]}]})


def target(task, cluster, subnets, **more):  # noqa: F811
    return {"Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{cluster}", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/events",
            "EcsParameters": {"TaskDefinitionArn": task["arn"], "LaunchType": "FARGATE", "TaskCount": 1,
                              "NetworkConfiguration": {"awsvpcConfiguration": {
                                  "Subnets": subnets, "AssignPublicIp": "DISABLED"}}}, **more}


def stopped(ecs, cluster, task):  # noqa: F811
    """The family's tasks that have ended."""
    family = task["arn"].split("/")[-1].split(":")[0]
    found = ecs.list_tasks(cluster=cluster, family=family, desiredStatus="STOPPED")["taskArns"]
    return [one for one in (ecs.describe_tasks(cluster=cluster, tasks=found)["tasks"] if found else [])
            if one["lastStatus"] == "STOPPED"]


def test_an_event_runs_a_task(unkai, clients, ecs, cluster, subnets, task):  # noqa: F811
    events, name = unkai.client("events", region=REGION), uuid.uuid4().hex[:8]
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    put = events.put_targets(Rule=name, Targets=[target(task, cluster, subnets, Id="run", InputTransformer={
        "InputPathsMap": {"what": "$.detail.what"}, "InputTemplate": overrides("<what>")})])
    assert put["FailedEntryCount"] == 0
    events.put_events(Entries=[{"Source": name, "DetailType": "T", "Detail": json.dumps({"what": "from the event"})}])
    ended = wait_until(lambda: stopped(ecs, cluster, task), "the task ends", 90)
    assert len(ended) == 1 and ended[0]["containers"][0]["exitCode"] == 0
    assert ended[0]["startedBy"].startswith("events-rule/") and ended[0]["launchType"] == "FARGATE"
    wait_until(lambda: "told: from the event" in messages(clients, task["group"]), "its line in the log", 30)
    events.remove_targets(Rule=name, Ids=["run"])
    events.delete_rule(Name=name)


def test_a_schedule_runs_a_task(unkai, clients, ecs, cluster, subnets, task):  # noqa: F811
    scheduler, name = unkai.client("scheduler", region=REGION), uuid.uuid4().hex[:8]
    before = len(stopped(ecs, cluster, task))
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    scheduler.create_schedule(
        Name=name, ScheduleExpression=soon.strftime("at(%Y-%m-%dT%H:%M:%S)"), FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE", Target={
            "Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{cluster}", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler",
            "Input": overrides("by the clock"), "EcsParameters": {
                "TaskDefinitionArn": task["arn"], "LaunchType": "FARGATE", "NetworkConfiguration": {
                    "awsvpcConfiguration": {"Subnets": subnets, "AssignPublicIp": "DISABLED"}}}})
    ended = wait_until(lambda: len(stopped(ecs, cluster, task)) > before and stopped(ecs, cluster, task), "the task ends", 90)
    assert all(one["containers"][0]["exitCode"] == 0 for one in ended)
    wait_until(lambda: "told: by the clock" in messages(clients, task["group"]), "its line in the log", 30)
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):  # It has completed, and is gone.
        wait_until(lambda: not scheduler.get_schedule(Name=name), "the schedule goes", 20)
