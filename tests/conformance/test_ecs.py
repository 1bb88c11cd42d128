"""ECS on Fargate: every promised operation, success and error; tasks really run, in a VPC of their own."""
import gzip
import hashlib
import io
import json
import pathlib
import re
import shutil
import subprocess
import tarfile
import time

import pytest
from botocore.exceptions import ClientError

ACCOUNT, REGION = "123456789012", "eu-central-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ecs"


def failure(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def wait_until(reached, what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = reached()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


@pytest.fixture(scope="module")
def clients(unkai, via):
    return {name: unkai.client(name, region=REGION, via=via if name == "ecs" else "boto3")
            for name in ("ecs", "ec2", "ecr", "logs", "secretsmanager", "ssm")}


@pytest.fixture(scope="module")
def ecs(clients):
    return clients["ecs"]


@pytest.fixture(scope="module")
def cluster(ecs):
    ecs.create_cluster(clusterName="main")
    yield "main"
    for arn in ecs.list_services(cluster="main")["serviceArns"]:
        ecs.delete_service(cluster="main", service=arn, force=True)
    for arn in ecs.list_tasks(cluster="main")["taskArns"]:
        ecs.stop_task(cluster="main", task=arn)
    wait_until(lambda: not ecs.describe_clusters(clusters=["main"])["clusters"][0]["runningTasksCount"], "all tasks stop")
    wait_until(lambda: try_delete(ecs), "the cluster goes")


def try_delete(ecs):
    try:
        return ecs.delete_cluster(cluster="main")["cluster"]["status"] == "INACTIVE"
    except ClientError as error:
        assert error.response["Error"]["Code"] in ("ClusterContainsTasksException", "ClusterContainsServicesException")
        return False


@pytest.fixture(scope="module")
def subnets(clients):
    ec2 = clients["ec2"]
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
    made = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{index}.0/24", AvailabilityZone=zones[index])["Subnet"]["SubnetId"]
            for index in range(2)]
    yield made
    # Network interfaces go with their tasks.
    wait_until(lambda: not ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkInterfaces"],
               "network interfaces go")
    for subnet in made:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def programs(names):
    """Files of this machine's programs with the libraries that they need."""
    found = {}
    for name in names:
        path = shutil.which(name)
        if path is None:
            continue
        found[f"bin/{name}"] = pathlib.Path(path).read_bytes()
        for line in re.findall(r"(/\S+)", subprocess.run(["ldd", path], capture_output=True, text=True).stdout):
            found[line.lstrip("/")] = pathlib.Path(line).read_bytes()
    return found


@pytest.fixture(scope="module")
def image(clients):
    """An image in ECR, put there by its API."""
    ecr = clients["ecr"]
    uri = ecr.create_repository(repositoryName="team/app")["repository"]["repositoryUri"]
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        for name, content in sorted(programs(["sh", "cat", "sleep", "curl", "touch", "test"]).items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
        for name in ("tmp", "etc/ssl/certs"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o777
            archive.addfile(entry)

    def put(blob):
        upload = ecr.initiate_layer_upload(repositoryName="team/app")["uploadId"]
        size = 10 << 20
        for start in range(0, len(blob), size):
            part = blob[start:start + size]
            ecr.upload_layer_part(repositoryName="team/app", uploadId=upload, partFirstByte=start,
                                  partLastByte=start + len(part) - 1, layerPartBlob=part)
        digest = "sha256:" + hashlib.sha256(blob).hexdigest()
        ecr.complete_layer_upload(repositoryName="team/app", uploadId=upload, layerDigests=[digest])
        return {"digest": digest, "size": len(blob)}

    config = put(json.dumps({"os": "linux", "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"]}}).encode())
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config},
                "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **put(gzip.compress(layer.getvalue(), 1))}]}
    ecr.put_image(repositoryName="team/app", imageTag="1", imageManifest=json.dumps(manifest))
    yield f"{uri}:1"
    ecr.delete_repository(repositoryName="team/app", force=True)


def definition(family, image, script, **container):
    return {"family": family, "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "executionRoleArn": ROLE,
            "containerDefinitions": [{"name": "app", "image": image, "command": ["sh", "-c", script], **container}]}


