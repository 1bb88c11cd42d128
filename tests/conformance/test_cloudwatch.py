"""CloudWatch: every promised operation by boto3 (CBOR) and the AWS CLI (query), successes and errors."""
import datetime
import json
import os
import re
import signal
import time
import urllib.parse
import urllib.request
import uuid

import botocore.awsrequest
import botocore.auth
import botocore.credentials
import pytest

from conftest import ACCESS_KEY, ACCOUNT, REGION, SECRET_KEY, code


@pytest.fixture
def cloudwatch(unkai, via):
    return unkai.client("cloudwatch", via=via)


@pytest.fixture
def space():
    return f"Conformance/{uuid.uuid4().hex[:8]}"


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def span(minutes=10):
    return {"StartTime": now() - datetime.timedelta(minutes=minutes), "EndTime": now() + datetime.timedelta(minutes=2)}


def wait_until(reached, what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = reached()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {what}")


def metric(space, name="m", period=60, stat="Sum", **more):
    return {"Metric": {"Namespace": space, "MetricName": name, "Dimensions": more.pop("Dimensions", [])},
            "Period": period, "Stat": stat, **more}


def test_put_and_statistics(cloudwatch, space):
    side = [{"Name": "side", "Value": "a"}]
    cloudwatch.put_metric_data(Namespace=space, MetricData=[
        {"MetricName": "m", "Value": 4.0, "Unit": "Count"},
        {"MetricName": "m", "Values": [1.0, 2.0, 3.0], "Counts": [1.0, 2.0, 1.0], "Unit": "Count"},
        {"MetricName": "set", "StatisticValues": {"SampleCount": 2, "Sum": 6, "Minimum": 1, "Maximum": 5}},
        {"MetricName": "m", "Dimensions": side, "Value": 0.25, "StorageResolution": 1}])
    found = cloudwatch.get_metric_statistics(
        Namespace=space, MetricName="m", Period=3600, **span(),
        Statistics=["Sum", "Average", "Minimum", "Maximum", "SampleCount"])
    points = found["Datapoints"]
    assert sum(point["Sum"] for point in points) == 12 and points[0]["Unit"] == "Count"
    assert sum(point["SampleCount"] for point in points) == 5
    found = cloudwatch.get_metric_statistics(Namespace=space, MetricName="m", Period=3600, **span(),
                                             ExtendedStatistics=["p50", "p100"])
    assert found["Datapoints"][0]["ExtendedStatistics"]["p100"] == 4
    found = cloudwatch.get_metric_statistics(Namespace=space, MetricName="m", Dimensions=side, Period=1, **span(10),
                                             Statistics=["Maximum"])
    assert [point["Maximum"] for point in found["Datapoints"]] == [0.25]
    assert found["Label"] == "m"


@pytest.mark.parametrize("datum, wanted", [
    ({"Value": 1.0, "Timestamp": now() - datetime.timedelta(days=15)}, "InvalidParameterValue"),
    ({"Value": 1.0, "Timestamp": now() + datetime.timedelta(hours=3)}, "InvalidParameterValue"),
    ({"Value": 1.0, "StorageResolution": 7}, "InvalidParameterValue"),
    ({"Value": 1.0, "Values": [1.0]}, "InvalidParameterCombination"),
    ({"Values": [1.0], "Counts": [1.0, 2.0]}, "InvalidParameterValue"),
    ({}, "MissingParameter")])
def test_put_refused(cloudwatch, space, datum, wanted):
    assert code(cloudwatch.put_metric_data, Namespace=space, MetricData=[{"MetricName": "m", **datum}]) == wanted


def test_put_quotas(cloudwatch, space):
    one = {"MetricName": "m", "Value": 1.0}
    assert code(cloudwatch.put_metric_data, Namespace="AWS/EC2", MetricData=[one]) == "InvalidParameterValue"
    assert code(cloudwatch.put_metric_data, Namespace=space, MetricData=[one] * 1001) == "InvalidParameterValue"
    cloudwatch.put_metric_data(Namespace=space, MetricData=[one] * 1000)
    wide = [{"Name": f"d{i}", "Value": "v"} for i in range(31)]
    assert code(cloudwatch.put_metric_data, Namespace=space, MetricData=[{**one, "Dimensions": wide}])
    cloudwatch.put_metric_data(Namespace=space, MetricData=[{**one, "Dimensions": wide[:30]}])


def test_metric_data_and_math(cloudwatch, space):
    start = now() - datetime.timedelta(minutes=8)
    start = start.replace(second=0)
    cloudwatch.put_metric_data(Namespace=space, MetricData=[
        {"MetricName": name, "Timestamp": start + datetime.timedelta(minutes=i), "Value": value}
        for name, values in (("errors", {0: 1, 2: 3}), ("all", {0: 10, 1: 20, 2: 30})) for i, value in values.items()])
    queries = [{"Id": "e", "MetricStat": metric(space, "errors"), "ReturnData": False},
               {"Id": "a", "MetricStat": metric(space, "all"), "Label": "all: ${SUM}"},
               {"Id": "rate", "Expression": "100 * FILL(e, 0) / a", "Label": "rate"}]
    asked = {"StartTime": start, "EndTime": start + datetime.timedelta(minutes=5)}
    found = cloudwatch.get_metric_data(MetricDataQueries=queries, ScanBy="TimestampAscending", **asked)
    results = {row["Id"]: row for row in found["MetricDataResults"]}
    assert results["a"]["Values"] == [10, 20, 30] and results["a"]["Label"] == "all: 60.00"
    assert results["rate"]["Values"] == [10, 0, 10] and results["rate"]["StatusCode"] == "Complete"
    assert results["a"]["Timestamps"][0] == start
    found = cloudwatch.get_metric_data(MetricDataQueries=queries, MaxDatapoints=4, **asked)
    more = cloudwatch.get_metric_data(MetricDataQueries=queries, MaxDatapoints=4, NextToken=found["NextToken"], **asked)
    assert sum(len(row["Values"]) for row in found["MetricDataResults"] + more["MetricDataResults"]) == 6
    search = [{"Id": "s", "Expression": f"SEARCH('{{\"{space}\"}} all', 'Maximum', 60)"}]
    found = cloudwatch.get_metric_data(MetricDataQueries=search, **asked)
    assert found["MetricDataResults"][0]["Values"] == [30, 20, 10]
    for broken in ({"Id": "X", "MetricStat": metric(space)}, {"Id": "x", "Expression": "nope * 2"},
                   {"Id": "x", "MetricStat": metric(space, period=45)}, {"Id": "x", "Expression": "SUM(a"},
                   {"Id": "x", "MetricStat": metric(space, stat="p101")},
                   {"Id": "x", "Expression": "ANOMALY_DETECTION_BAND(a)"}):
        assert code(cloudwatch.get_metric_data, MetricDataQueries=[queries[1], broken], **asked) == "ValidationError"


def test_list_metrics(cloudwatch, space):
    for value in ("a", "b"):
        cloudwatch.put_metric_data(Namespace=space, MetricData=[
            {"MetricName": "m", "Dimensions": [{"Name": "side", "Value": value}], "Value": 1.0}])
    assert len(cloudwatch.list_metrics(Namespace=space)["Metrics"]) == 2
    found = cloudwatch.list_metrics(Namespace=space, Dimensions=[{"Name": "side", "Value": "b"}], RecentlyActive="PT3H")
    assert [row["Dimensions"][0]["Value"] for row in found["Metrics"]] == ["b"]
    assert cloudwatch.list_metrics(Namespace=space, MetricName="other")["Metrics"] == []
    assert code(cloudwatch.list_metrics, NextToken="nonsense") == "InvalidNextToken"
    assert code(cloudwatch.get_metric_statistics, Namespace=space, MetricName="m", Period=60, **span()) == "MissingParameter"


def alarm(name, space, **changes):
    return {"AlarmName": name, "Namespace": space, "MetricName": "m", "Statistic": "Sum", "Period": 10,
            "EvaluationPeriods": 1, "Threshold": 10.0, "ComparisonOperator": "GreaterThanThreshold", **changes}


def state(cloudwatch, name):
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return (found["MetricAlarms"] + found["CompositeAlarms"])[0]


@pytest.mark.by_boto3
def test_alarm_by_the_clock_and_its_action(unkai, cloudwatch, space, via):
    sns, sqs = unkai.client("sns"), unkai.client("sqs")
    name = f"clock-{via}-{uuid.uuid4().hex[:6]}"
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": "*"}]})})
    cloudwatch.put_metric_alarm(**alarm(name, space, AlarmActions=[topic], TreatMissingData="notBreaching"))
    assert state(cloudwatch, name)["StateReason"] == "Unchecked: Initial alarm creation"
    cloudwatch.put_metric_data(Namespace=space, MetricData=[
        {"MetricName": "m", "Value": 50.0, "StorageResolution": 1}])
    found = wait_until(lambda: state(cloudwatch, name)["StateValue"] == "ALARM" and state(cloudwatch, name), "ALARM", 30)
    assert found["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [50.0 (")
    assert json.loads(found["StateReasonData"])["recentDatapoints"] == [50]
    got = wait_until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "the notification", 20)[0]
    envelope = json.loads(got["Body"])
    message = json.loads(envelope["Message"])
    assert envelope["Subject"] == f'ALARM: "{name}" in US East (N. Virginia)'
    assert message["NewStateValue"] == "ALARM" and message["Trigger"]["Threshold"] == 10
    assert message["Trigger"]["TreatMissingData"] == "notBreaching"
    items = wait_until(lambda: cloudwatch.describe_alarm_history(
        AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"], "the action in the history", 10)
    assert items[0]["HistorySummary"] == f"Successfully executed action {topic}"
    wait_until(lambda: state(cloudwatch, name)["StateValue"] == "OK", "OK again", 60)
    summaries = [row["HistorySummary"] for row in cloudwatch.describe_alarm_history(
        AlarmName=name, HistoryItemType="StateUpdate", ScanBy="TimestampAscending")["AlarmHistoryItems"]]
    assert summaries[-2:] == [summaries[-2], "Alarm updated from ALARM to OK"]
    cloudwatch.delete_alarms(AlarmNames=[name])
    sns.delete_topic(TopicArn=topic)
    sqs.delete_queue(QueueUrl=queue)


def test_alarms_described_and_changed(cloudwatch, space, via):
    prefix = f"described-{via}-{uuid.uuid4().hex[:6]}"
    names = [f"{prefix}-{i}" for i in range(3)]
    for name in names:
        cloudwatch.put_metric_alarm(**alarm(name, space, Period=300))
    page = cloudwatch.describe_alarms(AlarmNamePrefix=prefix, MaxRecords=2)
    rest = cloudwatch.describe_alarms(AlarmNamePrefix=prefix, NextToken=page["NextToken"])
    assert [row["AlarmName"] for row in page["MetricAlarms"] + rest["MetricAlarms"]] == names
    found = cloudwatch.describe_alarms_for_metric(Namespace=space, MetricName="m", Period=300)
    assert len(found["MetricAlarms"]) == 3
    assert cloudwatch.describe_alarms_for_metric(Namespace=space, MetricName="other")["MetricAlarms"] == []
    cloudwatch.disable_alarm_actions(AlarmNames=names[:1])
    assert state(cloudwatch, names[0])["ActionsEnabled"] is False
    cloudwatch.enable_alarm_actions(AlarmNames=names[:1])
    assert state(cloudwatch, names[0])["ActionsEnabled"] is True
    cloudwatch.set_alarm_state(AlarmName=names[0], StateValue="ALARM", StateReason="a test")
    assert state(cloudwatch, names[0])["StateReason"] == "a test"
    assert cloudwatch.describe_alarms(AlarmNamePrefix=prefix, StateValue="ALARM")["MetricAlarms"]
    changes = cloudwatch.describe_alarm_history(AlarmName=names[0], HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert changes[0]["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    arn = state(cloudwatch, names[0])["AlarmArn"]
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "k", "Value": "v"}])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["k"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    cloudwatch.delete_alarms(AlarmNames=names)
    assert cloudwatch.describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"] == []


@pytest.mark.parametrize("changes", [
    {"ExtendedStatistic": "p99"}, {"Period": 7}, {"EvaluationPeriods": 8641}, {"DatapointsToAlarm": 2},
    {"TreatMissingData": "maybe"}, {"AlarmActions": ["nonsense"]}, {"ThresholdMetricId": "ad1"},
    {"AlarmActions": [f"arn:aws:sns:eu-west-1:{ACCOUNT}:t"]}])
def test_alarms_refused(cloudwatch, space, changes):
    assert code(cloudwatch.put_metric_alarm, **alarm("refused", space, **changes)) in (
        "ValidationError", "InvalidParameterCombination", "InvalidParameterValue")


def test_errors_of_what_is_not_there(cloudwatch):
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:nope"
    assert code(cloudwatch.set_alarm_state, AlarmName="nope", StateValue="OK", StateReason="x") == "ResourceNotFound"
    assert code(cloudwatch.delete_alarms, AlarmNames=["nope", "nope-2"]) == "ResourceNotFound"
    assert code(cloudwatch.tag_resource, ResourceARN=arn, Tags=[{"Key": "k", "Value": "v"}]).startswith("ResourceNotFound")
    assert code(cloudwatch.untag_resource, ResourceARN=arn, TagKeys=["k"]).startswith("ResourceNotFound")
    assert code(cloudwatch.list_tags_for_resource, ResourceARN=arn).startswith("ResourceNotFound")
    assert code(cloudwatch.describe_alarms, NextToken="nonsense") == "InvalidNextToken"
    assert code(cloudwatch.describe_alarm_history, NextToken="nonsense") == "InvalidNextToken"
    assert code(cloudwatch.list_dashboards, NextToken="nonsense")


def test_composite_alarms(cloudwatch, space, via):
    prefix = f"composite-{via}-{uuid.uuid4().hex[:6]}"
    for part in ("a", "b"):
        cloudwatch.put_metric_alarm(**alarm(f"{prefix}-{part}", space, Period=300))
    rule = f'ALARM("{prefix}-a") AND NOT ALARM({prefix}-b)'
    cloudwatch.put_composite_alarm(AlarmName=prefix, AlarmRule=rule)
    cloudwatch.set_alarm_state(AlarmName=f"{prefix}-a", StateValue="ALARM", StateReason="a test")
    found = wait_until(lambda: state(cloudwatch, prefix)["StateValue"] == "ALARM" and state(cloudwatch, prefix), "ALARM")
    assert f"alarm:{prefix}-a transitioned to ALARM at" in found["StateReason"]
    cloudwatch.set_alarm_state(AlarmName=f"{prefix}-b", StateValue="ALARM", StateReason="a test")
    wait_until(lambda: state(cloudwatch, prefix)["StateValue"] == "OK", "OK")
    for broken in ("ALARM(", "ALARM(nope-there)", f"ALARM({prefix})"):
        assert code(cloudwatch.put_composite_alarm, AlarmName=prefix, AlarmRule=broken) == "ValidationError"
    assert code(cloudwatch.delete_alarms, AlarmNames=[f"{prefix}-a"]) == "ValidationError"
    cloudwatch.delete_alarms(AlarmNames=[prefix])
    cloudwatch.delete_alarms(AlarmNames=[f"{prefix}-a", f"{prefix}-b"])


def test_math_alarm(cloudwatch, space, via):
    name = f"math-{via}-{uuid.uuid4().hex[:6]}"
    metrics = [{"Id": "e", "Expression": "FILL(errors, 0) / all * 100", "Label": "rate", "ReturnData": True},
               {"Id": "errors", "MetricStat": metric(space, "errors", 10), "ReturnData": False},
               {"Id": "all", "MetricStat": metric(space, "all", 10), "ReturnData": False}]
    settings = {"AlarmName": name, "EvaluationPeriods": 1, "Threshold": 5.0,
                "ComparisonOperator": "GreaterThanThreshold"}
    cloudwatch.put_metric_alarm(Metrics=metrics, **settings)
    cloudwatch.put_metric_data(Namespace=space, MetricData=[
        {"MetricName": part, "Value": value, "StorageResolution": 1} for part, value in (("errors", 3.0), ("all", 10.0))])
    wait_until(lambda: state(cloudwatch, name)["StateValue"] == "ALARM", "ALARM", 30)
    assert len(state(cloudwatch, name)["Metrics"]) == 3
    metrics[1]["ReturnData"] = True
    assert code(cloudwatch.put_metric_alarm, Metrics=metrics, **settings) == "ValidationError"
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_dashboards(cloudwatch, via):
    name = f"dashboard-{via}-{uuid.uuid4().hex[:6]}"
    body = json.dumps({"widgets": [{"type": "text", "x": 0, "y": 0, "properties": {"markdown": "hello"}}]})
    assert cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body)["DashboardValidationMessages"] == []
    assert cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"] == body
    assert [row["DashboardName"] for row in cloudwatch.list_dashboards(DashboardNamePrefix=name)["DashboardEntries"]] == [name]
    assert code(cloudwatch.put_dashboard, DashboardName=name, DashboardBody="{") == "InvalidParameterInput"
    assert code(cloudwatch.delete_dashboards, DashboardNames=[name, "nope"]) == "ResourceNotFound"
    cloudwatch.delete_dashboards(DashboardNames=[name])
    assert code(cloudwatch.get_dashboard, DashboardName=name) == "ResourceNotFound"


def test_what_is_not_promised_says_so(unkai):
    cloudwatch = unkai.client("cloudwatch")
    assert code(cloudwatch.put_insight_rule, RuleName="r", RuleDefinition="{}") == "NotImplemented"
    assert code(cloudwatch.put_anomaly_detector, Namespace="n", MetricName="m", Stat="Average") == "NotImplemented"


def test_query_protocol_by_hand(unkai, space):
    """What older SDKs send: a form, answered in XML."""
    form = {"Action": "PutMetricData", "Version": "2010-08-01", "Namespace": space,
            "MetricData.member.1.MetricName": "m", "MetricData.member.1.Value": "7"}

    def post(form):
        request = botocore.awsrequest.AWSRequest("POST", unkai.endpoint + "/", data=urllib.parse.urlencode(form),
                                                 headers={"Content-Type": "application/x-www-form-urlencoded"})
        botocore.auth.SigV4Auth(botocore.credentials.Credentials(ACCESS_KEY, SECRET_KEY), "monitoring",
                                REGION).add_auth(request)
        made = urllib.request.Request(request.url, data=request.body if isinstance(request.body, bytes) else request.body.encode(),
                                      headers=dict(request.headers))
        with urllib.request.urlopen(made, timeout=10) as answer:
            return answer.read().decode()

    assert "PutMetricDataResponse" in post(form)
    listed = post({"Action": "ListMetrics", "Version": "2010-08-01", "Namespace": space})
    assert "<MetricName>m</MetricName>" in listed and "ListMetricsResult" in listed


def test_alarms_survive_a_kill(unkai):
    """A change of state that was acknowledged stays, and what it owes is done after the restart."""
    cloudwatch, sns, sqs = unkai.client("cloudwatch"), unkai.client("sns"), unkai.client("sqs")
    name = f"killed-{uuid.uuid4().hex[:6]}"
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps({"Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": "*"}]})})["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
    names = [f"{name}-{i}" for i in range(5)]
    for each in names:
        cloudwatch.put_metric_alarm(**alarm(each, name, Period=300, AlarmActions=[topic], TreatMissingData="ignore"))
    cloudwatch.put_metric_data(Namespace=name, MetricData=[{"MetricName": "kept", "Value": 5.0}])
    for each in names:
        cloudwatch.set_alarm_state(AlarmName=each, StateValue="ALARM", StateReason="a test")
    os.kill(int(re.search(r"pid (\d+)", unkai.run("status").stdout)[1]), signal.SIGKILL)
    unkai.start()
    assert [state(cloudwatch, each)["StateValue"] for each in names] == ["ALARM"] * 5
    found = cloudwatch.get_metric_statistics(Namespace=name, MetricName="kept", Period=3600, **span(), Statistics=["Sum"])
    assert sum(point["Sum"] for point in found["Datapoints"]) == 5
    told = set()

    def all_told():
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            told.add(json.loads(json.loads(message["Body"])["Message"])["AlarmName"])
        return told == set(names)

    wait_until(all_told, "every action, once or twice", 30)
    cloudwatch.delete_alarms(AlarmNames=names)
    sns.delete_topic(TopicArn=topic)
    sqs.delete_queue(QueueUrl=queue)
