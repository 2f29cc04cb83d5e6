"""Both encodings of a request say the same, as the published definition of OTLP reads them."""

import json

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from lamplighter.engine.traces import otlp_json, otlp_protobuf
from lamplighter.runs.history.run_spans import Span

RESOURCE, SCOPE = {"service.name": "jobs"}, {"name": "lamplighter", "version": "1"}
LONG = "ä" * 300
SPANS = [
    Span("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "", "run", 1_700_000_000_123, 1_700_000_001_123),
    Span(
        "0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7", "b7ad6b7169203331", LONG, 1_700_000_000_124,
        1_700_000_000_999, {"text": LONG, "code": 137, "negative": -1}, "Exit: 137", "CLIENT",
    ),
]  # fmt: skip


def test_the_binary_request_has_every_field() -> None:
    read = ExportTraceServiceRequest.FromString(otlp_protobuf.encode_request(RESOURCE, SCOPE, SPANS))
    (resource,) = read.resource_spans
    assert {each.key: each.value.string_value for each in resource.resource.attributes} == RESOURCE
    (scope,) = resource.scope_spans
    assert (scope.scope.name, scope.scope.version) == ("lamplighter", "1")
    first, second = scope.spans
    assert (first.trace_id.hex(), first.span_id.hex(), first.parent_span_id) == (SPANS[0].trace, SPANS[0].id, b"")
    assert (first.start_time_unix_nano, first.end_time_unix_nano) == (
        1_700_000_000_123_000_000,
        1_700_000_001_123_000_000,
    )
    assert (first.kind, first.status.code) == (1, 0)
    assert (second.parent_span_id.hex(), second.name, second.kind) == (SPANS[0].id, LONG, 3)
    assert (second.status.code, second.status.message) == (2, "Exit: 137")
    values = {each.key: each.value.string_value or each.value.int_value for each in second.attributes}
    assert values == SPANS[1].attributes


def test_the_request_in_json_says_the_same() -> None:
    document = json.loads(otlp_json.encode_request(RESOURCE, SCOPE, SPANS))
    read = ExportTraceServiceRequest.FromString(otlp_protobuf.encode_request(RESOURCE, SCOPE, SPANS))
    (resource,), (binary,) = document["resourceSpans"], read.resource_spans
    assert resource["resource"]["attributes"] == [{"key": "service.name", "value": {"stringValue": "jobs"}}]
    assert resource["scopeSpans"][0]["scope"] == SCOPE
    for text, span in zip(resource["scopeSpans"][0]["spans"], binary.scope_spans[0].spans, strict=True):
        assert (text["traceId"], text["spanId"]) == (span.trace_id.hex(), span.span_id.hex())
        assert text.get("parentSpanId", "") == span.parent_span_id.hex()
        assert (text["name"], text["kind"]) == (span.name, span.kind)
        assert int(text["startTimeUnixNano"]) == span.start_time_unix_nano
        assert int(text["endTimeUnixNano"]) == span.end_time_unix_nano
        assert text["status"].get("code", 0) == span.status.code
        assert text["status"].get("message", "") == span.status.message
        values = {
            each["key"]: each["value"].get("stringValue") or int(each["value"]["intValue"])
            for each in text["attributes"]
        }
        assert values == {each.key: each.value.string_value or each.value.int_value for each in span.attributes}
