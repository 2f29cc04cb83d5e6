"""Define how to follow work that continues after its call (.sync): how to read its state, and which states mean its
end.

See https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync. A service of this engine
reports the end with an event. A service elsewhere is polled.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from lamplighter.base.json_text import Json
from lamplighter.runs.tasks.ecs_tasks import STARTED_BY_STATE_MACHINE

Call = tuple[str, Json]
"""An operation and its parameters, in the service's spelling."""


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """The end of the work of a `.sync` call."""

    failed: bool
    output: Json
    """The description of the ended work, in the service's spelling."""


@dataclass(frozen=True, slots=True)
class SyncRule:
    """The rule for following the work of a `.sync` call."""

    names: Callable[[Json, Json], list[str]]
    """A function that returns the names of the work, from the call's parameters and its answer."""
    describe: Callable[[list[str]], Call]
    """A function that returns the call that reads the work's state."""
    read_outcome: Callable[[Json], SyncOutcome | None]
    """A function that returns how the work ended, from its state; None means that the work still runs."""
    outcome_shape: tuple[str, str]
    """The operation, and the member of its output, whose shape is that of the outcome."""
    cancel: Callable[[str, str], Call]
    """A function that returns the call that stops the work, from the work's name and the execution's ARN."""
    added_parameters: Mapping[str, Json] = field(default_factory=dict)
    """Parameters that Step Functions adds to the call."""
    started_nothing: Callable[[Json], bool] = lambda _answer: False
    """A function that returns whether an answer means that no work was started."""
    event_source: str = ""
    """The source of the events that report the end; "" if the service has to be polled."""
    is_end_event: Callable[[Json], bool] = lambda _detail: False
    """A function that returns whether an event's detail means that the work has ended."""
    end_time: Callable[[Json], int | None] = lambda _described: None
    """A function that returns when the work ended, in milliseconds since the epoch, or None if the event's time
    counts."""


# ECS: https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html

ABORT_REASON = "The Task state in AWS Step Functions execution [{}] which was managing this resource was aborted"


def _task_outcome(described: Json) -> SyncOutcome | None:
    """Judge tasks: ended when all have stopped; failed if one did not start or a container did not exit with 0.

    Whether a container is essential does not matter: a sidecar that is killed after the job's end fails the state
    (https://github.com/wellcomecollection/catalogue-pipeline/pull/3377 quotes such an execution of AWS).
    """
    tasks = described["tasks"]
    if not tasks or any(task["lastStatus"] != "STOPPED" for task in tasks):
        return None
    failed = any(
        task.get("stopCode") != "EssentialContainerExited"
        or any(container.get("exitCode") != 0 for container in task["containers"])
        for task in tasks
    )
    return SyncOutcome(failed, tasks[0] if len(tasks) == 1 else tasks)


def _cluster_of(task: str) -> str:
    return task.split("/")[1]


RUN_TASK = SyncRule(
    added_parameters={"StartedBy": STARTED_BY_STATE_MACHINE},
    started_nothing=lambda answer: bool(answer.get("failures")),
    names=lambda _given, answer: [task["taskArn"] for task in answer["tasks"]],
    event_source="aws.ecs",
    is_end_event=lambda detail: detail.get("lastStatus") == "STOPPED",
    describe=lambda names: ("DescribeTasks", {"cluster": _cluster_of(names[0]), "tasks": names, "include": ["TAGS"]}),
    read_outcome=_task_outcome,
    end_time=lambda described: (
        round(max(task.get("executionStoppedAt", 0) for task in described["tasks"]) * 1000) or None
    ),
    outcome_shape=("DescribeTasks", "tasks"),
    cancel=lambda name, execution: (
        "StopTask",
        {"cluster": _cluster_of(name), "task": name, "reason": ABORT_REASON.format(execution)},
    ),
)

# Step Functions: https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html

