"""Secrets Manager: every promised operation through boto3, success and error."""
import json
import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def secrets(unkai, via):
    return unkai.client("secretsmanager", via=via)


@pytest.fixture
def name():
    return f"app/{uuid.uuid4().hex[:10]}"


def code(call, **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"]


def test_a_secret_and_its_versions(secrets, name):
    made = secrets.create_secret(Name=name, SecretString=json.dumps({"password": "one"}), Description="of the app",
                                 Tags=[{"Key": "team", "Value": "red"}])
    assert made["ARN"].startswith("arn:aws:secretsmanager:us-east-1:123456789012:secret:" + name)
    assert json.loads(secrets.get_secret_value(SecretId=made["ARN"])["SecretString"])["password"] == "one"
    put = secrets.put_secret_value(SecretId=name, SecretString="two")
    assert put["VersionStages"] == ["AWSCURRENT"]
    assert secrets.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["VersionId"] == made["VersionId"]
    pending = secrets.put_secret_value(SecretId=name, SecretString="three", VersionStages=["AWSPENDING"])
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "two"
    assert code(secrets.update_secret_version_stage, SecretId=name, VersionStage="AWSCURRENT",
                MoveToVersionId=pending["VersionId"]) == "InvalidParameterException"
    secrets.update_secret_version_stage(SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=pending["VersionId"],
                                        RemoveFromVersionId=put["VersionId"])
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "three"
    listed = secrets.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
    assert {version["VersionId"] for version in listed} == {made["VersionId"], put["VersionId"], pending["VersionId"]}
    described = secrets.describe_secret(SecretId=name)
    assert described["Description"] == "of the app" and described["Tags"] == [{"Key": "team", "Value": "red"}]
    assert described["VersionIdsToStages"][put["VersionId"]] == ["AWSPREVIOUS"]


def test_binary_values_and_updates(secrets, name):
    secrets.create_secret(Name=name, SecretBinary=b"\x00\xff")
    assert secrets.get_secret_value(SecretId=name)["SecretBinary"] == b"\x00\xff"
    secrets.update_secret(SecretId=name, Description="new", SecretString="text")
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "text"
    assert secrets.describe_secret(SecretId=name)["Description"] == "new"


def test_tokens_make_calls_repeatable(secrets, name):
    token = str(uuid.uuid4())
    first = secrets.create_secret(Name=name, SecretString="x", ClientRequestToken=token)
    assert secrets.create_secret(Name=name, SecretString="x", ClientRequestToken=token)["ARN"] == first["ARN"]
    assert code(secrets.create_secret, Name=name, SecretString="y", ClientRequestToken=token) == "ResourceExistsException"
    assert code(secrets.put_secret_value, SecretId=name, SecretString="y",
                ClientRequestToken=token) == "ResourceExistsException"


def test_deleting_and_restoring(secrets, name):
    secrets.create_secret(Name=name, SecretString="x")
    assert code(secrets.delete_secret, SecretId=name, RecoveryWindowInDays=3) == "InvalidParameterException"
    secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    assert code(secrets.get_secret_value, SecretId=name) == "InvalidRequestException"
    secrets.restore_secret(SecretId=name)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "x"
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    assert code(secrets.get_secret_value, SecretId=name) == "ResourceNotFoundException"
    assert code(secrets.delete_secret, SecretId=name) == "ResourceNotFoundException"


def test_lists_with_filters_and_pages(secrets, name):
    made = [f"{name}-{number}" for number in range(5)]
    for one in made:
        secrets.create_secret(Name=one, SecretString=one)
    pages = secrets.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [name]}], SortOrder="asc",
                                                           PaginationConfig={"PageSize": 2})
    assert [one["Name"] for page in pages for one in page["SecretList"]] == made
    batch = secrets.batch_get_secret_value(SecretIdList=[made[0], "nope"])
    assert batch["SecretValues"][0]["SecretString"] == made[0]
    assert batch["Errors"][0]["ErrorCode"] == "ResourceNotFoundException"


def test_random_passwords(secrets):
    password = secrets.get_random_password(PasswordLength=40, ExcludePunctuation=True)["RandomPassword"]
    assert len(password) == 40 and password.isalnum()
    assert code(secrets.get_random_password, PasswordLength=2) == "InvalidParameterException"


def test_tags_and_policies(secrets, name):
    secrets.create_secret(Name=name, SecretString="x")
    secrets.tag_resource(SecretId=name, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    secrets.untag_resource(SecretId=name, TagKeys=["a"])
    assert secrets.describe_secret(SecretId=name)["Tags"] == [{"Key": "b", "Value": "2"}]
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=policy)
    assert secrets.get_resource_policy(SecretId=name)["ResourcePolicy"] == policy
    secrets.delete_resource_policy(SecretId=name)
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId=name)
    assert code(secrets.put_resource_policy, SecretId=name, ResourcePolicy="{") == "MalformedPolicyDocumentException"


def test_operations_that_are_not_there_say_so(secrets, name):
    secrets.create_secret(Name=name, SecretString="x")
    with pytest.raises(ClientError) as raised:
        secrets.cancel_rotate_secret(SecretId=name)
    assert raised.value.response["Error"]["Code"] == "NotImplemented"
