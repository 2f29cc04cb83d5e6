"""Build the states that a run enters before its job if earlier runs of the job may still be running.

Guarantees that `queue` is first come, first served. Of two runs that begin together, the older one in Step Functions'
list of running executions goes first. On AWS that list is "eventually consistent": two runs that begin within about a
second may not see each other there. Under `lamplighter up`, the engine itself keeps the queue, and a state machine has
only the states for `skip`.

The list has pages of 400 runs, the youngest first: 600 runs exceed the 256 KiB that a state may pass on. A run that
finds no older run on a page reads the next page. Runs listed after it are older, runs listed before it are younger. So
a run that is missing from the first page neither considers itself alone nor waits for younger runs. A run that no page
lists yet compares start times instead. `cancel-previous` stops the runs of the first page.
See https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html.
"""

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.model import Job
from lamplighter.jobs.machine import expressions
from lamplighter.jobs.machine.attempt_states import SAME_INPUT, WAIT_SECONDS, StateGroup, catch_all
from lamplighter.jobs.machine.expressions import expression
from lamplighter.jobs.machine.integrations import LIST_EXECUTIONS, STOP_EXECUTION
from lamplighter.jobs.machine.platform import Platform
from lamplighter.runs.jobs.job_machine import SKIPPED_STATE
from lamplighter.runs.jobs.skipped_runs import skip_output

PAGE_SIZE = 400
"""The number of runs on a page."""
RETRY_ALWAYS: Json = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 6, "JitterStrategy": "FULL"}]
RETRY_READ: Json = [{**RETRY_ALWAYS[0], "MaxAttempts": 12, "MaxDelaySeconds": 120}]
"""How a read is repeated: for seven minutes on average, because all jobs together may call ListExecutions 100 times at
once, and then twice a second: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
MIN_WAIT_SECONDS, WAIT_INCREASE_SECONDS, MAX_WAIT_SECONDS = 15, 5, 300
"""Seconds between two checks: the wait grows from MIN_WAIT_SECONDS by WAIT_INCREASE_SECONDS each time, up to
MAX_WAIT_SECONDS.

So a wait of a week fits into the 25,000 events of a history.
"""


def engine_rule(job: Job) -> str | None:
    """Return the rule for runs that overlap which this engine applies itself, as the tag's value, or None."""
    match job.overlap:
        case "queue":
            return f"queue:{job.queue_length}"
        case "cancel-previous":
            return "cancel-previous"
        case _:
            return None


def overlap_states(
    job: Job, follower: str, caught: str | None, platform: Platform, skipped: str = SKIPPED_STATE
) -> StateGroup | None:
    """Return the states before a job, or None if there are none.

    `caught` is the state after a failure, `skipped` the one that a run enters if it is skipped.
    """
    made = None if platform == "here" and engine_rule(job) else _states_for_overlap(job, follower, skipped)
    if made is None or caught is None:
        return made
    # The job has made no attempt yet.
    catch = {"Catch": catch_all(caught, attempt=0)}
    states = {name: catch | state if state["Type"] in ("Task", "Map") else state for name, state in made.states.items()}
    return StateGroup(made.start, states)


def _states_for_overlap(job: Job, follower: str, skipped: str) -> StateGroup | None:
    match job.overlap:
        case "allow":
            return None
        case "skip":
            done = {"Type": "Succeed", "Output": skip_output(expression("$older"))}
            return StateGroup("List runs", {**_search_states("Alone?", skipped, follower), SKIPPED_STATE: done})
        case "queue":
            return StateGroup("Queue up", _queue_states(follower))
        case "cancel-previous":
            return StateGroup(
                "List runs", {"List runs": _list_runs_state("Stop them"), "Stop them": _stop_runs_state(follower)}
            )


def _search_states(title: str, others: str, follower: str) -> dict[str, Json]:
    """Return the states that search for older runs page by page, and lead to `others` or `follower`."""
    choices = [
        {"Condition": expression("$count($older) > 0"), "Next": others},
        {"Condition": expression("$page != ''"), "Next": "More runs"},
    ]
    return {
        "List runs": _list_runs_state(title),
        title: {"Type": "Choice", "Choices": choices, "Default": follower},
        "More runs": _list_runs_state(title, "$seen", NextToken=expression("$page")),
    }


def _list_runs_state(follower: str, seen: str = "false", **page: str) -> Json:
    """Return the state that reads a page; `seen` tells whether an earlier page listed this run."""
    machine = {"StateMachineArn": expression("$states.context.StateMachine.Id"), "StatusFilter": "RUNNING"}
    arguments = {**machine, "MaxResults": PAGE_SIZE, **page}
    assigned = {
        "older": expressions.older_runs(seen),
        "seen": expressions.run_was_listed(seen),
        "page": expressions.NEXT_PAGE,
    }
    return read_state(LIST_EXECUTIONS, arguments, assigned, follower)


def read_state(call: str, arguments: Json, assigned: Json, follower: str, **more: Json) -> Json:
    """Return the state that reads something from AWS into variables and passes on its input."""
    task = {"Type": "Task", "Resource": call, "Arguments": arguments, "Retry": RETRY_READ}
    return {**task, "Assign": assigned, "Output": SAME_INPUT, **more, "Next": follower}


def _queue_states(follower: str) -> dict[str, Json]:
    next_wait = f"$min([{MIN_WAIT_SECONDS} + {WAIT_INCREASE_SECONDS} * $looks, {MAX_WAIT_SECONDS}])"
    return {
        "Queue up": {"Type": "Pass", "Assign": {"looks": 0}, "Next": "List runs"},
        **_search_states("My turn?", "Not yet", follower),
        "Not yet": {
            "Type": "Pass",
            "Assign": {"looks": expression("$looks + 1"), "pause": expression(next_wait)},
            "Next": "Wait for them",
        },
        "Wait for them": {"Type": "Wait", "Seconds": WAIT_SECONDS, "Next": "List runs"},
    }


def _stop_runs_state(follower: str) -> Json:
    """Return the state that stops each older run; a run that has already ended is ignored."""
    stop = {
        "Type": "Task",
        "Resource": STOP_EXECUTION,
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
