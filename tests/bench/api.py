"""An API call as an SDK makes it, its signature verified, beside nginx `return 200`: requests a second and core.

STS GetCallerIdentity over kept connections. The same signed request is sent again and again (a signature holds for
minutes); Unkai verifies each.
"""
import datetime
import hashlib
import hmac
import urllib.request

from measure import ACCESS_KEY, SECRET_KEY, Figure, Unkai, answers, folder, free_port, in_turns, need, nginx_conf, \
    running, until, wrk

BODY = "Action=GetCallerIdentity&Version=2011-06-15"


def signed_headers(host, service, body, method="POST", path="/", fields=(), region="us-east-1"):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
    moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    fields = dict(sorted({"host": host, "x-amz-date": moment, **dict(fields)}.items()))
    names = ";".join(fields)
    request = "\n".join([method, path, "", *(f"{name}:{value}" for name, value in fields.items()), "", names,
                         hashlib.sha256(body).hexdigest()])
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = b"AWS4" + SECRET_KEY.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return {**fields, "authorization": f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, SignedHeaders={names}, "
                                       f"Signature={signature}"}


def put_object(unkai, bucket, key, body):
    """Streams do not go through Unkai.call."""
    path = f"/{bucket}/{key}"
    headers = signed_headers(f"127.0.0.1:{unkai.port}", "s3", body, "PUT", path, {
        "content-type": "text/plain", "x-amz-content-sha256": hashlib.sha256(body).hexdigest()})
    urllib.request.urlopen(urllib.request.Request(unkai.endpoint + path, body, headers, method="PUT"), timeout=10).close()


FORM = {"content-type": "application/x-www-form-urlencoded"}


def script(path, headers, body):
    """What wrk sends."""
    lines = [f'wrk.headers["{name.title()}"] = "{value}"' for name, value in headers.items()]  # wrk knows "Host".
    path.write_text("\n".join(['wrk.method = "POST"', f"wrk.body = [[{body}]]", *lines]) + "\n")
    return path


def measure(setting):
    need("nginx", "wrk")
    with Unkai(setting) as unkai, folder("api") as place:
        port = free_port()
        peer = nginx_conf(place / "nginx.conf", f"server {{ listen 127.0.0.1:{port}; location / {{ return 200 hello; }} }}")
        with running(*peer) as nginx:
            until(lambda: answers(f"http://127.0.0.1:{port}/"), "nginx answers")

            def ask(seconds):
                headers = signed_headers(f"127.0.0.1:{unkai.port}", "sts", BODY.encode(), fields=FORM)
                return wrk(unkai.endpoint + "/", seconds, script=script(place / "call.lua", headers, BODY))

            # nginx gets the same request.
            same = script(place / "same.lua", signed_headers(f"127.0.0.1:{port}", "sts", BODY.encode(), fields=FORM), BODY)
            cost = in_turns(setting, {
                "unkai": (unkai.pid, ask),
                "nginx": (nginx.pid, lambda seconds: wrk(f"http://127.0.0.1:{port}/", seconds, script=same))})
    yield Figure("signed API call, requests a second and core", 1e3 / cost["unkai"], 1e3 / cost["nginx"],
                 peer="nginx return 200", unit="k/s", least=0.5)
