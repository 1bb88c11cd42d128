"""CloudFormation: every promised operation by boto3, and `aws cloudformation deploy`."""
import json
import os
import shutil
import subprocess
import time
import uuid

import pytest
from botocore.exceptions import ClientError

TEMPLATE = """
Parameters:
  Text: {Type: String, Default: one}
  Secret: {Type: String, NoEcho: true, Default: hidden}
Resources:
  Group: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 7}}
  Second: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Sub '${First.Value}-${Group}'}}
  First: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref Text}}
Outputs:
  Group: {Value: !Ref Group}
  Second: {Value: !Ref Second}
"""

NETWORK = """
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.9.0.0/16, EnableDnsHostnames: true}}
  Subnet:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: !Select [0, !Cidr [!GetAtt Vpc.CidrBlock, 2, 8]], AvailabilityZone: !Select [0, !GetAZs '']}
  Gateway: {Type: AWS::EC2::InternetGateway}
  Attached: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Vpc, InternetGatewayId: !Ref Gateway}}
  Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  Route:
    Type: AWS::EC2::Route
    DependsOn: Attached
    Properties: {RouteTableId: !Ref Table, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gateway}
  Association: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Subnet, RouteTableId: !Ref Table}}
  Open:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: web
      VpcId: !Ref Vpc
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 0.0.0.0/0}]
  Inner:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: inner
      VpcId: !Ref Vpc
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 81, ToPort: 81, SourceSecurityGroupId: !GetAtt Open.GroupId}]
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: sts:AssumeRole}]
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy']
  Bucket:
    Type: AWS::S3::Bucket
    Properties: {PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}}
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {GenerateSecretString: {SecretStringTemplate: '{"username": "app"}', GenerateStringKey: password, ExcludeCharacters: '"@/'}}}
  Copy: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Sub '{{resolve:secretsmanager:${Secret}:SecretString:username}}'}}
  Zone: {Type: AWS::Route53::HostedZone, Properties: {Name: cfn.example.com}}
  Record: {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Zone, Name: www.cfn.example.com, Type: A, TTL: '60', ResourceRecords: [192.0.2.1]}}
  Certificate:
    Type: AWS::CertificateManager::Certificate
    Properties:
      DomainName: www.cfn.example.com
      ValidationMethod: DNS
      DomainValidationOptions: [{DomainName: www.cfn.example.com, HostedZoneId: !Ref Zone}]
  Repository: {Type: AWS::ECR::Repository, Properties: {EmptyOnDelete: true}}
  Cluster: {Type: AWS::ECS::Cluster}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      RequiresCompatibilities: [FARGATE]
      NetworkMode: awsvpc
      Cpu: 256
      Memory: 512
      ContainerDefinitions: [{Name: api, Image: !Sub '${Repository.RepositoryUri}:latest', PortMappings: [{ContainerPort: 80}]}]
Outputs:
  User: {Value: !GetAtt Copy.Value}
  Zone: {Value: !Ref Zone}
  Group: {Value: !GetAtt Inner.GroupId}
"""


@pytest.fixture
def cfn(unkai, via):
    return unkai.client("cloudformation", via=via)


@pytest.fixture
def name(cfn):
    made = f"stack-{uuid.uuid4().hex[:12]}"
    yield made
    cfn.delete_stack(StackName=made)


def error(call, **arguments):
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    return failure.value.response["Error"]


def settle(cfn, name, timeout=120):
    deadline = time.monotonic() + timeout
    while True:
        stack = cfn.describe_stacks(StackName=name)["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS") or time.monotonic() > deadline:
            return stack
        time.sleep(0.2)


