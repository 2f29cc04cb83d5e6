"""What a run does that finds others of its job still going on, as states before the job itself.

Promises that `queue` is first come, first served, and that of two runs that begin together one goes first: the one that
is older in Step Functions' list of running executions. On AWS that list is "eventually consistent": two that begin
within the same second or so may not see each other there. Here they always do.

The list comes in pages, youngest first. A page has 400 runs, for 600 are more than the 256 KiB that a state may pass
on. Who finds nobody older on a page asks for the next: whatever comes after itself in the list is older, and what comes
before is not. So a run that is not on the first page neither thinks itself alone nor waits for younger ones. What is
not listed at all yet goes by the dates. `cancel-previous` stops the runs of the first page.
See https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html.
"""

from collections.abc import Sequence

from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.jobs.file.model import Job
from lamplighter.jobs.machine import expressions
from lamplighter.jobs.machine.attempt_states import PAUSE, SAME_INPUT, StateGroup, catch_all
from lamplighter.jobs.machine.expressions import expression
from lamplighter.jobs.machine.integrations import LIST, STOP

PAGE = 400
"""Runs."""
RETRY_ALWAYS: Json = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 6, "JitterStrategy": "FULL"}]
SHORTEST, LONGER, LONGEST = 15, 5, 300
"""Seconds from one look to the next: they grow, so that a wait of a week fits into the 25,000 events of a history."""


def overlap_states(job: Job, follower: str, caught: str | None = None) -> StateGroup | None:
    """The states before a job; None where it may overlap. `caught`: the state that a failure of theirs leads to."""
    made = _before(job, follower)
    if made is None or caught is None:
        return made
    # No attempt was made by then.
    catch = {"Catch": catch_all(caught, attempt=0)}
    states = {name: state | catch if state["Type"] in ("Task", "Map") else state for name, state in made.states.items()}
    return StateGroup(made.start, states)


def _before(job: Job, follower: str) -> StateGroup | None:
    match job.overlap:
        case "allow":
            return None
        case "skip":
            done = {"Type": "Succeed", "Output": {"skipped": True, "running": expression("$older")}}
            return StateGroup("List runs", {**_looks("Alone?", "Skipped", follower), "Skipped": done})
        case "queue":
            return StateGroup("Queue up", _queue(follower))
        case "cancel-previous":
            return StateGroup("List runs", {"List runs": _list("Stop them"), "Stop them": _stop(follower)})


def runs_made_way_for(output: str | None) -> Sequence[str] | None:
    """The runs that a run with this output was skipped for; None where it was not."""
    try:
        said = loads(output or "null")
    except JsonError:
        return None
    if not isinstance(said, dict) or said.keys() != {"skipped", "running"} or said["skipped"] is not True:
        return None
    running = said["running"]
    return [str(each) for each in running] if isinstance(running, list) else [str(running)]


def _looks(title: str, others: str, follower: str) -> dict[str, Json]:
    """The states that find out whether there is somebody older, page by page, and lead to `others` or on."""
    choices = [
        {"Condition": expression("$count($older) > 0"), "Next": others},
        {"Condition": expression("$page != ''"), "Next": "More runs"},
    ]
    return {
        "List runs": _list(title),
        title: {"Type": "Choice", "Choices": choices, "Default": follower},
        "More runs": _list(title, "$seen", NextToken=expression("$page")),
    }


def _list(follower: str, seen: str = "false", **page: str) -> Json:
    """The state that reads a page; `seen`: whether this run was on one before."""
    return {
        "Type": "Task",
        "Resource": LIST,
        "Arguments": {
            "StateMachineArn": expression("$states.context.StateMachine.Id"),
            "StatusFilter": "RUNNING",
            "MaxResults": PAGE,
            **page,
        },
        "Retry": RETRY_ALWAYS,
        "Assign": {
            "older": expressions.older_runs(seen),
            "seen": expressions.run_was_listed(seen),
            "page": expressions.NEXT_PAGE,
        },
        "Output": SAME_INPUT,
        "Next": follower,
    }


def _queue(follower: str) -> dict[str, Json]:
    longer = f"$min([{SHORTEST} + {LONGER} * $looks, {LONGEST}])"
    return {
        "Queue up": {"Type": "Pass", "Assign": {"looks": 0}, "Next": "List runs"},
        **_looks("My turn?", "Not yet", follower),
        "Not yet": {
            "Type": "Pass",
            "Assign": {"looks": expression("$looks + 1"), "pause": expression(longer)},
            "Next": "Wait for them",
        },
        "Wait for them": {"Type": "Wait", "Seconds": PAUSE, "Next": "List runs"},
    }


def _stop(follower: str) -> Json:
    """Stop each; one that has ended by now needs no stopping."""
    stop = {
        "Type": "Task",
        "Resource": STOP,
        "Arguments": {
            "ExecutionArn": SAME_INPUT,
            "Error": "Lamplighter.Superseded",
            "Cause": expression("'A newer run of the job began: ' & $states.context.Execution.Id"),
        },
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Over already"}],
        "End": True,
    }
    return {
        "Type": "Map",
        "Items": expression("$older"),
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Stop",
            "States": {"Stop": stop, "Over already": {"Type": "Pass", "End": True}},
        },
        "MaxConcurrency": 10,
        "Output": SAME_INPUT,
        "Next": follower,
    }
