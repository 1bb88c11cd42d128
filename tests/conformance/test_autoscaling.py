"""Application Auto Scaling: every promised operation, and an ECS service that is really scaled."""
import datetime
import time
import uuid

import pytest

from conftest import ACCOUNT, code

DIMENSION = "ecs:service:DesiredCount"


@pytest.fixture
def autoscaling(unkai, via):
    return unkai.client("application-autoscaling", via=via)


def wait_until(reached, what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = reached()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {what}")


@pytest.fixture(scope="module")
def subnet(unkai):
    ec2 = unkai.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.77.1.0/24")["Subnet"]["SubnetId"]
    yield made
    wait_until(lambda: not ec2.describe_network_interfaces(
        Filters=[{"Name": "subnet-id", "Values": [made]}])["NetworkInterfaces"], "the tasks to be gone")
    ec2.delete_subnet(SubnetId=made)
    ec2.delete_vpc(VpcId=vpc)


@pytest.fixture
def service(unkai, subnet):
    """A service without tasks whose image is nowhere: only its desired count matters here."""
    ecs = unkai.client("ecs")
    name = f"scaled-{uuid.uuid4().hex[:8]}"
    ecs.create_cluster(clusterName=name)
    definition = ecs.register_task_definition(
        family=name, requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512",
        executionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/none",
        containerDefinitions=[{"name": "a", "image": "nowhere/none:1"}])["taskDefinition"]["taskDefinitionArn"]
    ecs.create_service(cluster=name, serviceName=name, taskDefinition=definition, desiredCount=0, launchType="FARGATE",
                       networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}})
    yield name
    ecs.update_service(cluster=name, service=name, desiredCount=0)
    ecs.delete_service(cluster=name, service=name, force=True)


def target(service):
    return {"ServiceNamespace": "ecs", "ResourceId": f"service/{service}/{service}", "ScalableDimension": DIMENSION}


def desired(unkai, service):
    return unkai.client("ecs").describe_services(cluster=service, services=[service])["services"][0]["desiredCount"]


def test_targets(autoscaling, service):
    made = autoscaling.register_scalable_target(**target(service), MinCapacity=0, MaxCapacity=4)
    found = autoscaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[target(service)["ResourceId"]])
    row = found["ScalableTargets"][0]
    assert (row["MinCapacity"], row["MaxCapacity"]) == (0, 4) and not row["SuspendedState"]["DynamicScalingInSuspended"]
    autoscaling.register_scalable_target(**target(service), MaxCapacity=5,
                                         SuspendedState={"DynamicScalingInSuspended": True})
    row = autoscaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[target(service)["ResourceId"]])[
        "ScalableTargets"][0]
    assert row["MaxCapacity"] == 5 and row["SuspendedState"]["DynamicScalingInSuspended"]
    arn = row.get("ScalableTargetARN") or made.get("ScalableTargetARN")
    if arn:  # The AWS CLI 2.9 does not know it.
        autoscaling.tag_resource(ResourceARN=arn, Tags={"k": "v"})
        assert autoscaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"k": "v"}
        autoscaling.untag_resource(ResourceARN=arn, TagKeys=["k"])
        assert autoscaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {}
        for call, more in ((autoscaling.tag_resource, {"Tags": {"k": "v"}}), (autoscaling.untag_resource, {"TagKeys": ["k"]}),
                           (autoscaling.list_tags_for_resource, {})):
            assert code(call, ResourceARN=arn[:-1] + "-", **more) == "ResourceNotFoundException"
    autoscaling.deregister_scalable_target(**target(service))
    assert code(autoscaling.deregister_scalable_target, **target(service)) == "ObjectNotFoundException"
    for changes in ({"MinCapacity": 5, "MaxCapacity": 4}, {"ResourceId": "service/nope/nope"}, {"MinCapacity": -1},
                    {"ServiceNamespace": "dynamodb", "ResourceId": "table/t", "ScalableDimension":
                     "dynamodb:table:ReadCapacityUnits"}):
        assert code(autoscaling.register_scalable_target,
                    **{**target(service), "MinCapacity": 1, "MaxCapacity": 4, **changes}) == "ValidationException"
    assert code(autoscaling.describe_scalable_targets, ServiceNamespace="ecs", NextToken="x") == "InvalidNextTokenException"


def test_bounds_are_kept_and_activities_told(unkai, autoscaling, service):
    autoscaling.register_scalable_target(**target(service), MinCapacity=2, MaxCapacity=4)
    wait_until(lambda: desired(unkai, service) == 2, "the least capacity", 30)
    activities = wait_until(lambda: autoscaling.describe_scaling_activities(
        ServiceNamespace="ecs", ResourceId=target(service)["ResourceId"])["ScalingActivities"], "an activity", 10)
    assert activities[0]["Description"] == "Setting desired count to 2." and activities[0]["StatusCode"] == "Successful"
    assert code(autoscaling.describe_scaling_activities, ServiceNamespace="ecs", NextToken="x") == \
        "InvalidNextTokenException"
    autoscaling.deregister_scalable_target(**target(service))


