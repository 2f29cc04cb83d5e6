"""Report what no task can have, on AWS or here, and keys of a job that have no effect anywhere."""

from collections.abc import Iterator

from lamplighter.base.json_text import dumps
from lamplighter.jobs.file.model import Job
from lamplighter.jobs.lint.aws_limits import LintFinding

MAX_INPUT_CHARACTERS = 8192 - 800
"""The most characters of a job's input: RunTask's limit, less the attempt's own variables and names."""


def task_findings(job: Job) -> Iterator[LintFinding]:
    """Yield the findings of one job."""
    given = len(dumps(dumps(job.input)))
    if given > MAX_INPUT_CHARACTERS:
        what = f"the input has {given} characters, and RunTask accepts {MAX_INPUT_CHARACTERS}"
        yield "error", "input", what, "store it in S3 or SSM, and pass its location as the input"
    if "queue_length" in job.model_fields_set and job.overlap != "queue":
        yield "warning", "queue-length", "`queue-length` has no effect without `overlap: queue`", "add `overlap: queue`"
    for name in job.environment:
        if name.startswith("LAMPLIGHTER_"):
            yield "warning", "environment", f"the engine sets {name} for every attempt", "give it another name"
    if job.sidecars:
        yield from _sidecar_findings(job)


def _sidecar_findings(job: Job) -> Iterator[LintFinding]:
    if job.image is None:
        yield "warning", "sidecars", "a job without an image cannot have sidecars", "add `image:`"
    if job.notify.attempt_failed:
        what = "with sidecars, an attempt that was killed (137, 143) sends no alert, and alerts do not name the run"
        yield "info", "sidecars", what, "write notify: {caught: CHANNEL} for alerts about the job's own container"
    cpu = sum(each.cpu or 0 for each in job.sidecars.values())
    memory = sum(each.memory or 0 for each in job.sidecars.values())
    if cpu > job.cpu or memory >= job.memory:
        what = f"the sidecars have {cpu} CPU units and {memory} MiB of the job's {job.cpu} and {job.memory}"
        yield "error", "sidecars", what, "raise the job's `cpu` and `memory`, which are those of the whole task"
