"""CloudFront: every promised operation through boto3, and what the edges answer, by curl at their address."""
import copy
import json
import subprocess
import time
import uuid

import pytest
from botocore.exceptions import ClientError

CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
ACCOUNT = "123456789012"


@pytest.fixture
def cloudfront(unkai, via):
    return unkai.client("cloudfront", via=via)


def failure(call, **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"]


def name(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def config(**changes):
    """The least that CreateDistribution takes, with an S3 origin."""
    made = {
        "CallerReference": str(uuid.uuid4()), "Comment": "conformance", "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [{"Id": "site", "DomainName": "nobody.s3.us-east-1.amazonaws.com",
                                              "S3OriginConfig": {"OriginAccessIdentity": ""}}]},
        "DefaultCacheBehavior": {"TargetOriginId": "site", "ViewerProtocolPolicy": "allow-all",
                                 "CachePolicyId": CACHING_OPTIMIZED},
    }
    made.update(changes)
    return made


def deployed(cloudfront, distribution_id):
    for _ in range(500):
        got = cloudfront.get_distribution(Id=distribution_id)
        if got["Distribution"]["Status"] == "Deployed":
            return got
        time.sleep(0.02)
    pytest.fail("the distribution was never deployed")


def remove(cloudfront, distribution_id):
    got = cloudfront.get_distribution_config(Id=distribution_id)
    changed = got["DistributionConfig"]
    changed["Enabled"] = False
    cloudfront.update_distribution(Id=distribution_id, IfMatch=got["ETag"], DistributionConfig=changed)
    cloudfront.delete_distribution(Id=distribution_id, IfMatch=deployed(cloudfront, distribution_id)["ETag"])


@pytest.fixture
def make(cloudfront):
    """Makes distributions and waits until the edges have them; they go with the test."""
    made = []

    def create(**changes):
        got = cloudfront.create_distribution(DistributionConfig=config(**changes))
        made.append(got["Distribution"]["Id"])
        return deployed(cloudfront, made[-1])["Distribution"]

    yield create
    for one in made:
        try:
            remove(cloudfront, one)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchDistribution"


@pytest.fixture
def access_control(cloudfront):
    made = cloudfront.create_origin_access_control(OriginAccessControlConfig={
        "Name": name("control"), "OriginAccessControlOriginType": "s3", "SigningBehavior": "always",
        "SigningProtocol": "sigv4"})["OriginAccessControl"]
    yield made
    etag = cloudfront.get_origin_access_control(Id=made["Id"])["ETag"]
    cloudfront.delete_origin_access_control(Id=made["Id"], IfMatch=etag)


@pytest.fixture
def bucket(unkai):
    s3 = unkai.client("s3", s3={"addressing_style": "path"})
    made = name("site")
    s3.create_bucket(Bucket=made)
    yield s3, made
    for one in s3.list_objects_v2(Bucket=made).get("Contents", []):
        s3.delete_object(Bucket=made, Key=one["Key"])
    s3.delete_bucket(Bucket=made)


def facts(unkai):
    return json.loads(unkai.run("status", "--json").stdout)["data"]


class Answer:
    def __init__(self, text):
        head, _, self.body = text.partition("\r\n\r\n")
        lines = head.split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}


