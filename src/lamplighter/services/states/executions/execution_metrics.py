"""MeasureExecutions: what CloudWatch's metrics of a state machine are made of, counted where executions are.

On the bus only; the wire, which goes by AWS's models, does not know it.
"""

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.states.tables import execution_times
from lamplighter.store.db import Reader


def measure_executions(reader: Reader, _caller: Caller, params: Json) -> Json:
    """MeasureExecutions: by period, [its number, how many executions, sum, least and most of what is measured]."""
    if params["metric"] not in execution_times.MEASURED:
        raise ValidationError(f"{params['metric']} is not measured: {', '.join(execution_times.MEASURED)} are")
    times = (params["start"], params["end"], params["period"])
    return execution_times.measure_period(reader, params["stateMachineArn"], params["metric"], *times)
