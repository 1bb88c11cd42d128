"""IAM and STS: every promised operation, success and error, by boto3 and by the AWS CLI."""
import gzip
import json
import urllib.parse

import botocore
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
import requests

from conftest import ACCESS_KEY, ACCOUNT, SECRET_KEY, code

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "sts:AssumeRole",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root", "Service": "ecs-tasks.amazonaws.com"}}]})
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
READ_ONLY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]})
MANAGED = "arn:aws:iam::aws:policy/AdministratorAccess"
NOBODY = "nobody-has-this-name"


@pytest.fixture(scope="module")
def iam(unkai, via):
    return unkai.client("iam", via=via)


@pytest.fixture(scope="module")
def anonymous(unkai, via):
    return unkai.client("iam", via=via, signature_version=botocore.UNSIGNED)


@pytest.fixture
def user(iam, via):
    name = f"Ada-{via}"
    iam.create_user(UserName=name, Path="/team/", Tags=[{"Key": "team", "Value": "blue"}])
    yield name
    iam.delete_user(UserName=name)


@pytest.fixture
def role(iam, via):
    name = f"Worker-{via}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, Description="works")
    yield name
    iam.delete_role(RoleName=name)


@pytest.fixture
def policy(iam, via):
    arn = iam.create_policy(PolicyName=f"Reader-{via}", PolicyDocument=ALLOW)["Policy"]["Arn"]
    yield arn
    iam.delete_policy(PolicyArn=arn)


def names(rows, key):
    return [row[key] for row in rows]


