"""Check whether the folders that the jobs of a job file mount exist on this machine."""

from collections.abc import Iterator
from pathlib import Path

from lamplighter.cli.doctor.finding import Finding, bad, good
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.file.yaml_document import JobFileError
from lamplighter.jobs.lint.machine_access import missing_folders


def check_folders(file: Path, environment: str | None) -> Iterator[Finding]:
    """Report each missing folder; `check_secrets` reports a file that cannot be read."""
    if not file.exists():
        return
    try:
        project = load_job_file(file, environment).project
    except JobFileError:
        return
    missing = list(missing_folders(project, file.absolute().parent))
    yield from (bad("folders", f"{each.job}: {each.problem}", each.advice) for each in missing)
    if not missing and any(volume.host for job in project.jobs.values() for volume in job.volumes):
        yield good("folders", "all folders that the jobs mount exist")
