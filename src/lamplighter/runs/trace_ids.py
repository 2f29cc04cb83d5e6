"""Derive the ids of traces and spans from names, so that a span that is sent twice is the same span.

A run is a trace; the executions of a Map Run belong to the trace of the run around it. A container learns its place in
the trace from the environment variable TRACEPARENT, from which the SDKs of OpenTelemetry can read it. Pure.
See https://www.w3.org/TR/trace-context/#traceparent-header and
https://opentelemetry.io/docs/specs/otel/context/env-carriers/.
"""

import hashlib

TRACEPARENT = "TRACEPARENT"


def trace_id(run: str) -> str:
    """Return the id of a run's trace, 32 hexadecimal digits, from the run's ARN."""
    return _digest("trace", run)[:32]


def span_id(*names: str) -> str:
    """Return the id of a span, 16 hexadecimal digits, from names that no other span has."""
    return _digest("span", *names)[:16]


def task_span_id(arn: str) -> str:
    """Return the id of the span of an attempt, from the ARN of its ECS task."""
    return span_id(arn)


def map_run_span_id(arn: str) -> str:
    """Return the id of the span of the attempt that is a Map Run, from the Map Run's ARN."""
    return span_id(arn)


def traceparent(run: str, task: str, *, sampled: bool) -> str:
    """Return the value of TRACEPARENT for the containers of an ECS task."""
    return f"00-{trace_id(run)}-{task_span_id(task)}-{'01' if sampled else '00'}"


def is_sampled(trace: str, ratio: float) -> bool:
    """Return whether a trace is among this share of all traces: the rule of the SDKs' sampler by the trace's id.

    See https://opentelemetry.io/docs/specs/otel/trace/sdk/#traceidratiobased.
    """
    return int(trace[16:], 16) < round(ratio * 2**64)


def _digest(*words: str) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()
