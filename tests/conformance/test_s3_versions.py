"""S3's versions, lifecycle and encryption, by boto3 and the AWS CLI: success and error."""
import datetime
import json
import uuid

import pytest
import requests
from botocore.exceptions import ClientError

from conftest import code

DENY_PLAIN = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}


@pytest.fixture
def s3(unkai, via):
    return unkai.client("s3", via=via, s3={"addressing_style": "path"})


@pytest.fixture
def bucket(s3):
    name = f"v-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    yield name
    found = s3.list_object_versions(Bucket=name)
    for one in found.get("Versions", []) + found.get("DeleteMarkers", []):
        s3.delete_object(Bucket=name, Key=one["Key"], VersionId=one["VersionId"])
    s3.delete_bucket(Bucket=name)


@pytest.fixture
def versioned(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def put(s3, bucket, key, body=b"body", **more):
    return s3.put_object(Bucket=bucket, Key=key, Body=body, **more).get("VersionId")


def body(s3, bucket, key, **more):
    return s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()


def shown(s3, bucket, **more):
    found = s3.list_object_versions(Bucket=bucket, **more)
    return ([(one["Key"], one["VersionId"], one["IsLatest"]) for one in found.get("Versions", [])],
            [(one["Key"], one["VersionId"], one["IsLatest"]) for one in found.get("DeleteMarkers", [])])


def test_versioning_is_put_and_read(s3, bucket):
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    for status in ("Enabled", "Suspended"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == status
    absent = f"absent-{uuid.uuid4().hex[:12]}"
    assert code(s3.put_bucket_versioning, Bucket=absent, VersioningConfiguration={"Status": "Enabled"}) == "NoSuchBucket"
    assert code(s3.get_bucket_versioning, Bucket=absent) == "NoSuchBucket"
    assert code(s3.list_object_versions, Bucket=absent) == "NoSuchBucket"
    assert code(s3.put_bucket_versioning, Bucket=bucket,
                VersioningConfiguration={"MFADelete": "Disabled"}) == "IllegalVersioningConfigurationException"


def test_versions_and_markers(s3, versioned):
    first, second = put(s3, versioned, "k", b"one"), put(s3, versioned, "k", b"two")
    assert first != second and body(s3, versioned, "k") == b"two"
    assert body(s3, versioned, "k", VersionId=first) == b"one"
    assert s3.head_object(Bucket=versioned, Key="k", VersionId=first)["VersionId"] == first
    marker = s3.delete_object(Bucket=versioned, Key="k")
    assert marker["DeleteMarker"] and shown(s3, versioned) == (
        [("k", second, False), ("k", first, False)], [("k", marker["VersionId"], True)])
    with pytest.raises(ClientError) as hidden:
        s3.get_object(Bucket=versioned, Key="k")
    assert hidden.value.response["Error"]["Code"] == "NoSuchKey"
    assert code(s3.get_object, Bucket=versioned, Key="k", VersionId=marker["VersionId"]) == "MethodNotAllowed"
    assert code(s3.get_object, Bucket=versioned, Key="k", VersionId="rubbish") == "InvalidArgument"
    s3.delete_object(Bucket=versioned, Key="k", VersionId=marker["VersionId"])
    assert body(s3, versioned, "k") == b"two"
    s3.delete_object(Bucket=versioned, Key="k", VersionId=second)
    assert body(s3, versioned, "k") == b"one"
    assert code(s3.get_object, Bucket=versioned, Key="k", VersionId=second) == "NoSuchVersion"
    assert code(s3.delete_bucket, Bucket=versioned) == "BucketNotEmpty"


def test_a_suspended_bucket_replaces_the_null_version(s3, versioned):
    kept = put(s3, versioned, "k", b"kept")
    s3.put_bucket_versioning(Bucket=versioned, VersioningConfiguration={"Status": "Suspended"})
    put(s3, versioned, "k", b"a")
    put(s3, versioned, "k", b"b")
    assert shown(s3, versioned)[0] == [("k", "null", True), ("k", kept, False)]
    assert s3.delete_object(Bucket=versioned, Key="k")["VersionId"] == "null"
    assert shown(s3, versioned) == ([("k", kept, False)], [("k", "null", True)])


def test_copies_tags_and_many_deletions_of_versions(s3, versioned):
    first, second = put(s3, versioned, "k", b"one"), put(s3, versioned, "k", b"two")
    copied = s3.copy_object(Bucket=versioned, Key="k", CopySource={"Bucket": versioned, "Key": "k", "VersionId": first})
    assert copied["CopySourceVersionId"] == first and body(s3, versioned, "k") == b"one"
    s3.put_object_tagging(Bucket=versioned, Key="k", VersionId=second, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert s3.get_object_tagging(Bucket=versioned, Key="k", VersionId=second)["TagSet"] == [{"Key": "a", "Value": "b"}]
    assert s3.get_object_tagging(Bucket=versioned, Key="k")["TagSet"] == []
    done = s3.delete_objects(Bucket=versioned, Delete={"Objects": [
        {"Key": "k", "VersionId": first}, {"Key": "k", "VersionId": second}, {"Key": "k"}]})["Deleted"]
    assert [one.get("VersionId") for one in done] == [first, second, None]
    assert done[2]["DeleteMarker"] and done[2]["DeleteMarkerVersionId"]
    assert shown(s3, versioned)[0] == [("k", copied["VersionId"], False)]


def test_versions_are_listed_by_pages_and_folders(s3, versioned):
    for key in ("a", "d/1", "d/2", "e"):
        for _ in range(2):
            put(s3, versioned, key)
    seen, more = [], {}
    while True:
        page = s3.list_object_versions(Bucket=versioned, MaxKeys=3, **more)
        seen += [one["Key"] for one in page["Versions"]]
        if not page["IsTruncated"]:
            break
        more = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
    assert seen == [key for key in ("a", "d/1", "d/2", "e") for _ in range(2)]
    folded = s3.list_object_versions(Bucket=versioned, Delimiter="/")
    assert [one["Prefix"] for one in folded["CommonPrefixes"]] == ["d/"] and len(folded["Versions"]) == 4
    assert code(s3.list_object_versions, Bucket=versioned, VersionIdMarker="null") == "InvalidArgument"


def test_a_lifecycle_is_kept_and_told(s3, bucket):
    assert code(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == "NoSuchLifecycleConfiguration"
    rules = [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 7}},
             {"ID": "clean", "Status": "Enabled", "Filter": {"Prefix": ""},
              "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
              "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
    told = s3.put_object(Bucket=bucket, Key="logs/a", Body=b"")["Expiration"]
    due = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=8)
    assert 'rule-id="old"' in told and due.strftime("%d %b %Y 00:00:00 GMT") in told
    assert "Expiration" not in s3.put_object(Bucket=bucket, Key="kept", Body=b"")
    s3.delete_bucket_lifecycle(Bucket=bucket)
    assert code(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == "NoSuchLifecycleConfiguration"
    for change, error in (({"Expiration": {"Days": 0}}, "InvalidArgument"),
                          ({"Status": "On", "Expiration": {"Days": 1}}, "MalformedXML"),
                          ({}, "InvalidRequest"),
                          ({"Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]}, "NotImplemented")):
        rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, **change}
        assert code(s3.put_bucket_lifecycle_configuration, Bucket=bucket,
                    LifecycleConfiguration={"Rules": [rule]}) == error, change
    assert code(s3.delete_bucket_lifecycle, Bucket=f"absent-{uuid.uuid4().hex[:12]}") == "NoSuchBucket"


def test_encryption_by_the_managed_key(s3, bucket, unkai):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"] == [rule]
    made = s3.put_object(Bucket=bucket, Key="k", Body=b"hello")
    assert made["ServerSideEncryption"] == "aws:kms" and ":key/" in made["SSEKMSKeyId"]
    assert made["ETag"] != '"5d41402abc4b2a76b9719d911017c592"'  # Not the MD5, under KMS.
    assert s3.head_object(Bucket=bucket, Key="k")["SSEKMSKeyId"] == made["SSEKMSKeyId"]
    plain = s3.put_object(Bucket=bucket, Key="p", Body=b"", ServerSideEncryption="AES256")
    assert plain["ServerSideEncryption"] == "AES256" and "SSEKMSKeyId" not in plain
    other = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/mine"}}
    assert code(s3.put_bucket_encryption, Bucket=bucket,
                ServerSideEncryptionConfiguration={"Rules": [other]}) == "KMS.NotFoundException"
    assert code(s3.put_object, Bucket=bucket, Key="o", Body=b"", ServerSideEncryption="aws:kms",
                SSEKMSKeyId="alias/mine") == "KMS.NotFoundException"
    s3.delete_bucket_encryption(Bucket=bucket)
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"")["ServerSideEncryption"] == "AES256"


def test_acls_that_give_something_are_refused(s3, bucket):
    put(s3, bucket, "k", ACL="bucket-owner-full-control")
    assert code(s3.put_object, Bucket=bucket, Key="k", Body=b"", ACL="public-read") == "AccessControlListNotSupported"
    assert code(s3.create_bucket, Bucket=f"{bucket}-x", ACL="public-read") == "InvalidBucketAclWithObjectOwnership"


def test_loopback_counts_as_secure_transport(s3, bucket):
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(DENY_PLAIN).replace(
        '"Resource": "*"', f'"Resource": ["arn:aws:s3:::{bucket}", "arn:aws:s3:::{bucket}/*"]'))
    put(s3, bucket, "k")
    assert body(s3, bucket, "k") == b"body"


def test_a_delete_marker_says_what_it_is(s3, versioned):
    s3.delete_object(Bucket=versioned, Key="k")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": versioned, "Key": "k"})
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 404 and answer.headers["x-amz-delete-marker"] == "true"
