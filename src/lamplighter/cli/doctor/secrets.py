"""Check whether the secrets of a job file are held on this machine, and under which name; never print their values."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from lamplighter.base.aws.secret_references import SSM
from lamplighter.cli.call_errors import CALL_ERRORS
from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.cli.doctor.job_file import explain_job_file_error
from lamplighter.cli.local_secrets import ENV_FILE_NAME, LocalSecrets
from lamplighter.cli.target import Target
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.parsing.yaml_document import JobFileError
from lamplighter.jobs.lint.missing_secrets import missing_addresses, missing_secrets
from lamplighter.jobs.lint.stored_secrets import ask_store


def find_stored_secret(target: Target | None) -> Callable[[str], bool]:
    """Return a function that says whether an engine stores the secret of a reference: never, if no engine answers."""

    def is_stored(reference: str) -> bool:
        if target is None:
            return False
        question = ask_store(reference)
        client = target.client(question.service)
        ask = client.describe_parameters if question.service == SSM else client.describe_secret
        try:
            return question.is_stored(ask(**question.params))
        except CALL_ERRORS:
            return False

    return is_stored


def check_secrets(project: Project, folder: Path, is_stored: Callable[[str], bool]) -> Iterator[Finding]:
    """Report on the secrets in this shell's environment, in `.env` and in the engine's stores.

    The engine's environment may differ from this shell's. `folder` is that of the job file.
    """
    secrets, env = LocalSecrets(os.environ), folder / ENV_FILE_NAME
    try:
        secrets.read(env)
    except JobFileError as error:
        yield from explain_job_file_error("secrets", error)
        return
    findings = [
        each for each in missing_secrets(project, secrets) if each.found_by_variable or not is_stored(each.reference)
    ]
    for each in findings:
        make_finding = doubtful if each.found_by_variable else bad
        yield make_finding("secrets", f"{each.job}: {each.problem}", each.advice(str(env)))
    addresses = list(missing_addresses(project, secrets))
    yield from (bad("secrets", each.problem, each.advice(str(env))) for each in addresses)
    if not findings and not addresses and any(job.secrets for job in project.jobs.values()):
        yield good("secrets", "all secrets are held for the places that the job file names")
