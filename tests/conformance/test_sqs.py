"""SQS: every promised operation, by boto3 (JSON) and by the AWS CLI 2.9 (the old query form)."""
import concurrent.futures
import datetime
import hashlib
import json
import os
import re
import signal
import time
import uuid

import pytest

from conftest import ACCOUNT, REGION, code


@pytest.fixture(scope="module")
def sqs(unkai, via):
    return unkai.client("sqs", via=via)


def name(prefix="q"):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def arn(queue):
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"


@pytest.fixture
def queue(sqs):
    url = sqs.create_queue(QueueName=name())["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def fifo(sqs):
    url = sqs.create_queue(QueueName=name() + ".fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def receive(sqs, url, **more):
    arguments = {"MaxNumberOfMessages": 10, "AttributeNames": ["All"], "MessageAttributeNames": ["All"], **more}
    return sqs.receive_message(QueueUrl=url, **arguments).get("Messages", [])


def attributes(sqs, url, *names):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names or ["All"]))["Attributes"]


def test_queues(sqs):
    queue = name()
    url = sqs.create_queue(QueueName=queue, Attributes={"VisibilityTimeout": "45"}, tags={"a": "b"})["QueueUrl"]
    assert url.endswith(f"/{ACCOUNT}/{queue}")
    assert sqs.create_queue(QueueName=queue)["QueueUrl"] == url
    assert code(sqs.create_queue, QueueName=queue, Attributes={"VisibilityTimeout": "46"}) == "QueueAlreadyExists"
    assert sqs.get_queue_url(QueueName=queue)["QueueUrl"] == url
    assert url in sqs.list_queues(QueueNamePrefix=queue)["QueueUrls"]
    shown = attributes(sqs, url)
    assert shown["VisibilityTimeout"] == "45" and shown["QueueArn"] == arn(queue)
    assert shown["MessageRetentionPeriod"] == "345600" and shown["MaximumMessageSize"] == "1048576"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "1", "VisibilityTimeout": "3"})
    assert attributes(sqs, url, "DelaySeconds") == {"DelaySeconds": "1"}
    assert code(sqs.set_queue_attributes, QueueUrl=url, Attributes={"DelaySeconds": "901"}) == "InvalidAttributeValue"
    assert code(sqs.set_queue_attributes, QueueUrl=url, Attributes={"FifoQueue": "true"}) == "InvalidAttributeName"
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "b"}
    sqs.tag_queue(QueueUrl=url, Tags={"c": "d"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["a"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"c": "d"}
    sqs.delete_queue(QueueUrl=url)
    gone = "AWS.SimpleQueueService.NonExistentQueue"
    for call in (sqs.delete_queue, sqs.purge_queue, sqs.list_queue_tags, sqs.list_dead_letter_source_queues,
                 sqs.receive_message, sqs.get_queue_attributes):
        assert code(call, QueueUrl=url) == gone
    assert code(sqs.get_queue_url, QueueName=queue) == gone
    assert code(sqs.send_message, QueueUrl=url, MessageBody="x") == gone
    assert code(sqs.delete_message, QueueUrl=url, ReceiptHandle="x") == gone
    assert code(sqs.tag_queue, QueueUrl=url, Tags={"a": "b"}) == gone
    assert code(sqs.untag_queue, QueueUrl=url, TagKeys=["a"]) == gone
    assert code(sqs.set_queue_attributes, QueueUrl=url, Attributes={"DelaySeconds": "1"}) == gone
    assert code(sqs.create_queue, QueueName="not a name") == "InvalidParameterValue"
    assert code(sqs.list_queues, MaxResults=5000) == "InvalidParameterValue"


def test_pages_of_queues(sqs):
    prefix = name("page")
    urls = [sqs.create_queue(QueueName=f"{prefix}-{i}")["QueueUrl"] for i in range(3)]
    first = sqs.list_queues(QueueNamePrefix=prefix, MaxResults=2)
    rest = sqs.list_queues(QueueNamePrefix=prefix, MaxResults=2, NextToken=first["NextToken"])
    assert first["QueueUrls"] + rest["QueueUrls"] == urls and "NextToken" not in rest
    for url in urls:
        sqs.delete_queue(QueueUrl=url)


def test_messages(sqs, queue):
    sent = sqs.send_message(QueueUrl=queue, MessageBody="héllo <&> \"x\"", MessageAttributes={
        "text": {"DataType": "String", "StringValue": "a"}, "number": {"DataType": "Number.int", "StringValue": "5"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01"}},
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2-3"}})
    assert sent["MD5OfMessageBody"] == hashlib.md5("héllo <&> \"x\"".encode()).hexdigest()
    got = receive(sqs, queue)[0]
    assert got["Body"] == "héllo <&> \"x\"" and got["MessageId"] == sent["MessageId"]
    assert got["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert got["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert got["MessageAttributes"]["bytes"]["BinaryValue"] == b"\x00\x01"
    assert got["Attributes"]["ApproximateReceiveCount"] == "1" and got["Attributes"]["AWSTraceHeader"] == "Root=1-2-3"
    assert receive(sqs, queue) == []
    assert attributes(sqs, queue)["ApproximateNumberOfMessagesNotVisible"] == "1"
    handle = got["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    assert code(sqs.change_message_visibility, QueueUrl=queue, ReceiptHandle=handle,
                VisibilityTimeout=0) == "AWS.SimpleQueueService.MessageNotInflight"
    again = receive(sqs, queue, MessageAttributeNames=["nu.*", "text"])[0]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2" and set(again["MessageAttributes"]) == {"text"}
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=again["ReceiptHandle"])
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=again["ReceiptHandle"])
    assert attributes(sqs, queue)["ApproximateNumberOfMessagesNotVisible"] == "0"
    assert code(sqs.delete_message, QueueUrl=queue, ReceiptHandle="nonsense") == "ReceiptHandleIsInvalid"
    assert code(sqs.change_message_visibility, QueueUrl=queue, ReceiptHandle=handle,
                VisibilityTimeout=1) == "InvalidParameterValue"
    assert code(sqs.send_message, QueueUrl=queue, MessageBody="\x01") == "InvalidMessageContents"
    assert code(sqs.send_message, QueueUrl=queue, MessageBody="x", DelaySeconds=901) == "InvalidParameterValue"
    assert code(sqs.receive_message, QueueUrl=queue, MaxNumberOfMessages=11) == "InvalidParameterValue"
    assert code(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=21) == "InvalidParameterValue"


def test_size_limit(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x" * 1048576)
    assert len(receive(sqs, queue)[0]["Body"]) == 1048576
    assert code(sqs.send_message, QueueUrl=queue, MessageBody="x" * 1048577) == "InvalidParameterValue"
    entries = [{"Id": str(i), "MessageBody": "x" * 600000} for i in range(2)]
    assert code(sqs.send_message_batch, QueueUrl=queue,
                Entries=entries) == "AWS.SimpleQueueService.BatchRequestTooLong"


def test_batches(sqs, queue):
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=[
        {"Id": str(i), "MessageBody": str(i), "MessageAttributes": {"n": {"DataType": "Number", "StringValue": str(i)}}}
        for i in range(10)])
    assert len(sent["Successful"]) == 10 and not sent.get("Failed")
    got = receive(sqs, queue)
    assert [message["Body"] for message in got] == [str(i) for i in range(10)]
    assert got[3]["MessageAttributes"]["n"]["StringValue"] == "3"
    changed = sqs.change_message_visibility_batch(QueueUrl=queue, Entries=[
        {"Id": "a", "ReceiptHandle": got[0]["ReceiptHandle"], "VisibilityTimeout": 100},
        {"Id": "b", "ReceiptHandle": "nonsense", "VisibilityTimeout": 100}])
    assert changed["Successful"] == [{"Id": "a"}] and changed["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"
    deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=[
        {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]} for i, message in enumerate(got)])
    assert len(deleted["Successful"]) == 10
    base = "AWS.SimpleQueueService."
    for call, entry in ((sqs.send_message_batch, {"MessageBody": "x"}), (sqs.delete_message_batch, {"ReceiptHandle": "x"}),
                        (sqs.change_message_visibility_batch, {"ReceiptHandle": "x", "VisibilityTimeout": 1})):
        def entries(*ids):
            return [{"Id": id, **entry} for id in ids]  # noqa: B023
        assert code(call, QueueUrl=queue, Entries=entries("a", "a")) == base + "BatchEntryIdsNotDistinct"
        assert code(call, QueueUrl=queue, Entries=entries("a b")) == base + "InvalidBatchEntryId"
        assert code(call, QueueUrl=queue,
                    Entries=entries(*map(str, range(11)))) == base + "TooManyEntriesInBatchRequest"


def test_a_long_poll_ends_with_the_message(sqs, queue, unkai):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(unkai.client("sqs").receive_message, QueueUrl=queue, WaitTimeSeconds=20)
        sqs.send_message(QueueUrl=queue, MessageBody="x", DelaySeconds=1)
        assert waiting.result()["Messages"][0]["Body"] == "x"


def test_fifo(sqs, fifo):
    def send(body, group, duplicate):
        return sqs.send_message(QueueUrl=fifo, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=duplicate)
    first = send("1", "a", "x")
    assert send("other", "a", "x")["MessageId"] == first["MessageId"]
    send("2", "a", "y")
    send("3", "b", "z")
    one = receive(sqs, fifo, MaxNumberOfMessages=1)[0]
    assert one["Attributes"]["SequenceNumber"] == first["SequenceNumber"]
    assert one["Attributes"]["MessageGroupId"] == "a" and one["Attributes"]["MessageDeduplicationId"] == "x"
    assert [message["Body"] for message in receive(sqs, fifo)] == ["3"]
    sqs.delete_message(QueueUrl=fifo, ReceiptHandle=one["ReceiptHandle"])
    attempt = uuid.uuid4().hex
    two = receive(sqs, fifo, ReceiveRequestAttemptId=attempt)
    assert [message["Body"] for message in two] == ["2"]
    assert receive(sqs, fifo, ReceiveRequestAttemptId=attempt)[0]["ReceiptHandle"] == two[0]["ReceiptHandle"]
    assert code(sqs.send_message, QueueUrl=fifo, MessageBody="x") == "MissingParameter"
    assert code(sqs.send_message, QueueUrl=fifo, MessageBody="x", MessageGroupId="a") == "InvalidParameterValue"
    sqs.set_queue_attributes(QueueUrl=fifo, Attributes={
        "ContentBasedDeduplication": "true", "DeduplicationScope": "messageGroup",
        "FifoThroughputLimit": "perMessageGroupId"})
    same = [sqs.send_message(QueueUrl=fifo, MessageBody="same", MessageGroupId="c")["MessageId"] for _ in range(2)]
    assert same[0] == same[1]
    assert sqs.send_message(QueueUrl=fifo, MessageBody="same", MessageGroupId="d")["MessageId"] != same[0]
    assert code(sqs.create_queue, QueueName=name(), Attributes={"FifoQueue": "true"}) == "InvalidParameterValue"


def test_redrive_and_back(sqs, queue):
    dead_name, source_name = name("dead"), queue.rsplit("/", 1)[1]
    dead = sqs.create_queue(QueueName=dead_name)["QueueUrl"]
    policy = {"deadLetterTargetArn": arn(dead_name), "maxReceiveCount": 1}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": json.dumps(policy)})
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [queue]
    sqs.send_message(QueueUrl=queue, MessageBody="poison")
    assert receive(sqs, queue, VisibilityTimeout=0)[0]["Body"] == "poison"
    assert receive(sqs, queue) == []
    got = receive(sqs, dead, VisibilityTimeout=0)[0]
    assert got["Body"] == "poison" and got["Attributes"]["DeadLetterQueueSourceArn"] == arn(source_name)
    bad = {"deadLetterTargetArn": arn("none-" + dead_name), "maxReceiveCount": 1}
    assert code(sqs.set_queue_attributes, QueueUrl=queue,
                Attributes={"RedrivePolicy": json.dumps(bad)}) == "InvalidParameterValue"
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": '{"redrivePermission": "denyAll"}'})
    assert code(sqs.set_queue_attributes, QueueUrl=queue,
                Attributes={"RedrivePolicy": json.dumps(policy)}) == "InvalidParameterValue"
    sqs.purge_queue(QueueUrl=dead)
    assert code(sqs.purge_queue, QueueUrl=dead) == "AWS.SimpleQueueService.PurgeQueueInProgress"
    assert receive(sqs, dead) == []
    sqs.delete_queue(QueueUrl=dead)


def test_moves(sqs):  # The CLI 2.9 has no move tasks.
    dead_name, source_name = name("dead"), name("source")
    dead = sqs.create_queue(QueueName=dead_name)["QueueUrl"]
    assert code(sqs.start_message_move_task, SourceArn=arn(dead_name)) == "InvalidParameterValue"
    assert code(sqs.start_message_move_task, SourceArn=arn("none")) == "ResourceNotFoundException"
    assert code(sqs.list_message_move_tasks, SourceArn=arn("none")) == "ResourceNotFoundException"
    assert code(sqs.cancel_message_move_task, TaskHandle="nonsense") == "InvalidParameterValue"
    policy = {"deadLetterTargetArn": arn(dead_name), "maxReceiveCount": 1}
    source = sqs.create_queue(QueueName=source_name, Attributes={"RedrivePolicy": json.dumps(policy)})["QueueUrl"]
    for i in range(3):
        sqs.send_message(QueueUrl=source, MessageBody=str(i))
    assert len(receive(sqs, source, VisibilityTimeout=0)) == 3 and receive(sqs, source) == []
    sqs.start_message_move_task(SourceArn=arn(dead_name))
    got = []
    while len(got) < 3:
        got += receive(sqs, source, WaitTimeSeconds=20)
    assert sorted(message["Body"] for message in got) == ["0", "1", "2"]
    for message in got:
        sqs.change_message_visibility(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert receive(sqs, source) == []  # Given up again: to the dead-letter queue.
    handle = sqs.start_message_move_task(SourceArn=arn(dead_name), MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    assert sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"] <= 3
    assert sqs.list_message_move_tasks(SourceArn=arn(dead_name), MaxResults=2)["Results"][1]["Status"] == "COMPLETED"
    sqs.delete_queue(QueueUrl=source)
    sqs.delete_queue(QueueUrl=dead)


def test_permissions(sqs, queue):
    sqs.add_permission(QueueUrl=queue, Label="l", AWSAccountIds=["111122223333"], Actions=["SendMessage"])
    statement = json.loads(attributes(sqs, queue)["Policy"])["Statement"][0]
    assert statement["Principal"] == {"AWS": ["arn:aws:iam::111122223333:root"]} and statement["Sid"] == "l"
    assert code(sqs.add_permission, QueueUrl=queue, Label="l", AWSAccountIds=["111122223333"],
                Actions=["SendMessage"]) == "InvalidParameterValue"
    sqs.remove_permission(QueueUrl=queue, Label="l")
    assert "Policy" not in attributes(sqs, queue)
    assert code(sqs.remove_permission, QueueUrl=queue, Label="l") == "InvalidParameterValue"


def test_metrics(unkai):
    sqs, cloudwatch = unkai.client("sqs"), unkai.client("cloudwatch")
    url = sqs.create_queue(QueueName=name())["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="xyz")
    wanted = {"Namespace": "AWS/SQS", "MetricName": "SentMessageSize",
              "Dimensions": [{"Name": "QueueName", "Value": url.rsplit("/", 1)[1]}]}
    deadline = time.monotonic() + 90
    while not cloudwatch.list_metrics(**wanted)["Metrics"]:  # Told each full minute.
        assert time.monotonic() < deadline
        time.sleep(0.5)
    now = datetime.datetime.now(datetime.timezone.utc)
    got = cloudwatch.get_metric_statistics(StartTime=now - datetime.timedelta(minutes=10), EndTime=now, Period=60,
                                           Statistics=["Sum", "SampleCount"], **wanted)["Datapoints"]
    assert [(point["Sum"], point["SampleCount"]) for point in got] == [(3, 1)]
    sqs.delete_queue(QueueUrl=url)


def test_messages_survive_a_kill(unkai):
    sqs = unkai.client("sqs")
    url = sqs.create_queue(QueueName=name())["QueueUrl"]
    line = sqs.create_queue(QueueName=name() + ".fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: unkai.client("sqs").send_message(QueueUrl=url, MessageBody=str(i)), range(40)))
    sent = sqs.send_message(QueueUrl=line, MessageBody="f", MessageGroupId="g", MessageDeduplicationId="d")
    deleted = sqs.receive_message(QueueUrl=url)["Messages"][0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=deleted["ReceiptHandle"])
    os.kill(int(re.search(r"pid (\d+)", unkai.run("status").stdout)[1]), signal.SIGKILL)
    unkai.start()
    bodies = []
    while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [message["Body"] for message in got]
    assert sorted(bodies + [deleted["Body"]], key=int) == [str(i) for i in range(40)]
    again = sqs.send_message(QueueUrl=line, MessageBody="f", MessageGroupId="g", MessageDeduplicationId="d")
    assert again["MessageId"] == sent["MessageId"]
    assert len(sqs.receive_message(QueueUrl=line, MaxNumberOfMessages=10)["Messages"]) == 1
    sqs.delete_queue(QueueUrl=url)
    sqs.delete_queue(QueueUrl=line)
