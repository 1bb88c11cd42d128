"""S3, IAM and STS by boto3: success and error."""
import hashlib
import io
import json
import os
import uuid

import boto3
import pytest
import requests
from botocore.exceptions import ClientError


def code(error):
    return error.value.response["Error"]["Code"]


@pytest.fixture
def s3(unkai, via):
    return unkai.client("s3", via=via, s3={"addressing_style": "path"})


@pytest.fixture
def bucket(s3):
    name = f"b-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    yield name
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for item in page.get("Contents", []):
            s3.delete_object(Bucket=name, Key=item["Key"])
    s3.delete_bucket(Bucket=name)


def test_objects_round_trip_with_headers_ranges_and_conditions(s3, bucket):
    put = s3.put_object(Bucket=bucket, Key="a/b c.txt", Body=b"hello", ContentType="text/plain",
                        Metadata={"who": "ada"}, Tagging="k=v")
    got = s3.get_object(Bucket=bucket, Key="a/b c.txt", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"hello" and got["Metadata"] == {"who": "ada"}
    assert got["ETag"] == put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"' and got["ContentType"] == "text/plain"
    ranged = s3.get_object(Bucket=bucket, Key="a/b c.txt", Range="bytes=1-2")
    assert ranged["Body"].read() == b"el" and ranged["ContentRange"] == "bytes 1-2/5"
    assert s3.head_object(Bucket=bucket, Key="a/b c.txt")["ContentLength"] == 5
    with pytest.raises(ClientError) as missing:
        s3.get_object(Bucket=bucket, Key="nope")
    assert code(missing) == "NoSuchKey"
    with pytest.raises(ClientError) as range_error:
        s3.get_object(Bucket=bucket, Key="a/b c.txt", Range="bytes=9-")
    assert code(range_error) == "InvalidRange"
    with pytest.raises(ClientError) as unmatched:
        s3.get_object(Bucket=bucket, Key="a/b c.txt", IfMatch='"x"')
    assert code(unmatched) == "PreconditionFailed"
    with pytest.raises(ClientError) as exists:
        s3.put_object(Bucket=bucket, Key="a/b c.txt", Body=b"", IfNoneMatch="*")
    assert code(exists) == "PreconditionFailed"
    assert s3.get_object_tagging(Bucket=bucket, Key="a/b c.txt")["TagSet"] == [{"Key": "k", "Value": "v"}]


def test_listing_folds_and_pages(s3, bucket):
    for key in ("a", "d/1", "d/2", "e/1", "f"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    seen = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1}):
        seen += [item["Key"] for item in page.get("Contents", [])] + [p["Prefix"] for p in page.get("CommonPrefixes", [])]
    assert seen == ["a", "d/", "e/", "f"]
    assert [item["Key"] for item in s3.list_objects(Bucket=bucket, Prefix="d/")["Contents"]] == ["d/1", "d/2"]


def test_multipart_copy_and_checksums(s3, bucket):
    body = os.urandom(12 * 1024 * 1024 + 5)
    s3.upload_fileobj(io.BytesIO(body), bucket, "big")
    got = s3.get_object(Bucket=bucket, Key="big")
    assert got["ETag"].endswith('-2"') and hashlib.sha256(got["Body"].read()).digest() == hashlib.sha256(body).digest()
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "big"})
    assert s3.head_object(Bucket=bucket, Key="copy")["ContentLength"] == len(body)
    for algorithm in ("CRC32", "SHA1", "SHA256"):  # boto3 computes the others only with its C extension.
        s3.put_object(Bucket=bucket, Key="sum", Body=b"123456789", ChecksumAlgorithm=algorithm)
    with pytest.raises(ClientError) as bad:
        s3.put_object(Bucket=bucket, Key="sum", Body=b"123456789", ChecksumSHA256="AAAA")
    assert code(bad) in ("BadDigest", "InvalidRequest")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    with pytest.raises(ClientError) as part:
        s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "x"}]})
    assert code(part) == "InvalidPart"
    s3.abort_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload)
    with pytest.raises(ClientError) as gone:
        s3.list_parts(Bucket=bucket, Key="parts", UploadId=upload)
    assert code(gone) == "NoSuchUpload"


