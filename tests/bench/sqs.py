"""SQS: messages sent, received and deleted a second, durable before each answer, in batches of ten.

Several clients over kept connections, each call signed. Beside the rate: what a message costs Unkai of a core, because
the clients run on the same machine.
"""
import hashlib
import http.client
import json
import multiprocessing
import pathlib
import os
import time

from api import signed_headers
from measure import TICKS, Figure, Unkai

CLIENTS = 8
BODY = "x" * 200


class Client:
    def __init__(self, port):
        self.host, self.connection = f"127.0.0.1:{port}", http.client.HTTPConnection("127.0.0.1", port)

    def call(self, operation, **parameters):
        body = json.dumps(parameters).encode()
        headers = signed_headers(self.host, "sqs", body, fields={
            "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS." + operation})
        self.connection.request("POST", "/", body, headers)
        answer = self.connection.getresponse()
        read = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {answer.status} {read.decode()}")
        return json.loads(read or b"{}")


def work(port, url, until, results):
    """Sends, receives and deletes tens until then; tells how many messages it deleted."""
    client, deleted = Client(port), 0
    entries = [{"Id": str(i), "MessageBody": BODY} for i in range(10)]
    digest = hashlib.md5(BODY.encode()).hexdigest()
    while time.monotonic() < until:
        client.call("SendMessageBatch", QueueUrl=url, Entries=entries)
        got = client.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        assert all(message["MD5OfBody"] == digest for message in got)
        if got:
            deleted += len(client.call("DeleteMessageBatch", QueueUrl=url, Entries=[
                {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]} for i, message in enumerate(got)])["Successful"])
    results.put(deleted)


def processor_time(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(setting):
    with Unkai(setting) as unkai:
        url = Client(unkai.port).call("CreateQueue", QueueName="bench")["QueueUrl"]
        results, seconds = multiprocessing.Queue(), max(setting.seconds, 3)
        before, until = processor_time(unkai.pid), time.monotonic() + seconds
        clients = [multiprocessing.Process(target=work, args=(unkai.port, url, until, results))
                   for _ in range(min(CLIENTS, 4 * os.cpu_count()))]
        for client in clients:
            client.start()
        deleted = sum(results.get() for _ in clients)
        for client in clients:
            client.join()
        spent = processor_time(unkai.pid) - before
    yield Figure("SQS: sent, received and deleted, in tens", deleted / seconds, unit="messages/s", least=10000)
    yield Figure("SQS: CPU a message sent, received and deleted", 1e6 * spent / deleted, unit="µs CPU", most=100)
