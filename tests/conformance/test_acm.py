"""ACM: every promised operation through boto3; certificates are checked with openssl."""
import json
import pathlib
import subprocess
import time
import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def acm(unkai, via):
    return unkai.client("acm", via=via)


@pytest.fixture
def zone(unkai):
    route53 = unkai.client("route53")
    name = f"a{uuid.uuid4().hex[:8]}.example.org"
    zone_id = route53.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]["Id"]
    yield {"Id": zone_id, "Name": name, "route53": route53}
    for one in route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]:
        if one["Type"] == "CNAME":
            put(route53, zone_id, "DELETE", one)
    route53.delete_hosted_zone(Id=zone_id)


def put(route53, zone_id, action, record):
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": [
        {"Action": action, "ResourceRecordSet": record}]})


def code(call, **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"]


def validate(acm, zone, arn):
    """Puts the CNAMEs that ACM asks for into the zone and waits until the certificate is issued."""
    for option in acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]:
        wanted = option["ResourceRecord"]
        put(zone["route53"], zone["Id"], "UPSERT", {"Name": wanted["Name"], "Type": wanted["Type"], "TTL": 60,
                                                    "ResourceRecords": [{"Value": wanted["Value"]}]})
    for _ in range(300):
        detail = acm.describe_certificate(CertificateArn=arn)["Certificate"]
        if detail["Status"] == "ISSUED":
            return detail
        time.sleep(0.05)
    pytest.fail("the certificate was never issued")


def self_signed(folder, name, days="30"):
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", days, "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"],
                   check=True, stderr=subprocess.DEVNULL)
    return certificate.read_bytes(), key.read_bytes()


def test_requested_validated_issued(unkai, acm, zone, tmp_path):
    name = zone["Name"]
    arn = acm.request_certificate(DomainName=name, ValidationMethod="DNS", SubjectAlternativeNames=["*." + name],
                                  IdempotencyToken="t1", Tags=[{"Key": "k", "Value": "v"}])["CertificateArn"]
    again = acm.request_certificate(DomainName=name, ValidationMethod="DNS", SubjectAlternativeNames=["*." + name],
                                    IdempotencyToken="t1")["CertificateArn"]
    assert arn == again
    pending = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert pending["Status"] == "PENDING_VALIDATION" and pending["Type"] == "AMAZON_ISSUED"
    assert [one["ValidationStatus"] for one in pending["DomainValidationOptions"]] == ["PENDING_VALIDATION"] * 2
    assert code(acm.get_certificate, CertificateArn=arn) == "RequestInProgressException"
    detail = validate(acm, zone, arn)
    assert detail["SubjectAlternativeNames"] == [name, "*." + name] and detail["InUseBy"] == []
    assert [one["ValidationStatus"] for one in detail["DomainValidationOptions"]] == ["SUCCESS"] * 2
    got = acm.get_certificate(CertificateArn=arn)
    (tmp_path / "leaf.pem").write_text(got["Certificate"])
    authority = json.loads(unkai.run("status", "--json").stdout)["data"]["authority"]
    assert pathlib.Path(authority).read_text() == got["CertificateChain"]
    subprocess.run(["openssl", "verify", "-CAfile", authority, "-verify_hostname", "x." + name, tmp_path / "leaf.pem"],
                   check=True, stdout=subprocess.DEVNULL)
    listed = acm.list_certificates(CertificateStatuses=["ISSUED"])["CertificateSummaryList"]
    assert arn in [one["CertificateArn"] for one in listed]
    acm.delete_certificate(CertificateArn=arn)
    assert code(acm.describe_certificate, CertificateArn=arn) == "ResourceNotFoundException"


def test_key_algorithms(acm, zone):
    for algorithm in ("RSA_2048", "EC_prime256v1", "EC_secp384r1"):
        arn = acm.request_certificate(DomainName=zone["Name"], ValidationMethod="DNS", KeyAlgorithm=algorithm)["CertificateArn"]
        assert validate(acm, zone, arn)["KeyAlgorithm"] == algorithm
        listed = acm.list_certificates(Includes={"keyTypes": [algorithm]})["CertificateSummaryList"]
        assert arn in [one["CertificateArn"] for one in listed]
        acm.delete_certificate(CertificateArn=arn)


def test_requests_refused(acm):
    assert code(acm.request_certificate, DomainName="example.com", ValidationMethod="EMAIL") == "InvalidParameterException"
    assert code(acm.request_certificate, DomainName="example.com") == "InvalidParameterException"
    assert code(acm.request_certificate, DomainName="example.com", ValidationMethod="DNS",
                SubjectAlternativeNames=[f"h{i}.example.com" for i in range(10)]) == "LimitExceededException"
    assert code(acm.describe_certificate, CertificateArn="arn:aws:acm:us-east-1:123456789012:certificate/none") == "ResourceNotFoundException"


def test_imported(acm, tmp_path):
    certificate, key = self_signed(tmp_path, "shop.test")
    other, other_key = self_signed(tmp_path, "other.test")
    assert code(acm.import_certificate, Certificate=certificate, PrivateKey=other_key) == "ValidationException"
    assert code(acm.import_certificate, Certificate=certificate, PrivateKey=key, CertificateChain=other) == "ValidationException"
    arn = acm.import_certificate(Certificate=certificate, PrivateKey=key, Tags=[{"Key": "k", "Value": "v"}])["CertificateArn"]
    detail = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert (detail["Type"], detail["Status"], detail["DomainName"]) == ("IMPORTED", "ISSUED", "shop.test")
    assert detail["KeyAlgorithm"] == "RSA_2048" and detail["RenewalEligibility"] == "INELIGIBLE"
    newer, newer_key = self_signed(tmp_path, "shop.test", days="60")
    assert acm.import_certificate(CertificateArn=arn, Certificate=newer, PrivateKey=newer_key)["CertificateArn"] == arn
    assert acm.get_certificate(CertificateArn=arn)["Certificate"].strip() == newer.decode().strip()
    acm.delete_certificate(CertificateArn=arn)


def test_tags_and_options(acm):
    arn = acm.request_certificate(DomainName="tags.example.net", ValidationMethod="DNS")["CertificateArn"]
    acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    acm.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": "a"}])
    assert acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert code(acm.add_tags_to_certificate, CertificateArn=arn, Tags=[{"Key": "aws:x", "Value": "1"}]) == "InvalidTagException"
    acm.update_certificate_options(CertificateArn=arn, Options={"CertificateTransparencyLoggingPreference": "DISABLED"})
    options = acm.describe_certificate(CertificateArn=arn)["Certificate"]["Options"]
    assert options["CertificateTransparencyLoggingPreference"] == "DISABLED"
    acm.put_account_configuration(ExpiryEvents={"DaysBeforeExpiry": 30}, IdempotencyToken="t")
    assert acm.get_account_configuration()["ExpiryEvents"]["DaysBeforeExpiry"] == 30
    pages = acm.get_paginator("list_certificates").paginate(PaginationConfig={"PageSize": 1})
    assert arn in [one["CertificateArn"] for page in pages for one in page["CertificateSummaryList"]]
    acm.delete_certificate(CertificateArn=arn)
    assert code(acm.delete_certificate, CertificateArn=arn) == "ResourceNotFoundException"
