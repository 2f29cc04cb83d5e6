"""Define the resource types of CloudWatch.

An alarm's metadata may name its job in the job file, and the seconds for which a new alarm is not evaluated: `Metadata:
{Lamplighter: {Job: …, Pattern: …, Patience: …}}`. It may also turn off the alarm's actions in this engine, which alerts
about the same in another way: `{Lamplighter: {ActionsEnabled: false}}`. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudWatch.html.
"""

from collections.abc import Callable, Generator, Mapping

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    CreatePlan,
    ResourceRequest,
    ResourceType,
    ServiceCall,
    delete_by_calls,
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


ALARM_TYPES = ["MetricAlarm", "CompositeAlarm"]


def _with_actions_enabled(properties: Mapping[str, Json], extensions: Mapping[str, Json]) -> Mapping[str, Json]:
    return (
        {**properties, "ActionsEnabled": extensions["ActionsEnabled"]} if "ActionsEnabled" in extensions else properties
    )


DEFAULT_WINDOW = "SlidingWindow"
"""The default evaluation window, which has no effect of itself and is not passed to the operation."""


def _put_metric(request: ResourceRequest, name: str) -> Generator[ServiceCall, Json, None]:
    tags = {"Tags": list(request.tags)} if request.tags else {}
    window = {name: value for name, value in request.get("EvaluationWindow", {}).items() if name != DEFAULT_WINDOW}
    given = {**request.pick(*ALARM_PROPERTIES), **({"EvaluationWindow": window} if window else {}), **tags}
    yield ServiceCall("monitoring", "PutMetricAlarm", {"AlarmName": name, **given})
    extensions = lamplighter_metadata(request.metadata)
    if "Job" in extensions:
        annotation = {each: extensions.get(each) for each in ("Job", "Pattern", "Patience")}
        yield ServiceCall("monitoring", "SetMark", {"AlarmName": name, **annotation})


COMPOSITE_PROPERTIES = (
    *("AlarmRule", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions"),
    *("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod", "ActionConfiguration"),
)


def _put_composite(request: ResourceRequest, name: str) -> Generator[ServiceCall, Json, None]:
    tags = {"Tags": list(request.tags)} if request.tags else {}
    yield ServiceCall(
        "monitoring", "PutCompositeAlarm", {"AlarmName": name, **request.pick(*COMPOSITE_PROPERTIES), **tags}
    )


def _alarm_type(
    put: Callable[[ResourceRequest, str], Generator[ServiceCall, Json, None]],
    without_effect: frozenset[str] = frozenset(),
) -> ResourceType:
    """Return the type of an alarm that the same call creates and updates."""

    def create(request: ResourceRequest) -> CreatePlan:
        yield from put(request, request.name)
        return CreatedResource(request.name, {"Arn": request.arn("cloudwatch", f"alarm:{request.name}")})

    def update(request: ResourceRequest) -> CreatePlan:
        yield from put(request, request.physical)
        yield from update_tags("monitoring", request, {"ResourceARN": request.attributes["Arn"]}, "TagKeys")
        return CreatedResource(request.physical, request.attributes)

    return ResourceType(
        create,
        update,
        delete_by_calls(lambda asked: ServiceCall("monitoring", "DeleteAlarms", {"AlarmNames": [asked.physical]})),
        name_property="AlarmName",
        exists=exists_by_call(
            lambda asked: ServiceCall(
                "monitoring", "DescribeAlarms", {"AlarmNames": [asked.physical], "AlarmTypes": ALARM_TYPES}
            ),
            lambda answer: bool(answer.get("MetricAlarms") or answer.get("CompositeAlarms")),
        ),
        max_name_length=255,
        replacement_properties=frozenset({"AlarmName"}),
        attributes=frozenset({"Arn"}),
        without_effect=without_effect,
        adapt_properties=_with_actions_enabled,
    )


KINDS: Mapping[str, ResourceType] = {
    "AWS::CloudWatch::Alarm": _alarm_type(_put_metric, frozenset({f"EvaluationWindow/{DEFAULT_WINDOW}"})),
    "AWS::CloudWatch::CompositeAlarm": _alarm_type(_put_composite),
}
