"""A run that ends is sent as a trace, and no run waits for its trace or fails because of it."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import format_iso_time
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.engine.traces import run_traces
from lamplighter.outbound.port import DeliveryFailed, HttpRequest, HttpResponse, Outbound
from lamplighter.runs.trace_ids import task_span_id, trace_id
from tests.engine_harness import ACCOUNT, CALLER, HOUR, REGION, ROLE, SECOND, EngineHarness, RecordingEngine, chain, job
from tests.fake_outbound import FakeHttp, FakeOutbound
from tests.fake_runtime import Script

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
PASS: Json = {"Type": "Pass"}
UNAVAILABLE = HttpResponse(503, "Service Unavailable", (), b"")
DELAY = 5 * SECOND


class TracedHarness(EngineHarness):
    """A harness whose engines send traces to a fake collector."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.fake = FakeOutbound()
        self.outbound: Outbound = self.fake.outbound
        self.variables = ENDPOINT

    async def _open(self) -> Engine:
        config = EngineConfig(data_directory=self.directory, telemetry=self.variables)
        return await RecordingEngine.open(config, self._world, self.runtime, self.outbound)

    @property
    def counts(self) -> dict[str, int]:
        assert self.engine.traces is not None
        return {name: number for name, number in self.engine.traces.counts.items() if number}

    def spans(self) -> list[Span]:
        """Return the spans that the collector got, in order."""
        bodies = [ExportTraceServiceRequest.FromString(each.body or b"") for each in self.fake.http.requests]
        return [span for body in bodies for each in body.resource_spans[0].scope_spans for span in each.spans]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., TracedHarness]]:
    """A function that starts an engine with these variables of OpenTelemetry."""
    harness = TracedHarness(tmp_path / "data")

    def start_engine(**variables: str) -> TracedHarness:
        harness.variables = {**ENDPOINT, **variables}
        harness.up()
        return harness

    yield start_engine
    harness.close()


