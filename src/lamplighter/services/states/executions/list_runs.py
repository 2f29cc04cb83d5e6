"""List runs for people: operations that AWS does not have, with what takes one call for each run on AWS.

The bus has them under the names ListRuns, ListLatestRuns, ListNightRuns, ListUsualDurations, ListWaitingRuns,
FindTaskRuns and FindRepetitions. AWS's models do not have them, so requests of AWS's APIs cannot call them.
"""

from dataclasses import replace
from itertools import islice
from statistics import median

from lamplighter.base.aws.arn import sibling
from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json, loads_or
from lamplighter.bus import Caller
from lamplighter.runs.jobs.job_definition import read_late
from lamplighter.runs.jobs.job_machine import WATCH_STATE
from lamplighter.services.states.tables import execution_lists, external_names, state_machines
from lamplighter.services.states.tables.execution_lists import ORDERS, ListCriteria, ListedExecution
from lamplighter.services.states.tables.frames import parse_counters
from lamplighter.store.db import Reader

MAX_RUNS, MAX_NIGHT_RUNS = 1_000, 50_000
"""The most runs in an answer of ListRuns, and of ListNightRuns."""
USUAL_RUNS = 20
"""The number of successes from which the usual duration is calculated."""
NIGHT_COLUMNS = (
    "arn", "machine", "status", "start", "stop", "idle", "redrives", "failedAttempts", "origin", "scheduled", "queued",
)  # fmt: skip
"""The columns of ListNightRuns; times are in milliseconds."""


def list_runs(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle ListRuns: list runs of the state machine `Machine`.

    `Statuses`, `Since`, `Until` (milliseconds) and `Origin` select runs; `Order` is one of `ORDERS`, and
    `Offset` and `Limit` select a page. The answer has the `Runs` of the page, the number `Total` of all selected ones,
    and `Counts` by status, which `Statuses` does not change.
    """
    order, offset, limit = params.get("Order", "newest"), params.get("Offset", 0), params.get("Limit", 50)
    if order not in ORDERS or not 0 <= offset <= 10**9 or not 0 <= limit <= MAX_RUNS:
        raise ValidationError(f"Order is one of {', '.join(ORDERS)}; Limit is at most {MAX_RUNS}")
    criteria = _criteria(params)
    counts = execution_lists.count_by_status(reader, params["Machine"], replace(criteria, statuses=()))
    found = execution_lists.list_of_machine(reader, params["Machine"], criteria, order, offset, limit)
    selected = criteria.statuses or counts
    return {
        "Runs": [describe_run(*each) for each in found],
        "Total": sum(counts.get(each, 0) for each in selected),
        "Counts": counts,
    }


def list_latest_runs(reader: Reader, caller: Caller, _params: Json) -> Json:
    """Handle ListLatestRuns: return the latest run of each state machine of a place.

    `underWay` is whether any run of the state machine is under way.
    """
    found = execution_lists.latest_of_machines(reader, caller.account, caller.region)
    return {"Runs": [describe_run(*each[:4]) | {"underWay": each[4]} for each in found]}


def find_task_runs(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle FindTaskRuns: return the `Executions` that started the ECS tasks `Tasks`: ARNs by the ARNs of the tasks.

    A task says only that Step Functions started it. Known are the tasks of `.sync` integrations since schema 53.
    """
    return {"Executions": external_names.executions_of_tasks(reader, params["Tasks"])}


def list_waiting_runs(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle ListWaitingRuns: return the ARNs of the executions that only wait, if the ECS tasks `Tasks` wait."""
    return {"Executions": external_names.waiting_executions(reader, params["Tasks"])}


def find_repetitions(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle FindRepetitions: return the runs of the machine `Machine` that stand for one problem.

    These are the run with the name `First` (`runs/failures/repetition.py`), its repetitions, and those that are under
    way with the input `Input`; None finds none of these.
    """
    first = sibling(params["Machine"], f"execution:{params['Machine'].rpartition(':')[2]}:{params['First']}")
    found = execution_lists.repetitions(reader, first, params["Machine"], params["Input"])
    return {"Runs": [describe_run(*each) for each in found]}


def list_usual_durations(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle ListUsualDurations: return the median of the last successes of `Machines`, in milliseconds."""
    found = {each: execution_lists.latest_durations(reader, each, USUAL_RUNS) for each in params["Machines"]}
    return {"Durations": {machine: median(values) for machine, values in found.items() if values}}


def list_night_runs(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListNightRuns: return the runs of a place that run or that ended since `Since` (milliseconds).

    The runs are rows with the values of `Columns`, because an answer may have ten thousand of them. `Machines` has the
    tags of the place's state machines, `Late` the seconds after which their runs are late, and `People` who started a
    run, by its ARN, as far as it is known. If there are more than `MAX_NIGHT_RUNS`, `Truncated` is true.
    """
    found = execution_lists.executions_since(reader, caller.account, caller.region, params["Since"])
    runs = list(islice(found, MAX_NIGHT_RUNS + 1))
    return {
        "Columns": NIGHT_COLUMNS,
        "Rows": [_night_row(each) for each in runs[:MAX_NIGHT_RUNS]],
        "Machines": state_machines.tags_of_place(reader, caller.account, caller.region),
        "Late": _late_seconds(reader, caller),
        "People": {each.arn: each.person for each in runs if each.person},
        "Truncated": len(runs) > MAX_NIGHT_RUNS,
    }


def _late_seconds(reader: Reader, caller: Caller) -> dict[str, int]:
    watched = state_machines.definitions_with_state(reader, caller.account, caller.region, WATCH_STATE)
    found = {arn: read_late(loads_or(definition, {})) for arn, definition in watched}
    return {arn: late for arn, late in found.items() if late is not None}


def _night_row(found: ListedExecution) -> Json:
    redrives, failed = _counters(found)
    return (
        found.arn, found.machine, found.status, found.start, found.stop, found.idle, redrives, failed, found.origin,
        _scheduled(found), found.queued,
    )  # fmt: skip


def _criteria(params: Json) -> ListCriteria:
    return ListCriteria(params.get("Statuses") or (), params.get("Since"), params.get("Until"), params.get("Origin"))


def describe_run(found: ListedExecution, name: str, error: str | None, cause: str | None) -> Json:
    """Describe a run; `failedAttempts` and `origin` are None if they are not known."""
    redrives, failed = _counters(found)
    return {
        "executionArn": found.arn,
        "stateMachineArn": found.machine,
        "name": name,
        "status": found.status,
        "startDate": found.start / 1000,
        **({} if found.stop is None else {"stopDate": found.stop / 1000}),
        "redriveCount": redrives,
        "failedAttempts": failed,
        "error": error,
        "cause": cause,
        "origin": found.origin,
        "person": found.person,
        "scheduled": _scheduled(found),
        "idle": found.idle / 1000,
        "queued": found.queued,
    }


def _counters(found: ListedExecution) -> tuple[int, int | None]:
    """Return the number of redrives, and that of failed attempts, which is unknown before schema 51."""
    try:
        counters = parse_counters(found.counters)
    except ValueError:  # a damaged row
        return 0, None
    return counters.redrives, counters.failed_attempts


def _scheduled(found: ListedExecution) -> str | None:
    return found.scheduled if isinstance(found.scheduled, str) else None
