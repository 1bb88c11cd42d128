"""ECR: every promised operation by boto3, and the registry by its HTTP API and by skopeo."""
import base64
import hashlib
import json
import shutil
import subprocess
import urllib.error
import urllib.request
import uuid

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture
def ecr(unkai, via):
    return unkai.client("ecr", via=via)


@pytest.fixture
def repository(ecr):
    name = f"team/api-{uuid.uuid4().hex[:8]}"
    ecr.create_repository(repositoryName=name)
    yield name
    try:
        ecr.delete_repository(repositoryName=name, force=True)
    except ecr.exceptions.RepositoryNotFoundException:
        pass


def code(call, **arguments):
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    return failure.value.response["Error"]["Code"]


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def upload(ecr, repository, data: bytes, part=None) -> str:
    upload_id = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    part = part or len(data)
    for at in range(0, len(data), part):
        piece = data[at:at + part]
        answer = ecr.upload_layer_part(repositoryName=repository, uploadId=upload_id, partFirstByte=at,
                                       partLastByte=at + len(piece) - 1, layerPartBlob=piece)
        assert answer["lastByteReceived"] == at + len(piece) - 1
    digest = digest_of(data)
    answer = ecr.complete_layer_upload(repositoryName=repository, uploadId=upload_id, layerDigests=[digest])
    assert answer["layerDigest"] == digest
    return digest


def manifest_of(ecr, repository, layer=b"layer") -> str:
    config = json.dumps({"architecture": "amd64", "os": "linux", "salt": layer.hex()}).encode()
    known = {layer["layerDigest"]: layer["layerAvailability"] for layer in ecr.batch_check_layer_availability(
        repositoryName=repository, layerDigests=[digest_of(config), digest_of(layer)])["layers"]}
    for data in (config, layer):
        if known[digest_of(data)] == "UNAVAILABLE":
            upload(ecr, repository, data)
    return json.dumps({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(config),
                   "size": len(config)},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest_of(layer),
                    "size": len(layer)}]})


def put(ecr, repository, tag, layer=b"layer") -> str:
    image = ecr.put_image(repositoryName=repository, imageManifest=manifest_of(ecr, repository, layer), imageTag=tag)
    return image["image"]["imageId"]["imageDigest"]


def test_repositories(ecr):
    name = f"life-{uuid.uuid4().hex[:8]}"
    made = ecr.create_repository(
        repositoryName=name, imageTagMutability="IMMUTABLE", imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration={"encryptionType": "AES256"}, tags=[{"Key": "team", "Value": "a"}])["repository"]
    assert made["repositoryArn"] == f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{name}"
    assert made["repositoryUri"].startswith(f"{ACCOUNT}.dkr.ecr.us-east-1.")
    assert made["repositoryUri"].endswith("/" + name)
    described = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    assert described["createdAt"] == made["createdAt"]
    assert (described["imageTagMutability"], described["imageScanningConfiguration"]) == ("IMMUTABLE", {"scanOnPush": True})
    assert code(ecr.create_repository, repositoryName=name) == "RepositoryAlreadyExistsException"

    assert ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="MUTABLE")["imageTagMutability"] == "MUTABLE"
    assert code(ecr.put_image_tag_mutability, repositoryName=name, imageTagMutability="MUTABLE_WITH_EXCLUSION") == \
        "InvalidParameterException"
    ecr.put_image_scanning_configuration(repositoryName=name, imageScanningConfiguration={"scanOnPush": False})
    assert ecr.delete_repository(repositoryName=name)["repository"]["repositoryName"] == name
    assert code(ecr.delete_repository, repositoryName=name) == "RepositoryNotFoundException"
    assert code(ecr.describe_repositories, repositoryNames=[name]) == "RepositoryNotFoundException"


def test_names_that_are_none_are_refused(ecr):
    for name in ("Upper", "a//b", "-a", "a" * 257):
        assert code(ecr.create_repository, repositoryName=name) in ("InvalidParameterException", "ValidationException")
    assert code(ecr.describe_repositories, registryId="999999999999") == "AccessDeniedException"


def test_repositories_are_paged(ecr):
    prefix = f"page-{uuid.uuid4().hex[:8]}"
    names = [f"{prefix}-{i}" for i in range(5)]
    for name in names:
        ecr.create_repository(repositoryName=name)
    pages = list(ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 2}))
    seen = [one["repositoryName"] for page in pages for one in page["repositories"]]
    assert [name for name in seen if name.startswith(prefix)] == names
    assert len(pages) >= 3
    for name in names:
        ecr.delete_repository(repositoryName=name)


