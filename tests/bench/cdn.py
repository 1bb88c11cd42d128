"""CPU for 1 KiB from an edge's cache over kept connections, beside nginx proxy_cache on the same address.

CloudFront's distribution has a bucket behind it, nginx the same object behind it; after the first request both
answer from their caches.
"""
from api import put_object
from measure import Figure, Unkai, answers, folder, in_turns, need, nginx_conf, running, until, wrk

CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"


def site(unkai):
    """A public object of 1 KiB behind a distribution. → the distribution's domain name."""
    unkai.call("s3", "CreateBucket", Bucket="bench-site")
    unkai.call("s3", "PutPublicAccessBlock", Bucket="bench-site", PublicAccessBlockConfiguration={
        "BlockPublicAcls": False, "BlockPublicPolicy": False, "IgnorePublicAcls": False, "RestrictPublicBuckets": False})
    unkai.call("s3", "PutBucketPolicy", Bucket="bench-site", Policy='{"Version":"2012-10-17","Statement":[{"Effect":'
               '"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bench-site/*"}]}')
    made = unkai.call("cloudfront", "CreateDistribution", DistributionConfig={
        "CallerReference": "bench", "Comment": "", "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [{"Id": "s3", "DomainName": "bench-site.s3.us-east-1.amazonaws.com",
                                              "S3OriginConfig": {"OriginAccessIdentity": ""}}]},
        "DefaultCacheBehavior": {"TargetOriginId": "s3", "ViewerProtocolPolicy": "allow-all",
                                 "CachePolicyId": CACHING_OPTIMIZED}})
    return made["Distribution"]["DomainName"]


def measure(setting):
    need("nginx", "wrk", "nsenter")
    with Unkai(setting) as unkai, folder("cdn") as place:
        domain = site(unkai)
        put_object(unkai, "bench-site", "one.txt", b"x" * 1024)
        inside = str(unkai.run_dir / "netns" / "internet")
        edge = unkai.edge_address
        peer = nginx_conf(place / "nginx.conf", (
            f"proxy_cache_path {place}/cache keys_zone=one:1m;\n"
            f"server {{ listen {edge}:8081; location / {{ proxy_cache one; proxy_cache_valid 1h; "
            f"proxy_pass http://{edge}; proxy_set_header Host {domain}; add_header X-Cache $upstream_cache_status; }} }}"))
        with running(*peer, network=inside) as nginx:
            host = f"Host: {domain}"
            until(lambda: answers(f"http://{edge}/one.txt", domain), "the distribution answers")
            until(lambda: answers(f"http://{edge}:8081/one.txt"), "nginx answers")
            cost = in_turns(setting, {
                "unkai": (unkai.pid, lambda seconds: wrk(f"http://{edge}/one.txt", seconds, headers=[host])),
                "nginx": (nginx.pid, lambda seconds: wrk(f"http://{edge}:8081/one.txt", seconds, headers=[host]))})
    yield Figure("cache hit, 1 KiB, CPU per request", cost["unkai"], cost["nginx"], peer="nginx proxy_cache", unit="µs",
                 most=1.2)
