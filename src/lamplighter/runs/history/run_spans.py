"""Make the spans of a run that has ended: the run itself, the states that it visited, and the attempts made there.

Guarantees the same spans for the same history. A redriven run has a span for each part, in the same trace; the spans of
its last part are made, because those of the earlier parts were made when these ended. Helper states of a job file's
machine have no span. At most `MAX_SPANS` spans are made; the run's span tells how many are left out. Pure.
See https://opentelemetry.io/docs/specs/otel/trace/api/#span and
https://opentelemetry.io/docs/specs/semconv/resource/cloud-provider/aws/ecs/ for the names of attributes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from lamplighter.runs.failures.failure_reasons import failure_reason
from lamplighter.runs.history.story import Attempt, Story, Visit
from lamplighter.runs.jobs.job_machine import MAIN_CONTAINER, is_supporting_state
from lamplighter.runs.trace_ids import map_run_span_id, span_id, task_span_id, trace_id

MAX_SPANS = 1_000
"""The most spans of a run."""
Value = str | int
Kind = Literal["INTERNAL", "CLIENT"]


@dataclass(frozen=True, slots=True)
class Span:
    """A span of a trace."""

    trace: str
    """32 hexadecimal digits."""
    id: str
    """16 hexadecimal digits."""
    parent: str
    """The id of the span around it; "" for the root."""
    name: str
    start: int
    """Milliseconds since the epoch."""
    end: int
    attributes: Mapping[str, Value] = field(default_factory=dict)
    error: str | None = None
    """Why it failed; None if it did not fail."""
    kind: Kind = "INTERNAL"


@dataclass(frozen=True, slots=True)
class TracedRun:
    """What the spans of a run tell besides its history."""

    arn: str
    job: str
    status: str
    from_job_file: bool
    """Whether a job file made the machine: only then have the names of states a special meaning."""
    root: str = ""
    """The ARN of the run whose trace this run belongs to; "" if that is the run itself."""
    map_run: str | None = None
    """The ARN of the Map Run whose child the run is."""
    scheduled: str | None = None
    """The scheduled time of the run; None if no schedule started it."""
    attributes: Mapping[str, Value] = field(default_factory=dict)
    """More attributes of the run's span."""


def spans_of_run(run: TracedRun, story: Story) -> list[Span]:
    """Return the spans of the last part of a run that has ended, the run's own first; [] if it has not ended."""
    if story.began is None or story.ended is None:
        return []
    own = _run_span(run, story, story.ended)
    spans = _spans_of_visits(run, story, own)
    if len(spans) <= MAX_SPANS - 1:
        return [own, *spans]
    left_out = {"lamplighter.spans_left_out": len(spans) - MAX_SPANS + 1}
    return [replace(own, attributes={**own.attributes, **left_out}), *spans[: MAX_SPANS - 1]]


def _run_span(run: TracedRun, story: Story, ended: int) -> Span:
    first = span_id(run.arn)
    parts = len(story.gaps)
    around = "" if run.map_run is None else map_run_span_id(run.map_run)
    failed = story.outcome not in ("succeeded", "running")
    attributes: dict[str, Value | None] = {
        "lamplighter.job": run.job,
        "lamplighter.run_arn": run.arn,
        "lamplighter.status": run.status,
        "lamplighter.redrive": parts or None,
        "lamplighter.trigger": "request" if run.scheduled is None else "schedule",
        "lamplighter.scheduled_time": run.scheduled,
        "error.type": (story.error or run.status) if failed else None,
    }
    return Span(
        trace_id(run.root or run.arn),
        span_id(run.arn, f"redrive {parts}") if parts else first,
        first if parts else around,
        f"{run.job} (redrive {parts})" if parts else run.job,
        story.gaps[-1].redriven if parts else story.began or 0,
        ended,
        {**_without_none(attributes), **run.attributes},
        _failure(story.error or run.status, failure_reason(story.cause)) if failed else None,
    )


def _spans_of_visits(run: TracedRun, story: Story, own: Span) -> list[Span]:
    """Return the spans of the visits and attempts of a run's last part, in the order of their beginnings."""
    since = story.gaps[-1].event if story.gaps else 0
    shown = [_is_shown(run, story, visit) for visit in story.visits]
    ids = [span_id(own.id, str(visit.event)) for visit in story.visits]
    spans = []
    for at, visit in enumerate(story.visits):
        attempts = [each for each in story.attempts_of(visit) if each.event > since]
        is_over = visit.event < since and not attempts and visit.left is not None and visit.left < own.start
        if is_over or not shown[at]:
            continue
        parent = visit.around
        while parent is not None and not shown[parent]:
            parent = story.visits[parent].around
        around = own.id if parent is None else ids[parent]
        spans.append(_visit_span(story, visit, own, ids[at], around))
        spans += (_attempt_span(each, own, ids[at]) for each in attempts if not (run.from_job_file and each.supporting))
    return sorted(spans, key=lambda span: span.start)


def _is_shown(run: TracedRun, story: Story, visit: Visit) -> bool:
    if not run.from_job_file or any(each.resource.startswith("ecs:") for each in story.attempts_of(visit)):
        return True
    return not is_supporting_state(visit.state, "")


def _visit_span(story: Story, visit: Visit, own: Span, identity: str, around: str) -> Span:
    last = story.last_attempt(visit)
    error = last.error if last is not None and last.failed and visit.left is None else None
    attributes: dict[str, Value] = {"lamplighter.state": visit.state, "lamplighter.state_type": visit.kind}
    if visit.path:
        attributes["lamplighter.iteration"] = "/".join(visit.path)
    end = own.end if visit.left is None else visit.left
    start = max(visit.entered, own.start)
    return Span(own.trace, identity, around, visit.state or visit.kind, start, max(start, end), attributes, error)


def _attempt_span(attempt: Attempt, own: Span, around: str) -> Span:
    attributes: dict[str, Value | None] = {
        "lamplighter.state": attempt.state,
        "lamplighter.attempt": attempt.number,
        "lamplighter.resource": attempt.resource,
        "aws.ecs.task.arn": attempt.task,
        "aws.ecs.task.definition.arn": attempt.definition,
        "lamplighter.map_run_arn": attempt.map_run,
        "process.exit.code": attempt.exits.get(MAIN_CONTAINER, next(iter(attempt.exits.values()), None)),
        "error.type": attempt.error if attempt.failed else None,
        "lamplighter.exit_codes": " ".join(f"{name}={code}" for name, code in attempt.exits.items()) or None,
    }
    end = own.end if attempt.ended is None else attempt.ended
    failure = _failure(attempt.error or attempt.outcome, attempt.reason) if attempt.failed else None
    name = f"{attempt.state}: attempt {attempt.number}"
    identity = _attempt_span_id(attempt, own)
    return Span(
        own.trace, identity, around, name, attempt.began, max(attempt.began, end), _without_none(attributes), failure,
        "CLIENT",
    )  # fmt: skip


def _attempt_span_id(attempt: Attempt, own: Span) -> str:
    """Return the id that the attempt's containers know from TRACEPARENT, or that the children of a Map Run state."""
    if attempt.task is not None:
        return task_span_id(attempt.task)
    return span_id(own.id, str(attempt.event)) if attempt.map_run is None else map_run_span_id(attempt.map_run)


def _without_none(attributes: Mapping[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in attributes.items() if value is not None}


def _failure(*parts: str | None) -> str:
    return ": ".join(part for part in parts if part)