def test_policies_and_tags(ecr, repository):
    assert code(ecr.get_repository_policy, repositoryName=repository) == "RepositoryPolicyNotFoundException"
    assert code(ecr.delete_repository_policy, repositoryName=repository) == "RepositoryPolicyNotFoundException"
    policy = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "pull", "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]})
    ecr.set_repository_policy(repositoryName=repository, policyText=policy)
    assert json.loads(ecr.get_repository_policy(repositoryName=repository)["policyText"]) == json.loads(policy)
    assert code(ecr.set_repository_policy, repositoryName=repository, policyText="nonsense") == "InvalidParameterException"
    ecr.delete_repository_policy(repositoryName=repository)

    assert code(ecr.get_lifecycle_policy, repositoryName=repository) == "LifecyclePolicyNotFoundException"
    assert code(ecr.delete_lifecycle_policy, repositoryName=repository) == "LifecyclePolicyNotFoundException"
    rules = json.dumps({"rules": [{"rulePriority": 1, "selection": {
        "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5}, "action": {"type": "expire"}}]})
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=rules)
    assert ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"] == rules
    assert code(ecr.put_lifecycle_policy, repositoryName=repository, lifecyclePolicyText="{" + " " * 120 + "}") == \
        "InvalidParameterException"
    ecr.delete_lifecycle_policy(repositoryName=repository)

    arn = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{repository}"
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "a"}, {"Key": "stage", "Value": "b"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "stage", "Value": "b"}]
    assert code(ecr.list_tags_for_resource, resourceArn=arn + "x") == "RepositoryNotFoundException"
    assert code(ecr.tag_resource, resourceArn=arn, tags=[{"Key": "aws:x", "Value": "b"}]) == "InvalidTagParameterException"


def test_images(ecr, repository):
    first, second = put(ecr, repository, "v1", b"one"), put(ecr, repository, "v2", b"two")
    manifest = manifest_of(ecr, repository, b"one")
    assert code(ecr.put_image, repositoryName=repository, imageManifest=manifest, imageTag="v1") == "ImageAlreadyExistsException"
    ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag="stable")
    assert code(ecr.put_image, repositoryName=repository, imageManifest=manifest, imageDigest=digest_of(b"x")) == \
        "ImageDigestDoesNotMatchException"
    assert code(ecr.put_image, repositoryName=repository, imageManifest="{}") == "InvalidParameterException"
    missing = manifest.replace(digest_of(b"one"), digest_of(b"nowhere"))
    assert code(ecr.put_image, repositoryName=repository, imageManifest=missing) == "LayersNotFoundException"

    got = ecr.batch_get_image(repositoryName=repository, imageIds=[
        {"imageTag": "stable"}, {"imageDigest": second}, {"imageTag": "none"}, {"imageTag": "v1", "imageDigest": second}])
    assert [image["imageId"]["imageDigest"] for image in got["images"]] == [first, second]
    assert got["images"][0]["imageManifest"] == manifest
    assert [one["failureCode"] for one in got["failures"]] == ["ImageNotFound", "ImageTagDoesNotMatchDigest"]

    listed = ecr.list_images(repositoryName=repository)["imageIds"]
    assert {(one["imageDigest"], one["imageTag"]) for one in listed} == {(first, "stable"), (first, "v1"), (second, "v2")}
    details = {one["imageDigest"]: one for one in ecr.describe_images(repositoryName=repository)["imageDetails"]}
    assert sorted(details[first]["imageTags"]) == ["stable", "v1"]
    assert details[first]["imageManifestMediaType"] == OCI_MANIFEST
    assert code(ecr.describe_images, repositoryName=repository, imageIds=[{"imageTag": "none"}]) == "ImageNotFoundException"
    pages = list(ecr.get_paginator("list_images").paginate(repositoryName=repository, PaginationConfig={"PageSize": 1}))
    assert len(pages) == 3

    assert code(ecr.delete_repository, repositoryName=repository) == "RepositoryNotEmptyException"
    deleted = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "stable"}, {"imageTag": "none"}])
    assert deleted["imageIds"] == [{"imageDigest": first, "imageTag": "stable"}]
    assert deleted["failures"][0]["failureCode"] == "ImageNotFound"
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": first}])
    assert [one["imageDigest"] for one in ecr.list_images(repositoryName=repository)["imageIds"]] == [second]


def test_immutable_tags_and_untagged_images(ecr, repository):
    ecr.put_image_tag_mutability(
        repositoryName=repository, imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}])
    put(ecr, repository, "v1", b"one")
    dev = put(ecr, repository, "dev-1", b"three")
    assert code(ecr.put_image, repositoryName=repository, imageManifest=manifest_of(ecr, repository, b"two"),
                imageTag="v1") == "ImageTagAlreadyExistsException"
    put(ecr, repository, "dev-1", b"two")
    untagged = ecr.list_images(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})["imageIds"]
    assert untagged == [{"imageDigest": dev}]
    assert len(ecr.describe_images(repositoryName=repository, filter={"tagStatus": "TAGGED"})["imageDetails"]) == 2


