"""Read a run that has ended from the database, and make its spans."""

import re

from lamplighter.asl.execution.step import MAX_EVENTS
from lamplighter.base.json_text import loads
from lamplighter.runs.history.attempt_numbers import read_numbered_story
from lamplighter.runs.history.run_spans import Span, TracedRun, Value, spans_of_run
from lamplighter.runs.jobs.job_machine import is_made_from_job_file, scheduled_time
from lamplighter.runs.trace_ids import is_sampled, trace_id
from lamplighter.services.states.tables import executions, history, map_runs, state_machines
from lamplighter.services.states.tables.executions import ExecutionRecord
from lamplighter.store.db import Reader

MAX_DEPTH = 32
"""The most Map Runs within each other that are followed to the run around them."""
SLOT_IN_NAME = re.compile(r"-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]{16}")
"""The end of the name that EventBridge Scheduler gives to an execution here (`scheduler/target_delivery.py`)."""


def read_spans(reader: Reader, arn: str, sample_ratio: float) -> list[Span] | None:
    """Return the spans of a run: [] if its trace is not sampled, None if the run has been deleted or redriven."""
    record = executions.get(reader, arn)
    if record is None or record.stop is None:
        return None
    root = root_run(reader, record)
    if not is_sampled(trace_id(root), sample_ratio):
        return []
    revision = state_machines.get_revision(reader, record.revision)
    lines = history.read(reader, record.id, 1, MAX_EVENTS)
    region, account, _, machine = arn.split(":")[3:7]
    attributes: dict[str, Value] = {"cloud.account.id": account, "cloud.region": region}
    run = TracedRun(
        arn,
        machine,
        record.status,
        revision is not None and is_made_from_job_file(revision.definition),
        root,
        map_runs.run_of_child(reader, record.id),
        _scheduled_time(record),
        attributes,
    )
    return spans_of_run(run, read_numbered_story(map(loads, lines)))


def root_run(reader: Reader, record: ExecutionRecord) -> str:
    """Return the ARN of the run whose trace a run belongs to: of a Map Run's child, the run around the Map Run."""
    found: ExecutionRecord | None = record
    arn = record.arn
    for _ in range(MAX_DEPTH):
        map_run = None if found is None else map_runs.run_of_child(reader, found.id)
        run = None if map_run is None else map_runs.get(reader, map_run)
        if run is None:
            return arn
        arn, found = run.parent, executions.get(reader, run.parent)
    return arn


def _scheduled_time(record: ExecutionRecord) -> str | None:
    """Return the scheduled time of a run as ISO 8601, or None: a job file's run has it in its input."""
    if (found := SLOT_IN_NAME.search(record.name)) is not None:
        return "{}-{}-{}T{}:{}:{}Z".format(*found.groups())
    return scheduled_time(record.input)