def reasons(cfn, name):
    return [(event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason"))
            for event in cfn.describe_stack_events(StackName=name)["StackEvents"]]


def test_create_update_delete(cfn, unkai, name):
    arn = cfn.create_stack(StackName=name, TemplateBody=TEMPLATE, Tags=[{"Key": "team", "Value": "a"}])["StackId"]
    stack = settle(cfn, name)
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(cfn, name)
    outputs = {row["OutputKey"]: row["OutputValue"] for row in stack["Outputs"]}
    ssm = unkai.client("ssm")
    assert ssm.get_parameter(Name=outputs["Second"])["Parameter"]["Value"] == f"one-{outputs['Group']}"
    assert {"ParameterKey": "Secret", "ParameterValue": "****"} in stack["Parameters"]
    assert error(cfn.create_stack, StackName=name, TemplateBody=TEMPLATE)["Code"] == "AlreadyExistsException"
    assert error(cfn.update_stack, StackName=name, TemplateBody=TEMPLATE,
                 Tags=[{"Key": "team", "Value": "a"}])["Message"] == "No updates are to be performed."
    cfn.update_stack(StackName=name, UsePreviousTemplate=True, Parameters=[
        {"ParameterKey": "Text", "ParameterValue": "two"}, {"ParameterKey": "Secret", "UsePreviousValue": True}])
    assert settle(cfn, name)["StackStatus"] == "UPDATE_COMPLETE", reasons(cfn, name)
    assert ssm.get_parameter(Name=outputs["Second"])["Parameter"]["Value"] == f"two-{outputs['Group']}"

    assert len(cfn.list_stack_resources(StackName=name)["StackResourceSummaries"]) == 3
    assert len(cfn.describe_stack_resources(StackName=name)["StackResources"]) == 3
    detail = cfn.describe_stack_resource(StackName=name, LogicalResourceId="Group")["StackResourceDetail"]
    assert detail["PhysicalResourceId"] == outputs["Group"]
    assert "Resources" in cfn.get_template(StackName=name)["TemplateBody"]
    summary = cfn.get_template_summary(StackName=name)
    assert set(summary["ResourceTypes"]) == {"AWS::Logs::LogGroup", "AWS::SSM::Parameter"}
    assert any(row["StackName"] == name for row in cfn.list_stacks(StackStatusFilter=["UPDATE_COMPLETE"])["StackSummaries"])
    assert error(cfn.cancel_update_stack, StackName=name)["Code"] == "ValidationError"
    assert error(cfn.continue_update_rollback, StackName=name)["Code"] == "ValidationError"

    cfn.update_termination_protection(StackName=name, EnableTerminationProtection=True)
    assert "TerminationProtection" in error(cfn.delete_stack, StackName=name)["Message"]
    cfn.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    cfn.delete_stack(StackName=name)
    assert settle(cfn, arn)["StackStatus"] == "DELETE_COMPLETE"
    assert error(cfn.describe_stacks, StackName=name)["Message"] == f"Stack with id {name} does not exist"
    assert error(ssm.get_parameter, Name=outputs["Second"])["Code"] == "ParameterNotFound"


def test_many_services(cfn, unkai, name):
    needed = error(cfn.create_stack, StackName=name, TemplateBody=NETWORK)
    assert needed["Code"] == "InsufficientCapabilitiesException"
    arn = cfn.create_stack(StackName=name, TemplateBody=NETWORK, Capabilities=["CAPABILITY_IAM"])["StackId"]
    stack = settle(cfn, name)
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(cfn, name)
    outputs = {row["OutputKey"]: row["OutputValue"] for row in stack["Outputs"]}
    assert outputs["User"] == "app"
    groups = unkai.client("ec2").describe_security_groups(GroupIds=[outputs["Group"]])["SecurityGroups"]
    assert groups[0]["IpPermissions"][0]["FromPort"] == 81
    closed = NETWORK.replace("ToPort: 81, SourceSecurityGroupId: !GetAtt Open.GroupId", "ToPort: 82, CidrIp: 10.0.0.0/8")
    cfn.update_stack(StackName=name, TemplateBody=closed, Capabilities=["CAPABILITY_IAM"])
    assert settle(cfn, name)["StackStatus"] == "UPDATE_COMPLETE", reasons(cfn, name)
    groups = unkai.client("ec2").describe_security_groups(GroupIds=[outputs["Group"]])["SecurityGroups"]
    assert [rule["ToPort"] for rule in groups[0]["IpPermissions"]] == [82]
    cfn.delete_stack(StackName=name)
    assert settle(cfn, arn)["StackStatus"] == "DELETE_COMPLETE", reasons(cfn, arn)
    assert error(unkai.client("route53").get_hosted_zone, Id=outputs["Zone"])["Code"] == "NoSuchHostedZone"


def test_failure_rolls_back(cfn, unkai, name):
    broken = TEMPLATE.replace("RetentionInDays: 7", "RetentionInDays: 2")
    cfn.create_stack(StackName=name, TemplateBody=broken)
    stack = settle(cfn, name)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any(row[:2] == ("Group", "CREATE_FAILED") for row in reasons(cfn, name))


CANCELLED = """
Parameters:
  Days: {Type: Number, Default: 7}
  Certified: {Type: String, Default: "no"}
Conditions:
  Waits: !Equals [!Ref Certified, "yes"]
Resources:
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Ref AWS::StackName, RetentionInDays: !Ref Days}}
  Certificate:
    Type: AWS::CertificateManager::Certificate
    Condition: Waits
    DependsOn: Group
    Properties: {DomainName: nobody-validates-this.example, ValidationMethod: DNS}
"""


def test_an_update_is_cancelled_and_its_rollback_continued(cfn, unkai, name):
    logs = unkai.client("logs")
    cfn.create_stack(StackName=name, TemplateBody=CANCELLED)
    assert settle(cfn, name)["StackStatus"] == "CREATE_COMPLETE", reasons(cfn, name)
    cfn.update_stack(StackName=name, UsePreviousTemplate=True, Parameters=[
        {"ParameterKey": "Days", "ParameterValue": "14"}, {"ParameterKey": "Certified", "ParameterValue": "yes"}])
    deadline = time.monotonic() + 60
    while ("Certificate", "CREATE_IN_PROGRESS") not in [row[:2] for row in reasons(cfn, name)]:
        assert time.monotonic() < deadline, reasons(cfn, name)
        time.sleep(0.1)
    logs.delete_log_group(logGroupName=name)  # So that there is nothing to give its seven days back to.
    cfn.cancel_update_stack(StackName=name)
    assert settle(cfn, name)["StackStatus"] == "UPDATE_ROLLBACK_FAILED", reasons(cfn, name)
    logs.create_log_group(logGroupName=name)
    cfn.continue_update_rollback(StackName=name)
    assert settle(cfn, name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", reasons(cfn, name)
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["retentionInDays"] == 7


def test_change_sets(cfn, name):
    made = cfn.create_change_set(StackName=name, ChangeSetName="one", ChangeSetType="CREATE", TemplateBody=TEMPLATE)
    cfn.get_waiter("change_set_create_complete").wait(ChangeSetName=made["Id"], WaiterConfig={"Delay": 1})
    described = cfn.describe_change_set(ChangeSetName=made["Id"])
    assert len(described["Changes"]) == 3
    assert cfn.list_change_sets(StackName=name)["Summaries"][0]["ChangeSetName"] == "one"
    cfn.execute_change_set(ChangeSetName="one", StackName=name)
    assert settle(cfn, name)["StackStatus"] == "CREATE_COMPLETE"
    made = cfn.create_change_set(StackName=name, ChangeSetName="two", TemplateBody=TEMPLATE)
    assert cfn.describe_change_set(ChangeSetName=made["Id"])["Status"] == "FAILED"
    assert error(cfn.execute_change_set, ChangeSetName=made["Id"])["Code"] == "InvalidChangeSetStatus"
    cfn.delete_change_set(ChangeSetName=made["Id"])
    assert error(cfn.describe_change_set, ChangeSetName=made["Id"])["Code"] == "ChangeSetNotFound"


def test_exports(cfn, name):
    shared = f"shared-{name}"
    body = TEMPLATE + f"  Shared: {{Value: !Ref First, Export: {{Name: {shared}}}}}\n"
    cfn.create_stack(StackName=name, TemplateBody=body)
    assert settle(cfn, name)["StackStatus"] == "CREATE_COMPLETE"
    assert any(row["Name"] == shared for row in cfn.list_exports()["Exports"])
    user = name + "-user"
    cfn.create_stack(StackName=user, TemplateBody="Resources: {P: {Type: AWS::SSM::Parameter, Properties: "
                     f"{{Type: String, Value: !ImportValue {shared}}}}}}}")
    assert settle(cfn, user)["StackStatus"] == "CREATE_COMPLETE"
    assert cfn.list_imports(ExportName=shared)["Imports"] == [user]
    assert "in use by" in error(cfn.delete_stack, StackName=name)["Message"]
    cfn.delete_stack(StackName=user)
    deadline = time.monotonic() + 30
    while any(row["StackName"] == user for row in cfn.describe_stacks()["Stacks"]) and time.monotonic() < deadline:
        time.sleep(0.2)


@pytest.mark.parametrize("body, words", [
    ("Resources: {}", "At least one Resources member must be defined"),
    ("Resources: {A: {Type: AWS::Nope::X}}", "Unrecognized resource types: [AWS::Nope::X]"),
    ("Resources: {A: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16, Nope: 1}}}", "extraneous key [Nope]"),
    ("Resources: {A: {Type: AWS::S3::Bucket, DependsOn: B}, B: {Type: AWS::S3::Bucket, DependsOn: A}}",
     "Circular dependency between resources: [A, B]"),
    ("{\"Resources\": [}", "JSON not well-formed"),
])
def test_bad_templates(cfn, name, body, words):
    assert words in error(cfn.create_stack, StackName=name, TemplateBody=body)["Message"]


def test_validate_and_s3_url(cfn, unkai):
    found = cfn.validate_template(TemplateBody=TEMPLATE)
    assert {row["ParameterKey"] for row in found["Parameters"]} == {"Text", "Secret"}
    s3 = unkai.client("s3", s3={"addressing_style": "path"})
    bucket = f"templates-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a/template.yaml", Body=TEMPLATE.encode())
    url = f"https://{bucket}.s3.us-east-1.amazonaws.com/a/template.yaml"
    assert len(cfn.validate_template(TemplateURL=url)["Parameters"]) == 2
    s3.delete_object(Bucket=bucket, Key="a/template.yaml")
    assert "S3 error" in error(cfn.validate_template, TemplateURL=url)["Message"]
    s3.delete_bucket(Bucket=bucket)


@pytest.mark.skipif(shutil.which("aws") is None, reason="needs the AWS CLI")
@pytest.mark.by_boto3
def test_deploy_command(cfn, unkai, name, tmp_path):
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    environment = {**os.environ, "AWS_ENDPOINT_URL": unkai.endpoint, "AWS_DEFAULT_REGION": "us-east-1",
                   "AWS_ACCESS_KEY_ID": "AKIACONFORMANCE00000", "AWS_SECRET_ACCESS_KEY": "conformance-secret"}
    command = ["aws", "cloudformation", "deploy", "--stack-name", name, "--template-file", str(template)]
    first = subprocess.run(command, env=environment, text=True, capture_output=True, timeout=150)
    assert first.returncode == 0, first.stderr
    again = subprocess.run([*command, "--no-fail-on-empty-changeset"], env=environment, text=True,
                           capture_output=True, timeout=150)
    assert again.returncode == 0 and "No changes to deploy" in again.stdout + again.stderr
    shown = subprocess.run(["aws", "cloudformation", "describe-stacks", "--stack-name", name], env=environment,
                           text=True, capture_output=True, timeout=60)
    assert json.loads(shown.stdout)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