def logging(group, **options):
    return {"logDriver": "awslogs", "options": {"awslogs-group": group, "awslogs-region": REGION, "awslogs-stream-prefix": "p", **options}}


def network(subnets):
    return {"awsvpcConfiguration": {"subnets": subnets, "assignPublicIp": "DISABLED"}}


def run(ecs, cluster, subnets, **arguments):
    return ecs.run_task(cluster=cluster, launchType="FARGATE", networkConfiguration=network(subnets), **arguments)["tasks"]


def task_is(ecs, cluster, arn, status):
    task = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"][0]
    return task if task["lastStatus"] == status else None


def messages(clients, group):
    return [event["message"] for event in clients["logs"].filter_log_events(logGroupName=group)["events"]]


def test_clusters(ecs):
    made = ecs.create_cluster(clusterName="one", tags=[{"key": "a", "value": "b"}], capacityProviders=["FARGATE"],
                              settings=[{"name": "containerInsights", "value": "enabled"}])["cluster"]
    assert made["status"] == "ACTIVE" and made["clusterArn"] == f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/one"
    assert ecs.create_cluster(clusterName="one")["cluster"]["clusterArn"] == made["clusterArn"]
    assert made["clusterArn"] in ecs.list_clusters()["clusterArns"]
    answer = ecs.describe_clusters(clusters=["one", "none"], include=["TAGS", "SETTINGS"])
    assert answer["clusters"][0]["tags"] == [{"key": "a", "value": "b"}]
    assert answer["clusters"][0]["settings"] == [{"name": "containerInsights", "value": "enabled"}]
    assert [one["reason"] for one in answer["failures"]] == ["MISSING"]
    settings = [{"name": "containerInsights", "value": "disabled"}]
    assert ecs.update_cluster_settings(cluster="one", settings=settings)["cluster"]["settings"] == settings
    assert ecs.update_cluster(cluster="one", settings=settings)["cluster"]["settings"] == settings
    put = ecs.put_cluster_capacity_providers(cluster="one", capacityProviders=["FARGATE", "FARGATE_SPOT"],
                                             defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}])
    assert put["cluster"]["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert failure(ecs.put_cluster_capacity_providers, cluster="one", capacityProviders=["MINE"],
                   defaultCapacityProviderStrategy=[])[0] == "InvalidParameterException"
    providers = ecs.describe_capacity_providers(capacityProviders=["FARGATE", "MINE"])
    assert providers["capacityProviders"][0]["status"] == "ACTIVE" and len(providers["failures"]) == 1
    assert ecs.delete_cluster(cluster="one")["cluster"]["status"] == "INACTIVE"
    assert failure(ecs.delete_cluster, cluster="one") == ("ClusterNotFoundException", "Cluster not found.")
    assert failure(ecs.create_cluster, clusterName="a b")[0] == "InvalidParameterException"


def test_task_definitions(ecs, via):
    family = f"family-{via}"
    first = ecs.register_task_definition(**definition(family, "x/y:1", "true"), tags=[{"key": "k", "value": "v"}])
    assert first["taskDefinition"]["revision"] == 1 and first["taskDefinition"]["status"] == "ACTIVE"
    assert first["taskDefinition"]["compatibilities"] == ["EC2", "FARGATE"]
    second = ecs.register_task_definition(**definition(family, "x/y:2", "true"))["taskDefinition"]["taskDefinitionArn"]
    assert second.endswith(f":task-definition/{family}:2")
    assert ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]["revision"] == 2
    described = ecs.describe_task_definition(taskDefinition=f"{family}:1", include=["TAGS"])
    assert described["tags"] == [{"key": "k", "value": "v"}]
    assert described["taskDefinition"]["containerDefinitions"][0]["image"] == "x/y:1"
    assert len(ecs.list_task_definitions(familyPrefix=family)["taskDefinitionArns"]) == 2
    assert ecs.list_task_definitions(familyPrefix=family, sort="DESC")["taskDefinitionArns"][0] == second
    page = ecs.list_task_definitions(familyPrefix=family, maxResults=1)
    rest = ecs.list_task_definitions(familyPrefix=family, maxResults=1, nextToken=page["nextToken"])
    assert rest["taskDefinitionArns"] == [second] and "nextToken" not in rest
    assert family in ecs.list_task_definition_families(familyPrefix="fam")["families"]
    assert ecs.deregister_task_definition(taskDefinition=f"{family}:1")["taskDefinition"]["status"] == "INACTIVE"
    assert ecs.list_task_definitions(familyPrefix=family, status="INACTIVE")["taskDefinitionArns"][0].endswith(":1")
    deleted = ecs.delete_task_definitions(taskDefinitions=[f"{family}:1", f"{family}:2"])
    assert len(deleted["taskDefinitions"]) == 1 and "still in ACTIVE" in deleted["failures"][0]["reason"]
    assert failure(ecs.describe_task_definition, taskDefinition="nothing") == ("ClientException", "Unable to describe task definition.")


