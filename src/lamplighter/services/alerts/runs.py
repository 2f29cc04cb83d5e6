"""Pattern 2: a run failed, after all of its attempts. The event is the execution's."""

from dataclasses import dataclass

from lamplighter.base.jsontext import Json, JsonError, loads
from lamplighter.services.alerts.attempts import counted, project_of, reason_of
from lamplighter.services.alerts.facts import Facts, failed_container
from lamplighter.services.alerts.texts import Alert

RUN_TASK = "runTask"
ENDINGS = {"FAILED": "failed", "TIMED_OUT": "timed out", "ABORTED": "was stopped"}


@dataclass(slots=True)
class Story:
    """What a run's history tells."""

    attempts: int = 0
    """How many tasks it asked for."""
    task: str | None = None
    """The ARN of the last one that there was."""
    told: bool = False
    """Whether the run has told the channel itself, before it failed."""


def composed(facts: Facts, mark: Json, channel: str, event: Json) -> Alert | None:
    """What is told of a run that has ended; None where it has told the channel itself."""
    detail = event["detail"]
    run, machine = detail["executionArn"], detail["stateMachineArn"].rpartition(":")[2]
    story = _story(facts, run, channel if channel in mark.get("Caught", []) else None)
    if story.told:
        return None
    described, task = facts.run(run) or {}, facts.task(story.task) if story.task else None
    container = failed_container(task) if task is not None else None
    project, ended = project_of(machine, mark["Job"]), ENDINGS.get(detail["status"], detail["status"])
    return Alert(
        subject=f"{project}: {mark['Job']} {ended}",
        headline=f"{project}: a run of the job {mark['Job']} {ended}.",
        error=described.get("error") or detail["status"],
        reason=_reason(described.get("cause"), task),
        exit_code=container.get("exitCode") if container is not None else None,
        attempt=counted(story.attempts, mark) if story.attempts and "Attempts" in mark else None,
        run=run,
        machine=machine,
        time=event["time"],
        lines=tuple(facts.lines(task, container["name"])) if task is not None and container is not None else (),
    )


def _reason(cause: str | None, task: Json | None) -> str | None:
    """The cause of the error; where that is a whole task, why the task stopped."""
    told = _read(cause or "")
    if isinstance(told, dict):
        return reason_of({name[:1].lower() + name[1:]: value for name, value in told.items()} | _lower(told))
    return cause or (reason_of(task) if task is not None else None)


def _lower(told: Json) -> Json:
    containers = told.get("Containers")
    if not isinstance(containers, list):
        return {}
    return {"containers": [{"reason": each.get("Reason")} for each in containers if isinstance(each, dict)]}


def _read(text: str) -> Json:
    try:
        return loads(text) if text.startswith("{") else None
    except JsonError:
        return None


def _story(facts: Facts, run: str, channel: str | None) -> Story:
    """Read a history from its end. A run that was caught tells its channels last of all, and then fails."""
    story, telling, title = Story(), "", f"Tell {channel}"
    for event in facts.history(run):
        kind = event["type"]
        if channel is not None and kind == "TaskStateExited" and _is_called(event, title):
            telling = title
        elif telling and kind.startswith("Task"):
            story.told = story.told or kind == "TaskSucceeded"
            telling = ""
        if kind == "TaskScheduled" and event["taskScheduledEventDetails"]["resource"].startswith(RUN_TASK):
            story.attempts += 1
        if kind == "TaskSubmitted" and story.task is None:
            story.task = _task_of(event["taskSubmittedEventDetails"])
    return story


def _is_called(event: Json, title: str) -> bool:
    """In a workflow the names of our own states begin with the job's."""
    name: str = event["stateExitedEventDetails"]["name"]
    return name == title or name.endswith(f": {title}")


def _task_of(details: Json) -> str | None:
    if not details.get("resource", "").startswith(RUN_TASK):
        return None
    answer = _read(details.get("output", ""))
    found = answer.get("Tasks") if isinstance(answer, dict) else None
    return found[0].get("TaskArn") if found else None
