"""A boto3 client whose calls the AWS SDK for JavaScript v3 makes: what a test says once holds for it, too (fixture `via`).

js/bridge.mjs runs beside the tests, one process, and is asked in JSON; this file turns boto3's types into that and
back by the service's model. An error that Unkai answered becomes the ClientError of its code; what the SDK refuses by
itself fails the test with the SDK's words, so that it is never taken for an answer.
"""
import base64
import concurrent.futures
import datetime
import io
import itertools
import json
import os
import subprocess
import tempfile
import threading
import uuid

import botocore
import botocore.handlers
import botocore.response
import botocore.utils
import botocore.validate

from javascript import FOLDER, missing

PACKAGES = {"apigateway": "api-gateway", "application-autoscaling": "application-auto-scaling",
            "elbv2": "elastic-load-balancing-v2", "events": "eventbridge", "logs": "cloudwatch-logs",
            "route53": "route-53", "secretsmanager": "secrets-manager"}
SECONDS = 120  # The longest that a call may take.


class AwsJs:
    def __init__(self):
        self.process = None
        self.waiting = {}
        self.ids = itertools.count()
        self.lock = threading.Lock()

    def start(self):
        """Why it cannot start, as a sentence; else None."""
        if self.process:
            return None
        if why_not := missing():
            return why_not
        environment = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null",
                       "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        for name in ("AWS_PROFILE", "NODE_OPTIONS"):
            environment.pop(name, None)
        self.folder = tempfile.TemporaryDirectory(prefix="unkai-js-")
        self.said = tempfile.TemporaryFile("w+")  # Node warns there; a pipe that nobody reads would hold it up.
        self.process = subprocess.Popen(["node", FOLDER / "bridge.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.said, text=True, env=environment)
        threading.Thread(target=self.listen, daemon=True).start()
        return None

    def stop(self):
        if self.process:
            self.process.kill()  # Sockets kept alive would let it linger.
            self.process.wait()
            self.process = None
            self.folder.cleanup()

    def listen(self):
        for line in self.process.stdout:
            answer = json.loads(line)
            self.waiting.pop(answer["id"]).set_result(answer)
        for future in self.waiting.values():
            self.said.seek(0)
            future.set_exception(AssertionError(f"Node ended: {self.said.read()[-4000:]}"))

    def ask(self, question):
        future = concurrent.futures.Future()
        with self.lock:
            number = next(self.ids)
            self.waiting[number] = future
            self.process.stdin.write(json.dumps({"id": number, **question}) + "\n")
            self.process.stdin.flush()
        return future.result(SECONDS)

    def call(self, client, operation, parameters):
        """What client._make_api_call answers."""
        model = client.meta.service_model.operation_model(operation)
        answer = self.ask(self.question(client, model, completed(model, parameters, client)))
        if error := answer.get("error"):
            raise client_error(client, operation, error)
        output = as_boto3(model.output_shape, answer["output"]) if model.output_shape else {}
        if model.has_streaming_output:
            payload = model.output_shape.serialization["payload"]
            body = output.get(payload) or b""
            output[payload] = botocore.response.StreamingBody(io.BytesIO(body), len(body))
        output["ResponseMetadata"] = {"HTTPStatusCode": answer["metadata"]["httpStatusCode"],
                                      "RequestId": answer["metadata"].get("requestId"), "HTTPHeaders": {}}
        if model.service_model.service_name == "iam":
            botocore.handlers.json_decode_policies(output, model)
        return output

    def question(self, client, model, parameters):
        service = model.service_model.service_name
        return {"service": PACKAGES.get(service, service), "operation": model.name, "region": client.meta.region_name,
                "endpoint": client.meta.endpoint_url, "keys": keys_of(client), "pathStyle": service == "s3",
                "input": self.as_js(model.input_shape, parameters) if model.input_shape else {}}

    def presigned(self, client, operation, seconds=60, **parameters):
        """A URL that the SDK's presigner made."""
        model = client.meta.service_model.operation_model(operation)
        return self.ask({**self.question(client, model, parameters), "presign": seconds})["url"]

    def as_js(self, shape, value):
        """boto3's parameters in JSON, with the marks that bridge.mjs knows."""
        if shape.type_name == "structure":
            return {name: self.as_js(shape.members[name], member) for name, member in value.items()}
        if shape.type_name == "list":
            return [self.as_js(shape.member, member) for member in value]
        if shape.type_name == "map":
            return {key: self.as_js(shape.value, member) for key, member in value.items()}
        if shape.type_name == "timestamp":
            return {"$date": botocore.utils.parse_to_aware_datetime(value).timestamp() * 1000}
        if shape.type_name != "blob":
            return value
        if hasattr(value, "read"):  # What boto3 streams is a stream there as well.
            with tempfile.NamedTemporaryFile(dir=self.folder.name, delete=False) as file:
                file.write(value.read())
            return {"$file": file.name}
        return {"$bytes": base64.b64encode(value.encode() if isinstance(value, str) else value).decode()}


def completed(model, parameters, client):
    """The parameters as boto3 takes them, and checked as boto3 checks them (unless parameter_validation is off)."""
    parameters = dict(parameters)
    for name in model.idempotent_members:
        parameters.setdefault(name, str(uuid.uuid4()))
    if isinstance(parameters.get("CopySource"), dict):
        botocore.handlers.handle_copy_source_param(parameters)
    checks = isinstance(client._serializer, botocore.validate.ParamValidationDecorator)
    if checks and model.input_shape:
        report = botocore.validate.ParamValidator().validate(parameters, model.input_shape)
        if report.has_errors():
            raise botocore.exceptions.ParamValidationError(report=report.generate_report())
    return parameters


def keys_of(client):
    keys = client._request_signer._credentials
    if keys is None or client.meta.config.signature_version is botocore.UNSIGNED:
        return None
    return {"accessKeyId": keys.access_key, "secretAccessKey": keys.secret_key, "sessionToken": keys.token}


def client_error(client, operation, error):
    """The exception of boto3 for what the SDK threw; the SDK calls some errors by their shape, not by their code."""
    assert error.get("status"), f"the SDK itself, not Unkai: {error['name']}: {error['message']}\n{error.get('stack')}"
    codes = {shape.name: shape.error_code for shape in client.meta.service_model.error_shapes}
    code = error.get("code") or codes.get(error["name"], error["name"])
    if operation.startswith("Head"):  # Without a body there is only the status.
        code = str(error["status"])
    response = {"Error": {"Code": code, "Message": error["message"]},
                "ResponseMetadata": {"HTTPStatusCode": error["status"]}, **unmarked(error["members"])}
    response["Error"] = {"Code": code, "Message": error["message"]}
    return client.exceptions.from_code(code)(response, operation)


def as_boto3(shape, value):
    """What the SDK gave, in the types of boto3; what the model has not stays as it is."""
    if value is None:
        return None
    if shape.type_name == "structure":
        return {name: as_boto3(shape.members[name], member) if name in shape.members else unmarked(member)
                for name, member in value.items()}
    if shape.type_name == "list":
        return [as_boto3(shape.member, member) for member in value]
    if shape.type_name == "map":
        return {key: as_boto3(shape.value, member) for key, member in value.items()}
    return unmarked(value)


def unmarked(value):
    if isinstance(value, list):
        return [unmarked(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    if "$date" in value:
        return datetime.datetime.fromtimestamp(value["$date"] / 1000, datetime.timezone.utc)
    return {name: unmarked(member) for name, member in value.items()}


js = AwsJs()