def test_target_tracking_makes_alarms(unkai, autoscaling, service):
    cloudwatch = unkai.client("cloudwatch")
    autoscaling.register_scalable_target(**target(service), MinCapacity=0, MaxCapacity=4)
    policy = {**target(service), "PolicyName": "cpu", "PolicyType": "TargetTrackingScaling"}
    settings = {"TargetValue": 50.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}
    made = autoscaling.put_scaling_policy(**policy, TargetTrackingScalingPolicyConfiguration=settings)
    names = [row["AlarmName"] for row in made["Alarms"]]
    assert names[0].startswith(f"TargetTracking-{target(service)['ResourceId']}-AlarmHigh-") and "-AlarmLow-" in names[1]
    alarms = {row["AlarmName"]: row for row in cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]}
    assert (alarms[names[0]]["Threshold"], alarms[names[0]]["EvaluationPeriods"]) == (50, 3)
    assert (alarms[names[1]]["Threshold"], alarms[names[1]]["EvaluationPeriods"]) == (45, 15)
    assert alarms[names[0]]["AlarmActions"] == [made["PolicyARN"]]
    found = autoscaling.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["cpu"],
                                                  ResourceId=target(service)["ResourceId"])["ScalingPolicies"]
    assert found[0]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 50
    assert code(autoscaling.describe_scaling_policies, ServiceNamespace="ecs", NextToken="x") == \
        "InvalidNextTokenException"
    for broken in ({"TargetValue": 50.0}, {**settings, "TargetValue": 0.0},
                   {"TargetValue": 5.0, "PredefinedMetricSpecification": {
                       "PredefinedMetricType": "ALBRequestCountPerTarget"}}):
        assert code(autoscaling.put_scaling_policy, **policy,
                    TargetTrackingScalingPolicyConfiguration=broken) == "ValidationException"
    autoscaling.delete_scaling_policy(**{key: value for key, value in policy.items() if key != "PolicyType"})
    assert cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"] == []
    assert code(autoscaling.delete_scaling_policy, **target(service), PolicyName="cpu") == "ObjectNotFoundException"
    autoscaling.deregister_scalable_target(**target(service))


def test_step_scaling_acts(unkai, autoscaling, service):
    cloudwatch = unkai.client("cloudwatch")
    space = f"Steps/{service}"
    autoscaling.register_scalable_target(**target(service), MinCapacity=0, MaxCapacity=3)
    steps = {"AdjustmentType": "ChangeInCapacity", "Cooldown": 1, "StepAdjustments": [
        {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 50.0, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 50.0, "ScalingAdjustment": 3}]}
    policy = autoscaling.put_scaling_policy(**target(service), PolicyName="out", PolicyType="StepScaling",
                                            StepScalingPolicyConfiguration=steps)["PolicyARN"]
    cloudwatch.put_metric_alarm(AlarmName=service, Namespace=space, MetricName="m", Statistic="Maximum", Period=10,
                                EvaluationPeriods=1, Threshold=10.0, ComparisonOperator="GreaterThanThreshold",
                                AlarmActions=[policy])
    cloudwatch.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", "Value": 90.0, "StorageResolution": 1}])
    wait_until(lambda: desired(unkai, service) == 3, "three more", 45)
    activity = wait_until(lambda: autoscaling.describe_scaling_activities(
        ServiceNamespace="ecs", ResourceId=target(service)["ResourceId"])["ScalingActivities"], "an activity", 10)[0]
    assert activity["Cause"] == f"monitor alarm {service} in state ALARM triggered policy out"
    cloudwatch.delete_alarms(AlarmNames=[service])
    autoscaling.deregister_scalable_target(**target(service))


def test_scheduled_actions(unkai, autoscaling, service):
    autoscaling.register_scalable_target(**target(service), MinCapacity=0, MaxCapacity=1)
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    action = {**target(service), "ScheduledActionName": "up"}
    autoscaling.put_scheduled_action(**action, Schedule=soon.strftime("at(%Y-%m-%dT%H:%M:%S)"),
                                     ScalableTargetAction={"MinCapacity": 2, "MaxCapacity": 3})
    found = autoscaling.describe_scheduled_actions(ServiceNamespace="ecs", ScheduledActionNames=["up"],
                                                   ResourceId=target(service)["ResourceId"])["ScheduledActions"]
    assert found[0]["ScalableTargetAction"] == {"MinCapacity": 2, "MaxCapacity": 3}
    wait_until(lambda: desired(unkai, service) == 2, "the scheduled capacity", 45)
    assert code(autoscaling.describe_scheduled_actions, ServiceNamespace="ecs", NextToken="x") == \
        "InvalidNextTokenException"
    for changes in ({"Schedule": "now"}, {"Timezone": "Nowhere/Land"},
                    {"ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 2}}):
        assert code(autoscaling.put_scheduled_action, **{**action, "ScheduledActionName": "new", "Schedule": "rate(1 hour)",
                    "ScalableTargetAction": {"MinCapacity": 1}, **changes}) == "ValidationException"
    autoscaling.delete_scheduled_action(**action)
    assert code(autoscaling.delete_scheduled_action, **action) == "ObjectNotFoundException"
    assert code(autoscaling.put_scheduled_action, ServiceNamespace="ecs", ResourceId="service/a/b", ScalableDimension=DIMENSION,
                ScheduledActionName="x", Schedule="rate(1 hour)",
                ScalableTargetAction={"MinCapacity": 1}) == "ObjectNotFoundException"
    autoscaling.deregister_scalable_target(**target(service))
