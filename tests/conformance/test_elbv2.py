"""Elastic Load Balancing: every promised operation, and traffic that really passes."""
import subprocess
import time

import botocore.exceptions
import pytest


@pytest.fixture(scope="module")
def elbv2(unkai, via):
    return unkai.client("elbv2", via=via)


@pytest.fixture(scope="module")
def ec2(unkai, via):
    return unkai.client("ec2", via=via)


@pytest.fixture(scope="module")
def place(ec2):
    """A VPC with two public subnets and a security group that lets HTTP and HTTPS in."""
    vpc = ec2.create_vpc(CidrBlock="10.91.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.91.{i}.0/24", AvailabilityZone=f"us-east-1{zone}")
               ["Subnet"]["SubnetId"] for i, zone in enumerate("ab")]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    group = ec2.create_security_group(GroupName="balancer", Description="x", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        for port in (80, 443)])
    yield {"vpc": vpc, "subnets": subnets, "group": group}
    ec2.delete_security_group(GroupId=group)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_vpc(VpcId=vpc)


@pytest.fixture
def balancer(elbv2, place):
    made = elbv2.create_load_balancer(Name="site", Subnets=place["subnets"], SecurityGroups=[place["group"]],
                                      Tags=[{"Key": "stage", "Value": "test"}])["LoadBalancers"][0]
    yield made
    elbv2.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])


@pytest.fixture
def group(elbv2, place):
    made = elbv2.create_target_group(Name="targets", Protocol="HTTP", Port=8080, VpcId=place["vpc"], TargetType="ip",
                                     HealthCheckPath="/health")["TargetGroups"][0]
    yield made["TargetGroupArn"]
    deadline = time.monotonic() + 10
    while True:
        try:
            elbv2.delete_target_group(TargetGroupArn=made["TargetGroupArn"])
            return
        except botocore.exceptions.ClientError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def fixed(body, status="200"):
    return [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": status, "MessageBody": body}}]


def forward(arn):
    return [{"Type": "forward", "TargetGroupArn": arn}]


def code(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def public_address(ec2, balancer):
    name = "ELB " + balancer["LoadBalancerArn"].split("loadbalancer/")[1]
    found = ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": [name]}])["NetworkInterfaces"]
    assert len(found) == 2 and all(one["RequesterManaged"] for one in found)
    return found[0]["Association"]["PublicIp"]


def ask(url, *arguments, wanted=None):
    """What curl gets: 'body|status'. Asks again until it is as wanted, for ten seconds at the most."""
    deadline = time.monotonic() + 10
    while True:
        got = subprocess.run(["curl", "-s", "-m", "3", "-w", "|%{http_code}", *arguments, url],
                             stdout=subprocess.PIPE, text=True).stdout
        if wanted is None or got == wanted or time.monotonic() > deadline:
            return got
        time.sleep(0.05)


def test_load_balancers(elbv2, balancer, place):
    arn = balancer["LoadBalancerArn"]
    assert balancer["State"]["Code"] == "active" and balancer["Scheme"] == "internet-facing"
    assert {zone["SubnetId"] for zone in balancer["AvailabilityZones"]} == set(place["subnets"])
    assert elbv2.describe_load_balancers(Names=["site"])["LoadBalancers"][0]["LoadBalancerArn"] == arn
    assert elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["DNSName"] == balancer["DNSName"]
    elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[place["group"]])
    elbv2.set_subnets(LoadBalancerArn=arn, Subnets=place["subnets"])
    assert elbv2.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="ipv4")["IpAddressType"] == "ipv4"
    changed = elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "30"}])["Attributes"]
    assert {"Key": "idle_timeout.timeout_seconds", "Value": "30"} in changed
    assert elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"] == changed
    assert code(elbv2.describe_load_balancers, Names=["nobody"]) == "LoadBalancerNotFound"
    assert code(elbv2.create_load_balancer, Name="site", Subnets=place["subnets"], Scheme="internal") \
        == "DuplicateLoadBalancerName"
    assert code(elbv2.create_load_balancer, Name="one", Subnets=place["subnets"][:1]) == "ValidationError"
    assert code(elbv2.create_load_balancer, Name="net", Subnets=place["subnets"], Type="network") \
        == "InvalidConfigurationRequest"


