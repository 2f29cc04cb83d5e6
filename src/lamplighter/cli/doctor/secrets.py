"""Check whether the secrets of a job file are held on this machine, and under which name; never print their values."""

import os
from collections.abc import Iterator
from pathlib import Path

from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.cli.up.secrets import USUAL_NAME, Secrets
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.file.yaml_document import JobFileError
from lamplighter.jobs.lint.held_secrets import missing_secrets


def check_secrets(file: Path, environment: str | None) -> Iterator[Finding]:
    """Report on the secrets in this shell's environment and in `.env`; the engine's environment may differ."""
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
        yield good("secrets", "all secrets are held for the places that the job file names")
