"""Describe in words what an event pattern requires of a field."""

from collections.abc import Callable, Mapping

from lamplighter.base.json_text import Json, dumps


def describe_values(values: Json) -> str:
    """Describe a field's list of values, one of which must match."""
    return " or ".join(map(_describe_value, values)) if isinstance(values, list) else dumps(values)


def _describe_value(value: Json) -> str:
    if isinstance(value, dict) and len(value) == 1:
        ((name, given),) = value.items()
        return _COMPARISONS[name](given) if name in _COMPARISONS else dumps(value)
    return dumps(value)


def _describe_text(given: Json) -> str:
    if isinstance(given, dict) and list(given) == ["equals-ignore-case"]:
        return _ignoring_case(given["equals-ignore-case"])
    return dumps(given)


def _ignoring_case(given: Json) -> str:
    return f"{dumps(given)} (ignoring case)"


def _describe_excluded(given: Json) -> str:
    """Describe the excluded values: one value, several, or those that another comparison matches."""
    if isinstance(given, dict) and len(given) == 1:
        ((name, inner),) = given.items()
        values = inner if isinstance(inner, list) else [inner]
        return " or ".join(
            f"a value that {_COMPARISONS[name](each)}" if name in _COMPARISONS else dumps(each) for each in values
        )
    return " or ".join(map(dumps, given)) if isinstance(given, list) else dumps(given)


def _describe_range(given: Json) -> str:
    if not isinstance(given, list):
        return dumps(given)
    return " and ".join(f"{sign} {bound}" for sign, bound in zip(given[::2], given[1::2], strict=False))


_COMPARISONS: Mapping[str, Callable[[Json], str]] = {
    "prefix": lambda given: f"begins with {_describe_text(given)}",
    "suffix": lambda given: f"ends with {_describe_text(given)}",
    "equals-ignore-case": lambda given: f"equals {_ignoring_case(given)}",
    "wildcard": lambda given: f"matches {dumps(given)}",
    "anything-but": lambda given: f"anything but {_describe_excluded(given)}",
    "numeric": _describe_range,
    "cidr": lambda given: f"an address in {given}",
    "exists": lambda given: "exists" if given else "does not exist",
    "exactly": dumps,
}
