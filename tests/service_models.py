"""Read from service models what only tests need."""

from functools import cache

import botocore.model

from lamplighter.base.aws.service_model import ServiceModel, Shape
from lamplighter.base.json_text import Json


@cache
def botocore_model(model: ServiceModel) -> Json:
    """Return botocore's own object for a service model."""
    return botocore.model.ServiceModel(model.definition)


def error_names(model: ServiceModel, operation: str) -> list[str]:
    """Return the names of the errors that an operation declares."""
    return [each["shape"] for each in model.definition["operations"][operation].get("errors", [])]


def scalar_shape(kind: str) -> Shape:
    """Return a shape of a type without members."""
    shapes = {"Scalar": {"type": kind}}
    return ServiceModel({"metadata": {}, "operations": {}, "shapes": shapes}).shape_for("Scalar")
