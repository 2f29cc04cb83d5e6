"""Check the body of a dashboard and report each fault with its place, as AWS does.

Checks the frame of the body and of each widget, and the metrics of metric widgets. Accepts types of widgets that it
does not know, because AWS adds some from time to time. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html.
"""

import json
from collections.abc import Iterator, Mapping

from lamplighter.base.count_text import format_count
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.services.cloudwatch.errors import InvalidDashboard

MAX_WIDGETS = 500
REQUIRED_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "alarm": ("alarms",),
    "custom": ("endpoint",),
    "log": ("query", "region"),
    "text": ("markdown",),
}
"""By type: the properties that a widget must have."""
SIZES = {"width": (1, 24), "height": (1, 1000), "x": (0, 23), "y": (0, 1_000_000)}
"""The smallest and the largest place and size of a widget."""

METRIC_RULE = (
    'Field "metrics" has to be an array of array of strings, with an optional metricRenderer object as last element'
)
"""AWS's message for a metric that is something else."""
_Fault = tuple[str, str]
"""The place of a fault, as a JSON pointer, and its message."""


def check_body(text: str) -> None:
    """Raise `InvalidDashboard` if the body of a dashboard is not valid."""
    try:
        body = loads(text)
    except JsonError:
        raise InvalidDashboard("The field DashboardBody must be a valid JSON object") from None
    if not isinstance(body, dict):
        raise InvalidDashboard("The field DashboardBody must be a valid JSON object")
    faults = list(_body_faults(body))
    if faults:
        listed = json.dumps([{"dataPath": path, "message": message} for path, message in faults], indent=2)
        number = format_count(len(faults), "validation error")
        verb = "is" if len(faults) == 1 else "are"
        raise InvalidDashboard(f"The dashboard body is invalid, there {verb} {number}:\n{listed}")


def _body_faults(body: Json) -> Iterator[_Fault]:
    if "widgets" not in body:
        yield "", "Should have required property 'widgets'"
        return
    widgets = body["widgets"]
    if not isinstance(widgets, list):
        yield "/widgets", "Should be array"
        return
    if len(widgets) > MAX_WIDGETS:
        yield "/widgets", f"Should NOT have more than {MAX_WIDGETS} items"
        return
    for number, widget in enumerate(widgets):
        yield from _widget_faults(f"/widgets/{number}", widget)


def _widget_faults(at: str, widget: Json) -> Iterator[_Fault]:
    if not isinstance(widget, dict):
        yield at, "Should be object"
        return
    for name, (least, most) in SIZES.items():
        if name in widget and (type(widget[name]) is not int or not least <= widget[name] <= most):
            yield f"{at}/{name}", f"Should be an integer from {least} to {most}"
    for name in ("type", "properties"):
        if name not in widget:
            yield at, f"Should have required property '{name}'"
    if "type" not in widget or "properties" not in widget:
        return
    kind, properties = widget["type"], widget["properties"]
    if not isinstance(kind, str):
        yield f"{at}/type", "Should be string"
    elif not isinstance(properties, dict):
        yield f"{at}/properties", "Should be object"
    else:
        yield from _property_faults(f"{at}/properties", kind, properties)


def _property_faults(at: str, kind: str, properties: Json) -> Iterator[_Fault]:
    for name in REQUIRED_PROPERTIES.get(kind, ()):
        if name not in properties:
            yield at, f"Should have required property '{name}'"
    if kind != "metric":
        return
    if "metrics" not in properties and "annotations" not in properties:
        yield at, "Should have required property 'metrics'"
        yield at, "The metric widget should have specified a region and a data source or an alarm annotation"
        yield at, "Should have required property 'annotations'"
        return
    metrics = properties.get("metrics", [])
    if not isinstance(metrics, list):
        yield f"{at}/metrics", "Should be array"
        return
    for number, metric in enumerate(metrics):
        yield from _metric_faults(f"{at}/metrics/{number}", metric)


def _metric_faults(at: str, metric: Json) -> Iterator[_Fault]:
    if not isinstance(metric, list):
        yield at, "Should be array"
        yield at, METRIC_RULE
    elif not metric or not all(isinstance(each, str) for each in metric[:-1]) or not isinstance(metric[-1], str | dict):
        yield at, METRIC_RULE
