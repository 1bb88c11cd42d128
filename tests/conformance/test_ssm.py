"""Parameter Store: every promised operation by boto3, successes and errors."""
import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def ssm(unkai, via):
    return unkai.client("ssm", via=via)


@pytest.fixture
def path():
    return f"/conformance-{uuid.uuid4().hex}"


def code(call, **arguments):
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    return failure.value.response["Error"]["Code"]


def test_values_and_versions(ssm, path):
    name = path + "/a"
    assert ssm.put_parameter(Name=name, Value="1", Type="String")["Version"] == 1
    assert code(ssm.put_parameter, Name=name, Value="2", Type="String") == "ParameterAlreadyExists"
    assert ssm.put_parameter(Name=name, Value="2", Overwrite=True)["Version"] == 2
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "2"
    assert ssm.get_parameter(Name=name + ":1")["Parameter"]["Value"] == "1"
    assert code(ssm.get_parameter, Name=name + ":9") == "ParameterVersionNotFound"
    assert code(ssm.get_parameter, Name=path + "/nope") == "ParameterNotFound"
    assert [row["Value"] for row in ssm.get_parameter_history(Name=name)["Parameters"]] == ["1", "2"]
    assert code(ssm.put_parameter, Name="a//b", Value="1", Type="String") == "ValidationException"


def test_secure_strings(ssm, path):
    ssm.put_parameter(Name=path, Value="hunter2", Type="SecureString")
    assert ssm.get_parameter(Name=path, WithDecryption=True)["Parameter"]["Value"] == "hunter2"
    assert "hunter2" not in ssm.get_parameter(Name=path)["Parameter"]["Value"]


def test_paths_and_filters(ssm, path):
    for name in ("/db/host", "/db/port", "/name"):
        ssm.put_parameter(Name=path + name, Value="x", Type="String", Tags=[{"Key": "k", "Value": "v"}])
    assert [row["Name"] for row in ssm.get_parameters_by_path(Path=path)["Parameters"]] == [path + "/name"]
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True,
                                                                 PaginationConfig={"PageSize": 2})
    assert sum(len(page["Parameters"]) for page in pages) == 3
    found = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": [path + "/db"]}])
    assert len(found["Parameters"]) == 2
    assert code(ssm.describe_parameters, ParameterFilters=[{"Key": "Label", "Values": ["x"]}]) == "InvalidFilterKey"
    got = ssm.get_parameters(Names=[path + "/name", path + "/nope"])
    assert got["InvalidParameters"] == [path + "/nope"]
    deleted = ssm.delete_parameters(Names=[path + "/db/host", path + "/nope"])
    assert deleted["DeletedParameters"] == [path + "/db/host"]
    ssm.delete_parameter(Name=path + "/db/port")
    assert code(ssm.delete_parameter, Name=path + "/db/port") == "ParameterNotFound"


def test_tags(ssm, path):
    ssm.put_parameter(Name=path, Value="x", Type="String")
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=path, Tags=[{"Key": "a", "Value": "b"}])
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=path)["TagList"] == [{"Key": "a", "Value": "b"}]
    ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=path, TagKeys=["a"])
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=path)["TagList"] == []
    assert code(ssm.list_tags_for_resource, ResourceType="Parameter", ResourceId=path + "x") == "InvalidResourceId"