def test_the_settings_of_a_bucket(s3, bucket):
    """Each is put, read, and where it can be, deleted; what is not set has a code of its own."""
    s3.head_bucket(Bucket=bucket)
    assert bucket in [one["Name"] for one in s3.list_buckets()["Buckets"]]
    assert not s3.get_bucket_location(Bucket=bucket).get("LocationConstraint")  # us-east-1 has none.
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"][0]["Permission"] == "FULL_CONTROL"
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == block
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
                                                      "Resource": f"arn:aws:s3:::{bucket}/closed/*"}]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == policy
    rules = [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://example.com"], "MaxAgeSeconds": 60}]
    tags = [{"Key": "team", "Value": "blue"}]
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    owner = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    for setting, put, got, unset in (
            ("cors", {"CORSConfiguration": {"CORSRules": rules}}, ("CORSRules", rules), "NoSuchCORSConfiguration"),
            ("tagging", {"Tagging": {"TagSet": tags}}, ("TagSet", tags), "NoSuchTagSet"),
            ("ownership_controls", {"OwnershipControls": owner}, ("OwnershipControls", owner),
             "OwnershipControlsNotFoundError")):
        getattr(s3, f"put_bucket_{setting}")(Bucket=bucket, **put)
        answer = getattr(s3, f"get_bucket_{setting}")(Bucket=bucket)
        assert answer[got[0]] == got[1]
        getattr(s3, f"delete_bucket_{setting}")(Bucket=bucket)
        with pytest.raises(ClientError) as gone:
            getattr(s3, f"get_bucket_{setting}")(Bucket=bucket)
        assert code(gone) == unset
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=encryption)
    s3.delete_bucket_encryption(Bucket=bucket)
    found = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert found["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}  # What every bucket has.


def test_tags_attributes_and_many_deletions(s3, bucket):
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"body")
    s3.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    assert s3.get_object_tagging(Bucket=bucket, Key="a")["TagSet"] == [{"Key": "k", "Value": "v"}]
    s3.delete_object_tagging(Bucket=bucket, Key="a")
    assert s3.get_object_tagging(Bucket=bucket, Key="a")["TagSet"] == []
    assert s3.get_object_acl(Bucket=bucket, Key="a")["Owner"]["ID"]
    attributes = s3.get_object_attributes(Bucket=bucket, Key="a", ObjectAttributes=["ETag", "ObjectSize"])
    assert attributes["ObjectSize"] == 4 and attributes["ETag"] == "841a2d689ad86bd1611447453c22c6fc"
    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}, {"Key": "never"}]})
    assert sorted(one["Key"] for one in done["Deleted"]) == ["a", "b", "never"]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["c"]


def test_parts_of_an_upload(s3, bucket):
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="whole", ContentType="text/plain",
                                        ChecksumAlgorithm="SHA256")["UploadId"]
    assert [one["Key"] for one in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["whole"]
    first = s3.upload_part(Bucket=bucket, Key="whole", UploadId=upload, PartNumber=1, Body=b"x" * (5 << 20),
                           ChecksumAlgorithm="SHA256")
    second = s3.upload_part_copy(Bucket=bucket, Key="whole", UploadId=upload, PartNumber=2, CopySourceRange="bytes=2-5",
                                 CopySource={"Bucket": bucket, "Key": "source"})["CopyPartResult"]
    assert [one["Size"] for one in s3.list_parts(Bucket=bucket, Key="whole", UploadId=upload)["Parts"]] == [5 << 20, 4]
    s3.complete_multipart_upload(Bucket=bucket, Key="whole", UploadId=upload, MultipartUpload={"Parts": [
        {"PartNumber": number, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}
        for number, part in ((1, first), (2, second))]})
    end = s3.get_object(Bucket=bucket, Key="whole", Range=f"bytes={(5 << 20) - 1}-")
    assert end["Body"].read() == b"x2345" and end["ContentType"] == "text/plain"
    assert s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_presigned_urls_hold_and_tampering_does_not(unkai, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"body")
    for client in (s3, unkai.client("s3", signature_version="s3v4", s3={"addressing_style": "path"})):
        url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
        assert requests.get(url, timeout=10).text == "body"
        assert requests.get(url.replace("/k?", "/other?"), timeout=10).status_code == 403
    assert requests.get(url.split("?")[0], timeout=10).status_code == 403


def test_policies_decide_for_others(s3, bucket, unkai):
    s3.put_object(Bucket=bucket, Key="k", Body=b"body")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}]})
    with pytest.raises(ClientError) as blocked:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert code(blocked) == "AccessDenied"
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert requests.get(f"{unkai.endpoint}/{bucket}/k", timeout=10).text == "body"
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"]
    s3.delete_bucket_policy(Bucket=bucket)
    assert requests.get(f"{unkai.endpoint}/{bucket}/k", timeout=10).status_code == 403


