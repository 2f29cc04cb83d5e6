"""Implement MeasureExecutions: count and sum executions by period, for CloudWatch's metrics of a state machine.

The operation exists on the bus only; AWS's models do not have it.
"""

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.states.tables import execution_statistics
from lamplighter.store.db import Reader


def measure_executions(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle MeasureExecutions: return for each period [its index, number of executions, sum, minimum, maximum]."""
    if params["metric"] not in execution_statistics.METRICS:
        known = ", ".join(execution_statistics.METRICS)
        raise ValidationError(f"{params['metric']} is not a metric; the metrics are {known}")
    times = (params["start"], params["end"], params["period"])
    return execution_statistics.measure_periods(reader, params["stateMachineArn"], params["metric"], *times)