@pytest.mark.parametrize("change, message", [
    ({"cpu": "300"}, "Invalid 'cpu' setting for task."),
    ({"memory": "3072"}, "No Fargate configuration exists for given values."),
    ({"networkMode": "bridge"}, "Fargate only supports network mode"),
    ({"family": "a/b"}, "Family contains invalid characters."),
    ({"containerDefinitions": []}, "Container list cannot be empty."),
    ({"containerDefinitions": [{"name": "a", "image": "x", "privileged": True}]}, "do not support privileged"),
    ({"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]}, "volumes other than scratch"),
])
def test_task_definitions_refused(ecs, change, message):
    error, text = failure(ecs.register_task_definition, **{**definition("refused", "x", "true"), **change})
    assert error == "ClientException" and message in text


def test_run_task_logs_metadata_and_exit_code(clients, ecs, cluster, subnets, image, via):
    group, mode = f"/ecs/run-{via}", f"/app/mode-{via}"
    clients["logs"].create_log_group(logGroupName=group)
    clients["ssm"].put_parameter(Name=mode, Value="bright", Type="String")
    secret = clients["secretsmanager"].create_secret(Name=f"db-{via}", SecretString='{"password":"pw","port":3306}')["ARN"]
    script = ("echo $GREETING $PASSWORD $PORT $MODE; cat /etc/hostname; curl -s $ECS_CONTAINER_METADATA_URI_V4/task; "
              "echo; echo problem >&2; exit 3")
    ecs.register_task_definition(**definition(
        "run", image, script, logConfiguration=logging(group), environment=[{"name": "GREETING", "value": "hello"}],
        secrets=[{"name": "PASSWORD", "valueFrom": f"{secret}:password::"}, {"name": "PORT", "valueFrom": f"{secret}:port::"},
                 {"name": "MODE", "valueFrom": mode}]))
    [task] = run(ecs, cluster, subnets, taskDefinition="run", startedBy=via, tags=[{"key": "t", "value": "1"}])
    assert task["lastStatus"] == "PROVISIONING" and task["desiredStatus"] == "RUNNING"
    stopped = wait_until(lambda: task_is(ecs, cluster, task["taskArn"], "STOPPED"), "the task ends")
    assert stopped["stopCode"] == "EssentialContainerExited", stopped
    assert stopped["stoppedReason"] == "Essential container in task exited"
    assert stopped["containers"][0]["exitCode"] == 3
    assert stopped["attachments"][0]["type"] == "ElasticNetworkInterface"
    lines = messages(clients, group)
    assert lines[0] == "hello pw 3306 bright" and lines[1].startswith("ip-10-9-") and "problem" in lines
    if shutil.which("curl"):
        metadata = json.loads(next(line for line in lines if line.startswith("{")))
        assert metadata["TaskARN"] == task["taskArn"] and metadata["Family"] == "run"
    streams = clients["logs"].describe_log_streams(logGroupName=group)["logStreams"]
    assert streams[0]["logStreamName"] == "p/app/" + task["taskArn"].split("/")[-1]
    assert ecs.list_tasks(cluster=cluster, desiredStatus="STOPPED", startedBy=via)["taskArns"] == [task["taskArn"]]
    assert ecs.list_tags_for_resource(resourceArn=task["taskArn"])["tags"] == [{"key": "t", "value": "1"}]


def test_stop_task_and_overrides(ecs, cluster, subnets, image):
    ecs.register_task_definition(**definition("long", image, "trap 'exit 0' TERM; while :; do sleep 0.1; done"))
    [task] = run(ecs, cluster, subnets, taskDefinition="long")
    running = wait_until(lambda: task_is(ecs, cluster, task["taskArn"], "RUNNING"), "the task runs")
    assert running["connectivity"] == "CONNECTED" and running["containers"][0]["networkInterfaces"][0]["privateIpv4Address"].startswith("10.9.")
    assert ecs.stop_task(cluster=cluster, task=task["taskArn"], reason="enough")["task"]["desiredStatus"] == "STOPPED"
    stopped = wait_until(lambda: task_is(ecs, cluster, task["taskArn"], "STOPPED"), "the task stops")
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough")
    assert stopped["containers"][0]["exitCode"] == 0
    override = {"containerOverrides": [{"name": "app", "command": ["sh", "-c", "exit $CODE"], "environment": [{"name": "CODE", "value": "9"}]}]}
    [task] = run(ecs, cluster, subnets, taskDefinition="long", overrides=override)
    stopped = wait_until(lambda: task_is(ecs, cluster, task["taskArn"], "STOPPED"), "the task ends")
    assert stopped["containers"][0]["exitCode"] == 9
    assert failure(ecs.stop_task, cluster=cluster, task="none") == ("InvalidParameterException", "The referenced task was not found.")


def test_tasks_that_cannot_start(ecs, cluster, subnets, image):
    ecs.register_task_definition(**definition("no-image", image[:-1] + "nope", "true"))
    [task] = run(ecs, cluster, subnets, taskDefinition="no-image")
    stopped = wait_until(lambda: task_is(ecs, cluster, task["taskArn"], "STOPPED"), "the task fails")
    assert stopped["stopCode"] == "TaskFailedToStart" and "CannotPullContainerError" in stopped["stoppedReason"]
    ecs.register_task_definition(**definition("no-logs", image, "true", logConfiguration=logging("/nowhere")))
    [task] = run(ecs, cluster, subnets, taskDefinition="no-logs")
    stopped = wait_until(lambda: task_is(ecs, cluster, task["taskArn"], "STOPPED"), "the task fails")
    assert "The specified log group does not exist." in stopped["stoppedReason"]
    ecs.register_task_definition(**definition("no-program", image, "true", entryPoint=["/not/there"]))
    [task] = run(ecs, cluster, subnets, taskDefinition="no-program")
    stopped = wait_until(lambda: task_is(ecs, cluster, task["taskArn"], "STOPPED"), "the task fails")
    assert "CannotStartContainerError" in stopped["stoppedReason"]


def test_run_task_errors(ecs, cluster, subnets, image):
    ecs.register_task_definition(**definition("plain", image, "true"))
    base = {"cluster": cluster, "taskDefinition": "plain", "launchType": "FARGATE"}
    assert "Network Configuration must be provided" in failure(ecs.run_task, **base)[1]
    assert "InvalidSubnetID.NotFound" in failure(ecs.run_task, **base, networkConfiguration=network(["subnet-00000000"]))[1]
    base["networkConfiguration"] = network(subnets)
    assert failure(ecs.run_task, **{**base, "cluster": "none"})[0] == "ClusterNotFoundException"
    assert failure(ecs.run_task, **{**base, "taskDefinition": "none"}) == ("ClientException", "TaskDefinition not found.")
    assert failure(ecs.run_task, **base, count=11)[0] == "InvalidParameterException"
    assert "No Container Instances were found" in failure(ecs.run_task, **{**base, "launchType": "EC2"})[1]
    assert "is not a container in the TaskDefinition" in failure(
        ecs.run_task, **base, overrides={"containerOverrides": [{"name": "other"}]})[1]
    assert failure(ecs.list_tasks, cluster=cluster, serviceName="none")[0] == "ServiceNotFoundException"
    assert ecs.describe_tasks(cluster=cluster, tasks=["none"])["failures"][0]["reason"] == "MISSING"


def test_service_rolls_and_replaces(ecs, cluster, subnets, image):
    check = {"command": ["CMD-SHELL", "test -f /tmp/ok"], "interval": 5, "retries": 2, "timeout": 2}
    script = "touch /tmp/ok; trap 'exit 0' TERM; while :; do sleep 0.1; done"
    ecs.register_task_definition(**definition("web", image, script, healthCheck=check))
    made = ecs.create_service(cluster=cluster, serviceName="web", taskDefinition="web", desiredCount=2, launchType="FARGATE",
                              networkConfiguration=network(subnets), tags=[{"key": "s", "value": "1"}],
                              deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}})["service"]
    assert made["status"] == "ACTIVE" and made["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    assert "not idempotent" in failure(ecs.create_service, cluster=cluster, serviceName="web", taskDefinition="web", desiredCount=2,
                                       launchType="FARGATE", networkConfiguration=network(subnets))[1]

    def describe():
        return ecs.describe_services(cluster=cluster, services=["web"], include=["TAGS"])["services"][0]

    def steady():
        service = describe()
        return len(service["deployments"]) == 1 and service["deployments"][0]["rolloutState"] == "COMPLETED"

    wait_until(steady, "the service is steady")
    service = describe()
    assert service["runningCount"] == 2 and service["tags"] == [{"key": "s", "value": "1"}]
    assert service["events"][0]["message"] == "(service web) has reached a steady state."
    tasks = ecs.list_tasks(cluster=cluster, serviceName="web")["taskArns"]
    described = ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"]
    assert len({task["availabilityZone"] for task in described}) == 2
    assert all(task["healthStatus"] == "HEALTHY" and task["group"] == "service:web" for task in described)
    assert ecs.list_services(cluster=cluster)["serviceArns"] == [service["serviceArn"]]

    ecs.stop_task(cluster=cluster, task=tasks[0])
    wait_until(lambda: task_is(ecs, cluster, tasks[0], "STOPPED"), "the task stops")
    wait_until(lambda: describe()["runningCount"] == 2, "it is replaced")
    assert tasks[0] not in ecs.list_tasks(cluster=cluster, serviceName="web")["taskArns"]

    second = ecs.register_task_definition(**definition("web", image, script + "; true", healthCheck=check))
    arn = second["taskDefinition"]["taskDefinitionArn"]
    updated = ecs.update_service(cluster=cluster, service="web", taskDefinition="web")["service"]
    assert [one["status"] for one in updated["deployments"]] == ["PRIMARY", "ACTIVE"]
    wait_until(steady, "the deployment completes")
    tasks = ecs.list_tasks(cluster=cluster, serviceName="web")["taskArns"]
    assert {task["taskDefinitionArn"] for task in ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"]} == {arn}

    assert "cannot be stopped while it is scaled above 0" in failure(ecs.delete_service, cluster=cluster, service="web")[1]
    ecs.update_service(cluster=cluster, service="web", desiredCount=0)
    wait_until(lambda: describe()["runningCount"] == 0, "it scales in")
    assert ecs.delete_service(cluster=cluster, service="web")["service"]["status"] == "DRAINING"
    wait_until(lambda: describe()["status"] == "INACTIVE", "the service goes")
    assert failure(ecs.update_service, cluster=cluster, service="web", desiredCount=1)[0] == "ServiceNotActiveException"
    assert failure(ecs.delete_service, cluster=cluster, service="none")[0] == "ServiceNotFoundException"
    assert failure(ecs.update_service, cluster=cluster, service="none")[0] == "ServiceNotFoundException"
    assert ecs.describe_services(cluster=cluster, services=["none"])["failures"][0]["reason"] == "MISSING"


def test_tags_and_settings(ecs, cluster):
    arn = ecs.describe_clusters(clusters=[cluster])["clusters"][0]["clusterArn"]
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    ecs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": "2"}]
    assert failure(ecs.list_tags_for_resource, resourceArn=arn.replace(cluster, "none"))[0] == "ResourceNotFoundException"
    assert failure(ecs.tag_resource, resourceArn="arn:aws:s3:::x", tags=[])[0] == "InvalidParameterException"
    assert ecs.put_account_setting_default(name="containerInsights", value="enabled")["setting"]["value"] == "enabled"
    effective = ecs.list_account_settings(name="containerInsights", effectiveSettings=True)["settings"]
    assert effective[0]["value"] == "enabled"
    assert ecs.put_account_setting(name="awsvpcTrunking", value="disabled")["setting"]["name"] == "awsvpcTrunking"
    assert ecs.delete_account_setting(name="awsvpcTrunking")["setting"]["name"] == "awsvpcTrunking"
    assert failure(ecs.put_account_setting, name="serviceLongArnFormat", value="disabled")[0] == "InvalidParameterException"