def test_users(iam, user, via):
    made = iam.get_user(UserName=user)["User"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/{user}" and made["UserId"].startswith("AIDA")
    assert user in names(iam.list_users(PathPrefix="/team/")["Users"], "UserName")
    assert user not in names(iam.list_users(PathPrefix="/other/")["Users"], "UserName")
    assert code(iam.create_user, UserName=user.lower()) == "EntityAlreadyExists"  # Whatever its case.
    assert code(iam.get_user, UserName=NOBODY) == "NoSuchEntity"
    assert code(iam.list_users, Marker="not a marker") == "ValidationError"
    iam.update_user(UserName=user, NewUserName=user + "2", NewPath="/")
    assert iam.get_user(UserName=user + "2")["User"]["Path"] == "/"
    iam.update_user(UserName=user + "2", NewUserName=user)
    assert code(iam.update_user, UserName=NOBODY, NewPath="/") == "NoSuchEntity"
    iam.tag_user(UserName=user, Tags=[{"Key": "stage", "Value": via}])
    assert {"Key": "stage", "Value": via} in iam.list_user_tags(UserName=user)["Tags"]
    iam.untag_user(UserName=user, TagKeys=["team"])
    assert iam.list_user_tags(UserName=user)["Tags"] == [{"Key": "stage", "Value": via}]
    assert code(iam.tag_user, UserName=NOBODY, Tags=[{"Key": "a", "Value": "b"}]) == "NoSuchEntity"
    assert code(iam.untag_user, UserName=NOBODY, TagKeys=["a"]) == "NoSuchEntity"
    assert code(iam.list_user_tags, UserName=NOBODY) == "NoSuchEntity"
    assert code(iam.delete_user, UserName=NOBODY) == "NoSuchEntity"


def test_pages_of_users(iam, via):
    made = [f"page-{via}-{number}" for number in range(3)]
    for name in made:
        iam.create_user(UserName=name, Path=f"/pages-{via}/")
    first = iam.list_users(PathPrefix=f"/pages-{via}/", MaxItems=2)
    assert names(first["Users"], "UserName") == made[:2] and first["IsTruncated"]
    second = iam.list_users(PathPrefix=f"/pages-{via}/", MaxItems=2, Marker=first["Marker"])
    assert names(second["Users"], "UserName") == made[2:] and not second["IsTruncated"]
    for name in made:
        iam.delete_user(UserName=name)


def test_access_keys_and_their_last_use(unkai, iam, user):
    key = iam.create_access_key(UserName=user)["AccessKey"]
    assert key["AccessKeyId"].startswith("AKIA") and len(key["SecretAccessKey"]) == 40
    unused = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert unused["UserName"] == user and unused["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    assert "LastUsedDate" not in unused["AccessKeyLastUsed"]
    own = unkai.session(key["AccessKeyId"], key["SecretAccessKey"]).client("sts", region_name="eu-west-1")
    who = own.get_caller_identity()
    assert who["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/{user}"
    used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("sts", "eu-west-1") and used["LastUsedDate"]

    assert names(iam.list_access_keys(UserName=user)["AccessKeyMetadata"], "AccessKeyId") == [key["AccessKeyId"]]
    iam.update_access_key(UserName=user, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert code(own.get_caller_identity) == "InvalidClientTokenId"
    iam.create_access_key(UserName=user)
    assert code(iam.create_access_key, UserName=user) == "LimitExceeded"  # Two at most.
    assert code(iam.update_access_key, UserName=user, AccessKeyId="AKIA" + "X" * 16, Status="Active") == "NoSuchEntity"
    assert code(iam.delete_access_key, UserName=user, AccessKeyId="AKIA" + "X" * 16) == "NoSuchEntity"
    assert code(iam.list_access_keys, UserName=NOBODY) == "NoSuchEntity"
    assert code(iam.get_access_key_last_used, AccessKeyId="AKIA" + "X" * 16) == "NoSuchEntity"
    assert code(iam.delete_user, UserName=user) == "DeleteConflict"
    for row in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=user, AccessKeyId=row["AccessKeyId"])


def test_roles(iam, role, via):
    made = iam.get_role(RoleName=role)["Role"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/{role}" and made["MaxSessionDuration"] == 3600
    document = made["AssumeRolePolicyDocument"]
    assert (document if isinstance(document, dict) else json.loads(urllib.parse.unquote(document))) == json.loads(TRUST)
    assert role in names(iam.list_roles()["Roles"], "RoleName")
    assert code(iam.create_role, RoleName=role, AssumeRolePolicyDocument=TRUST) == "EntityAlreadyExists"
    assert code(iam.create_role, RoleName="broken", AssumeRolePolicyDocument="{") == "MalformedPolicyDocument"
    assert code(iam.get_role, RoleName=NOBODY) == "NoSuchEntity"
    assert code(iam.list_roles, Marker="not a marker") == "ValidationError"
    iam.update_role(RoleName=role, MaxSessionDuration=7200, Description="two hours")
    assert iam.get_role(RoleName=role)["Role"]["MaxSessionDuration"] == 7200
    assert iam.update_role_description(RoleName=role, Description="new")["Role"]["Description"] == "new"
    assert code(iam.update_role, RoleName=NOBODY) == "NoSuchEntity"
    assert code(iam.update_role_description, RoleName=NOBODY, Description="") == "NoSuchEntity"
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=TRUST)
    assert code(iam.update_assume_role_policy, RoleName=role, PolicyDocument="[]") == "MalformedPolicyDocument"
    iam.tag_role(RoleName=role, Tags=[{"Key": "via", "Value": via}])
    assert iam.list_role_tags(RoleName=role)["Tags"] == [{"Key": "via", "Value": via}]
    iam.untag_role(RoleName=role, TagKeys=["via"])
    assert iam.list_role_tags(RoleName=role)["Tags"] == []
    assert code(iam.tag_role, RoleName=NOBODY, Tags=[{"Key": "a", "Value": "b"}]) == "NoSuchEntity"
    assert code(iam.untag_role, RoleName=NOBODY, TagKeys=["a"]) == "NoSuchEntity"
    assert code(iam.list_role_tags, RoleName=NOBODY) == "NoSuchEntity"
    assert code(iam.delete_role, RoleName=NOBODY) == "NoSuchEntity"


def test_a_service_linked_role(iam, via):
    service = {"boto3": "ecs.amazonaws.com", "cli": "rds.amazonaws.com",
               "js": "elasticloadbalancing.amazonaws.com"}[via]
    made = iam.create_service_linked_role(AWSServiceName=service)["Role"]
    assert made["Path"] == f"/aws-service-role/{service}/"
    assert code(iam.create_service_linked_role, AWSServiceName=service) == "InvalidInput"  # It is there.
    iam.delete_role(RoleName=made["RoleName"])


def test_policies_and_their_versions(iam, policy, via):
    assert iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"] == "v1"
    assert policy in names(iam.list_policies(Scope="Local")["Policies"], "Arn")
    assert code(iam.create_policy, PolicyName=f"Reader-{via}", PolicyDocument=ALLOW) == "EntityAlreadyExists"
    assert code(iam.create_policy, PolicyName="broken", PolicyDocument="no json") == "MalformedPolicyDocument"
    gone = policy + "-that-is-not"
    assert code(iam.get_policy, PolicyArn=gone) == "NoSuchEntity"
    assert code(iam.list_policies, Marker="not a marker") == "ValidationError"
    assert iam.create_policy_version(PolicyArn=policy, PolicyDocument=READ_ONLY)["PolicyVersion"]["VersionId"] == "v2"
    assert iam.get_policy_version(PolicyArn=policy, VersionId="v2")["PolicyVersion"]["IsDefaultVersion"] is False
    iam.set_default_policy_version(PolicyArn=policy, VersionId="v2")
    versions = iam.list_policy_versions(PolicyArn=policy)["Versions"]
    assert {row["VersionId"]: row["IsDefaultVersion"] for row in versions} == {"v1": False, "v2": True}
    assert code(iam.delete_policy_version, PolicyArn=policy, VersionId="v2") == "DeleteConflict"
    iam.delete_policy_version(PolicyArn=policy, VersionId="v1")
    assert code(iam.get_policy_version, PolicyArn=policy, VersionId="v1") == "NoSuchEntity"
    assert code(iam.create_policy_version, PolicyArn=gone, PolicyDocument=ALLOW) == "NoSuchEntity"
    assert code(iam.set_default_policy_version, PolicyArn=policy, VersionId="v9") == "NoSuchEntity"
    assert code(iam.list_policy_versions, PolicyArn=gone) == "NoSuchEntity"
    iam.tag_policy(PolicyArn=policy, Tags=[{"Key": "via", "Value": via}])
    assert iam.list_policy_tags(PolicyArn=policy)["Tags"] == [{"Key": "via", "Value": via}]
    iam.untag_policy(PolicyArn=policy, TagKeys=["via"])
    assert code(iam.tag_policy, PolicyArn=gone, Tags=[{"Key": "a", "Value": "b"}]) == "NoSuchEntity"
    assert code(iam.untag_policy, PolicyArn=gone, TagKeys=["a"]) == "NoSuchEntity"
    assert code(iam.list_policy_tags, PolicyArn=gone) == "NoSuchEntity"
    assert code(iam.delete_policy, PolicyArn=gone) == "NoSuchEntity"


def test_attached_policies(iam, user, role, policy):
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    iam.attach_user_policy(UserName=user, PolicyArn=policy)
    iam.attach_user_policy(UserName=user, PolicyArn=MANAGED)
    assert names(iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"], "PolicyArn") == [policy]
    assert set(names(iam.list_attached_user_policies(UserName=user)["AttachedPolicies"], "PolicyArn")) == {
        policy, MANAGED}
    holders = iam.list_entities_for_policy(PolicyArn=policy)
    assert names(holders["PolicyRoles"], "RoleName") == [role] and names(holders["PolicyUsers"], "UserName") == [user]
    assert code(iam.delete_policy, PolicyArn=policy) == "DeleteConflict"
    iam.detach_role_policy(RoleName=role, PolicyArn=policy)
    for arn in (policy, MANAGED):
        iam.detach_user_policy(UserName=user, PolicyArn=arn)
    gone = policy + "-that-is-not"
    assert code(iam.attach_role_policy, RoleName=role, PolicyArn=gone) == "NoSuchEntity"
    assert code(iam.attach_user_policy, UserName=user, PolicyArn=gone) == "NoSuchEntity"
    assert code(iam.detach_role_policy, RoleName=role, PolicyArn=policy) == "NoSuchEntity"
    assert code(iam.detach_user_policy, UserName=user, PolicyArn=policy) == "NoSuchEntity"
    assert code(iam.list_attached_role_policies, RoleName=NOBODY) == "NoSuchEntity"
    assert code(iam.list_attached_user_policies, UserName=NOBODY) == "NoSuchEntity"
    assert code(iam.list_entities_for_policy, PolicyArn=gone) == "NoSuchEntity"


@pytest.mark.parametrize("kind", ["role", "user"])
def test_inline_policies(iam, user, role, kind):
    who = {"role": {"RoleName": role}, "user": {"UserName": user}}[kind]
    nobody = {key: NOBODY for key in who}
    put, get = getattr(iam, f"put_{kind}_policy"), getattr(iam, f"get_{kind}_policy")
    delete, listed = getattr(iam, f"delete_{kind}_policy"), getattr(iam, f"list_{kind}_policies")
    put(**who, PolicyName="own", PolicyDocument=ALLOW)
    document = get(**who, PolicyName="own")["PolicyDocument"]
    assert (document if isinstance(document, dict) else json.loads(urllib.parse.unquote(document))) == json.loads(ALLOW)
    assert listed(**who)["PolicyNames"] == ["own"]
    assert code(put, **who, PolicyName="broken", PolicyDocument="{]") == "MalformedPolicyDocument"
    assert code(get, **who, PolicyName="other") == "NoSuchEntity"
    assert code(getattr(iam, f"delete_{kind}"), **who) == "DeleteConflict"
    delete(**who, PolicyName="own")
    assert code(delete, **who, PolicyName="own") == "NoSuchEntity"
    assert code(listed, **nobody) == "NoSuchEntity"


def test_instance_profiles(iam, role, via):
    name = f"Profile-{via}"
    made = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:instance-profile/{name}"
    assert code(iam.create_instance_profile, InstanceProfileName=name) == "EntityAlreadyExists"
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    assert names(iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"], "RoleName") == [role]
    assert name in names(iam.list_instance_profiles()["InstanceProfiles"], "InstanceProfileName")
    listed = iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]
    assert names(listed, "InstanceProfileName") == [name]
    assert code(iam.add_role_to_instance_profile, InstanceProfileName=name, RoleName=role) == "LimitExceeded"
    assert code(iam.delete_instance_profile, InstanceProfileName=name) == "DeleteConflict"
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
    assert code(iam.remove_role_from_instance_profile, InstanceProfileName=name, RoleName=role) == "NoSuchEntity"
    iam.delete_instance_profile(InstanceProfileName=name)
    assert code(iam.get_instance_profile, InstanceProfileName=name) == "NoSuchEntity"
    assert code(iam.delete_instance_profile, InstanceProfileName=name) == "NoSuchEntity"
    assert code(iam.list_instance_profiles, Marker="not a marker") == "ValidationError"
    assert code(iam.list_instance_profiles_for_role, RoleName=NOBODY) == "NoSuchEntity"


def test_the_account(iam, anonymous, user):
    assert iam.list_account_aliases()["AccountAliases"] == []
    assert iam.get_account_summary()["SummaryMap"]["Users"] >= 1
    assert code(anonymous.list_account_aliases) == "MissingAuthenticationToken"
    assert code(anonymous.get_account_summary) == "MissingAuthenticationToken"


# ---- STS

def test_sts(unkai, via, role):
    sts = unkai.client("sts", via=via)
    anonymous = unkai.client("sts", via=via, signature_version=botocore.UNSIGNED)
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert code(anonymous.get_caller_identity) == "MissingAuthenticationToken"
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    assumed = sts.assume_role(RoleArn=arn, RoleSessionName="test")
    keys = assumed["Credentials"]
    who = unkai.session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]).client("sts")
    assert who.get_caller_identity()["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/test"
    assert code(sts.assume_role, RoleArn=arn + "-not", RoleSessionName="test") == "AccessDenied"
    session = sts.get_session_token(DurationSeconds=900)["Credentials"]
    assert session["AccessKeyId"].startswith("ASIA") and session["SessionToken"]
    assert code(sts.get_session_token, DurationSeconds=1000000) == "ValidationError"
    assert sts.get_access_key_info(AccessKeyId=keys["AccessKeyId"])["Account"] == ACCOUNT
    assert code(sts.get_access_key_info, AccessKeyId="AKIA" + "2" * 16) in ("AccessDenied", "ValidationError")


def test_a_body_may_be_gzip(unkai):
    """As SDKs send large ones; signed as sent, bounded as it is."""
    def ask(body):
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"}
        request = botocore.awsrequest.AWSRequest("POST", unkai.endpoint + "/", headers, body)
        keys = botocore.credentials.Credentials(ACCESS_KEY, SECRET_KEY)
        botocore.auth.SigV4Auth(keys, "sts", "us-east-1").add_auth(request)
        return requests.post(unkai.endpoint + "/", body, headers=dict(request.headers), timeout=20)

    question = b"Action=GetCallerIdentity&Version=2011-06-15"
    assert f"arn:aws:iam::{ACCOUNT}:root" in ask(gzip.compress(question)).text
    plain = ask(question)
    assert plain.status_code == 400 and "SerializationException" in plain.text
    bomb = gzip.compress(question + b"&X=" + bytes(64 << 20))
    assert len(bomb) < 100_000 and ask(bomb).status_code == 413
