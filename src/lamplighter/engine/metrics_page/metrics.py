"""Render the metrics of an engine in the text format of Prometheus.

Guarantees that a request costs the same however many rows there are: only pending rows are counted one by one. Keeps no
numbers in memory: all come from the database, except those of the event loop. `job_metrics.py` has the metrics of each
job.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from lamplighter.base.internal_errors import InternalErrors
from lamplighter.base.world import World
from lamplighter.delivery.delivery import DeliveryEnd
from lamplighter.delivery.tables import deliveries as target_deliveries
from lamplighter.engine.metrics_page.job_metrics import read_job_metrics
from lamplighter.engine.metrics_page.metric_text import Metric, render, render_labels
from lamplighter.engine.metrics_page.scheduled_task_metrics import read_scheduled_task_metrics
from lamplighter.engine.metrics_page.turn_times import LONG_TURN_SECONDS, TurnTimes
from lamplighter.engine.traces.port import OUTCOMES
from lamplighter.services.ecs.tables import waiting_tasks
from lamplighter.services.scheduler.tables import slots
from lamplighter.services.sns.tables import deliveries as sns_deliveries
from lamplighter.services.states.tables import queued_executions
from lamplighter.store import file_faults, outbox, row_counts, timers
from lamplighter.store.db import Reader
from lamplighter.store.file_faults import FaultKind

SENDERS = ("events", "scheduler", "monitoring")
"""The services that hand deliveries to the delivery queue."""
LATENESS_WINDOW = 300_000
"""The milliseconds before now that the lateness of slots covers."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number that goes up and down, or several such numbers that a label tells apart."""

    name: str
    help: str
    values: Mapping[str, float]
    """The numbers by the label's value; the key is "" if there is no label."""
    label: str = ""

    def to_metric(self) -> Metric:
        """Return the number, or the numbers, as a metric."""
        found = self.values.items()
        return Metric(self.name, self.help, [(render_labels({self.label: key}), number) for key, number in found])


Source = Callable[[Reader, World], Iterable[Gauge]]


def execution_gauges(reader: Reader, _world: World) -> Iterator[Gauge]:
    """Yield the number of executions, by status."""
    found = row_counts.count_by_status(reader, "execution")
    yield Gauge("lamplighter_executions", "Stored executions, by status.", found, "status")


def task_gauges(reader: Reader, _world: World) -> Iterator[Gauge]:
    """Yield the number of ECS tasks, by status."""
    yield Gauge(
        "lamplighter_tasks", "Stored ECS tasks, by status.", row_counts.count_by_status(reader, "task"), "status"
    )


def waiting_gauges(reader: Reader, world: World) -> Iterator[Gauge]:
    """Yield the tasks that wait for room, and the executions that wait for earlier ones."""
    number, since = waiting_tasks.number_and_oldest(reader)
    age = 0.0 if since is None else max(0, world.monotonic() - since) / 1000
    queued = queued_executions.count_all(reader)
    yield Gauge("lamplighter_tasks_waiting", "ECS tasks that wait for room on the machine.", {"": number})
    yield Gauge("lamplighter_tasks_waiting_oldest_seconds", "How long the oldest of these tasks has waited.", {"": age})
    yield Gauge("lamplighter_executions_queued", "Executions that wait for earlier ones to end.", {"": queued})


def outbox_gauges(reader: Reader, world: World) -> Iterator[Gauge]:
    """Yield the number of pending outbox rows and the age of the oldest."""
    depth, oldest = outbox.backlog(reader)
    age = 0.0 if oldest is None else max(0, world.now() - oldest) / 1000
    yield Gauge("lamplighter_outbox_rows", "Pending outbox rows.", {"": depth})
    yield Gauge("lamplighter_outbox_oldest_seconds", "Age of the oldest pending outbox row.", {"": age})


def timer_gauges(reader: Reader, world: World) -> Iterator[Gauge]:
    """Yield the number of overdue timers and the longest delay."""
    number, late = timers.count_overdue(reader, world.now(), world.monotonic())
    yield Gauge("lamplighter_timers_due", "Timers that are due and have not fired.", {"": number})
    yield Gauge("lamplighter_timers_late_seconds", "The greatest delay of a due timer.", {"": late / 1000})


