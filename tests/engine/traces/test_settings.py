"""The standard variables of OpenTelemetry decide where traces go; an invalid value is reported and stops nothing."""

import pytest

from lamplighter import __version__
from lamplighter.engine.traces.settings import TraceSettings, read_settings

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/"}


def read(**variables: str) -> TraceSettings:
    found = read_settings({**ENDPOINT, **variables})
    assert found is not None
    return found


def test_the_endpoint_for_all_signals_gets_a_path_and_the_one_for_traces_does_not() -> None:
    assert read().url == "http://collector:4318/v1/traces"
    assert read(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="https://x/y").url == "https://x/y"


def test_the_defaults_are_those_of_the_specification() -> None:
    found = read()
    assert (found.protocol, found.gzip, found.timeout_seconds, found.sample_ratio) == ("http/protobuf", False, 10, 1)
    assert (found.delay_seconds, found.queue_size, found.batch_size) == (5, 2048, 512)
    assert found.resource == {"service.name": "lamplighter", "service.version": __version__}


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_SDK_DISABLED": "TRUE"},
        {"OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_traces_can_be_off(variables: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    assert read_settings({**ENDPOINT, **variables}) is None
    assert not caplog.records


@pytest.mark.parametrize(
    ("variables", "advice"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "use http/protobuf"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "use otlp"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "must begin with http://"),
    ],
)
def test_what_cannot_be_sent_turns_traces_off_with_advice(
    variables: dict[str, str], advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert read_settings({**ENDPOINT, **variables}) is None
    assert advice in caplog.text


def test_headers_and_resource_attributes_are_decoded_and_those_for_traces_have_priority() -> None:
    given = {
        "OTEL_EXPORTER_OTLP_HEADERS": "a=1",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "Authorization=Basic%20x%3D , b=2",
    }
    assert read(**given).headers == {"Authorization": "Basic x=", "b": "2"}
    named = read(OTEL_RESOURCE_ATTRIBUTES="service.name=x,team=a%2Cb", OTEL_SERVICE_NAME="jobs")
    assert named.resource["service.name"] == "jobs"
    assert named.resource["team"] == "a,b"


@pytest.mark.parametrize(
    ("sampler", "argument", "ratio"),
    [
        ("always_on", "", 1), ("always_off", "", 0), ("parentbased_always_off", "", 0), ("traceidratio", "0.25", 0.25),
        ("parentbased_traceidratio", "0", 0), ("traceidratio", "", 1),
    ],
)  # fmt: skip
def test_the_sampler_gives_the_share_of_traces(sampler: str, argument: str, ratio: float) -> None:
    assert read(OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG=argument).sample_ratio == ratio


def test_an_invalid_value_is_reported_and_ignored_without_showing_a_header(caplog: pytest.LogCaptureFixture) -> None:
    found = read(
        OTEL_TRACES_SAMPLER="traceidratio",
        OTEL_TRACES_SAMPLER_ARG="2",
        OTEL_EXPORTER_OTLP_TIMEOUT="soon",
        OTEL_BSP_MAX_QUEUE_SIZE="-1",
        OTEL_EXPORTER_OTLP_HEADERS="secret-without-name",
    )
    assert (found.sample_ratio, found.timeout_seconds, found.queue_size, found.headers) == (1, 10, 2048, {})
    assert len(caplog.records) == 4
    assert "secret" not in caplog.text
