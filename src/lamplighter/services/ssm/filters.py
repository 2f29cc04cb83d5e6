"""Evaluate the filters of GetParametersByPath and DescribeParameters.

See https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html.
"""

from collections.abc import Callable, Mapping, Sequence

from lamplighter.base.json_text import Json
from lamplighter.services.ssm import errors
from lamplighter.services.ssm.tables.parameters import Parameter, ParameterVersion

TAG = "tag:"
OPTIONS: Mapping[str, Sequence[str]] = {"Name": ("Equals", "BeginsWith", "Contains"), "Path": ("OneLevel", "Recursive")}
"""The options of the keys that have more than Equals, the default one first."""
TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "Equals": lambda text, value: text == value,
    "BeginsWith": lambda text, value: text.startswith(value) or text.removeprefix("/").startswith(value),
    "Contains": lambda text, value: value in text,
}


def read_filters(given: Json, keys: Sequence[str]) -> list[Json]:
    """Return filters with their options. Raises InvalidFilterKey, InvalidFilterOption or InvalidFilterValue."""
    found = []
    for each in given or ():
        key, values = each["Key"], each.get("Values") or []
        if key not in keys and not (key.startswith(TAG) and "Path" in keys):
            raise errors.InvalidFilterKey(
                f"The following filter key is not valid: {key}. Valid filter keys include: [{', '.join(keys)}]."
            )
        options = (*OPTIONS.get(key, ("Equals",)), *(("BeginsWith",) if key == "KeyId" else ()))
        option = each.get("Option", options[0])
        if option not in options:
            raise errors.InvalidFilterOption(
                f"The following filter option is not valid: {option}. Valid options include: [{', '.join(options)}]"
            )
        if not values and not key.startswith(TAG):
            raise errors.InvalidFilterValue(f"The following filter values are missing : null for filter key {key}")
        found.append({"Key": key, "Option": option, "Values": values})
    return found


def matches_filters(filters: Sequence[Json], parameter: Parameter, version: ParameterVersion) -> bool:
    """Return whether a parameter has what all filters want."""
    return all(_matches(each, parameter, version) for each in filters)


def _matches(wanted: Json, parameter: Parameter, version: ParameterVersion) -> bool:
    key, values, option = wanted["Key"], wanted["Values"], wanted["Option"]
    if key.startswith(TAG):
        value = parameter.tags.get(key.removeprefix(TAG))
        return value is not None and (not values or value in values)
    if key == "Path":
        return any(_is_below(parameter.name, path, recursive=option == "Recursive") for path in values)
    if key == "Label":
        return any(label in version.labels for label in values)
    text = {"Name": parameter.name, "Type": version.type}.get(key, str(version.body.get(key, "")))
    return any(TESTS[option](text, value) for value in values)


def _is_below(name: str, path: str, *, recursive: bool) -> bool:
    folder = path.rstrip("/") + "/"
    return name.startswith(folder) and (recursive or "/" not in name.removeprefix(folder))
