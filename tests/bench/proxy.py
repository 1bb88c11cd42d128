"""A load balancer's CPU for a request of 1 KiB over kept connections, beside HAProxy.

Both stand in the same network namespace of the same VPC, on the same address, before the same nginx that answers
1 KiB: what the virtual network costs, both pay.
"""
from measure import Figure, Unkai, answers, folder, in_turns, need, nginx_conf, running, until, wrk

ZONES = ("us-east-1a", "us-east-1b")


def network(unkai):
    """A VPC with a way out, two subnets, and a security group that lets everything in."""
    vpc = unkai.call("ec2", "CreateVpc", CidrBlock="10.60.0.0/16")["Vpc"]["VpcId"]
    subnets = [unkai.call("ec2", "CreateSubnet", VpcId=vpc, CidrBlock=f"10.60.{number}.0/24",
                          AvailabilityZone=zone)["Subnet"]["SubnetId"] for number, zone in enumerate(ZONES)]
    gateway = unkai.call("ec2", "CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    unkai.call("ec2", "AttachInternetGateway", VpcId=vpc, InternetGatewayId=gateway)
    table = unkai.call("ec2", "DescribeRouteTables", Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
    unkai.call("ec2", "CreateRoute", RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0",
               GatewayId=gateway)
    group = unkai.call("ec2", "CreateSecurityGroup", GroupName="bench", Description="bench", VpcId=vpc)["GroupId"]
    unkai.call("ec2", "AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    return vpc, subnets, group


def balancer(unkai, vpc, subnets, group, port):
    """→ the load balancer's interface in the first zone, at whose address its target is as well."""
    made = unkai.call("elbv2", "CreateLoadBalancer", Name="bench", Subnets=subnets, SecurityGroups=[group])
    arn = made["LoadBalancers"][0]["LoadBalancerArn"]
    targets = unkai.call("elbv2", "CreateTargetGroup", Name="bench", Protocol="HTTP", Port=port, VpcId=vpc,
                         TargetType="ip", HealthCheckIntervalSeconds=30)["TargetGroups"][0]["TargetGroupArn"]
    unkai.call("elbv2", "CreateListener", LoadBalancerArn=arn, Protocol="HTTP", Port=80,
               DefaultActions=[{"Type": "forward", "TargetGroupArn": targets}])
    found = unkai.call("ec2", "DescribeNetworkInterfaces", Filters=[
        {"Name": "description", "Values": ["ELB " + arn.split("loadbalancer/")[1]]}])["NetworkInterfaces"]
    front = min(found, key=lambda one: one["AvailabilityZone"])
    unkai.call("elbv2", "RegisterTargets", TargetGroupArn=targets,
               Targets=[{"Id": front["PrivateIpAddress"], "Port": port}])
    return front


def haproxy_conf(path, address, port):
    path.write_text("global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n"
                    f"  timeout server 60s\nfrontend front\n  bind {address}:81\n  option forwardfor\n"
                    f"  default_backend back\nbackend back\n  http-reuse always\n  server one {address}:{port}\n")
    return ["haproxy", "-db", "-f", path]


def measure(setting):
    need("nginx", "haproxy", "wrk", "nsenter")
    with Unkai(setting) as unkai, folder("proxy") as place:
        vpc, subnets, group = network(unkai)
        port = 8080
        front = balancer(unkai, vpc, subnets, group, port)
        inside, public = unkai.vpc_namespace(vpc), front["Association"]["PublicIp"]
        backend = nginx_conf(place / "nginx.conf", f"server {{ listen {port}; location / "
                                                   f"{{ default_type text/plain; return 200 \"{'x' * 1024}\"; }} }}")
        peer = haproxy_conf(place / "haproxy.cfg", front["PrivateIpAddress"], port)
        with running(*backend, network=inside), running(*peer, network=inside) as haproxy:
            for address in (f"http://{public}/", f"http://{public}:81/"):
                until(lambda: answers(address), f"{address} answers")
            cost = in_turns(setting, {
                "unkai": (unkai.pid, lambda seconds: wrk(f"http://{public}/", seconds)),
                "haproxy": (haproxy.pid, lambda seconds: wrk(f"http://{public}:81/", seconds))})
    yield Figure("load balancer, 1 KiB, CPU per request", cost["unkai"], cost["haproxy"], peer="HAProxy", unit="µs",
                 most=1.2)