def delivery_gauges(reader: Reader, world: World) -> Iterator[Gauge]:
    """Yield the deliveries of EventBridge, Scheduler and CloudWatch alarms to their targets, and those of SNS."""
    by_outcome = {each.value: 0 for each in DeliveryEnd} | row_counts.count_by_status(reader, "delivery")
    yield Gauge("lamplighter_deliveries", "Finished deliveries to targets, by outcome.", by_outcome, "outcome")
    waiting = {sender: float(target_deliveries.count_pending(reader, sender)) for sender in SENDERS}
    yield Gauge("lamplighter_deliveries_waiting", "Pending deliveries, by sender.", waiting, "sender")
    ages = {sender: _age(target_deliveries.oldest_pending(reader, sender), world) for sender in SENDERS}
    yield Gauge(
        "lamplighter_deliveries_oldest_seconds", "Age of the oldest pending delivery, by sender.", ages, "sender"
    )
    by_status = {status: float(sns_deliveries.count(reader, status)) for status in ("WAITING", "DELIVERED", "FAILED")}
    yield Gauge("lamplighter_notifications", "Stored deliveries of SNS, by status.", by_status, "status")


def _age(created: int | None, world: World) -> float:
    return 0.0 if created is None else max(0, world.monotonic() - created) / 1000


def schedule_gauges(reader: Reader, world: World) -> Iterator[Gauge]:
    """Yield the greatest lateness of the recent slots."""
    late = slots.max_lateness(reader, world.now() - LATENESS_WINDOW) / 1000
    text = "The greatest delay of a slot in the last five minutes."
    yield Gauge("lamplighter_schedules_late_seconds", text, {"": late})


def file_gauges(reader: Reader, world: World) -> Iterator[Gauge]:
    """Yield how many job files and templates are not applied or have broken channels, and since when the oldest."""
    found = file_faults.list_faults(reader, FaultKind.UNAPPLIED)
    age = max(0, world.now() - found[0].since) / 1000 if found else 0.0
    yield Gauge("lamplighter_files_not_applied", "Job files and templates that are not applied.", {"": len(found)})
    yield Gauge(
        "lamplighter_files_not_applied_seconds", "How long the oldest of these files has not been applied.", {"": age}
    )
    text = "Job files with channels or heartbeats that cannot work, such as one whose secret is missing."
    broken = file_faults.list_faults(reader, FaultKind.CHANNELS)
    yield Gauge("lamplighter_files_with_broken_channels", text, {"": len(broken)})


SOURCES: tuple[Source, ...] = (
    execution_gauges,
    task_gauges,
    waiting_gauges,
    outbox_gauges,
    timer_gauges,
    delivery_gauges,
    schedule_gauges,
    file_gauges,
)
"""The functions that read the metrics from the database."""


def loop_gauges(turns: TurnTimes) -> Iterator[Gauge]:
    """Yield the longest turn of the event loop and the number of long turns."""
    text = "The longest turn of the event loop since the start, in seconds of processor time."
    yield Gauge("lamplighter_longest_turn_seconds", text, {"": round(turns.longest, 3)})
    yield Gauge(
        "lamplighter_long_turns", f"Turns of the event loop of {LONG_TURN_SECONDS} s or longer.", {"": turns.long_turns}
    )


def internal_error_metric(errors: InternalErrors) -> Metric:
    """Return the number of errors in the engine's own callbacks."""
    text = "Errors in the engine's own callbacks since its start; the log shows each one."
    return Metric("lamplighter_internal_errors_total", text, [("", errors.count)], "counter")


def trace_metric(counts: Mapping[str, int]) -> Metric:
    """Return the number of traces by what became of them."""
    text = "Traces of ended runs since the engine's start, by what became of them."
    return Metric(
        "lamplighter_traces_total",
        text,
        [(render_labels({"outcome": each}), counts.get(each, 0)) for each in OUTCOMES],
        "counter",
    )


def render_metrics(
    reader: Reader,
    world: World,
    sources: Iterable[Source] = SOURCES,
    turns: TurnTimes | None = None,
    traces: Mapping[str, int] | None = None,
    errors: InternalErrors | None = None,
) -> bytes:
    """Return all metrics of the engine as a whole, in Prometheus' text format."""
    gauges = [gauge for source in sources for gauge in source(reader, world)]
    found = [gauge.to_metric() for gauge in [*gauges, *(loop_gauges(turns) if turns else ())]]
    counters = [] if errors is None else [internal_error_metric(errors)]
    return render([*found, *counters, *([] if traces is None else [trace_metric(traces)])])


def render_job_metrics(reader: Reader) -> bytes:
    """Return the metrics of each job in Prometheus' text format."""
    found = read_job_metrics(reader)
    return render([*found.metrics, *read_scheduled_task_metrics(reader)], found.comments)
