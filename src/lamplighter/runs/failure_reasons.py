"""Describe in few words how a container task ended: its exit codes and the reason.

Reads the task as Step Functions' documents contain it (`TaskSubmitted`, `TaskSucceeded`, and the cause of
`States.TaskFailed`), where fields begin with capital letters. Guarantees some text for every cause that Step Functions
itself writes. See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json, JsonError, loads

LONGEST = 300
"""The most characters that are quoted from a cause that describes no task."""


def task_of_document(text: str | None) -> Json:
    """Return the task in a document: the document itself, or the first of its `Tasks`; {} if there is none."""
    document = _document(text)
    tasks = document.get("Tasks")
    if isinstance(tasks, list):
        document = tasks[0] if tasks and isinstance(tasks[0], dict) else {}
    return document if "TaskArn" in document else {}


def exit_codes(described: Json) -> Mapping[str, int]:
    """Return the exit codes of a task's containers, by their names."""
    containers = described.get("Containers") or []
    return {each["Name"]: int(each["ExitCode"]) for each in containers if each.get("ExitCode") is not None}


def run_milliseconds(described: Json) -> int | None:
    """Return the milliseconds for which a task's containers ran, or None if the task does not state them."""
    began, ended = described.get("StartedAt"), described.get("ExecutionStoppedAt")
    known = isinstance(began, int) and isinstance(ended, int) and began <= ended
    return ended - began if known else None


def failure_reason(cause: str | None) -> str | None:
    """Return why work failed: the task's stop reasons, RunTask's failures, or else the beginning of the cause."""
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
