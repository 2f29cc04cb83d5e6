"""Pattern 1: an attempt failed, which a retry may yet mend. The event is the task's."""

from lamplighter.base.jsontext import Json
from lamplighter.services.alerts.facts import Facts, execution_of, failed_container, told_to_container
from lamplighter.services.alerts.texts import Alert


def composed(facts: Facts, mark: Json, _channel: str, event: Json) -> Alert:
    """What is told of a task that has stopped."""
    task = event["detail"]
    container = failed_container(task)
    run = execution_of(task, facts.caller)
    known = run is not None and facts.run(run) is not None
    machine = task.get("group", "").removeprefix("family:") or None
    project = project_of(machine or "", mark["Job"])
    return Alert(
        subject=f"{project}: an attempt of {mark['Job']} failed",
        headline=f"{project}: an attempt of the job {mark['Job']} failed.",
        error=task.get("stopCode"),
        reason=reason_of(task),
        exit_code=container.get("exitCode") if container is not None else None,
        attempt=counted(told_to_container(task, "LAMPLIGHTER_ATTEMPT"), mark),
        run=run if known else None,
        machine=machine,
        time=event["time"],
        lines=tuple(facts.lines(task, container["name"])) if container is not None else (),
    )


def reason_of(task: Json) -> str:
    """Why a task stopped: its own reason and those of its containers."""
    reasons = [task.get("stoppedReason"), *(each.get("reason") for each in task.get("containers", []))]
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason))


def counted(attempt: str | int | None, mark: Json) -> str | None:
    """`n of m`, as far as that is known."""
    if attempt is None:
        return None
    return f"{attempt} of {mark['Attempts']}" if "Attempts" in mark else str(attempt)


def project_of(machine: str, job: str) -> str:
    """The project whose job's machine this is."""
    return machine.removesuffix(f"-{job}") or job
