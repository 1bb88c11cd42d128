"""1,000 alarms evaluated: the CPU that judging them each 10 s costs, beside the same program with the metrics but
without alarms. Each alarm looks at a metric of its own that has data in every period.
"""
import time

from measure import Figure, Unkai, cpu_seconds

ALARMS = 1000
PERIODS = 6


def put_data(unkai):
    now = int(time.time())
    for age in range(PERIODS):
        unkai.call("cloudwatch", "PutMetricData", Namespace="Bench", MetricData=[
            {"MetricName": "m", "Dimensions": [{"Name": "n", "Value": str(number)}], "Timestamp": now - 10 * age, "Value": 1.0,
             "StorageResolution": 1} for number in range(ALARMS)])


def make_alarms(unkai):
    for number in range(ALARMS):
        unkai.call("cloudwatch", "PutMetricAlarm", AlarmName=f"alarm-{number}", Namespace="Bench", MetricName="m",
                   Dimensions=[{"Name": "n", "Value": str(number)}], Statistic="Sum", Period=10, EvaluationPeriods=3,
                   Threshold=100.0, ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore")


def spent(unkai, passes):
    """CPU seconds a pass, over whole passes."""
    put_data(unkai)
    begun = cpu_seconds(unkai.pid)
    time.sleep(10 * passes)
    return (cpu_seconds(unkai.pid) - begun) / passes


def measure(setting):
    passes = max(2, round(setting.seconds / 10))
    with Unkai(setting) as unkai:
        without = spent(unkai, passes)
        make_alarms(unkai)
        time.sleep(13)  # All were judged once.
        judged = unkai.call("cloudwatch", "DescribeAlarms", AlarmNamePrefix="alarm-", StateValue="OK")["MetricAlarms"]
        if len(judged) < 50:
            raise RuntimeError("the alarms were not judged")
        cost = spent(unkai, passes) - without
    yield Figure("CloudWatch: 1,000 alarms judged", 1000 * cost, unit="ms CPU", most=100)