def test_buckets_refuse_what_aws_refuses(s3, bucket):
    for name in ("UPPER", "192.168.0.1", "two..dots"):
        with pytest.raises(ClientError) as named:
            s3.create_bucket(Bucket=name)
        assert code(named) == "InvalidBucketName", name
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    with pytest.raises(ClientError) as full:
        s3.delete_bucket(Bucket=bucket)
    assert code(full) == "BucketNotEmpty"
    with pytest.raises(ClientError) as absent:
        s3.list_objects_v2(Bucket="there-is-no-such-bucket")
    assert code(absent) == "NoSuchBucket"


def test_users_keys_and_roles(unkai):
    iam = unkai.client("iam")
    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    sts = boto3.client("sts", endpoint_url=unkai.endpoint, region_name="us-east-1",
                       aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    assert sts.get_caller_identity()["Arn"].endswith(":user/ada")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": sts.get_caller_identity()["Arn"]}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    session = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="session")["Credentials"]
    inside = boto3.client("sts", endpoint_url=unkai.endpoint, region_name="us-east-1", aws_access_key_id=session["AccessKeyId"],
                          aws_secret_access_key=session["SecretAccessKey"], aws_session_token=session["SessionToken"])
    assert inside.get_caller_identity()["Arn"].endswith(":assumed-role/app/session")
    with pytest.raises(ClientError) as nobody:
        sts.assume_role(RoleArn=role["Arn"] + "x", RoleSessionName="session")
    assert code(nobody) == "AccessDenied"
    iam.update_access_key(UserName="ada", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError) as inactive:
        sts.get_caller_identity()
    assert code(inactive) == "InvalidClientTokenId"
    with pytest.raises(ClientError) as conflict:
        iam.delete_user(UserName="ada")
    assert code(conflict) == "DeleteConflict"
    iam.delete_access_key(UserName="ada", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="ada")
    iam.attach_role_policy(RoleName="app", PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")
    with pytest.raises(ClientError) as unknown:
        iam.attach_role_policy(RoleName="app", PolicyArn="arn:aws:iam::aws:policy/NoSuchThing")
    assert code(unknown) == "NoSuchEntity"
    iam.detach_role_policy(RoleName="app", PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")
    iam.delete_role(RoleName="app")


def test_the_front_door_refuses_strangers(unkai):
    wrong = boto3.client("sts", endpoint_url=unkai.endpoint, region_name="us-east-1",
                         aws_access_key_id="AKIACONFORMANCE00000", aws_secret_access_key="wrong")
    with pytest.raises(ClientError) as signature:
        wrong.get_caller_identity()
    assert code(signature) == "SignatureDoesNotMatch"
    assert requests.get(unkai.endpoint, headers={"Host": "evil.example"}, timeout=10).status_code == 403
    assert requests.post(unkai.endpoint, headers={"Origin": "https://evil.example", "Content-Type": "application/x-www-form-urlencoded"}, data="Action=GetCallerIdentity&Version=2011-06-15",
                         timeout=10).status_code == 403
    assert requests.post(f"{unkai.endpoint}/_unkai/reset", json={}, timeout=10).status_code == 401
    assert requests.get(f"{unkai.endpoint}/_localstack/health", timeout=10).json()["services"]["s3"] == "running"
