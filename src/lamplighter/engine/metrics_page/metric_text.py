"""Write metrics in the text format of Prometheus.

See https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format. (The Prometheus client library
creates a global registry on import, which makes the start 35 ms longer; the format is a few lines.)
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Sample = tuple[str, float]
"""The labels of a number, as `render_labels` returns them, and the number."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with all its numbers."""

    name: str
    help: str
    samples: Sequence[Sample]
    kind: Literal["gauge", "counter"] = "gauge"
    """A counter never decreases while what it counts exists; its name ends in `_total`."""


def render_labels(labels: Mapping[str, str]) -> str:
    """Return labels as text: `name="value",…`; a label with an empty value is left out, which means the same."""
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items() if value)


def render(metrics: Iterable[Metric], comments: Iterable[str] = ()) -> bytes:
    """Return metrics as text, and after them comments for people."""
    lines = [line for metric in metrics for line in _lines(metric)]
    return "".join(f"{line}\n" for line in [*lines, *(f"# {comment}" for comment in comments)]).encode()


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for labels, number in metric.samples:
        yield f"{metric.name}{{{labels}}} {number}" if labels else f"{metric.name} {number}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
