"""What a container task says of its end, in few words: exit codes and the reason.

Reads the task as ECS describes it inside of Step Functions' documents (`TaskSubmitted`, `TaskSucceeded`, and the cause
of `States.TaskFailed`), where fields begin with capital letters. Promises some words for every cause.
See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json, JsonError, loads

LONGEST = 300
"""Characters of a cause that is no task."""


def task_of_document(text: str | None) -> Json:
    """The task that a document is about: its only one, or the first that RunTask began; {} where there is none."""
    document = _document(text)
    tasks = document.get("Tasks")
    if isinstance(tasks, list):
        document = tasks[0] if tasks and isinstance(tasks[0], dict) else {}
    return document if "TaskArn" in document else {}


def exit_codes(described: Json) -> Mapping[str, int]:
    """The exit codes of a task's containers, by their names."""
    containers = described.get("Containers") or []
    return {each["Name"]: int(each["ExitCode"]) for each in containers if each.get("ExitCode") is not None}


def run_milliseconds(described: Json) -> int | None:
    """Return for how many milliseconds a task's containers ran; None where it does not say."""
    began, ended = described.get("StartedAt"), described.get("ExecutionStoppedAt")
    known = isinstance(began, int) and isinstance(ended, int) and began <= ended
    return ended - began if known else None


def failure_reason(cause: str | None) -> str | None:
    """Why something failed: of a task why it stopped, of RunTask what it lacked, else the beginning of the cause."""
    if not cause:
        return None
    described = task_of_document(cause)
    if described:
        said = [described.get("StoppedReason"), *(each.get("Reason") for each in described.get("Containers") or [])]
        return "; ".join(dict.fromkeys(each for each in said if each)) or described.get("StopCode")
    failures = _document(cause).get("Failures")
    if isinstance(failures, list) and failures:
        return "; ".join(str(each.get("Reason") or each) for each in failures)
    line = " ".join(cause.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _document(text: str | None) -> Json:
    try:
        document = loads(text) if text and text[:1] == "{" else {}
    except JsonError:
        return {}
    return document if isinstance(document, dict) else {}
