"""SNS: every promised operation, by boto3 and by the AWS CLI; deliveries to queues, web servers and the mailbox."""
import base64
import http.server
import json
import os
import queue as queues
import re
import signal
import subprocess
import threading
import time
import urllib.request
import uuid

import pytest

from conftest import ACCOUNT, REGION, code


@pytest.fixture(scope="module")
def sns(unkai, via):
    return unkai.client("sns", via=via)


@pytest.fixture(scope="module")
def sqs(unkai):
    return unkai.client("sqs")


def name(prefix="t"):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def topic(sns):
    arn = sns.create_topic(Name=name())["TopicArn"]
    yield arn
    sns.delete_topic(TopicArn=arn)


@pytest.fixture
def target(sqs):
    """Makes queues that a topic may send to: (URL, ARN)."""
    made = []

    def make(topic, fifo=False, allowed=True):
        attributes = {"FifoQueue": "true"} if fifo else {}
        url = sqs.create_queue(QueueName=name("q") + (".fifo" if fifo else ""), Attributes=attributes)["QueueUrl"]
        made.append(url)
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        if allowed:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [{
                "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
                "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]})})
        return url, arn
    yield make
    for url in made:
        sqs.delete_queue(QueueUrl=url)


def receive(sqs, url, wait=20):
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=wait, MaxNumberOfMessages=10, AttributeNames=["All"],
                              MessageAttributeNames=["All"]).get("Messages", [])
    for message in got:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return got


@pytest.fixture
def web():
    """A web server: (its URL, what it took as (headers, body), the statuses it answers next)."""
    posted, statuses = queues.Queue(), []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            status = statuses.pop(0) if statuses else 200
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()
            if status == 200:
                posted.put((self.headers, body))

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", posted, statuses
    server.shutdown()
    server.server_close()


def test_topics(sns):
    topic = name()
    arn = sns.create_topic(Name=topic, Attributes={"DisplayName": "D"}, Tags=[{"Key": "a", "Value": "b"}])["TopicArn"]
    assert arn == f"arn:aws:sns:{REGION}:{ACCOUNT}:{topic}"
    assert sns.create_topic(Name=topic)["TopicArn"] == arn
    assert code(sns.create_topic, Name=topic, Attributes={"DisplayName": "other"}) == "InvalidParameter"
    assert code(sns.create_topic, Name="not a name") == "InvalidParameter"
    assert {"TopicArn": arn} in sns.list_topics()["Topics"]
    shown = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert shown["DisplayName"] == "D" and shown["Owner"] == ACCOUNT and shown["SubscriptionsConfirmed"] == "0"
    assert json.loads(shown["Policy"])["Statement"][0]["Sid"] == "__default_statement_ID"
    sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="E")
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "E"
    assert code(sns.set_topic_attributes, TopicArn=arn, AttributeName="Nonsense",
                AttributeValue="x") == "InvalidParameter"
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "c", "Value": "d"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    sns.add_permission(TopicArn=arn, Label="l", AWSAccountId=["111122223333"], ActionName=["Publish"])
    assert code(sns.add_permission, TopicArn=arn, Label="l", AWSAccountId=["111122223333"],
                ActionName=["Publish"]) == "InvalidParameter"
    sns.remove_permission(TopicArn=arn, Label="l")
    assert code(sns.remove_permission, TopicArn=arn, Label="l") == "NotFound"
    assert sns.get_data_protection_policy(ResourceArn=arn).get("DataProtectionPolicy", "") == ""
    assert code(sns.put_data_protection_policy, ResourceArn=arn, DataProtectionPolicy="{}") == "NotImplemented"
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    assert code(sns.delete_topic, TopicArn="nonsense") == "InvalidParameter"
    for call in (sns.get_topic_attributes, sns.list_subscriptions_by_topic):
        assert code(call, TopicArn=arn) == "NotFound"
    assert code(sns.publish, TopicArn=arn, Message="x") == "NotFound"
    assert code(sns.subscribe, TopicArn=arn, Protocol="http", Endpoint="http://localhost/") == "NotFound"
    assert code(sns.get_data_protection_policy, ResourceArn=arn) == "NotFound"
    for call, more in ((sns.tag_resource, {"Tags": [{"Key": "a", "Value": "b"}]}), (sns.untag_resource, {"TagKeys": ["a"]}),
                       (sns.list_tags_for_resource, {})):
        assert code(call, ResourceArn=arn, **more) == "ResourceNotFound"
    assert code(sns.list_topics, NextToken="nonsense") == "InvalidParameter"


