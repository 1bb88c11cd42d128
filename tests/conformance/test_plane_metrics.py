"""What the planes publish by themselves: AWS's namespaces, dimensions and units, from traffic that really passed."""
import datetime
import http.client
import subprocess

import pytest

from test_cloudfront import config, deployed, remove
from test_cloudwatch import wait_until
from test_ecs import REGION as ECS_REGION
from test_ecs import clients, cluster, definition, ecs, image, network, subnets  # noqa: F401: fixtures


@pytest.fixture(scope="module")
def via():
    return "boto3"


def sums(cloudwatch, space, name, dimensions, stat="Sum", period=10):
    now = datetime.datetime.now(datetime.timezone.utc)
    found = cloudwatch.get_metric_data(
        StartTime=now - datetime.timedelta(minutes=5), EndTime=now + datetime.timedelta(minutes=1),
        MetricDataQueries=[{"Id": "m", "MetricStat": {"Period": period, "Stat": stat, "Metric": {
            "Namespace": space, "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()]}}}])
    return found["MetricDataResults"][0]["Values"]


@pytest.fixture
def place(unkai):
    ec2 = unkai.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.92.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.92.{i}.0/24", AvailabilityZone=f"us-east-1{zone}")
               ["Subnet"]["SubnetId"] for i, zone in enumerate("ab")]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    group = ec2.create_security_group(GroupName="metrics", Description="x", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    yield {"vpc": vpc, "subnets": subnets, "group": group}
    ec2.delete_security_group(GroupId=group)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_vpc(VpcId=vpc)


def test_load_balancers(unkai, place):
    elbv2, ec2, cloudwatch = unkai.client("elbv2"), unkai.client("ec2"), unkai.client("cloudwatch")
    made = elbv2.create_load_balancer(Name="metrics", Subnets=place["subnets"], SecurityGroups=[place["group"]])[
        "LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    group = elbv2.create_target_group(Name="metrics", Protocol="HTTP", Port=8080, VpcId=place["vpc"], TargetType="ip")[
        "TargetGroups"][0]["TargetGroupArn"]
    listener = elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[
        {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "x"}}])[
            "Listeners"][0]["ListenerArn"]
    elbv2.create_rule(ListenerArn=listener, Priority=1, Actions=[{"Type": "forward", "TargetGroupArn": group}],
                      Conditions=[{"Field": "path-pattern", "Values": ["/targets*"]}])
    address = wait_until(lambda: [row["Association"]["PublicIp"] for row in ec2.describe_network_interfaces(
        Filters=[{"Name": "description", "Values": ["ELB app/metrics/*"]}])["NetworkInterfaces"]
        if "Association" in row], "a public address")[0]

    def ask(path, wanted):
        answer = subprocess.run(["curl", "-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}", f"http://{address}{path}"],
                                stdout=subprocess.PIPE, text=True)
        return answer.stdout == wanted

    wait_until(lambda: ask("/", "200"), "an answer", 20)
    for _ in range(5):
        assert ask("/", "200") and ask("/targets", "503")
    where = {"LoadBalancer": arn.split("loadbalancer/")[1]}
    wait_until(lambda: sum(sums(cloudwatch, "AWS/ApplicationELB", "HTTP_Fixed_Response_Count", where)) >= 6, "counts", 25)
    assert sum(sums(cloudwatch, "AWS/ApplicationELB", "HTTPCode_ELB_503_Count", where)) == 5
    assert sum(sums(cloudwatch, "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", where)) == 5
    assert sums(cloudwatch, "AWS/ApplicationELB", "RequestCount", where)  # Always reported, 0 too.
    of_group = {**where, "TargetGroup": group.split(":")[-1]}
    assert sums(cloudwatch, "AWS/ApplicationELB", "HealthyHostCount", of_group, "Maximum")[0] == 0
    elbv2.delete_load_balancer(LoadBalancerArn=arn)
    wait_until(lambda: not deletion_fails(elbv2, group), "the target group is unused")


def deletion_fails(elbv2, group):
    try:
        elbv2.delete_target_group(TargetGroupArn=group)
    except elbv2.exceptions.ResourceInUseException:
        return True
    return False


def test_distributions(unkai):
    cloudfront, cloudwatch = unkai.client("cloudfront"), unkai.client("cloudwatch")
    made = cloudfront.create_distribution(DistributionConfig=config())["Distribution"]
    deployed(cloudfront, made["Id"])
    for _ in range(4):
        asked = http.client.HTTPConnection("127.0.0.1", unkai.port, timeout=10)
        asked.request("GET", "/", headers={"Host": made["DomainName"]})
        assert asked.getresponse().status >= 400  # The bucket is nobody's.
        asked.close()
    where = {"DistributionId": made["Id"], "Region": "Global"}
    wait_until(lambda: sum(sums(cloudwatch, "AWS/CloudFront", "Requests", where)) == 4, "counts", 25)
    assert sums(cloudwatch, "AWS/CloudFront", "TotalErrorRate", where, "Average", 300)[0] == 100
    remove(cloudfront, made["Id"])


def test_tasks(unkai, ecs, cluster, subnets, image):  # noqa: F811
    cloudwatch = unkai.client("cloudwatch", region=ECS_REGION)
    ecs.update_cluster_settings(cluster=cluster, settings=[{"name": "containerInsights", "value": "enabled"}])
    ecs.register_task_definition(**definition("busy", image, "trap 'exit 0' TERM; while :; do :; done"))
    ecs.create_service(cluster=cluster, serviceName="busy", taskDefinition="busy", desiredCount=1, launchType="FARGATE",
                       networkConfiguration=network(subnets))
    wait_until(lambda: ecs.describe_services(cluster=cluster, services=["busy"])["services"][0]["runningCount"] == 1,
               "the task runs", 40)
    where = {"ClusterName": cluster, "ServiceName": "busy"}
    used = wait_until(lambda: sums(cloudwatch, "AWS/ECS", "CPUUtilization", where, "Average"), "a percentage", 60)
    assert 30 < used[0] <= 130  # A loop takes all of its quarter of a CPU, when it gets it.
    memory = sums(cloudwatch, "AWS/ECS", "MemoryUtilization", where, "Average")
    assert 0 < memory[0] < 50
    insights = "ECS/ContainerInsights"
    wait_until(lambda: sums(cloudwatch, insights, "RunningTaskCount", where, "Maximum"), "Container Insights", 30)
    assert sums(cloudwatch, insights, "CpuReserved", where, "Average")[0] == 256
    ecs.delete_service(cluster=cluster, service="busy", force=True)
    wait_until(lambda: not ecs.list_tasks(cluster=cluster)["taskArns"], "the task goes")
