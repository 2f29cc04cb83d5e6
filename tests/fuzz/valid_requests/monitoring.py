"""Valid requests of CloudWatch."""

from datetime import UTC, datetime

from lamplighter.base.json_text import Json

BEGINNING, NOW = datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 1, 1, 1, tzinfo=UTC)
METRIC: Json = {"MetricName": "a", "Namespace": "a"}
ALARM: Json = {
    "AlarmName": "a", **METRIC, "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip
RESOURCE: Json = {"ResourceARN": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"}

BEGIN: list[tuple[str, Json]] = [
    ("PutMetricData", {"Namespace": "a", "MetricData": [{"MetricName": "a", "Value": 2.0}]}),
    ("GetMetricData", {
        "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": METRIC, "Period": 60, "Stat": "Sum"}}],
        "StartTime": BEGINNING, "EndTime": NOW,
    }),
    ("GetMetricStatistics", {
        **METRIC, "StartTime": BEGINNING, "EndTime": NOW, "Period": 60, "Statistics": ["Sum"],
    }),
    ("ListMetrics", {}),
    ("PutMetricAlarm", ALARM),
    ("PutCompositeAlarm", {"AlarmName": "b", "AlarmRule": 'ALARM("a")'}),
    ("SetAlarmState", {"AlarmName": "a", "StateValue": "ALARM", "StateReason": "a"}),
    ("DescribeAlarms", {}),
    ("DescribeAlarmHistory", {}),
    ("DisableAlarmActions", {"AlarmNames": ["a"]}),
    ("EnableAlarmActions", {"AlarmNames": ["a"]}),
    ("TagResource", {**RESOURCE, "Tags": [{"Key": "a", "Value": "b"}]}),
    ("ListTagsForResource", RESOURCE),
]  # fmt: skip
END: list[tuple[str, Json]] = [
    ("UntagResource", {**RESOURCE, "TagKeys": ["a"]}),
    ("DeleteAlarms", {"AlarmNames": ["b"]}),
]