def test_to_a_queue(sns, sqs, topic, target):
    url, arn = target(topic)
    raw_url, raw_arn = target(topic)
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    assert sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"] == subscription
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=raw_arn, Attributes={"RawMessageDelivery": "true"})
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="S", MessageAttributes={
        "a": {"DataType": "String", "StringValue": "x"}, "b": {"DataType": "Binary", "BinaryValue": b"\x00"}})
    envelope = json.loads(receive(sqs, url)[0]["Body"])
    assert envelope["Message"] == "hello" and envelope["Subject"] == "S" and envelope["TopicArn"] == topic
    assert envelope["MessageId"] == sent["MessageId"] and envelope["SignatureVersion"] == "1"
    assert envelope["MessageAttributes"]["a"] == {"Type": "String", "Value": "x"}
    assert envelope["SigningCertURL"].startswith(f"https://sns.{REGION}.amazonaws.com/SimpleNotificationService-")
    got = receive(sqs, raw_url)[0]
    assert got["Body"] == "hello" and got["MessageAttributes"]["b"]["BinaryValue"] == b"\x00"
    sns.publish(TopicArn=topic, Message=json.dumps({"default": "d", "sqs": "for queues"}), MessageStructure="json")
    assert receive(sqs, raw_url)[0]["Body"] == "for queues"
    assert [row["SubscriptionArn"] for row in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
            if row["Endpoint"] == arn] == [subscription]
    assert subscription in [row["SubscriptionArn"] for row in sns.list_subscriptions()["Subscriptions"]]
    sns.unsubscribe(SubscriptionArn=subscription)
    assert code(sns.get_subscription_attributes, SubscriptionArn=subscription) == "NotFound"
    assert code(sns.unsubscribe, SubscriptionArn="nonsense") == "InvalidParameter"
    assert code(sns.list_subscriptions, NextToken="nonsense") == "InvalidParameter"


def test_filters_and_attributes(sns, sqs, topic, target):
    url, arn = target(topic)
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={
        "RawMessageDelivery": "true", "FilterPolicy": json.dumps({"kind": ["a", {"prefix": "b-"}]})})["SubscriptionArn"]

    def publish(message, kind):
        sns.publish(TopicArn=topic, Message=message, MessageAttributes={
            "kind": {"DataType": "String", "StringValue": kind}})
    publish("no", "c")
    publish("yes", "b-1")
    assert [message["Body"] for message in receive(sqs, url)] == ["yes"]
    for key, value in (("FilterPolicyScope", "MessageBody"), ("FilterPolicy", json.dumps({"x": {"y": [{"exists": True}]}}))):
        sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName=key, AttributeValue=value)
    publish(json.dumps({"x": 1}), "a")
    publish(json.dumps({"x": {"y": 1}}), "a")
    assert [message["Body"] for message in receive(sqs, url)] == ['{"x": {"y": 1}}']
    shown = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert shown["FilterPolicyScope"] == "MessageBody" and shown["RawMessageDelivery"] == "true"
    assert shown["PendingConfirmation"] == "false"
    for key, value in (("FilterPolicy", "{"), ("FilterPolicyScope", "x"), ("Nonsense", "x")):
        assert code(sns.set_subscription_attributes, SubscriptionArn=subscription, AttributeName=key,
                    AttributeValue=value) == "InvalidParameter"


def test_a_queue_that_refuses_and_dead_letters(sns, sqs, topic, target):
    _, closed = target(topic, allowed=False)
    dead_url, dead = target(topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=closed, Attributes={
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})})
    sns.publish(TopicArn=topic, Message="lost")
    got = receive(sqs, dead_url)[0]
    assert json.loads(got["Body"])["Message"] == "lost"
    assert got["MessageAttributes"]["ErrorCode"]["StringValue"] == "AccessDenied"


def test_fifo(sns, sqs, target):
    arn = sns.create_topic(Name=name() + ".fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    url, queue = target(arn, fifo=True)
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    first = sns.publish(TopicArn=arn, Message="0", MessageGroupId="g", MessageDeduplicationId="0")
    assert len(first["SequenceNumber"]) == 20
    again = sns.publish(TopicArn=arn, Message="0", MessageGroupId="g", MessageDeduplicationId="0")
    assert again["MessageId"] == first["MessageId"]
    sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=[
        {"Id": str(i), "Message": str(i), "MessageGroupId": "g", "MessageDeduplicationId": str(i)} for i in range(1, 10)])
    bodies = []
    while len(bodies) < 10:
        bodies += [message["Body"] for message in receive(sqs, url)]
    assert bodies == [str(i) for i in range(10)]
    assert code(sns.publish, TopicArn=arn, Message="x") == "InvalidParameter"
    assert code(sns.subscribe, TopicArn=arn, Protocol="http", Endpoint="http://localhost/") == "InvalidParameter"
    sns.delete_topic(TopicArn=arn)


def test_batches(sns, topic):
    done = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": "a", "Message": "x"}, {"Id": "b", "Message": "x", "MessageStructure": "json"}])
    assert [row["Id"] for row in done["Successful"]] == ["a"] and done["Failed"][0]["Code"] == "InvalidParameter"

    def entries(*ids):
        return [{"Id": id, "Message": "x"} for id in ids]
    for ids, error in ((("a", "a"), "BatchEntryIdsNotDistinct"), (("a b",), "InvalidBatchEntryId"),
                       (map(str, range(11)), "TooManyEntriesInBatchRequest")):
        assert code(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries(*ids)) == error
    assert code(sns.publish, TopicArn=topic, Message="x" * 262145) == "InvalidParameter"
    assert code(sns.publish, TopicArn=topic, Message="x", Subject="a\nb") == "InvalidParameter"