def test_tags_and_account(elbv2, balancer):
    arn = balancer["LoadBalancerArn"]
    elbv2.add_tags(ResourceArns=[arn], Tags=[{"Key": "a", "Value": "b"}])
    elbv2.remove_tags(ResourceArns=[arn], TagKeys=["stage"])
    assert elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"] == [{"Key": "a", "Value": "b"}]
    limits = {one["Name"]: one["Max"] for one in elbv2.describe_account_limits()["Limits"]}
    assert limits["application-load-balancers"] == "50"
    policies = elbv2.describe_ssl_policies(Names=["ELBSecurityPolicy-TLS13-1-2-2021-06"])["SslPolicies"]
    assert policies[0]["SslProtocols"] == ["TLSv1.2", "TLSv1.3"]
    assert code(elbv2.describe_tags, ResourceArns=[arn + "x"]) == "LoadBalancerNotFound"


def test_listeners_and_rules_answer(elbv2, ec2, balancer):
    arn = balancer["LoadBalancerArn"]
    listener = elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80,
                                     DefaultActions=fixed("default"))["Listeners"][0]["ListenerArn"]
    url = "http://" + public_address(ec2, balancer)
    assert ask(url + "/", wanted="default|200") == "default|200"
    rule = elbv2.create_rule(ListenerArn=listener, Priority=10, Actions=fixed("a"), Conditions=[
        {"Field": "path-pattern", "Values": ["/a/*"]}])["Rules"][0]["RuleArn"]
    other = elbv2.create_rule(ListenerArn=listener, Priority=20, Actions=fixed("header"), Conditions=[
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-test", "Values": ["y?s"]}}])["Rules"][0]
    assert ask(url + "/a/b", wanted="a|200") == "a|200"
    assert ask(url + "/b", "-H", "X-Test: yes", wanted="header|200") == "header|200"
    assert [one["Priority"] for one in elbv2.describe_rules(ListenerArn=listener)["Rules"]] == ["10", "20", "default"]
    elbv2.modify_rule(RuleArn=rule, Actions=[{"Type": "redirect", "RedirectConfig": {
        "Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}])
    wanted = "|301https://site.test:443/a/c?d"
    got = ask(url + "/a/c?d", "-H", "Host: site.test", "-o", "/dev/null", "-w", "|%{http_code}%{redirect_url}",
              wanted=wanted)
    assert got == wanted
    elbv2.set_rule_priorities(RulePriorities=[{"RuleArn": rule, "Priority": 30}])
    assert code(elbv2.create_rule, ListenerArn=listener, Priority=30, Actions=fixed("x"), Conditions=[
        {"Field": "path-pattern", "Values": ["/"]}]) == "PriorityInUse"
    elbv2.delete_rule(RuleArn=other["RuleArn"])
    assert code(elbv2.describe_rules, RuleArns=[other["RuleArn"]]) == "RuleNotFound"
    elbv2.modify_listener(ListenerArn=listener, DefaultActions=fixed("changed", "404"))
    assert ask(url + "/", wanted="changed|404") == "changed|404"
    assert elbv2.describe_listeners(LoadBalancerArn=arn)["Listeners"][0]["Port"] == 80
    attributes = elbv2.describe_listener_attributes(ListenerArn=listener)["Attributes"]
    assert elbv2.modify_listener_attributes(ListenerArn=listener, Attributes=attributes)["Attributes"] == attributes
    assert code(elbv2.create_listener, LoadBalancerArn=arn, Protocol="HTTP", Port=80,
                DefaultActions=fixed("x")) == "DuplicateListener"
    elbv2.delete_listener(ListenerArn=listener)
    assert ask(url + "/", wanted="|000") == "|000"


def self_signed(name):
    """A certificate and its key, by openssl."""
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                           "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                           "-keyout", "/dev/stdout"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=True).stdout
    key_end = made.index("-----BEGIN CERTIFICATE")
    return made[key_end:].encode(), made[:key_end].encode()


def test_https_by_sni_and_http2(unkai, elbv2, ec2, balancer):
    acm = unkai.client("acm")
    arns = []
    for name in ("one.test", "two.test"):
        certificate, key = self_signed(name)
        arns.append(acm.import_certificate(Certificate=certificate, PrivateKey=key)["CertificateArn"])
    arn = balancer["LoadBalancerArn"]
    assert code(elbv2.create_listener, LoadBalancerArn=arn, Protocol="HTTPS", Port=443,
                DefaultActions=fixed("x")) == "ValidationError"
    listener = elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTPS", Port=443, DefaultActions=fixed("secret"),
                                     Certificates=[{"CertificateArn": arns[0]}])["Listeners"][0]["ListenerArn"]
    elbv2.add_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": arns[1]}])
    listed = elbv2.describe_listener_certificates(ListenerArn=listener)["Certificates"]
    assert {one["CertificateArn"]: one["IsDefault"] for one in listed} == {arns[0]: True, arns[1]: False}
    address = public_address(ec2, balancer)
    wanted = "secret|200"
    for name in ("one.test", "two.test"):
        url = f"https://{name}/"
        resolve = ["--resolve", f"{name}:443:{address}", "-k"]
        assert ask(url, *resolve, wanted=wanted) == wanted
        names = subprocess.run(["openssl", "s_client", "-connect", f"{address}:443", "-servername", name],
                               input="", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        assert f"CN = {name}" in names
        assert ask(url, *resolve, "--http2", "-w", "|%{http_version}") == "secret|2"
    assert code(acm.delete_certificate, CertificateArn=arns[0]) == "ResourceInUseException"
    elbv2.remove_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": arns[1]}])
    elbv2.delete_listener(ListenerArn=listener)
    for one in arns:
        acm.delete_certificate(CertificateArn=one)


def test_target_groups_and_targets(elbv2, ec2, balancer, group, place):
    elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.91.0.200"}, {"Id": "10.91.1.200", "Port": 81}])

    def health():
        answer = elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return {one["Target"]["Id"]: one["TargetHealth"] for one in answer}

    assert health()["10.91.0.200"]["Reason"] == "Target.NotInUse"
    listener = elbv2.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80,
                                     DefaultActions=forward(group))["Listeners"][0]["ListenerArn"]
    assert health()["10.91.0.200"]["State"] == "initial"
    shown = elbv2.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
    assert shown["LoadBalancerArns"] == [balancer["LoadBalancerArn"]] and shown["HealthCheckPath"] == "/health"
    assert code(elbv2.delete_target_group, TargetGroupArn=group) == "ResourceInUse"
    elbv2.modify_target_group(TargetGroupArn=group, HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2)
    elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=[
        {"Key": "deregistration_delay.timeout_seconds", "Value": "1"}])
    attributes = elbv2.describe_target_group_attributes(TargetGroupArn=group)["Attributes"]
    assert {"Key": "stickiness.enabled", "Value": "false"} in attributes
    elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.91.0.200"}])
    assert health()["10.91.0.200"]["State"] == "draining"
    deadline = time.monotonic() + 10
    while "10.91.0.200" in health() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list(health()) == ["10.91.1.200"]
    # Nobody answers at that address: the request fails as ALB's do, and says so.
    assert ask("http://" + public_address(ec2, balancer) + "/", "-o", "/dev/null", "-m", "15") in ("|502", "|504")
    elbv2.delete_listener(ListenerArn=listener)
    assert code(elbv2.register_targets, TargetGroupArn=group, Targets=[{"Id": "8.8.8.8"}]) == "InvalidTarget"
    assert code(elbv2.create_target_group, Name="tcp", Protocol="TCP", Port=1, VpcId=place["vpc"]) \
        == "UnsupportedProtocol"


def test_security_group_decides(elbv2, ec2, balancer, place):
    listener = elbv2.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80,
                                     DefaultActions=fixed("in"))["Listeners"][0]["ListenerArn"]
    url = "http://" + public_address(ec2, balancer) + "/"
    assert ask(url, wanted="in|200") == "in|200"
    rule = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.revoke_security_group_ingress(GroupId=place["group"], IpPermissions=rule)
    assert ask(url, wanted="|000") == "|000"
    ec2.authorize_security_group_ingress(GroupId=place["group"], IpPermissions=rule)
    assert ask(url, wanted="in|200") == "in|200"
    elbv2.delete_listener(ListenerArn=listener)


def test_a_vpc_that_comes_back_within_a_moment_hears(elbv2, ec2, place):
    """With the last interface its namespace goes; the next load balancer's sockets are in the new one."""
    for _ in range(15):
        made = elbv2.create_load_balancer(Name="again", Subnets=place["subnets"],
                                          SecurityGroups=[place["group"]])["LoadBalancers"][0]
        try:
            elbv2.create_listener(LoadBalancerArn=made["LoadBalancerArn"], Protocol="HTTP", Port=80,
                                  DefaultActions=fixed("again"))
            assert ask("http://" + public_address(ec2, made) + "/", wanted="again|200") == "again|200"
        finally:
            elbv2.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
