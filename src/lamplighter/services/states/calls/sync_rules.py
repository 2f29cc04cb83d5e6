"""How work is followed that goes on after the call (.sync), as data: what asks for its state, and what says done.

See https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync. Work of a service that
is served here is told of by its events; that of one which is called elsewhere is asked for, again and again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json

Call = tuple[str, Json]
"""An operation and its parameters, in the service's own words."""


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """How work that went on elsewhere ended."""

    failed: bool
    output: Json
    """In the service's own words."""


@dataclass(frozen=True, slots=True)
class SyncRule:
    """How to follow work that goes on after the call (.sync)."""

    additions: Mapping[str, Json]
    """What the call says of itself beyond the machine's parameters."""
    refused: Callable[[Json], bool]
    """Whether an answer says that nothing was begun."""
    names: Callable[[Json, Json], list[str]]
    """From the call's parameters and its answer, what the work is called."""
    source: str
    """Whose events tell of it; "" where it has to be asked for."""
    ended: Callable[[Json], bool]
    """Whether an event's detail says that it has ended."""
    describe: Callable[[list[str]], Call]
    """How to ask for its state."""
    judge: Callable[[Json], SyncOutcome | None]
    """From the state, how it ended; None while it goes on."""
    over: Callable[[Json], int | None]
    """From the state, when it ended, in milliseconds since the epoch; None where that is when it is told."""
    shape: tuple[str, str]
    """Where the shape of the outcome is found: an operation and a member of its output."""
    cancel: Callable[[str, str], Call]
    """From its name and the execution's ARN, how to stop it."""


# ECS: https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html

ABORTED = "The Task state in AWS Step Functions execution [{}] which was managing this resource was aborted"


def _judge_tasks(described: Json) -> SyncOutcome | None:
    """Done when all tasks have stopped; failed when one did not start or any of its containers did not exit with 0.

    Whether a container is essential does not matter: a sidecar that is killed when the job is done fails the state
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
    additions={"StartedBy": "AWS Step Functions"},
    refused=lambda answer: bool(answer.get("failures")),
    names=lambda _given, answer: [task["taskArn"] for task in answer["tasks"]],
    source="aws.ecs",
    ended=lambda detail: detail.get("lastStatus") == "STOPPED",
    describe=lambda names: ("DescribeTasks", {"cluster": _cluster_of(names[0]), "tasks": names, "include": ["TAGS"]}),
    judge=_judge_tasks,
    over=lambda described: round(max(task.get("executionStoppedAt", 0) for task in described["tasks"]) * 1000) or None,
    shape=("DescribeTasks", "tasks"),
    cancel=lambda name, execution: (
        "StopTask",
        {"cluster": _cluster_of(name), "task": name, "reason": ABORTED.format(execution)},
    ),
)

# Step Functions: https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html

START_EXECUTION = SyncRule(
    additions={},
    refused=lambda _answer: False,
    names=lambda _given, answer: [answer["executionArn"]],
    source="aws.states",
    ended=lambda detail: detail.get("status") != "RUNNING",
    describe=lambda names: ("DescribeExecution", {"executionArn": names[0]}),
    judge=lambda described: (
        None if described["status"] == "RUNNING" else SyncOutcome(described["status"] != "SUCCEEDED", described)
    ),
    over=lambda _described: None,
    shape=("DescribeExecution", ""),
    cancel=lambda name, _execution: ("StopExecution", {"executionArn": name}),
)

# What is called elsewhere


def _asked(
    names: Callable[[Json, Json], list[str]],
    describe: Callable[[str], Call],
    found: Callable[[Json], Json],
    status: Callable[[Json], str],
    ends: Mapping[str, bool],
    shape: tuple[str, str],
    cancel: Callable[[str], Call],
) -> SyncRule:
    """Work that is asked for. `found`: its description in an answer; `ends`: by final status, whether it succeeded."""

    def judge(described: Json) -> SyncOutcome | None:
        ended = ends.get(status(found(described)))
        return None if ended is None else SyncOutcome(not ended, found(described))

    return SyncRule(
        additions={},
        refused=lambda _answer: False,
        names=names,
        source="",
        ended=lambda _detail: False,
        describe=lambda names: describe(names[0]),
        judge=judge,
        over=lambda _described: None,
        shape=shape,
        cancel=lambda name, _execution: cancel(name),
    )


SUBMIT_JOB = _asked(  # https://docs.aws.amazon.com/step-functions/latest/dg/connect-batch.html
    names=lambda _given, answer: [answer["jobId"]],
    describe=lambda name: ("DescribeJobs", {"jobs": [name]}),
    found=lambda described: described["jobs"][0],
    status=lambda job: job["status"],
    ends={"SUCCEEDED": True, "FAILED": False},
    shape=("DescribeJobs", "jobs"),
    cancel=lambda name: ("TerminateJob", {"jobId": name, "reason": "The execution does not wait for it any more"}),
)
START_JOB_RUN = _asked(  # https://docs.aws.amazon.com/step-functions/latest/dg/connect-glue.html
    names=lambda given, answer: [f"{given['JobName']}/{answer['JobRunId']}"],
    describe=lambda name: ("GetJobRun", {"JobName": name.partition("/")[0], "RunId": name.partition("/")[2]}),
    found=lambda described: described["JobRun"],
    status=lambda run: run["JobRunState"],
    ends={"SUCCEEDED": True, "FAILED": False, "STOPPED": False, "TIMEOUT": False, "ERROR": False, "EXPIRED": False},
    shape=("GetJobRun", "JobRun"),
    cancel=lambda name: (
        "BatchStopJobRun",
        {"JobName": name.partition("/")[0], "JobRunIds": [name.partition("/")[2]]},
    ),
)
START_BUILD = _asked(  # https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html
    names=lambda _given, answer: [answer["build"]["id"]],
    describe=lambda name: ("BatchGetBuilds", {"ids": [name]}),
    found=lambda described: {"build": described["builds"][0]},
    status=lambda found: found["build"]["buildStatus"],
    ends={"SUCCEEDED": True, "FAILED": False, "FAULT": False, "TIMED_OUT": False, "STOPPED": False},
    shape=("StartBuild", ""),
    cancel=lambda name: ("StopBuild", {"id": name}),
)
START_QUERY = _asked(  # https://docs.aws.amazon.com/step-functions/latest/dg/connect-athena.html
    names=lambda _given, answer: [answer["QueryExecutionId"]],
    describe=lambda name: ("GetQueryExecution", {"QueryExecutionId": name}),
    found=lambda described: described,
    status=lambda found: found["QueryExecution"]["Status"]["State"],
    ends={"SUCCEEDED": True, "FAILED": False, "CANCELLED": False},
    shape=("GetQueryExecution", ""),
    cancel=lambda name: ("StopQueryExecution", {"QueryExecutionId": name}),
)
