"""A job's run is a trace at a real collector, and the job's own spans can join it."""

import gzip
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from lamplighter.runs.trace_ids import trace_id
from tests.cli.up_folder import UpFolder
from tests.served_engine import eventually


@contextmanager
def collector(answers: list[int]) -> Iterator[tuple[str, list[Span]]]:
    """Serve a collector that gives these answers, then 200; yield its address and the spans that it accepted."""
    spans: list[Span] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert (self.path, self.headers["X-Tenant"]) == ("/v1/traces", "batch jobs")
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = answers.pop(0) if answers else 200
            if status == 200:
                request = ExportTraceServiceRequest.FromString(gzip.decompress(body))
                spans.extend(span for each in request.resource_spans[0].scope_spans for span in each.spans)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            """Log nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", spans
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_run_of_a_job_with_a_retry_is_one_trace(
    up_folder: UpFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The collector is not ready for the first request; the job writes the TRACEPARENT of its attempts to a file."""
    seen = tmp_path / "seen"
    up_folder.write(f"""
        report:
          command: [sh, -c, 'echo $TRACEPARENT >> {seen}; test $LAMPLIGHTER_ATTEMPT = 2']
          retry: {{attempts: 1, interval: 1s}}
    """)
    with collector([503]) as (address, spans):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=batch%20jobs")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
        up_folder.up_and_apply()
        execution = up_folder.start_run("report")
        assert up_folder.ended(execution)["status"] == "SUCCEEDED"
        run = eventually(lambda: next((each for each in spans if not each.parent_span_id), None))
        assert run.name == "home-report"
        assert {each.trace_id.hex() for each in spans} == {trace_id(execution)}
        attempts = [each for each in spans if each.kind == Span.SPAN_KIND_CLIENT]
        exits = [next(pair for pair in each.attributes if pair.key == "process.exit.code") for each in attempts]
        assert [each.value.int_value for each in exits] == [1, 0]
        assert seen.read_text().split() == [f"00-{trace_id(execution)}-{each.span_id.hex()}-01" for each in attempts]
        with urllib.request.urlopen(f"{up_folder.url}/_lamplighter/metrics") as answer:
            assert 'lamplighter_traces_total{outcome="dropped"} 0' in answer.read().decode()
