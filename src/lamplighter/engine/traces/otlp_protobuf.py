"""Encode spans as a request of OTLP over HTTP, in binary Protobuf: the encoding that every collector accepts.

Writes only the fields that a span here has. The numbers of the fields are those of the specification:
https://github.com/open-telemetry/opentelemetry-proto/blob/v1.5.0/opentelemetry/proto/trace/v1/trace.proto. See
https://protobuf.dev/programming-guides/encoding/.
"""

from collections.abc import Mapping, Sequence

from lamplighter.engine.traces.otlp_json import KINDS, NANOSECONDS, STATUS_ERROR
from lamplighter.runs.history.run_spans import Span, Value

VARINT, FIXED_64, LENGTH = 0, 1, 2
"""The types of fields on the wire."""


def encode_request(resource: Mapping[str, str], scope: Mapping[str, str], spans: Sequence[Span]) -> bytes:
    """Return the body of a request with these spans; `scope` has the name and version of what made them."""
    scope_bytes = _text(1, scope["name"]) + _text(2, scope["version"])
    scoped = _bytes(1, scope_bytes) + b"".join(_bytes(2, _span(each)) for each in spans)
    return _bytes(1, _bytes(1, _attributes(1, resource)) + _bytes(2, scoped))


def _span(span: Span) -> bytes:
    return b"".join(
        (
            _bytes(1, bytes.fromhex(span.trace)),
            _bytes(2, bytes.fromhex(span.id)),
            _bytes(4, bytes.fromhex(span.parent)) if span.parent else b"",
            _text(5, span.name),
            _integer(6, KINDS[span.kind]),
            _fixed64(7, span.start * NANOSECONDS),
            _fixed64(8, span.end * NANOSECONDS),
            _attributes(9, span.attributes),
            b"" if span.error is None else _bytes(15, _text(2, span.error) + _integer(3, STATUS_ERROR)),
        )
    )


def _attributes(field: int, attributes: Mapping[str, Value]) -> bytes:
    return b"".join(_bytes(field, _text(1, name) + _bytes(2, _value(value))) for name, value in attributes.items())


def _value(value: Value) -> bytes:
    return _text(1, value) if isinstance(value, str) else _integer(3, value)


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode(errors="replace"))


def _bytes(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | LENGTH) + _varint(len(data)) + data


def _integer(field: int, number: int) -> bytes:
    return _varint(field << 3 | VARINT) + _varint(number % 2**64)  # a negative number is its two's complement


def _fixed64(field: int, number: int) -> bytes:
    return _varint(field << 3 | FIXED_64) + number.to_bytes(8, "little")


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