def test_layers(ecr, repository):
    big = bytes(range(256)) * 4096 * 6  # 6 MiB
    digest = upload(ecr, repository, big, part=5 << 20)
    states = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest, digest_of(b"none")])
    assert [layer["layerAvailability"] for layer in states["layers"]] == ["AVAILABLE", "UNAVAILABLE"]
    assert states["layers"][0]["layerSize"] == len(big)

    link = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)["downloadUrl"]
    host, path = link.split("://")[1].split("/", 1)
    request = urllib.request.Request(f"http://127.0.0.1:{host.rsplit(':', 1)[1]}/{path}", headers={"Host": host})
    assert urllib.request.urlopen(request).read() == big
    assert code(ecr.get_download_url_for_layer, repositoryName=repository, layerDigest=digest_of(b"none")) == \
        "LayersNotFoundException"

    upload_id = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    part = {"repositoryName": repository, "uploadId": upload_id, "layerPartBlob": b"12345"}
    assert code(ecr.upload_layer_part, **part, partFirstByte=3, partLastByte=7) == "InvalidLayerPartException"
    assert code(ecr.complete_layer_upload, repositoryName=repository, uploadId=upload_id, layerDigests=[digest]) == \
        "EmptyUploadException"
    ecr.upload_layer_part(**part, partFirstByte=0, partLastByte=4)
    assert code(ecr.complete_layer_upload, repositoryName=repository, uploadId=upload_id,
                layerDigests=[digest_of(b"other")]) == "InvalidLayerException"
    assert code(ecr.complete_layer_upload, repositoryName=repository, uploadId=upload_id, layerDigests=[digest]) == \
        "LayerAlreadyExistsException"
    ecr.upload_layer_part(**part, partFirstByte=5, partLastByte=9)
    assert code(ecr.complete_layer_upload, repositoryName=repository, uploadId=upload_id,
                layerDigests=[digest_of(b"1234512345")]) == "LayerPartTooSmallException"
    assert code(ecr.upload_layer_part, **{**part, "uploadId": str(uuid.uuid4())}, partFirstByte=0, partLastByte=4) == \
        "UploadNotFoundException"


def credentials(ecr) -> str:
    data = ecr.get_authorization_token()["authorizationData"][0]
    assert data["proxyEndpoint"].split("://")[1].startswith(f"{ACCOUNT}.dkr.ecr.us-east-1.")
    return base64.b64decode(data["authorizationToken"]).decode()


def registry(unkai, path, token=None, method="GET"):
    request = urllib.request.Request(f"{unkai.endpoint}{path}", method=method)
    if token:
        request.add_header("Authorization", "Basic " + base64.b64encode(token.encode()).decode())
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_the_registry_wants_a_token_and_knows_its_images(unkai, ecr, repository):
    assert ecr.describe_registry()["registryId"] == ACCOUNT
    status, headers, _ = registry(unkai, "/v2/")
    assert status == 401
    assert headers["www-authenticate"].startswith("Basic ")
    token = credentials(ecr)
    assert registry(unkai, "/v2/", token)[0] == 200
    assert registry(unkai, "/v2/", token[:-1] + ("0" if token[-1] != "0" else "1"))[0] == 401

    digest = put(ecr, repository, "v1")
    status, headers, body = registry(unkai, f"/v2/{repository}/manifests/v1", token)
    assert (status, headers["docker-content-digest"], headers["content-type"]) == (200, digest, OCI_MANIFEST)
    assert digest_of(body) == digest
    assert json.loads(registry(unkai, f"/v2/{repository}/tags/list", token)[2]) == {"name": repository, "tags": ["v1"]}
    status, _, body = registry(unkai, f"/v2/{repository}/manifests/none", token)
    assert (status, json.loads(body)["errors"][0]["code"]) == (404, "MANIFEST_UNKNOWN")
    status, _, body = registry(unkai, "/v2/none/tags/list", token)
    assert (status, json.loads(body)["errors"][0]["code"]) == (404, "NAME_UNKNOWN")
    assert registry(unkai, f"/v2/{repository}/manifests/v1", token, method="DELETE")[0] == 405


@pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")
def test_skopeo_copies_between_repositories(unkai, ecr, repository):
    digest = put(ecr, repository, "v1")
    token = credentials(ecr)
    other = repository + "-copy"
    ecr.create_repository(repositoryName=other)
    host = f"127.0.0.1:{unkai.port}"
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--preserve-digests", "--src-tls-verify=false",
                    "--dest-tls-verify=false", "--src-creds", token, "--dest-creds", token,
                    f"docker://{host}/{repository}:v1", f"docker://{host}/{other}:v2"], check=True, capture_output=True)
    assert ecr.describe_images(repositoryName=other, imageIds=[{"imageTag": "v2"}])["imageDetails"][0]["imageDigest"] == digest
    ecr.delete_repository(repositoryName=other, force=True)


def test_what_is_not_there_says_so(ecr):
    with pytest.raises(ClientError) as failure:
        ecr.start_image_scan(repositoryName="any", imageId={"imageTag": "v1"})
    assert failure.value.response["Error"]["Code"] == "NotImplemented"
