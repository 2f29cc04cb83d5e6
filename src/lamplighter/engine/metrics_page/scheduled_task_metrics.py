"""Read the metrics of the tasks that schedules and rules start without a state machine, as many teams do on AWS.

The label `family` is the family of the task definition, which is the nearest that such a job has to a name. As for jobs
(`job_metrics.py`), a trigger keeps the numbers, and the number of series has a bound.
"""

from collections.abc import Iterable

from lamplighter.base.aws.arn import parse
from lamplighter.engine.metrics_page.metric_text import Metric, render_labels
from lamplighter.services.ecs.tables import scheduled_task_totals
from lamplighter.services.ecs.tables.scheduled_task_totals import ScheduledTaskTotal
from lamplighter.store.db import Reader

MAX_FAMILIES = 1_000
"""The most families that are shown."""
OUTCOMES = ("SUCCEEDED", "FAILED")
PREFIX = "lamplighter_scheduled_task"


def read_scheduled_task_metrics(reader: Reader) -> list[Metric]:
    """Return the metrics of all families."""
    families: dict[str, dict[str, ScheduledTaskTotal]] = {}
    for each in scheduled_task_totals.first_totals(reader, MAX_FAMILIES * len(OUTCOMES)):
        families.setdefault(_labels(each), {})[each.outcome] = each
    ended = [
        (f'{labels},status="{outcome}"', found[outcome].number if outcome in found else 0)
        for labels, found in families.items()
        for outcome in OUTCOMES
    ]
    latest = {labels: max(found.values(), key=lambda each: each.stop or 0) for labels, found in families.items()}
    return [
        Metric(
            f"{PREFIX}_last_success_timestamp_seconds",
            "When a task that a schedule or rule started without a state machine last succeeded.",
            [(labels, each.stop / 1000) for labels, each in _of(families, "SUCCEEDED") if each.stop is not None],
        ),
        Metric(
            f"{PREFIX}_last_end_timestamp_seconds",
            "When such a task last ended, with its status.",
            [
                (f'{labels},status="{each.outcome}"', each.stop / 1000)
                for labels, each in latest.items()
                if each.stop is not None
            ],
        ),
        Metric(
            f"{PREFIX}_last_duration_seconds",
            "How long the task ran that ended last.",
            [
                (labels, max(0, each.stop - each.start) / 1000)
                for labels, each in latest.items()
                if each.stop is not None and each.start is not None
            ],
        ),
        Metric(f"{PREFIX}s_ended_total", "Such tasks that ended, by status.", ended, "counter"),
    ]


def _of(families: dict[str, dict[str, ScheduledTaskTotal]], outcome: str) -> Iterable[tuple[str, ScheduledTaskTotal]]:
    return ((labels, found[outcome]) for labels, found in families.items() if outcome in found)


def _labels(total: ScheduledTaskTotal) -> str:
    cluster = parse(total.cluster)
    place = {} if cluster is None else {"account": cluster.account, "region": cluster.region}
    return render_labels({"family": total.family, "cluster": total.cluster.rpartition("/")[2], **place})
