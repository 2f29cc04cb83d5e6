"""Implement MeasureSlots: count the slots of a schedule group by period, for CloudWatch's metrics of Scheduler.

The operation exists on the bus only; AWS's models do not have it. A slot counts as one invocation at the time at which
it fired, however often its target was called; one that was given up has an error of its target and was dropped. See
https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html.
"""

from collections.abc import Mapping

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.scheduler import arns
from lamplighter.services.scheduler.tables import slots
from lamplighter.store.db import Reader

METRICS: Mapping[str, str | None] = {
    "InvocationAttemptCount": None,
    "InvocationDroppedCount": slots.FAILED,
    "TargetErrorCount": slots.FAILED,
}
"""Each metric with the outcome of the slots that it counts; None: all slots that fired."""


def measure_slots(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle MeasureSlots: return [the number of a period, number of slots] for each period that has some."""
    if params["metric"] not in METRICS:
        raise ValidationError(f"{params['metric']} is not a metric; the metrics are {', '.join(METRICS)}")
    low = arns.schedule_arn_prefix(caller, f"{params['group']}/")
    times = (params["start"], params["end"], params["period"])
    return slots.count_by_period(reader, low, arns.end_of_prefix(low), times, METRICS[params["metric"]])
