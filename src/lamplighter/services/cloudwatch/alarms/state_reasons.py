"""Write the reason of an alarm's state in AWS's words, and as JSON for programs.

See StateReason and StateReasonData in
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from lamplighter.base.count_text import format_count
from lamplighter.base.json_text import Json, dumps
from lamplighter.base.number_text import java_double
from lamplighter.services.cloudwatch.alarms.evaluate_alarm import (
    ALARM,
    BREACHING,
    INSUFFICIENT_DATA,
    NOT_BREACHING,
    AlarmRule,
    DataPoint,
    Evaluation,
)

COMPARISON_WORDS: Mapping[str, str] = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
REASON_POINTS = 5
"""The most data points that a reason lists."""
EVALUATED_POINTS = 40
"""The most data points in StateReasonData, which has at most 4,000 characters."""


def state_reason(rule: AlarmRule, evaluation: Evaluation) -> str:
    """Return the reason of the state that an evaluation found."""
    if not evaluation.real:
        return _reason_without_data(rule, evaluation)
    alarm = evaluation.state == ALARM
    counted = [each for each in evaluation.real if rule.breaches(each.value) == alarm] or list(evaluation.real)
    newest = counted[: -REASON_POINTS - 1 : -1]
    listed = f"[{', '.join(f'{java_double(each.value)} ({_short_time(each.time)})' for each in newest)}]"
    number = (
        f"{len(counted)} out of the last {rule.periods} datapoints" if rule.m_out_of_n else _datapoints(len(counted))
    )
    compared = f"{'was' if len(counted) == 1 else 'were'} {'' if alarm else 'not '}{COMPARISON_WORDS[rule.comparison]}"
    threshold = f"the threshold ({java_double(rule.threshold)})"
    if len(counted) <= REASON_POINTS:
        return f"Threshold Crossed: {number} {listed} {compared} {threshold}{_minimum(rule, alarm=alarm)}."
    recent = f"The most recent datapoints which {'crossed' if alarm else 'did not cross'} the threshold: {listed}"
    return f"Threshold Crossed: {number} {compared} {threshold}. {recent}{_minimum(rule, alarm=alarm)}."


def _reason_without_data(rule: AlarmRule, evaluation: Evaluation) -> str:
    if evaluation.state == INSUFFICIENT_DATA:
        return f"Insufficient Data: {format_count(rule.periods, 'datapoint was', 'datapoints were')} unknown."
    no_data = f"no datapoints were received for {format_count(rule.periods, 'period')}"
    if rule.missing not in (BREACHING, NOT_BREACHING):
        return f"Unchecked: {no_data}."
    treated = "[Breaching]" if rule.missing == BREACHING else "[NonBreaching]"
    missing = format_count(evaluation.missing, "missing datapoint was", "missing datapoints were")
    return f"Threshold Crossed: {no_data} and {missing} treated as {treated}."


def _datapoints(number: int) -> str:
    return format_count(number, "datapoint")


def _minimum(rule: AlarmRule, *, alarm: bool) -> str:
    if not rule.m_out_of_n:
        return ""
    if alarm:
        return f" (minimum {_datapoints(rule.datapoints_to_alarm)} for OK -> ALARM transition)"
    return f" (minimum {_datapoints(rule.periods - rule.datapoints_to_alarm + 1)} for ALARM -> OK transition)"


def state_reason_data(settings: Json, rule: AlarmRule, evaluation: Evaluation, period: int, now: int) -> str:
    """Return StateReasonData: the reason as JSON for programs; `period` is in seconds, `now` the end of the data."""
    real = evaluation.real
    data: Json = {"version": "1.0", "queryDate": format_instant(now)}
    data |= {"startDate": format_instant(real[0].time)} if real else {}
    data |= {
        field: settings[name] for field, name in (("unit", "Unit"), ("statistic", "Statistic")) if name in settings
    }
    recent = [each.value for each in real[-REASON_POINTS:]]
    data |= {"period": period, "recentDatapoints": recent, "threshold": rule.threshold}
    return dumps(data | {"evaluatedDatapoints": _evaluated_datapoints(real, evaluation.missing, period * 1000, now)})


def _evaluated_datapoints(real: Sequence[DataPoint], missing: int, period: int, now: int) -> list[Json]:
    """Return the data points that were evaluated, the newest first; a missing one has its time only."""
    shown = {each.time: _evaluated_datapoint(each) for each in real}
    time, missing = now, min(missing, EVALUATED_POINTS)
    while missing:
        time -= period
        if time not in shown:
            shown[time] = {"timestamp": format_instant(time)}
            missing -= 1
    return [shown[time] for time in sorted(shown, reverse=True)[:EVALUATED_POINTS]]


def _evaluated_datapoint(point: DataPoint) -> Json:
    samples = {} if point.samples is None else {"sampleCount": point.samples}
    return {"timestamp": format_instant(point.time), **samples, "value": point.value}


def _short_time(time: int) -> str:
    return f"{datetime.fromtimestamp(time / 1000, UTC):%d/%m/%y %H:%M:%S}"


def format_instant(time: int) -> str:
    """Format an instant as CloudWatch does inside documents: 2026-01-01T00:00:00.000+0000."""
    whole, rest = divmod(time, 1000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}+0000"
