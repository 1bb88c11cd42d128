"""AWS Chatbot: every promised operation, and an alarm that becomes a Slack message."""
import http.server
import json
import queue
import threading
import time
import uuid

import pytest

from conftest import ACCOUNT, code

ROLE = f"arn:aws:iam::{ACCOUNT}:role/chatbot"


class Slack:
    """A receiver in Slack's place."""

    def __init__(self):
        self.posts, self.answers = queue.Queue(), queue.Queue()
        slack = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = 200 if slack.answers.empty() else slack.answers.get()
                if status == 200:
                    slack.posts.put((self.path, json.loads(body)))
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"


@pytest.fixture(scope="module")
def slack():
    receiver = Slack()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def chatbot(unkai, via):
    return unkai.client("chatbot", via=via)


@pytest.fixture
def topic(unkai):
    sns = unkai.client("sns")
    arn = sns.create_topic(Name=f"chat-{uuid.uuid4().hex[:8]}")["TopicArn"]
    yield arn
    sns.delete_topic(TopicArn=arn)


def configuration(name, topic, **changes):
    return {"SlackTeamId": "T1", "SlackChannelId": "C" + name.upper().replace("-", ""), "SnsTopicArns": [topic],
            "IamRoleArn": ROLE, "ConfigurationName": name, **changes}


def test_configurations(chatbot, unkai, topic):
    name = f"c-{uuid.uuid4().hex[:8]}"
    made = chatbot.create_slack_channel_configuration(**configuration(name, topic, LoggingLevel="ERROR"))
    arn = made["ChannelConfiguration"]["ChatConfigurationArn"]
    assert arn == f"arn:aws:chatbot::{ACCOUNT}:chat-configuration/slack-channel/{name}"
    assert "unkai slack T1" in made["ChannelConfiguration"]["StateReason"]
    assert code(chatbot.create_slack_channel_configuration, **configuration(name, topic)) == "ConflictException"
    subscriptions = unkai.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [row["Endpoint"] for row in subscriptions] == ["https://global.sns-api.chatbot.amazonaws.com"]
    found = chatbot.describe_slack_channel_configurations(ChatConfigurationArn=arn)["SlackChannelConfigurations"][0]
    assert found["SnsTopicArns"] == [topic] and found["LoggingLevel"] == "ERROR"
    changed = chatbot.update_slack_channel_configuration(
        ChatConfigurationArn=arn, SlackChannelId=found["SlackChannelId"], SnsTopicArns=[], LoggingLevel="INFO")
    assert changed["ChannelConfiguration"]["SnsTopicArns"] == []
    assert unkai.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    assert "T1" in [row["SlackTeamId"] for row in chatbot.describe_slack_workspaces()["SlackWorkspaces"]]
    chatbot.delete_slack_channel_configuration(ChatConfigurationArn=arn)
    for call in (chatbot.delete_slack_channel_configuration, chatbot.describe_slack_channel_configurations):
        assert code(call, ChatConfigurationArn=arn) == "ResourceNotFoundException"
    assert code(chatbot.update_slack_channel_configuration, ChatConfigurationArn=arn,
                SlackChannelId="C1") == "ResourceNotFoundException"
    assert code(chatbot.create_slack_channel_configuration,
                **configuration(name, topic + "-gone")) == "InvalidParameterException"
    assert code(chatbot.describe_slack_workspaces, NextToken="nonsense") == "InvalidParameterException"


def test_preferences_and_tags(chatbot, topic):
    assert chatbot.update_account_preferences(UserAuthorizationRequired=True)["AccountPreferences"][
        "UserAuthorizationRequired"] is True
    assert chatbot.get_account_preferences()["AccountPreferences"]["UserAuthorizationRequired"] is True
    name = f"t-{uuid.uuid4().hex[:8]}"
    arn = chatbot.create_slack_channel_configuration(
        **configuration(name, topic, Tags=[{"TagKey": "a", "TagValue": "1"}]))["ChannelConfiguration"][
            "ChatConfigurationArn"]
    chatbot.tag_resource(ResourceARN=arn, Tags=[{"TagKey": "b", "TagValue": "2"}])
    chatbot.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert chatbot.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"TagKey": "b", "TagValue": "2"}]
    chatbot.delete_slack_channel_configuration(ChatConfigurationArn=arn)
    assert code(chatbot.list_tags_for_resource, ResourceARN=arn) == "ResourceNotFoundException"
    assert code(chatbot.tag_resource, ResourceARN=arn, Tags=[{"TagKey": "b", "TagValue": "2"}]) == \
        "ResourceNotFoundException"
    assert code(chatbot.untag_resource, ResourceARN=arn, TagKeys=["a"]) == "ResourceNotFoundException"


@pytest.mark.by_boto3
def test_an_alarm_reaches_slack(unkai, chatbot, slack, topic):
    cloudwatch = unkai.client("cloudwatch")
    name = f"s-{uuid.uuid4().hex[:8]}"
    made = configuration(name, topic)
    arn = chatbot.create_slack_channel_configuration(**made)["ChannelConfiguration"]["ChatConfigurationArn"]
    assert unkai.run("slack", "T1", made["SlackChannelId"], "http://example.com/x", check=False).returncode != 0
    unkai.run("slack", "T1", made["SlackChannelId"], slack.url("/hook"))
    assert "StateReason" not in chatbot.describe_slack_channel_configurations(
        ChatConfigurationArn=arn)["SlackChannelConfigurations"][0]
    alarm = f"too many 5XX {name}"
    cloudwatch.put_metric_alarm(AlarmName=alarm, Namespace=name, MetricName="m", Statistic="Sum", Period=10,
                                EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="GreaterThanThreshold",
                                AlarmActions=[topic], OKActions=[topic], TreatMissingData="notBreaching")
    slack.answers.put(503)  # Tried again.
    begun = time.monotonic()
    cloudwatch.put_metric_data(Namespace=name, MetricData=[{"MetricName": "m", "Value": 9.0, "StorageResolution": 1}])
    while True:
        path, message = slack.posts.get(timeout=40)
        attachment = message["attachments"][0]
        if attachment["color"] == "#D13212":
            break
    assert time.monotonic() - begun < 30
    assert path == "/hook" and alarm in message["text"] and "Threshold Crossed" in json.dumps(attachment)
    path, message = slack.posts.get(timeout=60)
    assert message["attachments"][0]["color"] == "#1D8102"
    cloudwatch.delete_alarms(AlarmNames=[alarm])
    chatbot.delete_slack_channel_configuration(ChatConfigurationArn=arn)
