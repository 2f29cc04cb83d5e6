"""Let a command take its options as dataclasses, whose fields are the options."""

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass

from lamplighter.base.json_text import Json

VARIABLE_PREFIX = "LAMPLIGHTER"
"""The beginning of the variables that stand for options of `up`."""


def with_option_groups(function: Callable[..., Json]) -> Callable[..., Json]:
    """Return a function for typer: a parameter that is a dataclass becomes a parameter for each of its fields."""
    signature = inspect.signature(function, eval_str=True)
    found = signature.parameters.values()
    groups: dict[str, Json] = {each.name: each.annotation for each in found if is_dataclass(each.annotation)}
    fields = {name: inspect.signature(group, eval_str=True).parameters for name, group in groups.items()}

    def with_fields(**given: Json) -> Json:
        made = {name: group(**{each: given.pop(each) for each in fields[name]}) for name, group in groups.items()}
        return function(**made, **given)

    listed = [each for name, own in signature.parameters.items() for each in fields.get(name, {name: own}).values()]
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in listed]
    with_fields.__doc__ = function.__doc__
    with_fields.__annotations__ = {each.name: each.annotation for each in parameters}
    with_fields.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return with_fields
