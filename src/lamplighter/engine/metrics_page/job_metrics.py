"""Read the metrics of each job: when it last succeeded, what it does now, how its runs ended, when it runs next.

A job is a standard state machine; the supporting machines of a job file are not jobs. (Nothing is stored of an express
execution, so an express machine has no metrics.) Guarantees that a request costs the same however many executions are
stored: triggers keep the numbers (`execution_totals`), and only what waits is counted one by one. At most `MAX_JOBS`
jobs are shown, in the order of their ARNs, so that neither the request nor the number of series grows without bound;
how many are not shown is a metric, too.

The label is `job_name`, as in kube-state-metrics: Prometheus gives every series a label `job`, the name of its scrape
job, and renames another label of that name. Times are in seconds since the epoch, durations in seconds.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lamplighter.engine.metrics_page.metric_text import Metric, Sample, render_labels
from lamplighter.runs.jobs.job_machine import PROJECT_TAG, SUPPORTING_SUFFIXES
from lamplighter.services.ecs.tables import waiting_tasks
from lamplighter.services.events.tables import targets
from lamplighter.services.scheduler.tables import dropped_slots, schedules
from lamplighter.services.states.tables import execution_totals, external_names, queued_executions, state_machines
from lamplighter.services.states.tables.execution_totals import ExecutionTotal
from lamplighter.services.states.tables.state_machines import ListedMachine
from lamplighter.store import timers
from lamplighter.store.db import Reader

MAX_JOBS = 1_000
"""The most jobs that are shown."""
MAX_SCHEDULES = 5_000
"""The most schedules, and the most rules, that are read for the times of the jobs."""
END_STATUSES = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "SKIPPED")


@dataclass(frozen=True, slots=True)
class ScheduleTimes:
    """The scheduled times of a job; all in milliseconds."""

    next: int | None = None
    last: int | None = None
    """The latest scheduled time that has passed."""
    interval: int | None = None
    """The longest time between the scheduled times around now; of several schedules, the shortest such time."""

    def with_schedule(self, following: int | None, last: int | None, interval: int | None) -> "ScheduleTimes":
        """Return the times of a job that has another schedule, too."""
        return ScheduleTimes(
            min((each for each in (self.next, following) if each is not None), default=None),
            max((each for each in (self.last, last) if each is not None), default=None),
            min((each for each in (self.interval, interval) if each is not None), default=None),
        )


@dataclass(frozen=True, slots=True)
class JobNumbers:
    """All that the metrics say about one job."""

    labels: str
    created: int
    totals: dict[str, ExecutionTotal]
    """How its runs ended, by status."""
    queued: int
    tasks_waiting: int
    dropped: int
    times: ScheduleTimes

    @property
    def last_end(self) -> ExecutionTotal | None:
        """The total whose latest run ended last, or None if none has ended. A skipped run does not count."""
        ended = [each for each in self.totals.values() if each.stop is not None and each.status != "SKIPPED"]
        return max(ended, key=lambda each: each.stop or 0, default=None)


@dataclass(frozen=True, slots=True)
class JobMetrics:
    """The metrics of all jobs that are shown, and how many are not."""

    metrics: Sequence[Metric]
    comments: Sequence[str] = field(default=())


def read_job_metrics(reader: Reader) -> JobMetrics:
    """Return the metrics of all jobs."""
    machines, number = state_machines.list_standard(reader, SUPPORTING_SUFFIXES, MAX_JOBS)
    jobs = list(_job_numbers(reader, machines))
    hidden = number - len(machines)
    text = "Jobs without metrics of their own, because there are too many."
    not_shown = Metric("lamplighter_jobs_not_shown", text, [("", hidden)])
    metrics = [*(each.measure(jobs) for each in DEFINITIONS), not_shown]
    comment = f"{hidden} of {number} jobs are not shown; the first {MAX_JOBS}, in the order of their ARNs, are."
    return JobMetrics(metrics, [comment] if hidden else [])


# --- what the database knows about each job ---------------------------------------------------------------------------


def _job_numbers(reader: Reader, machines: Sequence[ListedMachine]) -> Iterator[JobNumbers]:
    if not machines:
        return
    first, last = machines[0].arn, machines[-1].arn
    totals: dict[str, dict[str, ExecutionTotal]] = {}
    for each in execution_totals.totals_between(reader, first, last):
        totals.setdefault(each.machine, {})[each.status] = each
    queued, dropped = queued_executions.count_by_machine(reader), dropped_slots.totals_between(reader, first, last)
    waiting = external_names.count_by_machine(reader, waiting_tasks.all_waiting(reader))
    times = _times_between(reader, first, last)
    for machine in machines:
        arn = machine.arn
        yield JobNumbers(
            _labels(machine),
            machine.created,
            totals.get(arn, {}),
            queued.get(arn, 0),
            waiting.get(arn, 0),
            dropped.get(arn, 0),
            times.get(arn, ScheduleTimes()),
        )


def _labels(machine: ListedMachine) -> str:
    project = machine.tags.get(PROJECT_TAG, "")
    labels = {"job_name": machine.name, "project": project, "account": machine.account, "region": machine.region}
    return render_labels(labels)


def _times_between(reader: Reader, first: str, last: str) -> dict[str, ScheduleTimes]:
    """Return the times of the machines from one ARN to another; of scheduled rules, only the next time is known."""
    found: dict[str, ScheduleTimes] = {}
    for each in schedules.recent_times(reader, first, last, MAX_SCHEDULES):
        found[each.starts] = found.get(each.starts, ScheduleTimes()).with_schedule(each.next, each.last, each.interval)
    for machine, rule in targets.rules_by_target(reader, first, last, MAX_SCHEDULES):
        following = timers.next_due(reader, "events", rule)
        found[machine] = found.get(machine, ScheduleTimes()).with_schedule(following, None, None)
    return found


# --- the metrics ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JobMetric:
    """A metric with at most one number for each job."""

    name: str
    help: str
    value: Callable[[JobNumbers], float | None]
    """Returns the number of a job, or None if it has none."""
    kind: Literal["gauge", "counter"] = "gauge"

    def measure(self, jobs: Iterable[JobNumbers]) -> Metric:
        """Return the metric for these jobs."""
        samples = [(job.labels, value) for job in jobs if (value := self.value(job)) is not None]
        return Metric(f"lamplighter_job_{self.name}", self.help, samples, self.kind)


@dataclass(frozen=True, slots=True)
class JobMetricByStatus:
    """A metric with numbers for each job that a label `status` tells apart."""

    name: str
    help: str
    values: Callable[[JobNumbers], Iterable[tuple[str, float]]]
    """Returns the numbers of a job, each with the status."""
    kind: Literal["gauge", "counter"] = "gauge"

    def measure(self, jobs: Iterable[JobNumbers]) -> Metric:
        """Return the metric for these jobs."""
        samples: list[Sample] = [
            (f'{job.labels},status="{status}"', number) for job in jobs for status, number in self.values(job)
        ]
        return Metric(f"lamplighter_job_{self.name}", self.help, samples, self.kind)


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _last_success(job: JobNumbers) -> float | None:
    found = job.totals.get("SUCCEEDED")
    return None if found is None else _seconds(found.stop)


def _last_end(job: JobNumbers) -> Iterator[tuple[str, float]]:
    if (found := job.last_end) is not None and found.stop is not None:
        yield found.status, found.stop / 1000


def _last_duration(job: JobNumbers) -> float | None:
    found = job.last_end
    return None if found is None or found.stop is None else max(0, found.stop - found.start) / 1000


def _running(job: JobNumbers) -> float:
    return (job.totals["RUNNING"].number if "RUNNING" in job.totals else 0) - job.queued


def _ended(job: JobNumbers) -> Iterator[tuple[str, float]]:
    for status in END_STATUSES:
        yield status, job.totals[status].number if status in job.totals else 0


DEFINITIONS: tuple[JobMetric | JobMetricByStatus, ...] = (
    JobMetric("created_timestamp_seconds", "When the job was created.", lambda job: job.created / 1000),
    JobMetric(
        "last_success_timestamp_seconds", "When a run of the job last succeeded. A skipped run does not count.",
        _last_success,
    ),
    JobMetricByStatus(
        "last_end_timestamp_seconds", "When a run of the job last ended, with the status of that run.", _last_end
    ),
    JobMetric(
        "last_duration_seconds", "How long the run took that ended last; if it was redriven, the sum of its parts.",
        _last_duration,
    ),
    JobMetric("running", "Runs of the job that are under way and do not wait for earlier runs.", _running),
    JobMetric("queued", "Runs of the job that wait for earlier runs to end.", lambda job: job.queued),
    JobMetric("tasks_waiting", "Tasks of the job that wait for room on the machine.", lambda job: job.tasks_waiting),
    JobMetricByStatus("runs_total", "Runs of the job that ended, by status.", _ended, "counter"),
    JobMetric(
        "dropped_slots_total", "Scheduled times of the job that were dropped: no run began, nor later in their place.",
        lambda job: job.dropped, "counter",
    ),
    JobMetric(
        "next_slot_timestamp_seconds", "The next scheduled time of the job.", lambda job: _seconds(job.times.next)
    ),
    JobMetric(
        "last_slot_timestamp_seconds", "The latest scheduled time of the job that has passed.",
        lambda job: _seconds(job.times.last),
    ),
    JobMetric(
        "interval_seconds", "The longest time between the job's scheduled times around now.",
        lambda job: _seconds(job.times.interval),
    ),
)  # fmt: skip
"""The metrics of each job."""
