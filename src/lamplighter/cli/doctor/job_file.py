"""Read the job file once for all checks of `doctor`, and report its errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lamplighter.cli.doctor.finding import Finding, bad
from lamplighter.cli.job_file import DEFAULT_JOB_FILE
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.parsing.yaml_document import JobFileError


@dataclass(frozen=True, slots=True)
class JobFileReading:
    """What was read of a job file."""

    folder: Path
    """The absolute path of the file's folder."""
    project: Project | None = None
    """The file's project; None if there is no file, or it has errors."""
    findings: Sequence[Finding] = ()
    """The errors of the file."""


def read_for_checks(file: Path | None, environment: str | None) -> JobFileReading:
    """Read the job file that the user names, or the one of this folder if it exists."""
    path = file or DEFAULT_JOB_FILE
    folder = path.absolute().parent
    if file is None and environment is None and not path.exists():
        return JobFileReading(folder)
    try:
        return JobFileReading(folder, load_job_file(path, environment).project)
    except JobFileError as error:
        return JobFileReading(folder, findings=explain_job_file_error("job file", error))


def explain_job_file_error(about: str, error: JobFileError) -> list[Finding]:
    """Return a finding for each problem of a file."""
    return [bad(about, f"{each.position}: {each.message}", each.advice) for each in error.problems]
