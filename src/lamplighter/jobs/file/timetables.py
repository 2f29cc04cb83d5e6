"""Derive a job's timetables from the job file."""

from lamplighter.jobs.file.model import Job
from lamplighter.runs.jobs.upcoming_times import Timetable


def job_timetables(job: Job) -> list[Timetable]:
    """Return one timetable for each schedule of the job; windows are in minutes."""
    window = 0 if job.window is None else max(1, job.window // 60)
    return [Timetable(each, job.timezone, job.enabled, window=window) for each in job.schedule]