def get(unkai, host, path="/", *arguments, scheme="https"):
    """Asks the edge for a host's path; its certificate is verified."""
    edge = facts(unkai)
    port = 443 if scheme == "https" else 80
    done = subprocess.run(["curl", "--silent", "--show-error", "--include", "--http1.1", "--max-time", "10",
                           "--cacert", edge["authority"], "--resolve", f"{host}:{port}:{edge['edgeAddress']}",
                           f"{scheme}://{host}{path}", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    return Answer(done.stdout.decode("latin1"))


def site_origin(bucket_name, control=None):
    origin = {"Id": "site", "DomainName": f"{bucket_name}.s3.us-east-1.amazonaws.com",
              "S3OriginConfig": {"OriginAccessIdentity": ""}}
    if control:
        origin["OriginAccessControlId"] = control
    return {"Quantity": 1, "Items": [origin]}


def allow(s3, bucket_name, source_arn):
    s3.put_bucket_policy(Bucket=bucket_name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket_name}/*", "Condition": {"StringEquals": {"aws:SourceArn": source_arn}}}]}))


def open_to_all(s3, bucket_name):
    s3.delete_public_access_block(Bucket=bucket_name)
    s3.put_bucket_policy(Bucket=bucket_name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket_name}/*"}]}))


def test_distributions(cloudfront, make):
    made = make(Comment="first", DefaultRootObject="index.html")
    assert made["Id"].startswith("E") and made["DomainName"].endswith(".cloudfront.net")
    assert made["ARN"] == f"arn:aws:cloudfront::{ACCOUNT}:distribution/{made['Id']}"
    assert made["InProgressInvalidationBatches"] == 0 and made["ActiveTrustedSigners"]["Enabled"] is False
    shown = made["DistributionConfig"]
    assert shown["PriceClass"] == "PriceClass_All" and shown["HttpVersion"] == "http2"
    assert shown["ViewerCertificate"]["CloudFrontDefaultCertificate"] is True
    assert shown["DefaultCacheBehavior"]["AllowedMethods"]["Quantity"] == 2
    got = cloudfront.get_distribution_config(Id=made["Id"])
    assert got["DistributionConfig"] == shown

    changed = copy.deepcopy(shown)
    changed["Comment"] = "second"
    updated = cloudfront.update_distribution(Id=made["Id"], IfMatch=got["ETag"], DistributionConfig=changed)
    assert updated["ETag"] != got["ETag"]
    assert updated["Distribution"]["DistributionConfig"]["Comment"] == "second"
    assert failure(cloudfront.update_distribution, Id=made["Id"], IfMatch=got["ETag"],
                   DistributionConfig=changed) == "PreconditionFailed"
    assert failure(cloudfront.update_distribution, Id=made["Id"], DistributionConfig=changed) == "InvalidIfMatchVersion"
    assert failure(cloudfront.update_distribution, Id=made["Id"], IfMatch="x",
                   DistributionConfig=changed) == "InvalidIfMatchVersion"
    changed["CallerReference"] = "another"
    assert failure(cloudfront.update_distribution, Id=made["Id"], IfMatch=updated["ETag"],
                   DistributionConfig=changed) == "IllegalUpdate"
    assert failure(cloudfront.delete_distribution, Id=made["Id"], IfMatch=updated["ETag"]) == "DistributionNotDisabled"

    other = make()
    listed = [one["Id"] for page in cloudfront.get_paginator("list_distributions").paginate(PaginationConfig={"PageSize": 1})
              for one in page["DistributionList"].get("Items", [])]
    assert {made["Id"], other["Id"]} <= set(listed)
    by_policy = cloudfront.list_distributions_by_cache_policy_id(CachePolicyId=CACHING_OPTIMIZED)["DistributionIdList"]
    assert {made["Id"], other["Id"]} <= set(by_policy["Items"])
    assert cloudfront.list_distributions_by_origin_request_policy_id(
        OriginRequestPolicyId=ALL_VIEWER)["DistributionIdList"]["Quantity"] == 0

    remove(cloudfront, made["Id"])
    for call in (cloudfront.get_distribution, cloudfront.get_distribution_config, cloudfront.delete_distribution):
        assert failure(call, Id=made["Id"]) == "NoSuchDistribution"


def test_the_caller_reference_names_one_distribution(cloudfront, make):
    wanted = config()
    made = make(**wanted)
    again = cloudfront.create_distribution(DistributionConfig=wanted)["Distribution"]
    assert again["Id"] == made["Id"]
    assert failure(cloudfront.create_distribution, DistributionConfig={**wanted, "Comment": "other"}) == \
        "DistributionAlreadyExists"


def test_tags(cloudfront):
    made = cloudfront.create_distribution_with_tags(DistributionConfigWithTags={
        "DistributionConfig": config(), "Tags": {"Items": [{"Key": "team", "Value": "web"}]}})["Distribution"]
    deployed(cloudfront, made["Id"])
    cloudfront.tag_resource(Resource=made["ARN"], Tags={"Items": [{"Key": "stage", "Value": "test"}]})
    cloudfront.untag_resource(Resource=made["ARN"], TagKeys={"Items": ["team"]})
    assert cloudfront.list_tags_for_resource(Resource=made["ARN"])["Tags"]["Items"] == [{"Key": "stage", "Value": "test"}]
    assert failure(cloudfront.tag_resource, Resource=made["ARN"], Tags={"Items": [{"Key": "aws:x"}]}) == "InvalidTagging"
    remove(cloudfront, made["Id"])
    assert failure(cloudfront.list_tags_for_resource, Resource=made["ARN"]) == "NoSuchResource"
    assert failure(cloudfront.list_tags_for_resource, Resource="arn:aws:s3:::x") == "InvalidArgument"


def behavior(**changes):
    return {"TargetOriginId": "site", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": CACHING_OPTIMIZED, **changes}


def items(*values):
    return {"Quantity": len(values), "Items": list(values)}


S3 = {"Id": "site", "DomainName": "nobody.s3.us-east-1.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
CUSTOM = {"Id": "site", "DomainName": "api.example.com",
          "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}}


@pytest.mark.parametrize("code, changes", [
    ("NoSuchOrigin", {"DefaultCacheBehavior": behavior(TargetOriginId="other")}),
    ("NoSuchCachePolicy", {"DefaultCacheBehavior": behavior(CachePolicyId=str(uuid.uuid4()))}),
    ("NoSuchOriginRequestPolicy", {"DefaultCacheBehavior": behavior(OriginRequestPolicyId=str(uuid.uuid4()))}),
    ("InvalidArgument", {"DefaultCacheBehavior": {"TargetOriginId": "site", "ViewerProtocolPolicy": "allow-all"}}),
    ("InvalidArgument", {"DefaultCacheBehavior": behavior(MinTTL=5)}),
    ("InvalidArgument", {"DefaultCacheBehavior": behavior(AllowedMethods=items("GET", "PUT"))}),
    ("InvalidArgument", {"CacheBehaviors": items(behavior(PathPattern="/a"), behavior(PathPattern="/a"))}),
    ("InvalidArgument", {"CacheBehaviors": items(behavior(PathPattern="/ä"))}),
    ("InconsistentQuantities", {"Aliases": {"Quantity": 2, "Items": ["a.example.com"]}}),
    ("InvalidViewerCertificate", {"Aliases": items("a.example.com")}),
    ("InvalidViewerCertificate", {"ViewerCertificate": {
        "ACMCertificateArn": f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/1", "SSLSupportMethod": "sni-only"}}),
    ("InvalidViewerCertificate", {"ViewerCertificate": {
        "ACMCertificateArn": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1", "SSLSupportMethod": "sni-only"}}),
    ("InvalidDefaultRootObject", {"DefaultRootObject": "/index.html"}),
    ("InvalidErrorCode", {"CustomErrorResponses": items({"ErrorCode": 200})}),
    ("InvalidResponseCode", {"CustomErrorResponses": items({"ErrorCode": 404, "ResponsePagePath": "/x"})}),
    ("InvalidArgument", {"Origins": items(S3, S3)}),
    ("InvalidOrigin", {"Origins": items({**S3, "DomainName": "api.example.com"})}),
    ("InvalidOriginAccessControl", {"Origins": items({**S3, "OriginAccessControlId": "E1NOBODY12345"})}),
    ("InvalidDomainNameForOriginAccessControl", {"Origins": items({**CUSTOM, "OriginAccessControlId": "E1NOBODY12345"})}),
    ("InvalidArgument", {"Origins": items({**S3, "OriginPath": "x/"})}),
    ("InvalidArgument", {"Origins": items({**S3, "ConnectionAttempts": 4})}),
    ("InvalidArgument", {"Origins": items({**CUSTOM, "CustomHeaders": items({"HeaderName": "Host", "HeaderValue": "x"})})}),
    ("TooManyCacheBehaviors", {"CacheBehaviors": items(*[behavior(PathPattern=f"/{n}") for n in range(76)])}),
    ("InvalidTTLOrder", {"DefaultCacheBehavior": {
        "TargetOriginId": "site", "ViewerProtocolPolicy": "allow-all", "MinTTL": 9, "DefaultTTL": 1,
        "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}}}}),
])
def test_configs_refused(cloudfront, code, changes):
    assert failure(cloudfront.create_distribution, DistributionConfig=config(**changes)) == code


@pytest.mark.parametrize("changes", [
    {"WebACLId": "arn:aws:wafv2:us-east-1:1:global/webacl/x/1"},
    {"Logging": {"Enabled": True, "IncludeCookies": False, "Bucket": "b.s3.amazonaws.com", "Prefix": ""}},
    {"Restrictions": {"GeoRestriction": {"RestrictionType": "whitelist", **items("DE")}}},
    {"Origins": items({**S3, "S3OriginConfig": {"OriginAccessIdentity": "origin-access-identity/cloudfront/E1"}})},
    {"DefaultCacheBehavior": behavior(FunctionAssociations=items(
        {"FunctionARN": f"arn:aws:cloudfront::{ACCOUNT}:function/f", "EventType": "viewer-request"}))},
    {"DefaultCacheBehavior": behavior(LambdaFunctionAssociations=items(
        {"LambdaFunctionARN": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f:1", "EventType": "viewer-request"}))},
    {"DefaultCacheBehavior": behavior(TrustedKeyGroups={"Enabled": True, **items("k")})},
    {"DefaultCacheBehavior": behavior(ResponseHeadersPolicyId="67f7725c-6f97-4210-82d7-5512b31e9d03")},
])
def test_what_edges_cannot_do_is_refused(cloudfront, changes):
    with pytest.raises(ClientError) as raised:
        cloudfront.create_distribution(DistributionConfig=config(**changes))
    assert raised.value.response["Error"]["Code"] == "NotImplemented"
    assert raised.value.response["Error"]["Code"] == "NotImplemented"
    assert "Unkai" in raised.value.response["Error"]["Message"]


def test_origin_access_controls(cloudfront, make, access_control):
    got = cloudfront.get_origin_access_control(Id=access_control["Id"])
    settings = cloudfront.get_origin_access_control_config(Id=access_control["Id"])["OriginAccessControlConfig"]
    assert settings == got["OriginAccessControl"]["OriginAccessControlConfig"]
    assert failure(cloudfront.create_origin_access_control, OriginAccessControlConfig=settings) == \
        "OriginAccessControlAlreadyExists"
    updated = cloudfront.update_origin_access_control(
        Id=access_control["Id"], IfMatch=got["ETag"], OriginAccessControlConfig={**settings, "Description": "mine"})
    assert updated["OriginAccessControl"]["OriginAccessControlConfig"]["Description"] == "mine"
    assert failure(cloudfront.update_origin_access_control, Id=access_control["Id"], IfMatch=got["ETag"],
                   OriginAccessControlConfig=settings) == "PreconditionFailed"
    listed = cloudfront.list_origin_access_controls(MaxItems="100")["OriginAccessControlList"]
    assert access_control["Id"] in [one["Id"] for one in listed["Items"]]
    used = make(Origins=site_origin("nobody", access_control["Id"]))
    assert failure(cloudfront.delete_origin_access_control, Id=access_control["Id"], IfMatch=updated["ETag"]) == \
        "OriginAccessControlInUse"
    remove(cloudfront, used["Id"])
    assert failure(cloudfront.create_origin_access_control, OriginAccessControlConfig={
        **settings, "Name": name("lambda"), "OriginAccessControlOriginType": "lambda"}) == "NotImplemented"
    for call in (cloudfront.get_origin_access_control, cloudfront.get_origin_access_control_config):
        assert failure(call, Id="E1NOBODY123456") == "NoSuchOriginAccessControl"


def cache_policy(policy_name, **key):
    return {"Name": policy_name, "MinTTL": 1, "DefaultTTL": 60, "MaxTTL": 600,
            "ParametersInCacheKeyAndForwardedToOrigin": {
                "EnableAcceptEncodingGzip": True, "EnableAcceptEncodingBrotli": True,
                "HeadersConfig": {"HeaderBehavior": "none"}, "CookiesConfig": {"CookieBehavior": "none"},
                "QueryStringsConfig": {"QueryStringBehavior": "none"}, **key}}


def test_cache_policies(cloudfront, make):
    wanted = cache_policy(name("policy"), QueryStringsConfig={"QueryStringBehavior": "whitelist", "QueryStrings": items("page")})
    made = cloudfront.create_cache_policy(CachePolicyConfig=wanted)
    policy_id = made["CachePolicy"]["Id"]
    assert cloudfront.get_cache_policy(Id=policy_id)["CachePolicy"]["CachePolicyConfig"]["MaxTTL"] == 600
    assert cloudfront.get_cache_policy_config(Id=policy_id)["ETag"] == made["ETag"]
    assert failure(cloudfront.create_cache_policy, CachePolicyConfig=wanted) == "CachePolicyAlreadyExists"
    updated = cloudfront.update_cache_policy(Id=policy_id, IfMatch=made["ETag"], CachePolicyConfig={**wanted, "MaxTTL": 700})
    assert failure(cloudfront.update_cache_policy, Id=policy_id, IfMatch=made["ETag"], CachePolicyConfig=wanted) == \
        "PreconditionFailed"
    used = make(DefaultCacheBehavior=behavior(CachePolicyId=policy_id))
    assert cloudfront.list_distributions_by_cache_policy_id(
        CachePolicyId=policy_id)["DistributionIdList"]["Items"] == [used["Id"]]
    assert failure(cloudfront.delete_cache_policy, Id=policy_id, IfMatch=updated["ETag"]) == "CachePolicyInUse"
    remove(cloudfront, used["Id"])
    managed = cloudfront.list_cache_policies(Type="managed")["CachePolicyList"]
    assert {CACHING_OPTIMIZED, CACHING_DISABLED} <= {one["CachePolicy"]["Id"] for one in managed["Items"]}
    custom = cloudfront.list_cache_policies(Type="custom")["CachePolicyList"]
    assert [one["CachePolicy"]["Id"] for one in custom["Items"]] == [policy_id]
    cloudfront.delete_cache_policy(Id=policy_id, IfMatch=updated["ETag"])
    assert failure(cloudfront.get_cache_policy, Id=policy_id) == "NoSuchCachePolicy"
    assert failure(cloudfront.get_cache_policy_config, Id=policy_id) == "NoSuchCachePolicy"
    assert failure(cloudfront.delete_cache_policy, Id=CACHING_DISABLED, IfMatch="E23ZP02F085DFQ") == "IllegalDelete"
    assert failure(cloudfront.update_cache_policy, Id=CACHING_DISABLED, IfMatch="E23ZP02F085DFQ",
                   CachePolicyConfig=wanted) == "IllegalUpdate"
    many = items(*[f"h{n}" for n in range(11)])
    assert failure(cloudfront.create_cache_policy, CachePolicyConfig=cache_policy(
        name("many"), HeadersConfig={"HeaderBehavior": "whitelist", "Headers": many})) == "TooManyHeadersInCachePolicy"
    assert failure(cloudfront.create_cache_policy, CachePolicyConfig=cache_policy(
        name("none"), CookiesConfig={"CookieBehavior": "whitelist"})) == "InvalidArgument"
    disabled = {**cache_policy(name("off")), "MinTTL": 0, "DefaultTTL": 0, "MaxTTL": 0}
    assert failure(cloudfront.create_cache_policy, CachePolicyConfig=disabled) == "InvalidArgument"


def test_origin_request_policies(cloudfront, make):
    wanted = {"Name": name("request"), "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": items("Origin")},
              "CookiesConfig": {"CookieBehavior": "all"}, "QueryStringsConfig": {"QueryStringBehavior": "all"}}
    made = cloudfront.create_origin_request_policy(OriginRequestPolicyConfig=wanted)
    policy_id = made["OriginRequestPolicy"]["Id"]
    assert cloudfront.get_origin_request_policy(Id=policy_id)["ETag"] == made["ETag"]
    got = cloudfront.get_origin_request_policy_config(Id=policy_id)["OriginRequestPolicyConfig"]
    assert got["HeadersConfig"]["Headers"]["Items"] == ["Origin"]
    assert failure(cloudfront.create_origin_request_policy, OriginRequestPolicyConfig=wanted) == \
        "OriginRequestPolicyAlreadyExists"
    updated = cloudfront.update_origin_request_policy(Id=policy_id, IfMatch=made["ETag"],
                                                      OriginRequestPolicyConfig={**wanted, "Comment": "c"})
    used = make(DefaultCacheBehavior=behavior(OriginRequestPolicyId=policy_id))
    assert cloudfront.list_distributions_by_origin_request_policy_id(
        OriginRequestPolicyId=policy_id)["DistributionIdList"]["Items"] == [used["Id"]]
    assert failure(cloudfront.delete_origin_request_policy, Id=policy_id, IfMatch=updated["ETag"]) == \
        "OriginRequestPolicyInUse"
    remove(cloudfront, used["Id"])
    managed = cloudfront.list_origin_request_policies(Type="managed")["OriginRequestPolicyList"]
    assert ALL_VIEWER in [one["OriginRequestPolicy"]["Id"] for one in managed["Items"]]
    cloudfront.delete_origin_request_policy(Id=policy_id, IfMatch=updated["ETag"])
    assert failure(cloudfront.get_origin_request_policy, Id=policy_id) == "NoSuchOriginRequestPolicy"
    assert failure(cloudfront.delete_origin_request_policy, Id=ALL_VIEWER, IfMatch="E23ZP02F085DFQ") == "IllegalDelete"


def completed(cloudfront, distribution_id, invalidation_id):
    for _ in range(500):
        got = cloudfront.get_invalidation(DistributionId=distribution_id, Id=invalidation_id)["Invalidation"]
        if got["Status"] == "Completed":
            return got
        time.sleep(0.02)
    pytest.fail("the invalidation never completed")


def batch(*paths, reference=None):
    return {"Paths": items(*paths), "CallerReference": reference or str(uuid.uuid4())}


def test_invalidations(cloudfront, make):
    made = make()
    first = batch("/index.html", "/images/*")
    got = cloudfront.create_invalidation(DistributionId=made["Id"], InvalidationBatch=first)["Invalidation"]
    assert completed(cloudfront, made["Id"], got["Id"])["InvalidationBatch"] == first
    again = cloudfront.create_invalidation(DistributionId=made["Id"], InvalidationBatch=first)["Invalidation"]
    assert again["Id"] == got["Id"]
    assert failure(cloudfront.create_invalidation, DistributionId=made["Id"], InvalidationBatch=batch(
        "/other", reference=first["CallerReference"])) == "InvalidationBatchAlreadyExists"
    second = cloudfront.create_invalidation(DistributionId=made["Id"], InvalidationBatch=batch("/*"))["Invalidation"]
    listed = [one["Id"] for page in cloudfront.get_paginator("list_invalidations").paginate(
        DistributionId=made["Id"], PaginationConfig={"PageSize": 1}) for one in page["InvalidationList"].get("Items", [])]
    assert listed == [second["Id"], got["Id"]]
    assert failure(cloudfront.create_invalidation, DistributionId=made["Id"], InvalidationBatch=batch("x")) == "InvalidArgument"
    assert failure(cloudfront.create_invalidation, DistributionId="E1", InvalidationBatch=first) == "NoSuchDistribution"
    assert failure(cloudfront.get_invalidation, DistributionId=made["Id"], Id="I1") == "NoSuchInvalidation"
    assert failure(cloudfront.create_invalidation, DistributionId=made["Id"], InvalidationBatch={
        "Paths": {"Quantity": 2, "Items": ["/a"]}, "CallerReference": "q"}) == "InconsistentQuantities"


def test_a_private_bucket_behind_its_distribution(unkai, cloudfront, make, access_control, bucket):
    s3, site = bucket
    s3.put_object(Bucket=site, Key="index.html", Body=b"<h1>one</h1>", ContentType="text/html")
    made = make(Origins=site_origin(site, access_control["Id"]), DefaultRootObject="index.html",
                DefaultCacheBehavior=behavior(ViewerProtocolPolicy="redirect-to-https", Compress=True),
                CustomErrorResponses=items({"ErrorCode": 403, "ResponsePagePath": "/index.html", "ResponseCode": "200",
                                            "ErrorCachingMinTTL": 0}))
    host = made["DomainName"]
    allow(s3, site, "arn:aws:cloudfront::123456789012:distribution/EANOTHERONE000")
    assert get(unkai, host, "/other.html").status == 403
    allow(s3, site, made["ARN"])
    first = get(unkai, host)
    assert (first.status, first.body) == (200, "<h1>one</h1>")
    assert first.headers["x-cache"] == "Miss from cloudfront"
    second = get(unkai, host)
    assert second.headers["x-cache"] == "Hit from cloudfront" and "age" in second.headers
    missing = get(unkai, host, "/any/address")
    assert (missing.status, missing.body) == (200, "<h1>one</h1>")
    plain = get(unkai, host, "/x", scheme="http")
    assert plain.status == 301 and plain.headers["location"] == f"https://{host}/x"

    s3.put_object(Bucket=site, Key="index.html", Body=b"<h1>two</h1>", ContentType="text/html")
    assert get(unkai, host).body == "<h1>one</h1>"
    sent = cloudfront.create_invalidation(DistributionId=made["Id"], InvalidationBatch=batch("/*"))["Invalidation"]
    completed(cloudfront, made["Id"], sent["Id"])
    assert get(unkai, host).body == "<h1>two</h1>"
    remove(cloudfront, made["Id"])
    assert get(unkai, host).status == 403


def test_origins_without_signatures_and_legacy_settings(unkai, make, bucket):
    s3, site = bucket
    s3.put_object(Bucket=site, Key="site/data.txt", Body=b"x" * 2000, ContentType="text/plain",
                  CacheControl="max-age=60")
    open_to_all(s3, site)
    custom = {"Id": "site", "DomainName": "s3.us-east-1.amazonaws.com", "OriginPath": f"/{site}/site",
              "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"}}
    made = make(Origins=items(custom), DefaultCacheBehavior={
        "TargetOriginId": "site", "ViewerProtocolPolicy": "allow-all", "MinTTL": 0, "DefaultTTL": 0, "Compress": True,
        "ForwardedValues": {"QueryString": True, "QueryStringCacheKeys": items("v"), "Cookies": {"Forward": "none"}}})
    host = made["DomainName"]
    assert get(unkai, host, "/data.txt?v=1", scheme="http").headers["x-cache"] == "Miss from cloudfront"
    assert get(unkai, host, "/data.txt?v=1&other=2", scheme="http").headers["x-cache"] == "Hit from cloudfront"
    assert get(unkai, host, "/data.txt?v=2", scheme="http").headers["x-cache"] == "Miss from cloudfront"
    smaller = get(unkai, host, "/data.txt?v=3", "-H", "Accept-Encoding: gzip", scheme="http")
    assert smaller.headers["content-encoding"] == "gzip"
    part = get(unkai, host, "/data.txt?v=1", "-H", "Range: bytes=0-9", scheme="http")
    assert (part.status, part.body) == (206, "x" * 10)
    assert get(unkai, host, "/data.txt", "-X", "POST", scheme="http").status == 403


def test_aliases_and_their_certificates(unkai, cloudfront, make, bucket, tmp_path):
    s3, site = bucket
    alias = f"{name('shop')}.localhost"
    s3.put_object(Bucket=site, Key="index.html", Body=b"hello", ContentType="text/html")
    open_to_all(s3, site)
    acm = unkai.client("acm")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "30", "-keyout", key, "-out", certificate, "-subj", f"/CN={alias}",
                    "-addext", f"subjectAltName=DNS:{alias}"], check=True, stderr=subprocess.DEVNULL)
    arn = acm.import_certificate(Certificate=certificate.read_bytes(), PrivateKey=key.read_bytes())["CertificateArn"]
    viewer = {"ACMCertificateArn": arn, "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"}
    assert failure(cloudfront.create_distribution, DistributionConfig=config(
        Aliases=items("other.localhost"), ViewerCertificate=viewer)) == "InvalidViewerCertificate"
    made = make(Origins=site_origin(site), Aliases=items(alias), ViewerCertificate=viewer, DefaultRootObject="index.html")
    assert failure(cloudfront.create_distribution, DistributionConfig=config(
        Aliases=items(alias), ViewerCertificate=viewer)) == "CNAMEAlreadyExists"
    served = get(unkai, alias, "/", "--cacert", str(certificate))
    assert (served.status, served.body) == (200, "hello")
    assert get(unkai, made["DomainName"]).headers["x-cache"] == "Hit from cloudfront"
    on_the_api_port = subprocess.run(["curl", "--silent", "--resolve", f"{alias}:{unkai.port}:127.0.0.1",
                                      f"http://{alias}:{unkai.port}/"], stdout=subprocess.PIPE, timeout=20).stdout
    assert on_the_api_port == b"hello"
    assert made["ARN"] in acm.describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"]
    assert failure(acm.delete_certificate, CertificateArn=arn) == "ResourceInUseException"
    remove(cloudfront, made["Id"])
    acm.delete_certificate(CertificateArn=arn)


def test_names_lead_to_the_edge_and_alias_records_follow(unkai, make):
    made = make()
    route53 = unkai.client("route53")
    zone = route53.create_hosted_zone(Name=f"{name('z')}.example.com", CallerReference=str(uuid.uuid4()))["HostedZone"]
    record = {"Name": f"www.{zone['Name']}", "Type": "A", "AliasTarget": {
        "HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": made["DomainName"], "EvaluateTargetHealth": False}}
    change = lambda action: route53.change_resource_record_sets(  # noqa: E731
        HostedZoneId=zone["Id"], ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]})
    info = change("CREATE")["ChangeInfo"]
    while route53.get_change(Id=info["Id"])["ChangeInfo"]["Status"] != "INSYNC":
        time.sleep(0.02)
    where = facts(unkai)
    for wanted in (made["DomainName"], record["Name"]):
        answer = subprocess.run(["dig", "+short", "+time=2", "+tries=1", f"@{where['dnsAddress']}", wanted, "A"],
                                stdout=subprocess.PIPE, text=True, timeout=20).stdout.split()
        assert answer == [where["edgeAddress"]]
    change("DELETE")
    route53.delete_hosted_zone(Id=zone["Id"])
