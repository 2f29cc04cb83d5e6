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

ALARM = (
    *("AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions", "MetricName"),
    *("Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit", "EvaluationPeriods"),
    *("DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "EvaluateLowSampleCountPercentile"),
    *("Metrics", "ThresholdMetricId", "EvaluationCriteria", "EvaluationInterval"),
    *("WarmUpConfiguration", "ActionConfiguration"),
)


TYPES = ["MetricAlarm", "CompositeAlarm"]


def _here(properties: Mapping[str, Json], own: Mapping[str, Json]) -> Mapping[str, Json]:
    return {**properties, "ActionsEnabled": own["ActionsEnabled"]} if "ActionsEnabled" in own else properties


SLIDING = "SlidingWindow"
"""The default evaluation window, which has no effect of itself and is not passed to the operation."""


def _put_metric(asked: ResourceRequest, name: str) -> Generator[ServiceCall, Json, None]:
    tags = {"Tags": list(asked.tags)} if asked.tags else {}
    window = {name: value for name, value in asked.get("EvaluationWindow", {}).items() if name != SLIDING}
    given = {**asked.pick(*ALARM), **({"EvaluationWindow": window} if window else {}), **tags}
    yield ServiceCall("monitoring", "PutMetricAlarm", {"AlarmName": name, **given})
    mark = lamplighter_metadata(asked.metadata)
    if "Job" in mark:
        said = {each: mark.get(each) for each in ("Job", "Pattern", "Patience")}
        yield ServiceCall("monitoring", "SetMark", {"AlarmName": name, **said})


COMPOSITE = (
    *("AlarmRule", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions"),
    *("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod", "ActionConfiguration"),
)


def _put_composite(asked: ResourceRequest, name: str) -> Generator[ServiceCall, Json, None]:
    tags = {"Tags": list(asked.tags)} if asked.tags else {}
    yield ServiceCall("monitoring", "PutCompositeAlarm", {"AlarmName": name, **asked.pick(*COMPOSITE), **tags})


def _kind(
    put: Callable[[ResourceRequest, str], Generator[ServiceCall, Json, None]], idle: frozenset[str] = frozenset()
) -> ResourceType:
    """Return the type of an alarm that the same call creates and updates."""

    def create(asked: ResourceRequest) -> CreatePlan:
        yield from put(asked, asked.name)
        return CreatedResource(asked.name, {"Arn": asked.arn("cloudwatch", f"alarm:{asked.name}")})

    def update(asked: ResourceRequest) -> CreatePlan:
        yield from put(asked, asked.physical)
        yield from update_tags("monitoring", asked, {"ResourceARN": asked.attributes["Arn"]}, "TagKeys")
        return CreatedResource(asked.physical, asked.attributes)

    return ResourceType(
        create,
        update,
        delete_by_calls(lambda asked: ServiceCall("monitoring", "DeleteAlarms", {"AlarmNames": [asked.physical]})),
        name="AlarmName",
        look=exists_by_call(
            lambda asked: ServiceCall(
                "monitoring", "DescribeAlarms", {"AlarmNames": [asked.physical], "AlarmTypes": TYPES}
            ),
            lambda answer: bool(answer.get("MetricAlarms") or answer.get("CompositeAlarms")),
        ),
        longest=255,
        replaces=frozenset({"AlarmName"}),
        attributes=frozenset({"Arn"}),
        idle=idle,
        here=_here,
    )


KINDS: Mapping[str, ResourceType] = {
    "AWS::CloudWatch::Alarm": _kind(_put_metric, frozenset({f"EvaluationWindow/{SLIDING}"})),
    "AWS::CloudWatch::CompositeAlarm": _kind(_put_composite),
}
