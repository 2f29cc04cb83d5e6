"""Check whether the folders that the jobs of a job file mount exist on this machine."""

from collections.abc import Iterator
from pathlib import Path

from lamplighter.cli.doctor.finding import Finding, bad, good
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.lint.machine_access import missing_folders


def check_folders(project: Project, folder: Path) -> Iterator[Finding]:
    """Report each missing folder; `folder` is that of the job file."""
    missing = list(missing_folders(project, folder))
    yield from (bad("folders", f"{each.job}: {each.problem}", each.advice) for each in missing)
    if not missing and any(volume.host for job in project.jobs.values() for volume in job.volumes):
        yield good("folders", "all folders that the jobs mount exist")
