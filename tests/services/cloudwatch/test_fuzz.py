"""CloudWatch answers each request with an answer that every protocol can encode, or with an error of AWS."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import dump_bytes
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.models.service_models import SERVICES
from lamplighter.wire.protocols import aws_json
from tests.engine_harness import ACCOUNT, CALLER, REGION
from tests.property_settings import examples
from tests.random_parameters import values_of_shape
from tests.services.cloudwatch.cloudwatch_harness import MACHINE_ARN, MINUTE, CloudWatchHarness

SUPPRESSED_CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
CATALOG = ModelCatalog()
MODEL = CATALOG.service("monitoring").model
OPERATIONS = (
    *("PutMetricAlarm", "PutCompositeAlarm", "DescribeAlarms", "DescribeAlarmHistory", "DeleteAlarms"),
    *("SetAlarmState", "EnableAlarmActions", "DisableAlarmActions", "PutMetricData", "ListMetrics"),
    *("GetMetricStatistics", "GetMetricData", "TagResource", "UntagResource", "ListTagsForResource"),
)
SAMPLE_VALUES = {
    "": ("a", "m", "app", "AWS/States", "AWS/SQS", "", "x y", "é"),
    "Namespace": ("app", "AWS/States", "AWS/SQS"),
    "MetricName": ("m", "ExecutionsStarted", "ApproximateNumberOfMessagesVisible"),
    "AlarmName": ("a", "b"),
    "AlarmNames": ("a", "b"),
    "AlarmRule": ("ALARM(a)", "NOT OK(b)", "TRUE", "x"),
    "AlarmActions": (f"arn:aws:sns:{REGION}:{ACCOUNT}:people", "arn:aws:swf:us-east-1:1:x", "x"),
    "ComparisonOperator": ("GreaterThanThreshold", "LessThanThreshold"),
    "TreatMissingData": ("breaching", "missing", "no"),
    "Name": ("StateMachineArn", "QueueName", "d"),
    "Value": (MACHINE_ARN, "people", "v"),
    "ResourceARN": (f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:a", "x"),
    "NextToken": ("a", "5", "x"),
    "Expression": ("a + b", "SUM(METRICS())", "FILL(a, 0)", "IF(a > 1, b)", "SEARCH('x', 'Sum')", "a +"),
    "Label": ("${MAX}", "${PROP('Stat')}", "x"),
    "Stat": ("Sum", "TM(10%:90%)", "PR(:3)", "p90", "tm90", "x"),
}


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[CloudWatchHarness]:
    with CloudWatchHarness.running(tmp_path / "data") as harness:
        harness.create_topic()
        yield harness


@pytest.mark.parametrize("operation", OPERATIONS)
@settings(max_examples=examples(25), deadline=None, suppress_health_check=SUPPRESSED_CHECKS)
@given(data=st.data())
def test_any_request_gets_a_valid_answer_or_an_aws_error(
    harness: CloudWatchHarness, operation: str, data: st.DataObject
) -> None:
    drawn = data.draw(values_of_shape(MODEL.operation_model(operation).input_shape, SAMPLE_VALUES))
    compiled = [CATALOG.operation("monitoring", operation, each) for each in SERVICES["monitoring"].protocols]
    with suppress(AwsError):
        params = aws_json.read_object(dump_bytes(drawn))
        compiled[0].check(params)
        answer = harness.run(harness.engine.call(CALLER, "monitoring", operation, params))
        assert {each.encode(answer, "id").status for each in compiled} == {200}
    harness.advance(MINUTE)
