"""Which operations a run really called, and how each of them ended: written by the tests, read by tests/operations.py.

A call counts when Unkai answered it: a success, or an error with its code. What boto3 refuses by itself
(a missing parameter) never left this process and does not count. One report for a test module's part by one client
(conftest.py), in build/<preset>/reports/operations/, so that a run of one module renews what that module calls and
nothing else.
"""
import json
import os
import pathlib
import threading

import botocore.client
import botocore.exceptions

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / os.environ.get("UNKAI_PRESET", "release") / "reports" / "operations"


class Record:
    """{part: {client: {service: {operation: [succeeded, [error codes]]}}}}, client being boto3, cli or js."""

    def __init__(self):
        self.parts = {}
        self.part = None
        self.lock = threading.Lock()

    def add(self, client, service, operation, error=None):
        with self.lock:
            services = self.parts.setdefault(self.part, {}).setdefault(client, {})
            ended = services.setdefault(service, {}).setdefault(operation, [False, []])
            if error is None:
                ended[0] = True
            elif error not in ended[1]:
                ended[1].append(error)

    def write(self):
        FOLDER.mkdir(parents=True, exist_ok=True)
        for part, clients in self.parts.items():
            if part:
                (FOLDER / f"{part}.json").write_text(json.dumps(clients, indent=1, sort_keys=True))


record = Record()


def record_calls(others):
    """From here on every call of this process is recorded; `others` make the calls of a client whose `via` names
    them ({"cli": cli})."""
    call = botocore.client.BaseClient._make_api_call

    def recorded(self, operation, parameters):
        service = self.meta.service_model.service_name
        via = getattr(self, "via", "boto3")
        try:
            other = others.get(via)
            answer = other.call(self, operation, parameters) if other else call(self, operation, parameters)
        except botocore.exceptions.ClientError as error:
            record.add(via, service, operation, error.response["Error"]["Code"])
            raise
        record.add(via, service, operation)
        return answer

    botocore.client.BaseClient._make_api_call = recorded
