"""Define the resource types of CloudWatch.

An alarm's metadata may name its job in the job file, the job's time zone, and the seconds for which a new alarm is not
evaluated: `Metadata: {Lamplighter: {Job: …, Pattern: …, Patience: …, Zone: …}}`. It may also turn off the alarm's
actions in this engine, which alerts about the same in another way: `{Lamplighter: {ActionsEnabled: false}}`. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudWatch.html.
"""

from collections.abc import Callable, Mapping

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.read_properties import read_tags
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    NameRule,
    Plan,
    PresentProperties,
    Properties,
    ResourceRequest,
    ResourceType,
    call_with_id,
    exists_by_call,
    lamplighter_metadata,
    update_tags,
)

ALARM_PROPERTIES = (
    *("AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions", "MetricName"),
    *("Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit", "EvaluationPeriods"),
    *("DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "EvaluateLowSampleCountPercentile"),
    *("Metrics", "ThresholdMetricId", "EvaluationCriteria", "EvaluationInterval"),
    *("WarmUpConfiguration", "ActionConfiguration"),
)
COMPOSITE_PROPERTIES = (
    *("AlarmRule", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions"),
    *("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod", "ActionConfiguration"),
)
ALARM_TYPES: Json = ["MetricAlarm", "CompositeAlarm"]
ANNOTATION_KEYS = ("Job", "Pattern", "Patience", "Zone")
"""The metadata with which an alarm is annotated."""
DEFAULT_WINDOW = "SlidingWindow"
"""The default evaluation window, which has no effect of itself and is not passed to the operation."""


def _with_actions_enabled(properties: Properties, extensions: Properties) -> Properties:
    enabled = {"ActionsEnabled": extensions["ActionsEnabled"]} if "ActionsEnabled" in extensions else {}
    return {**properties, **enabled}


def _put_metric(request: ResourceRequest, name: str) -> Plan[None]:
    window = {name: value for name, value in request.get("EvaluationWindow", {}).items() if name != DEFAULT_WINDOW}
    given = {**request.pick(*ALARM_PROPERTIES), **({"EvaluationWindow": window} if window else {})}
    yield "PutMetricAlarm", {"AlarmName": name, **given, **request.tag_parameter}
    extensions = lamplighter_metadata(request.metadata)
    if "Job" in extensions:
        yield "SetAnnotation", {"AlarmName": name, **{each: extensions.get(each) for each in ANNOTATION_KEYS}}


def _put_composite(request: ResourceRequest, name: str) -> Plan[None]:
    yield "PutCompositeAlarm", {"AlarmName": name, **request.pick(*COMPOSITE_PROPERTIES), **request.tag_parameter}


def _identify_alarm(request: ResourceRequest, name: str) -> CreatedResource:
    return CreatedResource(name, {"Arn": request.arn("cloudwatch", f"alarm:{name}")})


def _read_alarm(request: ResourceRequest) -> Plan[Properties | None]:
    answer = yield "DescribeAlarms", {"AlarmNames": [request.physical], "AlarmTypes": ALARM_TYPES}
    for found in [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]:
        tags = yield from read_tags("ListTagsForResource", "ResourceARN", found["AlarmArn"], "Tags")
        return {**found, "Tags": tags}
    return None


def _alarm_type(
    put: Callable[[ResourceRequest, str], Plan[None]], properties: tuple[str, ...], *without_effect: str
) -> ResourceType:
    """Return the type of an alarm that the same call creates and updates."""

    def create(request: ResourceRequest) -> Plan[CreatedResource]:
        yield from put(request, request.name)
        return _identify_alarm(request, request.name)

    def update(request: ResourceRequest) -> Plan[CreatedResource]:
        yield from put(request, request.physical)
        yield from update_tags(request)
        return request.unchanged

    return ResourceType(
        create,
        update,
        call_with_id("DeleteAlarms", "AlarmNames"),
        NameRule("AlarmName", 255),
        without_effect=without_effect,
        adapt_properties=_with_actions_enabled,
        exists=exists_by_call(
            "DescribeAlarms",
            "AlarmNames",
            AlarmTypes=ALARM_TYPES,
            test=lambda answer: bool(answer.get("MetricAlarms") or answer.get("CompositeAlarms")),
        ),
        present=PresentProperties(("AlarmName", *properties, "Tags"), _read_alarm),
        identify=_identify_alarm,
    )


KINDS: Mapping[str, ResourceType] = {
    "AWS::CloudWatch::Alarm": _alarm_type(_put_metric, ALARM_PROPERTIES, f"EvaluationWindow/{DEFAULT_WINDOW}"),
    "AWS::CloudWatch::CompositeAlarm": _alarm_type(_put_composite, COMPOSITE_PROPERTIES),
}
