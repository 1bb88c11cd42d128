#!/usr/bin/env python3
"""Imports AWS's public API models into models/<service>.json, compact and without prose.

    codegen/import_models.py            # downloads the pinned botocore wheel from PyPI
    codegen/import_models.py --wheel F  # the same from a wheel that lies here

What is kept is what the generator reads: names, types, members, where they travel, constraints,
errors and protocol traits. One shape or operation a line, so that a new release of the models is
seen in review.
"""

import argparse
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

PINNED = "botocore==1.44.5"
PINNED_HASH = "sha256:8f16a56d1dff125dd65322ae021efa7ba5195a6db5102b96862566055b748921"

SERVICES = """
sts iam secretsmanager ssm logs acm s3 ec2 ecr ecs elbv2 cloudfront route53 rds cloudformation
lambda apigateway apigatewayv2 sqs sns events scheduler cloudwatch chatbot application-autoscaling
""".split()

METADATA = """
apiVersion endpointPrefix globalEndpoint jsonVersion protocol protocols serviceId signingName
targetPrefix xmlNamespace awsQueryCompatible
""".split()
SHAPE = """
type members required member key value enum min max pattern flattened locationName
timestampFormat payload exception error fault xmlNamespace sensitive streaming eventstream
document union
""".split()
REFERENCE = """
shape location locationName flattened timestampFormat xmlNamespace xmlAttribute jsonvalue
streaming hostLabel idempotencyToken queryName resultWrapper
""".split()


def pick(source, keys):
    return {key: source[key] for key in keys if key in source and source[key] is not False}


def compact_shape(shape):
    out = pick(shape, SHAPE)
    for key in ("member", "key", "value"):
        if key in out:
            out[key] = pick(out[key], REFERENCE)
    if "members" in out:
        out["members"] = {name: pick(ref, REFERENCE) for name, ref in out["members"].items()}
    return out


def compact_operation(operation):
    out = {"http": pick(operation["http"], ["method", "requestUri", "responseCode"])}
    for key in ("input", "output"):
        if key in operation:
            out[key] = pick(operation[key], REFERENCE)
    if operation.get("errors"):
        out["errors"] = [error["shape"] for error in operation["errors"]]
    if "endpoint" in operation:
        out["hostPrefix"] = operation["endpoint"]["hostPrefix"]
    if operation.get("authtype"):
        out["authtype"] = operation["authtype"]
    return out


def lines(table):
    rows = [
        f"{json.dumps(name)}:{json.dumps(value, separators=(',', ':'), ensure_ascii=False)}"
        for name, value in table.items()
    ]
    return "{\n" + ",\n".join(rows) + "\n}"


def render(model):
    """The compact text of one model."""
    operations = {name: compact_operation(op) for name, op in sorted(model["operations"].items())}
    shapes = {name: compact_shape(shape) for name, shape in sorted(model["shapes"].items())}
    metadata = json.dumps(pick(model["metadata"], METADATA), separators=(",", ":"))
    return (
        f'{{"metadata":{metadata},\n"operations":{lines(operations)},\n"shapes":{lines(shapes)}}}\n'
    )


def newest(archive, service):
    prefix = f"botocore/data/{service}/"
    found = sorted(
        name for name in archive.namelist() if name.startswith(prefix) and "/service-2.json" in name
    )
    if not found:
        sys.exit(f"The wheel has no model of '{service}'. See SERVICES in {__file__}.")
    content = archive.read(found[-1])
    return json.loads(gzip.decompress(content) if found[-1].endswith(".gz") else content)


def download(folder):
    requirements = pathlib.Path(folder, "requirements.txt")
    requirements.write_text(f"{PINNED} --hash={PINNED_HASH}\n")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--dest",
            folder,
            "-r",
            str(requirements),
        ],
        check=True,
    )
    return next(pathlib.Path(folder).glob("*.whl"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheel", type=pathlib.Path, help="a botocore wheel instead of a download")
    parser.add_argument("services", nargs="*", default=SERVICES)
    options = parser.parse_args()
    target = pathlib.Path(__file__).resolve().parent.parent / "models"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wheel = options.wheel or download(folder)
        with zipfile.ZipFile(wheel) as archive:
            for service in options.services:
                text = render(newest(archive, service))
                (target / f"{service}.json").write_text(text, encoding="utf-8")
                print(f"{service}: {len(text) // 1024} KiB")


if __name__ == "__main__":
    main()
