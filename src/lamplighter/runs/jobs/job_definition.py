"""Read from a state machine's definition what the job does: its steps with their time limits and retries, its deadline,
and what a run does while another one is running. Pure.

Accepts any definition, also an invalid one, and one that was not made from a job file. A **step** is a Task state that
is no helper state (`runs/jobs/job_machine.py`).
See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lamplighter.asl.definition.walk_states import inner_blocks, walk_states
from lamplighter.base.json_text import Json, loads_or
from lamplighter.runs.history.retry_rules import JUDGE_STATE, RUN_STATE, RetryRule, read_retry_rules
from lamplighter.runs.jobs import job_machine

Overlap = Literal["allow", "skip", "queue", "cancel-previous"]
OVERLAP_STATES: Mapping[str, Overlap] = {
    job_machine.SKIPPED_STATE: "skip",
    "Queue up": "queue",
    "Stop them": "cancel-previous",
}
"""The rule for runs that overlap, by the generated state that only this rule has."""


@dataclass(frozen=True, slots=True)
class Step:
    """A state that calls something."""

    name: str
    """The state's name, or an empty text for the only step of a job."""
    resource: str
    """What it calls: ecs:runTask, lambda:invoke, or an activity."""
    target: str
    """What the call names: a task definition, a function, a topic or another machine; empty if only a run knows it."""
    time_limit: str
    """The longest time of one attempt, as the definition states it: seconds, a path, an expression, or empty."""
    retries: Sequence[RetryRule]

    @property
    def task_definition(self) -> str | None:
        """The task definition that the step runs, or None."""
        return self.target if self.resource.startswith(job_machine.RUN_TASK) and self.target else None


@dataclass(frozen=True, slots=True)
class JobDefinition:
    """What a definition says."""

    comment: str
    deadline: int | None
    """The longest time of a run in seconds."""
    late: int | None
    """The seconds after which an alert says that a run is late."""
    overlap: Overlap
    steps: Sequence[Step]
    from_job_file: bool


def read_job_definition(text: str) -> JobDefinition:
    """Read a definition."""
    document = loads_or(text, {})
    machine: dict[str, Json] = document if isinstance(document, dict) else {}
    from_job_file = job_machine.is_made_from_job_file(machine)
    deadline = machine.get("TimeoutSeconds")
    steps = list(_read_steps(machine, from_job_file=from_job_file))
    if from_job_file and len(steps) == 1 and steps[0].name == RUN_STATE:
        steps = [Step("", steps[0].resource, steps[0].target, steps[0].time_limit, steps[0].retries)]
    return JobDefinition(
        str(machine.get("Comment") or ""),
        deadline if isinstance(deadline, int) else None,
        read_late(machine),
        _read_overlap(machine) if from_job_file else "allow",
        steps,
        from_job_file,
    )


def read_late(machine: Json) -> int | None:
    """Return after how many seconds an alert says that a run is late; the first state of a job's machine knows."""
    try:
        start = machine["StartAt"]
        found = machine["States"][start]["Arguments"]["Input"]["seconds"]
    except (KeyError, TypeError):
        return None
    is_watched = job_machine.state_in_job(start) == job_machine.WATCH_STATE
    return found if is_watched and isinstance(found, int) else None


def _read_overlap(machine: Json) -> Overlap:
    names = {job_machine.state_in_job(name) for name, _ in walk_states(machine)}
    return next((rule for name, rule in OVERLAP_STATES.items() if name in names), "allow")


def _read_steps(block: Json, *, from_job_file: bool) -> Iterator[Step]:
    """Yield the steps of a block and of the blocks inside it."""
    found = block.get("States") if isinstance(block, dict) else None
    states = {name: each for name, each in found.items() if isinstance(each, dict)} if isinstance(found, dict) else {}
    for name, state in states.items():
        resource = str(state.get("Resource", ""))
        helper = from_job_file and job_machine.is_supporting_state(name, resource)
        if state.get("Type") == "Task" and not helper:
            yield _make_step(name, state, states)
        for inner in () if helper else inner_blocks(state):
            yield from _read_steps(inner, from_job_file=from_job_file)


def _make_step(name: str, state: Json, siblings: Mapping[str, Json]) -> Step:
    prefix = name.removesuffix(RUN_STATE)
    title = prefix.removesuffix(": ") if prefix != name and f"{prefix}{JUDGE_STATE}" in siblings and prefix else name
    limit = state.get("TimeoutSeconds", state.get("TimeoutSecondsPath", ""))
    resource = str(state.get("Resource", ""))
    return Step(
        title, _short_resource(resource), _target(resource, state), str(limit), read_retry_rules(name, state, siblings)
    )


def _short_resource(resource: str) -> str:
    """Return ecs:runTask for arn:aws:states:::ecs:runTask.sync, and the kind of resource for other ARNs."""
    if ":::" in resource:
        return resource.rpartition(":::")[2].partition(".")[0]
    kind = resource.split(":")[5:6] if resource.startswith("arn:") else []
    return {"activity": "activity", "function": "lambda"}.get("".join(kind), resource)


TARGET_FIELDS = ("TaskDefinition", "FunctionName", "StateMachineArn", "TopicArn", "QueueUrl", "ApiEndpoint", "JobName")
"""The arguments by which a call names what it is about."""


def _target(resource: str, state: Json) -> str:
    """Return what a state calls or what its call names, if the definition states it as a constant."""
    if ":::" not in resource:
        return resource if resource.startswith("arn:") else ""
    given = state.get("Arguments", state.get("Parameters"))
    named = (given.get(field) for field in TARGET_FIELDS) if isinstance(given, dict) else ()
    return next((each for each in named if isinstance(each, str) and not each.startswith("{%")), "")