START_EXECUTION = SyncRule(
    names=lambda _given, answer: [answer["executionArn"]],
    event_source="aws.states",
    is_end_event=lambda detail: detail.get("status") != "RUNNING",
    describe=lambda names: ("DescribeExecution", {"executionArn": names[0]}),
    read_outcome=lambda described: (
        None if described["status"] == "RUNNING" else SyncOutcome(described["status"] != "SUCCEEDED", described)
    ),
    outcome_shape=("DescribeExecution", ""),
    cancel=lambda name, _execution: ("StopExecution", {"executionArn": name}),
)

# Services elsewhere


def _polled_rule(
    names: Callable[[Json, Json], list[str]],
    describe: Callable[[str], Call],
    found: Callable[[Json], Json],
    status: Callable[[Json], str],
    failures: Container[str],
    outcome_shape: tuple[str, str],
    cancel: Callable[[str], Call],
) -> SyncRule:
    """Build the rule for work that is polled.

    `found` returns the work's description from an answer. `failures` are the statuses of work that has failed; work
    that has succeeded is SUCCEEDED.
    """

    def read_outcome(described: Json) -> SyncOutcome | None:
        work = found(described)
        failed = status(work) in failures
        return SyncOutcome(failed, work) if failed or status(work) == "SUCCEEDED" else None

    return SyncRule(
        names=names,
        describe=lambda names: describe(names[0]),
        read_outcome=read_outcome,
        outcome_shape=outcome_shape,
        cancel=lambda name, _execution: cancel(name),
    )


SUBMIT_JOB = _polled_rule(  # https://docs.aws.amazon.com/step-functions/latest/dg/connect-batch.html
    names=lambda _given, answer: [answer["jobId"]],
    describe=lambda name: ("DescribeJobs", {"jobs": [name]}),
    found=lambda described: described["jobs"][0],
    status=lambda job: job["status"],
    failures=("FAILED",),
    outcome_shape=("DescribeJobs", "jobs"),
    cancel=lambda name: (
        "TerminateJob",
        {"jobId": name, "reason": "The Step Functions execution no longer waits for this job"},
    ),
)
START_JOB_RUN = _polled_rule(  # https://docs.aws.amazon.com/step-functions/latest/dg/connect-glue.html
    names=lambda given, answer: [f"{given['JobName']}/{answer['JobRunId']}"],
    describe=lambda name: ("GetJobRun", {"JobName": name.partition("/")[0], "RunId": name.partition("/")[2]}),
    found=lambda described: described["JobRun"],
    status=lambda run: run["JobRunState"],
    failures=("FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"),
    outcome_shape=("GetJobRun", "JobRun"),
    cancel=lambda name: (
        "BatchStopJobRun",
        {"JobName": name.partition("/")[0], "JobRunIds": [name.partition("/")[2]]},
    ),
)
START_BUILD = _polled_rule(  # https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html
    names=lambda _given, answer: [answer["build"]["id"]],
    describe=lambda name: ("BatchGetBuilds", {"ids": [name]}),
    found=lambda described: {"build": described["builds"][0]},
    status=lambda found: found["build"]["buildStatus"],
    failures=("FAILED", "FAULT", "TIMED_OUT", "STOPPED"),
    outcome_shape=("StartBuild", ""),
    cancel=lambda name: ("StopBuild", {"id": name}),
)
START_QUERY = _polled_rule(  # https://docs.aws.amazon.com/step-functions/latest/dg/connect-athena.html
    names=lambda _given, answer: [answer["QueryExecutionId"]],
    describe=lambda name: ("GetQueryExecution", {"QueryExecutionId": name}),
    found=lambda described: described,
    status=lambda found: found["QueryExecution"]["Status"]["State"],
    failures=("FAILED", "CANCELLED"),
    outcome_shape=("GetQueryExecution", ""),
    cancel=lambda name: ("StopQueryExecution", {"QueryExecutionId": name}),
)
