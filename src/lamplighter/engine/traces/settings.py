"""Read the standard environment variables of OpenTelemetry.

Guarantees never to fail: an invalid value is logged and ignored, as the specification demands, or turns traces off if
nothing could be sent. Supports the variables of `VARIABLES`; gRPC is not supported, because each collector that accepts
it accepts HTTP, too. See https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
https://opentelemetry.io/docs/specs/otel/protocol/exporter/.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import unquote

from lamplighter import __version__

Protocol = Literal["http/protobuf", "http/json"]

VARIABLES = (
    "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_COMPRESSION", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
    "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
    "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
)  # fmt: skip
"""The variables that have an effect; a variable for traces has priority over the one for all signals."""
SERVICE_NAME = "lamplighter"

log = logging.getLogger("lamplighter.traces")


@dataclass(frozen=True, slots=True)
class TraceSettings:
    """Where and how traces are sent."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    protocol: Protocol = "http/protobuf"
    gzip: bool = False
    timeout_seconds: float = 10
    resource: Mapping[str, str] = field(default_factory=lambda: {"service.name": SERVICE_NAME})
    """The attributes of this engine, which all spans share."""
    sample_ratio: float = 1
    """The share of traces that is sent."""
    delay_seconds: float = 5
    """The longest time for which an ended run waits for others that are sent together with it."""
    queue_size: int = 2048
    """The most ended runs that wait."""
    batch_size: int = 512
    """The number of spans from which on no further run is added to a request."""


def read_settings(variables: Mapping[str, str]) -> TraceSettings | None:
    """Return the settings, or None if no traces are sent."""
    exporters = variables.get("OTEL_TRACES_EXPORTER") or "otlp"
    if (variables.get("OTEL_SDK_DISABLED") or "").lower() == "true" or exporters == "none":
        return None
    url, protocol = _url(variables), _for_traces(variables, "PROTOCOL") or "http/protobuf"
    if url is None:
        return None
    if problem := _find_problem(url, exporters, protocol):
        log.warning("no traces are sent: %s", problem)
        return None
    return TraceSettings(
        url,
        _pairs(_for_traces(variables, "HEADERS"), "OTEL_EXPORTER_OTLP_HEADERS"),
        "http/json" if protocol == "http/json" else "http/protobuf",
        gzip=_for_traces(variables, "COMPRESSION") == "gzip",
        timeout_seconds=_number(variables, _name_for_traces(variables, "TIMEOUT"), 10_000) / 1000,
        resource=_resource(variables),
        sample_ratio=_sample_ratio(variables),
        delay_seconds=_number(variables, "OTEL_BSP_SCHEDULE_DELAY", 5_000) / 1000,
        queue_size=int(_number(variables, "OTEL_BSP_MAX_QUEUE_SIZE", 2048)),
        batch_size=int(_number(variables, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512)),
    )


def _find_problem(url: str, exporters: str, protocol: str) -> str | None:
    """Return why nothing can be sent, and what to do, or None."""
    if "otlp" not in exporters.split(","):
        return f"OTEL_TRACES_EXPORTER is {exporters}; use otlp"
    if protocol not in get_args(Protocol):
        return f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}; use http/protobuf and the collector's port for HTTP"
    if not re.match(r"https?://[^/]", url):
        return "OTEL_EXPORTER_OTLP_ENDPOINT is no URL of a collector; it must begin with http:// or https://"
    return None


def _url(variables: Mapping[str, str]) -> str | None:
    """Return the address for traces: the variable for traces as it is, or the one for all signals with a path."""
    if own := variables.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return own
    base = variables.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    return f"{base.rstrip('/')}/v1/traces" if base else None


def _name_for_traces(variables: Mapping[str, str], name: str) -> str:
    own = f"OTEL_EXPORTER_OTLP_TRACES_{name}"
    return own if variables.get(own) else f"OTEL_EXPORTER_OTLP_{name}"


def _for_traces(variables: Mapping[str, str], name: str) -> str:
    return variables.get(_name_for_traces(variables, name), "").strip()


def _number(variables: Mapping[str, str], name: str, default: float) -> float:
    text = variables.get(name) or str(default)
    try:
        found = float(text)
    except ValueError:
        found = -1
    if 0 < found < float("inf"):
        return found
    log.warning("%s is %s, which is no number above 0; it is %s", name, text, default)
    return default


def _pairs(text: str, variable: str) -> dict[str, str]:
    """Return `name=value,…`, with percent-encoded values, as a dict."""
    found = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, sign, value = part.partition("=")
        if sign and name.strip():
            found[unquote(name.strip())] = unquote(value.strip())
        else:
            log.warning("a part of %s is not of the form name=value; it is ignored", variable)  # it may be a secret
    return found


def _resource(variables: Mapping[str, str]) -> dict[str, str]:
    given = _pairs(variables.get("OTEL_RESOURCE_ATTRIBUTES", ""), "OTEL_RESOURCE_ATTRIBUTES")
    named = {"service.name": name} if (name := variables.get("OTEL_SERVICE_NAME")) else {}
    return {"service.name": SERVICE_NAME, "service.version": __version__, **given, **named}


def _sample_ratio(variables: Mapping[str, str]) -> float:
    """Return the share of traces; a run has no parent, so that a sampler by parent decides as its root sampler does."""
    sampler = (variables.get("OTEL_TRACES_SAMPLER") or "parentbased_always_on").removeprefix("parentbased_")
    if sampler in ("always_on", "always_off"):
        return 1.0 if sampler == "always_on" else 0.0
    text = variables.get("OTEL_TRACES_SAMPLER_ARG") or "1"
    try:
        ratio = float(text)
    except ValueError:
        ratio = -1
    if sampler == "traceidratio" and 0 <= ratio <= 1:
        return ratio
    log.warning("OTEL_TRACES_SAMPLER is %s with argument %s, which is unknown; all traces are sent", sampler, text)
    return 1.0
