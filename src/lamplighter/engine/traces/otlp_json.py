"""Encode spans as a request of OTLP over HTTP, in JSON.

Ids are hexadecimal and 64-bit integers are text, as the specification demands.
See https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding.
"""

from collections.abc import Mapping, Sequence

from lamplighter.base.json_text import Json, dump_bytes
from lamplighter.runs.history.run_spans import Span, Value

KINDS = {"INTERNAL": 1, "CLIENT": 3}
STATUS_ERROR = 2
NANOSECONDS = 1_000_000
"""The nanoseconds of a millisecond."""


def encode_request(resource: Mapping[str, str], scope: Mapping[str, str], spans: Sequence[Span]) -> bytes:
    """Return the body of a request with these spans; `scope` has the name and version of what made them."""
    scoped: Json = {"scope": dict(scope), "spans": [_span(each) for each in spans]}
    return dump_bytes({"resourceSpans": [{"resource": {"attributes": _attributes(resource)}, "scopeSpans": [scoped]}]})


def _span(span: Span) -> Json:
    document: Json = {
        "traceId": span.trace,
        "spanId": span.id,
        "name": span.name,
        "kind": KINDS[span.kind],
        "startTimeUnixNano": str(span.start * NANOSECONDS),
        "endTimeUnixNano": str(span.end * NANOSECONDS),
        "attributes": _attributes(span.attributes),
        "status": {} if span.error is None else {"code": STATUS_ERROR, "message": span.error},
    }
    return document | ({"parentSpanId": span.parent} if span.parent else {})


def _attributes(attributes: Mapping[str, Value]) -> Json:
    return [
        {"key": name, "value": {"stringValue": value} if isinstance(value, str) else {"intValue": str(value)}}
        for name, value in attributes.items()
    ]
