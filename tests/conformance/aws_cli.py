"""A boto3 client whose calls the AWS CLI v2 makes: what a test says once holds for both (fixture `via`).

The parameters go in as `--cli-input-json`, bodies as files; what the CLI prints comes back as boto3 would have given
it, and its exit code 254 with `An error occurred (CODE)` on standard error as the ClientError of that code. Any other
exit code fails the test with the CLI's own words.
"""
import base64
import datetime
import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading

import botocore
import botocore.response
import dateutil.parser
import pytest

from operations import UNKNOWN_TO
from record import record

COMMANDS = {"s3": "s3api"}
HELPER = pathlib.Path(__file__).with_name("cli_helper.py")
PYTHON = "/usr/bin/python3"
ERROR = re.compile(r"An error occurred \((.*?)\) when calling the (\w+) operation(?: \(.*?\))?: ?(.*)", re.DOTALL)

NEWER = re.compile(r"Unknown parameter in input: \S+")


class AwsCli:
    def __init__(self):
        self.process = None
        self.known = {}
        self.lock = threading.RLock()

    def start(self):
        """Why it cannot start, as a sentence; else None."""
        if self.process:
            return None
        self.folder = tempfile.TemporaryDirectory(prefix="unkai-cli-")
        environment = {**os.environ, "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true",
                       "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        for name in ("PYTHONPATH", "VIRTUAL_ENV", "AWS_PROFILE"):
            environment.pop(name, None)
        self.process = subprocess.Popen([PYTHON, str(HELPER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=environment)
        greeting = self.process.stdout.readline()
        version = json.loads(greeting)["version"] if greeting else "none"
        if version.startswith("2."):
            return None
        self.stop()
        return f"no AWS CLI v2 in {PYTHON} ({version}): apt-get install awscli"

    def stop(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()
            self.process = None
            self.folder.cleanup()

    def ask(self, question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the AWS CLI ended: {self.process.stderr.read()[-4000:]}"
        return json.loads(answer)

    def knows(self, service, operation):
        if service not in self.known:
            self.known[service] = set(self.ask({"operations_of": service})["operations"])
        return operation in self.known[service]

    def call(self, client, operation, parameters):
        """What client._make_api_call answers; one call at a time."""
        with self.lock:
            return self.call_alone(client, operation, parameters)

    def call_alone(self, client, operation, parameters):
        service = client.meta.service_model.service_name
        if not self.knows(service, operation):
            pytest.skip(f"newer than this AWS CLI: {service} {operation}")
        model = client.meta.service_model.operation_model(operation)
        arguments = ["--endpoint-url", client.meta.endpoint_url, "--region", client.meta.region_name,
                     "--output", "json", "--no-paginate", "--color", "off",
                     COMMANDS.get(service, service), botocore.xform_name(operation, "-"), *self.inputs(model, parameters)]
        if client.meta.config.signature_version is botocore.UNSIGNED:
            arguments.insert(0, "--no-sign-request")
        outfile = None
        if model.has_streaming_output:
            outfile = pathlib.Path(self.folder.name) / "out"
            arguments.append(str(outfile))
        answer = self.ask({"arguments": arguments, "environment": keys_of(client)})
        if answer["code"] == 254 and (found := ERROR.search(answer["err"])):
            assert found[2] == operation
            response = {"Error": {"Code": found[1], "Message": found[3].strip()},
                        "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise client.exceptions.from_code(found[1])(response, operation)
        if answer["code"] == 252 and (newer := NEWER.search(answer["err"])):
            pytest.skip(f"newer than this AWS CLI: {newer[0]}")
        assert answer["code"] == 0, f"aws {' '.join(arguments)}\nexit code {answer['code']}\n{answer['err']}"
        output = as_boto3(model.output_shape, json.loads(answer["out"] or "{}")) if model.output_shape else {}
        if outfile:
            body = outfile.read_bytes()
            output[model.output_shape.serialization["payload"]] = botocore.response.StreamingBody(
                open(outfile, "rb"), len(body))
        return output

    def inputs(self, model, parameters):
        parameters, flags = dict(parameters), []
        stream = model.has_streaming_input and model.input_shape.serialization["payload"]
        if stream and stream in parameters:
            given = parameters.pop(stream)
            body = given.read() if hasattr(given, "read") else given
            file = pathlib.Path(self.folder.name) / "in"
            file.write_bytes(body.encode() if isinstance(body, str) else body)
            # What is not marked as a stream (a function's payload) is a value, which may come from a file.
            streams = model.input_shape.members[stream].serialization.get("streaming")
            flags += [f"--{botocore.xform_name(stream, '-')}", f"{'' if streams else 'fileb://'}{file}"]
        if model.has_streaming_output:  # There the CLI wants its required ones as flags.
            for name, value in parameters.items():
                text = value if isinstance(value, str) else json.dumps(value, default=as_cli)
                flags += [f"--{botocore.xform_name(name, '-')}", text.strip('"')]
        elif parameters:
            flags += ["--cli-input-json", json.dumps(parameters, default=as_cli)]
        return flags


def keys_of(client):
    keys = client._request_signer._credentials
    if keys is None:
        return {}  # Calls that are not signed.
    return {"AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            **({"AWS_SESSION_TOKEN": keys.token} if keys.token else {})}


def as_cli(value):
    """How --cli-input-json writes what JSON has not."""
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} has no form on a command line")


def as_boto3(shape, value):
    """What the CLI printed, in the types of boto3."""
    if value is None:
        return None
    if shape.type_name == "structure":
        return {name: as_boto3(shape.members[name], member) if name in shape.members else member
                for name, member in value.items()}
    if shape.type_name == "list":
        return [as_boto3(shape.member, member) for member in value]
    if shape.type_name == "map":
        return {key: as_boto3(shape.value, member) for key, member in value.items()}
    if shape.type_name == "timestamp":
        return dateutil.parser.parse(value)
    return base64.b64decode(value) if shape.type_name == "blob" else value


cli = AwsCli()


def record_what_it_does_not_know(promised):
    """Operations newer than the CLI, for tests/operations.py."""
    for service, operations in promised.items():
        for operation in operations:
            if not cli.knows(service, operation):
                record.add(f"{UNKNOWN_TO}cli", service, operation)