def attributes(span: Span) -> dict[str, Json]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_a_run_that_ends_is_sent_as_one_trace(start: Callable[..., TracedHarness]) -> None:
    harness = start(OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20x")
    execution = harness.run_machine(PASS)
    assert not harness.fake.http.requests, "it waits for others that end together with it"
    harness.advance(DELAY)
    (request,) = harness.fake.http.requests
    assert (request.method, request.url) == ("POST", "http://collector:4318/v1/traces")
    assert request.headers["Authorization"] == "Bearer x"
    assert request.headers["Content-Type"] == "application/x-protobuf"
    run, visit = harness.spans()
    assert (run.name, run.trace_id.hex(), run.parent_span_id) == ("machine", trace_id(execution), b"")
    assert attributes(run)["lamplighter.run_arn"] == execution
    assert (visit.name, visit.parent_span_id) == ("A", run.span_id)
    assert harness.counts == {"sent": 1}


def test_runs_that_end_together_share_a_request(start: Callable[..., TracedHarness]) -> None:
    harness = start(OTEL_BSP_MAX_EXPORT_BATCH_SIZE="4", OTEL_EXPORTER_OTLP_PROTOCOL="http/json")
    machine = harness.machine(chain(PASS))
    for _ in range(3):
        harness.start(machine)
    harness.advance(DELAY)
    scopes = [loads(each.body or b"")["resourceSpans"][0]["scopeSpans"][0] for each in harness.fake.http.requests]
    assert [len(each["spans"]) for each in scopes] == [4, 2]
    assert harness.counts == {"sent": 3}


def test_a_container_gets_its_place_in_the_trace_unless_it_has_one(start: Callable[..., TracedHarness]) -> None:
    harness = start()
    harness.define_task()
    execution = harness.run_machine(job())
    harness.advance(DELAY)
    attempt = harness.spans()[-1]
    (container,) = harness.runtime.started.values()
    assert container.environment["TRACEPARENT"] == f"00-{trace_id(execution)}-{attempt.span_id.hex()}-01"
    assert attempt.span_id.hex() == task_span_id(container.environment["LAMPLIGHTER_TASK_ARN"])
    overrides = [{"Name": "main", "Environment": [{"Name": "TRACEPARENT", "Value": "x"}]}]
    harness.run_machine(job(Parameters={"Overrides": {"ContainerOverrides": overrides}}), name="own")
    assert list(harness.runtime.started.values())[-1].environment["TRACEPARENT"] == "x"


def test_a_run_that_ends_while_no_engine_runs_is_traced_by_the_next(start: Callable[..., TracedHarness]) -> None:
    harness = start()
    harness.define_task()
    harness.runtime.script(Script(after=None))
    execution = harness.run_machine(job())
    harness.crash()
    harness.runtime.finish(harness.runtime.remaining()[0], 3)
    harness.clock.advance(HOUR)
    harness.up()
    harness.advance(DELAY)
    run, _, attempt = harness.spans()
    assert run.trace_id.hex() == trace_id(execution)
    assert (run.status.code, attributes(run)["lamplighter.status"]) == (2, "FAILED")
    assert attributes(attempt)["process.exit.code"] == 3


def test_a_redrive_is_a_part_of_the_same_trace(start: Callable[..., TracedHarness]) -> None:
    harness = start()
    harness.define_task()
    harness.runtime.script(Script(after=None))
    execution = harness.run_machine(job())
    harness.runtime.finish(harness.runtime.remaining()[-1], 1)
    harness.settle()
    harness.advance(DELAY)
    harness.call("states", "RedriveExecution", executionArn=execution)
    harness.settle()
    harness.runtime.finish(harness.runtime.remaining()[-1])
    harness.settle()
    harness.advance(DELAY)
    names = [each.name for each in harness.spans()]
    assert names == ["machine", "A", "A: attempt 1", "machine (redrive 1)", "A", "A: attempt 2"]
    assert len({each.trace_id for each in harness.spans()}) == 1
    assert len({each.span_id for each in harness.spans()}) == 6


def test_children_of_a_map_run_belong_to_its_trace(start: Callable[..., TracedHarness]) -> None:
    harness = start()
    harness.define_task()
    processor: Json = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P",
        "States": {"P": job() | {"End": True}},
    }
    machine = harness.machine(chain({"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor}))
    execution = harness.start(machine, {"items": [1, 2]})
    harness.settle()
    harness.advance(DELAY)
    spans = harness.spans()
    assert {each.trace_id.hex() for each in spans} == {trace_id(execution)}
    (map_run,) = [each for each in spans if "lamplighter.map_run_arn" in attributes(each)]
    children = [each for each in spans if each.name.startswith("machine/")]
    assert [each.parent_span_id for each in children] == [map_run.span_id] * 2
    containers = [each.environment["TRACEPARENT"] for each in harness.runtime.started.values()]
    assert {each.split("-")[1] for each in containers} == {trace_id(execution)}


def test_a_scheduled_run_has_its_time(start: Callable[..., TracedHarness]) -> None:
    harness = start()
    target = {"Arn": harness.machine(chain(PASS)), "RoleArn": ROLE}
    harness.call(
        "scheduler", "CreateSchedule", Name="s", ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"}, Target=target,
    )  # fmt: skip
    harness.advance(HOUR)
    harness.advance(DELAY)
    found = [attributes(span) for span in harness.spans() if not span.parent_span_id]
    slots = [f"{format_iso_time(slot)[:19]}Z" for (slot,) in harness.rows("SELECT slot FROM slots ORDER BY slot")]
    assert [each["lamplighter.scheduled_time"] for each in found] == slots
    assert {each["lamplighter.trigger"] for each in found} == {"schedule"}


def test_a_collector_that_is_away_for_a_moment_gets_the_trace(start: Callable[..., TracedHarness]) -> None:
    harness = start()
    harness.fake.http.responses.extend([DeliveryFailed("refused", retryable=True), UNAVAILABLE])
    harness.run_machine(PASS)
    for seconds in (5, 1, 2):
        assert harness.counts == {}
        harness.advance(seconds * SECOND)
    assert len(harness.fake.http.requests) == 3
    assert harness.counts == {"sent": 1}


def test_a_trace_that_cannot_be_sent_is_dropped_and_reported_once(
    start: Callable[..., TracedHarness], caplog: pytest.LogCaptureFixture
) -> None:
    harness = start()
    harness.fake.http.responses.extend([UNAVAILABLE] * 10)
    for _ in range(2):
        execution = harness.start(harness.machine(chain(PASS), f"m{harness.clock.wall}"))
        for seconds in (5, 1, 2, 4, 8):
            harness.advance(seconds * SECOND)
        assert harness.status(execution) == "SUCCEEDED"
    assert harness.counts == {"dropped": 2}
    lost = [each.message for each in caplog.records if "traces are lost" in each.message]
    assert len(lost) == 1
    assert "503" in lost[0]
    harness.run_machine(PASS, name="later")
    harness.advance(DELAY)
    assert harness.counts == {"dropped": 2, "sent": 1}


def test_a_refused_request_is_not_repeated(start: Callable[..., TracedHarness]) -> None:
    harness = start()
    harness.fake.http.responses.append(HttpResponse(401, "Unauthorized", (), b""))
    harness.run_machine(PASS)
    harness.advance(DELAY)
    assert len(harness.fake.http.requests) == 1
    assert harness.counts == {"dropped": 1}


def test_more_runs_than_the_queue_holds_are_dropped_and_run_all_the_same(
    start: Callable[..., TracedHarness], caplog: pytest.LogCaptureFixture
) -> None:
    harness = start(OTEL_BSP_MAX_QUEUE_SIZE="2")
    machine = harness.machine(chain(PASS))
    executions = [harness.start(machine) for _ in range(5)]
    assert {harness.status(each) for each in executions} == {"SUCCEEDED"}
    harness.advance(DELAY)
    assert harness.counts == {"dropped": 3, "sent": 2}
    assert caplog.text.count("more than 2 ended runs") == 1


class BusyHttp(FakeHttp):
    """A collector during whose second answer more runs end."""

    def __init__(self, harness: TracedHarness, machine: str) -> None:
        super().__init__()
        self._work = (harness, machine)

    async def request(
        self, request: HttpRequest, timeout_seconds: float, max_bytes: int, *, needs_body: bool = False
    ) -> HttpResponse:
        """Start three runs with the second request; they end at once."""
        harness, machine = self._work
        if len(self.requests) == 1:
            for at in range(3):
                params = {"stateMachineArn": machine, "name": f"more-{at}"}
                await harness.engine.call(CALLER, "states", "StartExecution", params)
        return await super().request(request, timeout_seconds, max_bytes)


def test_a_full_queue_is_reported_once_until_it_is_empty(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_traces, "MAX_RUNS_PER_READ", 1)
    harness = TracedHarness(tmp_path / "data")
    harness.variables = {**ENDPOINT, "OTEL_BSP_MAX_QUEUE_SIZE": "2"}
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:machine"
    harness.outbound = Outbound(harness.fake.mail, BusyHttp(harness, machine), harness.fake.programs)
    harness.up()
    assert harness.machine(chain(PASS)) == machine
    for _ in range(3):
        harness.start(machine)
    harness.advance(DELAY)
    assert harness.counts == {"dropped": 2, "sent": 4}
    assert caplog.text.count("more than 2 ended runs") == 1
    harness.close()


def test_a_trace_that_is_not_sampled_is_not_sent_and_its_container_knows(start: Callable[..., TracedHarness]) -> None:
    harness = start(OTEL_TRACES_SAMPLER="always_off")
    harness.define_task()
    harness.run_machine(job())
    harness.advance(DELAY)
    assert harness.counts == {"not_sampled": 1}
    assert not harness.fake.http.requests
    (container,) = harness.runtime.started.values()
    assert container.environment["TRACEPARENT"].endswith("-00")


def test_supporting_machines_and_express_executions_have_no_trace(start: Callable[..., TracedHarness]) -> None:
    harness = start()
    harness.run_machine(PASS, name="shop--watch")
    machine = harness.call(
        "states", "CreateStateMachine", name="x", definition=dumps(chain({"Type": "Wait", "Seconds": 1})),
        roleArn=ROLE, type="EXPRESS",
    )["stateMachineArn"]  # fmt: skip
    harness.start(machine)
    harness.advance(SECOND)
    harness.advance(DELAY)
    assert harness.counts == {}


def test_a_deleted_run_is_counted_as_dropped(start: Callable[..., TracedHarness]) -> None:
    harness = start()
    execution = harness.run_machine(PASS)
    harness.run(_delete(harness.engine, execution))
    harness.advance(DELAY)
    assert harness.counts == {"dropped": 1}


async def _delete(engine: Engine, execution: str) -> None:
    await engine.store.write(lambda tx: tx.execute("DELETE FROM executions WHERE arn = ?", (execution,)))


def test_an_engine_that_stops_sends_what_is_left_at_once(start: Callable[..., TracedHarness]) -> None:
    harness = start()
    harness.run_machine(PASS)
    harness.down()
    assert len(harness.fake.http.requests) == 1


class SilentHttp:
    """A collector that never answers."""

    async def post(self, url: str, headers: object, body: bytes) -> int:
        raise AssertionError("an exporter reads the answer, so it uses `request`")

    async def request(
        self, request: HttpRequest, timeout_seconds: float, max_bytes: int, *, needs_body: bool = False
    ) -> HttpResponse:
        await asyncio.Event().wait()
        raise AssertionError("nothing sets this event")

    async def close(self) -> None:
        """Do nothing."""


def test_a_collector_that_does_not_answer_delays_the_stop_by_seconds_only(tmp_path: Path) -> None:
    harness = TracedHarness(tmp_path / "data")
    harness.outbound = Outbound(harness.fake.mail, SilentHttp(), harness.fake.programs)
    harness.up()
    harness.run_machine(PASS)
    harness.advance(DELAY)
    stopping = harness.start_in_background(harness.engine.close())
    assert not stopping.done()
    harness.clock.advance(3 * SECOND)
    harness._loops[-1].settle()
    assert stopping.done()
    harness._up = False
    harness.close()


def test_without_a_collector_nothing_listens_and_no_container_gets_a_variable(harness: EngineHarness) -> None:
    harness.define_task()
    harness.run_machine(job())
    assert harness.engine.traces is None
    (container,) = harness.runtime.started.values()
    assert "TRACEPARENT" not in container.environment