def test_the_web_with_its_handshake(sns, topic, web, tmp_path, unkai):
    url, posted, statuses = web
    statuses.append(503)  # Tried again after 20 seconds by default: here after one.
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DeliveryPolicy", AttributeValue=json.dumps(
        {"http": {"defaultHealthyRetryPolicy": {"minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": 3}}}))
    answer = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=url)
    assert answer["SubscriptionArn"] == "pending confirmation"
    headers, body = posted.get(timeout=30)
    assert headers["x-amz-sns-message-type"] == "SubscriptionConfirmation" and not statuses
    asked = json.loads(body)
    assert headers["x-amz-sns-topic-arn"] == topic and asked["Type"] == "SubscriptionConfirmation"
    assert code(sns.confirm_subscription, TopicArn=topic, Token="wrong") == "InvalidParameter"
    # The link in AWS's form, which leads here inside of VPCs; then the one for this machine.
    link = urllib.request.Request(unkai.endpoint + "/?" + asked["SubscribeURL"].split("?")[1],
                                  headers={"Host": f"sns.{REGION}.amazonaws.com"})
    assert "ConfirmSubscriptionResult" in urllib.request.urlopen(link).read().decode()
    confirmed = urllib.request.urlopen(asked["SubscribeURL"]).read().decode()
    arn = re.search("<SubscriptionArn>(.*)</SubscriptionArn>", confirmed)[1]
    assert sns.confirm_subscription(TopicArn=topic, Token=asked["Token"])["SubscriptionArn"] == arn
    sns.publish(TopicArn=topic, Message="hello", Subject="S")
    headers, body = posted.get(timeout=30)
    got = json.loads(body)
    assert headers["x-amz-sns-message-type"] == "Notification" and headers["x-amz-sns-subscription-arn"] == arn
    certificate = tmp_path / "certificate.pem"
    certificate.write_bytes(urllib.request.urlopen(got["SigningCertURL"]).read())
    names = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    (tmp_path / "text").write_text("".join(f"{key}\n{got[key]}\n" for key in names))
    (tmp_path / "signature").write_bytes(base64.b64decode(got["Signature"]))
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], capture_output=True, check=True)
    (tmp_path / "key.pem").write_bytes(key.stdout)
    subprocess.run(["openssl", "dgst", "-sha1", "-verify", tmp_path / "key.pem", "-signature", tmp_path / "signature",
                    tmp_path / "text"], check=True, capture_output=True)
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="RawMessageDelivery", AttributeValue="true")
    sns.publish(TopicArn=topic, Message="raw")
    headers, body = posted.get(timeout=30)
    assert body == "raw" and headers["x-amz-sns-rawdelivery"] == "true"
    urllib.request.urlopen(got["UnsubscribeURL"]).read()
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_what_was_published_survives_a_kill(unkai, web):
    sns, (url, posted, statuses) = unkai.client("sns"), web
    topic = sns.create_topic(Name=name(), Attributes={"DeliveryPolicy": json.dumps(
        {"http": {"defaultHealthyRetryPolicy": {"minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": 100}}})})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=url)
    urllib.request.urlopen(json.loads(posted.get(timeout=30)[1])["SubscribeURL"]).read()
    statuses.extend([503] * 3)
    for i in range(3):
        sns.publish(TopicArn=topic, Message=str(i))
    os.kill(int(re.search(r"pid (\d+)", unkai.run("status").stdout)[1]), signal.SIGKILL)
    unkai.start()
    seen = set()
    while len(seen) < 3:
        seen.add(json.loads(posted.get(timeout=30)[1])["Message"])
    assert seen == {"0", "1", "2"}
    sns.delete_topic(TopicArn=topic)


def test_mail(sns, topic, unkai):
    address = f"{uuid.uuid4().hex}@example.com"
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    mailbox = unkai.data / "mail" / "new"

    def wait_for(text):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for file in mailbox.glob("*") if mailbox.exists() else ():
                if address in (mail := file.read_text()) and text in mail:
                    return mail
            time.sleep(0.05)
        raise AssertionError(f"no mail to {address} with {text!r}")
    link = re.search(r"http://\S+ConfirmSubscription\S+", wait_for("To confirm"))[0]
    urllib.request.urlopen(link).read()
    sns.publish(TopicArn=topic, Message="you have mail", Subject="Hi")
    assert "\nSubject: Hi\n" in wait_for("you have mail")


def test_what_is_not_there(sns, topic):
    for protocol, endpoint in (("sms", "+4915112345678"), ("application", "arn:aws:sns:r:1:endpoint/x"),
                               ("firehose", "arn:aws:firehose:r:1:deliverystream/x"), ("pigeon", "x")):
        assert code(sns.subscribe, TopicArn=topic, Protocol=protocol, Endpoint=endpoint) == "InvalidParameter"
    assert code(sns.publish, PhoneNumber="+4915112345678", Message="x") == "InvalidParameter"
    assert code(sns.check_if_phone_number_is_opted_out, phoneNumber="+4915112345678") == "NotImplemented"
    assert code(sns.create_platform_application, Name="x", Platform="GCM", Attributes={}) == "NotImplemented"
