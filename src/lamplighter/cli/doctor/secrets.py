"""Check whether the secrets of a job file are held on this machine, and under which name; never print their values."""

import os
from collections.abc import Iterator
from pathlib import Path

from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.cli.doctor.job_file import explain_job_file_error
from lamplighter.cli.local_secrets import ENV_FILE_NAME, LocalSecrets
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.yaml_document import JobFileError
from lamplighter.jobs.lint.missing_secrets import missing_addresses, missing_secrets


def check_secrets(project: Project, folder: Path) -> Iterator[Finding]:
    """Report on the secrets in this shell's environment and in `.env`; the engine's environment may differ.

    `folder` is that of the job file.
    """
    secrets, env = LocalSecrets(os.environ), folder / ENV_FILE_NAME
    try:
        secrets.read(env)
    except JobFileError as error:
        yield from explain_job_file_error("secrets", error)
        return
    findings = list(missing_secrets(project, secrets))
    for each in findings:
        make_finding = doubtful if each.found_by_variable else bad
        yield make_finding("secrets", f"{each.job}: {each.problem}", each.advice(str(env)))
    addresses = list(missing_addresses(project, secrets))
    yield from (bad("secrets", each.problem, each.advice(str(env))) for each in addresses)
    if not findings and not addresses and any(job.secrets for job in project.jobs.values()):
        yield good("secrets", "all secrets are held for the places that the job file names")
