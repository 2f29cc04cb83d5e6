"""The secrets of a job file on this box: whether each is held, and under which name; never what it is."""

import os
from collections.abc import Iterator
from pathlib import Path

from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.cli.up.secrets import USUAL_NAME, Secrets
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.file.yaml_document import JobFileError
from lamplighter.jobs.lint.held_secrets import missing_secrets


def check_secrets(file: Path, environment: str | None) -> Iterator[Finding]:
    """What a shell like this one and the `.env` hold; the engine may have been started with other variables."""
    if not file.exists():
        return
    held, env = Secrets(os.environ), file.absolute().parent / USUAL_NAME
    try:
        project = load_job_file(file, environment).project
        held.read(env)
    except JobFileError as error:
        yield from (bad("secrets", f"{each.place}: {each.message}", each.instead) for each in error.problems)
        return
    findings = list(missing_secrets(project, held))
    for each in findings:
        tell = doubtful if each.held else bad
        yield tell("secrets", f"{each.job}: {each.says}", each.advice(str(env)))
    if not findings and any(job.secrets for job in project.jobs.values()):
        yield good("secrets", "each is held for the place that the job file names")
