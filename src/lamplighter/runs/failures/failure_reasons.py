"""Describe in few words how a container task ended: its exit codes and the reason.

Reads the task as Step Functions' documents contain it (`TaskSubmitted`, `TaskSucceeded`, and the cause of
`States.TaskFailed`), where fields begin with capital letters. A user can write such a document, too (a Fail state, an
activity), so fields of another type are left out. Guarantees some text for every cause that is not blank. See
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html.
"""

from collections.abc import Iterable, Iterator, Mapping

from lamplighter.base.json_text import Json, loads_or
from lamplighter.base.masking import mask_text

MAX_QUOTED_CHARACTERS = 300
"""The most characters that are quoted from a cause that describes no task."""
ESSENTIAL_CONTAINER_EXITED = "Essential container in task exited"
"""ECS's reason for every task whose container ends by itself."""
LATEST_TIME = 253_402_300_799_999
"""The last millisecond of the year 9999."""


def task_of_document(text: str | None) -> Json:
    """Return the task in a document: the document itself, or the first of its `Tasks`; {} if there is none."""
    document = _document(text)
    if isinstance(tasks := document.get("Tasks"), list):
        document = next(_objects(tasks[:1]), {})
    return document if isinstance(document.get("TaskArn"), str) else {}


def exit_codes(described: Json) -> Mapping[str, int]:
    """Return the exit codes of a task's containers, by their names."""
    pairs = ((each.get("Name"), each.get("ExitCode")) for each in _objects(described.get("Containers")))
    return {name: code for name, code in pairs if isinstance(name, str) and type(code) is int}


def run_times(described: Json) -> tuple[int, int] | None:
    """Return when a task's containers began, and for how many milliseconds they ran; None if it does not say so."""
    began, ended = described.get("StartedAt"), described.get("ExecutionStoppedAt")
    known = type(began) is int and type(ended) is int and 0 <= began <= ended <= LATEST_TIME
    return (began, ended - began) if known else None


def failure_reason(cause: str | None, max_characters: int = MAX_QUOTED_CHARACTERS) -> str | None:
    """Return why work failed: the task's stop reasons, RunTask's failures, or else the beginning of the cause.

    Secrets in a cause that is JSON are masked. Return None only if the cause is blank.
    """
    line = " ".join(mask_text(cause or "").split())
    beginning = line if len(line) <= max_characters else line[: max_characters - 1] + "…"
    return _task_reason(task_of_document(cause)) or _failures_reason(_document(cause)) or beginning or None


def searched_cause(cause: str | None) -> str:
    """Return what a search compares of a cause: of a task, its reasons, exit codes and ARN; secrets are masked."""
    task = task_of_document(cause)
    if not task:
        return mask_text(cause or "")
    codes = (f"{name}: exit code {code}" for name, code in exit_codes(task).items())
    return "; ".join(filter(None, (failure_reason(cause), *codes, task["TaskArn"])))


def _task_reason(described: Json) -> str | None:
    of_containers = (each.get("Reason") for each in _objects(described.get("Containers")))
    return join_reasons((described.get("StoppedReason"), *of_containers)) or join_reasons((described.get("StopCode"),))


def _failures_reason(document: Json) -> str | None:
    failures = document.get("Failures")
    listed = failures if isinstance(failures, list) else []
    return join_reasons(each.get("Reason") if isinstance(each, dict) else each for each in listed)


def join_reasons(texts: Iterable[Json]) -> str | None:
    """Return the reasons that are not blank, each once; None if there is none. Other values are left out."""
    return "; ".join(dict.fromkeys(each for each in texts if isinstance(each, str) and each.strip())) or None


def _objects(values: Json) -> Iterator[dict[str, Json]]:
    return (each for each in values if isinstance(each, dict)) if isinstance(values, list) else iter(())


def _document(text: str | None) -> Json:
    return loads_or(text, {}) if text and text[:1] == "{" else {}
