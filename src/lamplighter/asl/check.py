"""Whether a definition is one, and if not, where and why, in AWS's words.

See https://states-language.net/spec.html and
https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html. Promises to find
all structural faults of any JSON value; refuses to look into paths and expressions (`parse` does, as it compiles them).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from lamplighter.asl.choice import NAMES, timestamp
from lamplighter.asl.dataflow import is_expression
from lamplighter.base.jsontext import Json

SCHEMA = "SCHEMA_VALIDATION_FAILED"
TARGET = "MISSING_TRANSITION_TARGET"
NO_END = "MISSING_END_STATE"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault of a definition."""

    code: str
    message: str
    location: str | None
    severity: str = "ERROR"

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" at {self.location}" if self.location is not None else "")


Check = Callable[[Json, bool], str | None]
"""From a value and whether the state speaks JSONata, what is wrong with it."""


def _text(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001 - one signature for all checks
    return None if isinstance(value, str) else "Expected value of type String"


def _flag(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
    return None if isinstance(value, bool) else "Expected value of type Boolean"


def _object(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
    return None if isinstance(value, dict) else "Expected value of type Object"


def _list(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
    if not isinstance(value, list):
        return "Expected value of type Array"
    return None if value else "Value cannot be empty"


def _anything(_value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
    return None


def _path(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
    return None if value is None or (isinstance(value, str) and value) else "Expected value of type String"


def _items(value: Json, jsonata: bool) -> str | None:  # noqa: FBT001
    if isinstance(value, (list, dict)) or (jsonata and is_expression(value)):
        return None
    return "Expected value of type Array, or a JSONata expression"


def _number(low: float, high: float, *, whole: bool = True) -> Check:
    def check(value: Json, jsonata: bool) -> str | None:  # noqa: FBT001
        if jsonata and is_expression(value):
            return None
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            return f"Expected value of type {'Integer' if whole else 'Number'}"
        if value < low:
            return f"Value is not greater than or equal to {low:g}"
        return None if value <= high else f"Value is not less than or equal to {high:.0f}"

    return check


def _instant(value: Json, jsonata: bool) -> str | None:  # noqa: FBT001
    if jsonata and is_expression(value):
        return None
    return None if timestamp(value) else "String does not match RFC3339 timestamp"


def _one_of(*names: str) -> Check:
    def check(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
        return None if value in names else f"Value is not one of [{', '.join(names)}]"

    return check


LONGEST = 99_999_999
EVERY: dict[str, Check] = {
    "Type": _text,
    "Comment": _text,
    "QueryLanguage": _one_of("JSONPath", "JSONata"),
}
FLOW: dict[str, Check] = {"Next": _text, "End": _flag}
PATHS: dict[str, Check] = {"InputPath": _path, "OutputPath": _path}
WORK_PATHS: dict[str, Check] = PATHS | {"Parameters": _anything, "ResultPath": _path, "ResultSelector": _object}
WAYS_OUT: dict[str, Check] = {"Retry": _anything, "Catch": _anything}
ASSIGN: dict[str, Check] = {"Assign": _object}

FIELDS: Mapping[str, tuple[dict[str, Check], dict[str, Check], dict[str, Check]]] = {
    # type: (in both languages, in JSONPath, in JSONata)
    "Pass": (
        FLOW | ASSIGN,
        PATHS | {"Parameters": _anything, "ResultPath": _path, "Result": _anything},
        {"Output": _anything},
    ),
    "Task": (
        FLOW
        | ASSIGN
        | WAYS_OUT
        | {
            "Resource": _text,
            "TimeoutSeconds": _number(1, LONGEST),
            "HeartbeatSeconds": _number(1, LONGEST),
            "Credentials": _object,
        },
        WORK_PATHS | {"TimeoutSecondsPath": _path, "HeartbeatSecondsPath": _path},
        {"Arguments": _anything, "Output": _anything},
    ),
    "Choice": (
        ASSIGN | {"Choices": _list, "Default": _text},
        PATHS,
        {"Output": _anything},
    ),
    "Wait": (
        FLOW | ASSIGN | {"Seconds": _number(0, LONGEST), "Timestamp": _instant},
        PATHS | {"SecondsPath": _path, "TimestampPath": _path},
        {"Output": _anything},
    ),
    "Succeed": ({}, PATHS, {"Output": _anything}),
    "Fail": ({"Error": _text, "Cause": _text}, {"ErrorPath": _path, "CausePath": _path}, {}),
    "Parallel": (
        FLOW | ASSIGN | WAYS_OUT | {"Branches": _list},
        WORK_PATHS,
        {"Arguments": _anything, "Output": _anything},
    ),
    "Map": (
        FLOW
        | ASSIGN
        | WAYS_OUT
        | {
            "ItemProcessor": _object,
            "Iterator": _object,
            "ItemReader": _object,
            "ItemSelector": _anything,
            "ItemBatcher": _object,
            "ResultWriter": _object,
            "MaxConcurrency": _number(0, 2**31 - 1),
            "ToleratedFailurePercentage": _number(0, 100, whole=False),
            "ToleratedFailureCount": _number(0, math.inf),
            "Label": _text,
        },
        WORK_PATHS
        | {
            "ItemsPath": _path,
            "MaxConcurrencyPath": _path,
            "ToleratedFailurePercentagePath": _path,
            "ToleratedFailureCountPath": _path,
        },
        {"Items": _items, "Output": _anything},
    ),
}
EXCLUSIVE = (
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ("ItemProcessor", "Iterator"),
    ("ItemSelector", "Parameters"),
)
RETRIER: dict[str, Check] = {
    "ErrorEquals": _list,
    "IntervalSeconds": _number(1, LONGEST),
    "MaxAttempts": _number(0, LONGEST),
    "BackoffRate": _number(1, math.inf, whole=False),
    "MaxDelaySeconds": _number(1, 31_622_400),
    "JitterStrategy": _one_of("FULL", "NONE"),
    "Comment": _text,
}


def check(definition: Json) -> list[Diagnostic]:
    """Every structural fault of a definition, in the order of its text."""
    if not isinstance(definition, dict):
        return [Diagnostic(SCHEMA, "Expected value of type Object", "/")]
    return list(_machine(definition)) or list(_duplicates(definition))


def check_alone(name: str, state: Json) -> list[Diagnostic]:
    """Every structural fault of a state without its machine: nobody asks whether what it leads to is there."""
    return list(_state(name, state, f"/States/{name}", jsonata=False)) or list(_duplicates({"States": {name: state}}))


def _machine(machine: Mapping[str, Json]) -> Iterator[Diagnostic]:
    fields: dict[str, Check] = {
        "TimeoutSeconds": _number(1, LONGEST),
        "Version": _one_of("1.0"),
        "Comment": _text,
        "QueryLanguage": _one_of("JSONPath", "JSONata"),
    }
    yield from _values(machine, fields, "", jsonata=False)
    yield from _block(machine, "", jsonata=machine.get("QueryLanguage") == "JSONata")


def _block(block: Json, at: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    if not isinstance(block, dict):
        yield Diagnostic(SCHEMA, "Expected value of type Object", at)
        return
    missing = [name for name in ("StartAt", "States") if name not in block]
    if missing:
        yield _required(missing, at or "/")
        return
    states, start = block["States"], block["StartAt"]
    if not isinstance(states, dict) or not states:
        yield Diagnostic(
            SCHEMA, "Value cannot be empty" if states == {} else "Expected value of type Object", f"{at}/States"
        )
        return
    if not isinstance(start, str):
        yield Diagnostic(SCHEMA, "Expected value of type String", f"{at}/StartAt")
        return
    faults = [
        fault for name, state in states.items() for fault in _state(name, state, f"{at}/States/{name}", jsonata=jsonata)
    ]
    yield from faults
    if not any(fault.code == SCHEMA for fault in faults):
        yield from _transitions(states, start, at)


def _required(names: Iterable[str], at: str) -> Diagnostic:
    return Diagnostic(SCHEMA, f"These fields are required: [{', '.join(names)}]", at)


def _values(holder: Mapping[str, Json], fields: Mapping[str, Check], at: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    for name, test in fields.items():
        if name in holder:
            wrong = test(holder[name], jsonata)
            if wrong:
                yield Diagnostic(SCHEMA, wrong, f"{at}/{name}")


def _state(name: str, state: Json, at: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    if not isinstance(state, dict):
        yield Diagnostic(SCHEMA, "Expected value of type Object", at)
        return
    if len(name) > 80:
        yield Diagnostic(SCHEMA, "State name cannot be longer than 80 characters", at)
    kind = state.get("Type")
    if kind is None:
        yield _required(["Type"], at)
        return
    if not isinstance(kind, str) or kind not in FIELDS:
        yield Diagnostic(SCHEMA, f"Value is not one of [{', '.join(FIELDS)}]", f"{at}/Type")
        return
    if jsonata and state.get("QueryLanguage") == "JSONPath":
        message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
        yield Diagnostic(SCHEMA, message, at)
        return
    yield from _body(kind, state, at, jsonata=jsonata or state.get("QueryLanguage") == "JSONata", outer=jsonata)


def _body(kind: str, state: Mapping[str, Json], at: str, *, jsonata: bool, outer: bool) -> Iterator[Diagnostic]:
    both, in_path, in_jsonata = FIELDS[kind]
    fields = {**EVERY, **both, **(in_jsonata if jsonata else in_path)}
    for field in state:
        if field in fields:
            continue
        if field in (in_path if jsonata else in_jsonata):
            language = "JSONata" if jsonata else "JSONPath"
            yield Diagnostic(SCHEMA, f"Field is not supported when 'QueryLanguage' is '{language}'", f"{at}/{field}")
        else:
            yield Diagnostic(SCHEMA, "Field is not supported", f"{at}/{field}")
    yield from _values(state, fields, at, jsonata=jsonata)
    for one, other in EXCLUSIVE:
        if one in state and other in state:
            yield Diagnostic(SCHEMA, f"Only one of these fields is allowed: [{one}, {other}]", at)
    yield from _flow(kind, state, at)
    yield from _way_out(state, at, jsonata=jsonata)
    special = SPECIAL.get(kind)
    if special is not None:
        yield from special(state, at, jsonata, outer)


def _flow(kind: str, state: Mapping[str, Json], at: str) -> Iterator[Diagnostic]:
    if "Next" not in FIELDS[kind][0]:
        return
    ends = state.get("End") is True
    if "Next" in state and ends:
        yield Diagnostic(SCHEMA, "Only one of these fields is allowed: [Next, End]", at)
    if "Next" not in state and not ends:
        yield Diagnostic(SCHEMA, "One of these fields is required: [Next, End]", at)


def _way_out(state: Mapping[str, Json], at: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    catcher: dict[str, Check] = {"ErrorEquals": _list, "Next": _text, "Comment": _text, "Assign": _object} | (
        {"Output": _anything} if jsonata else {"ResultPath": _path}
    )
    for field, fields, required in (("Retry", RETRIER, ["ErrorEquals"]), ("Catch", catcher, ["ErrorEquals", "Next"])):
        entries = state.get(field, [])
        if not isinstance(entries, list):
            yield Diagnostic(SCHEMA, "Expected value of type Array", f"{at}/{field}")
            continue
        for index, entry in enumerate(entries):
            yield from _entry(entry, fields, required, f"{at}/{field}[{index}]", last=index == len(entries) - 1)


def _entry(
    entry: Json, fields: Mapping[str, Check], required: list[str], at: str, *, last: bool
) -> Iterator[Diagnostic]:
    if not isinstance(entry, dict):
        yield Diagnostic(SCHEMA, "Expected value of type Object", at)
        return
    missing = [name for name in required if name not in entry]
    if missing:
        yield _required(missing, at)
    for field in entry:
        if field not in fields:
            yield Diagnostic(SCHEMA, "Field is not supported", f"{at}/{field}")
    yield from _values(entry, fields, at, jsonata=False)
    names = entry.get("ErrorEquals")
    if not isinstance(names, list):
        return
    if not all(isinstance(name, str) for name in names):
        yield Diagnostic(SCHEMA, "Expected value of type String", f"{at}/ErrorEquals")
    elif "States.ALL" in names and (len(names) > 1 or not last):
        # "The reserved name States.ALL … must appear alone in the ErrorEquals array and must appear in the last
        # retrier in the Retry array."
        message = "States.ALL must appear alone in ErrorEquals, and only in the last element of the array"
        yield Diagnostic(SCHEMA, message, f"{at}/ErrorEquals")


def _task(state: Mapping[str, Json], at: str, jsonata: bool, _outer: bool) -> Iterator[Diagnostic]:  # noqa: FBT001
    if "Resource" not in state:
        yield _required(["Resource"], at)
    credentials = state.get("Credentials", {"RoleArn": ""})
    if isinstance(credentials, dict) and "RoleArn" not in credentials and (jsonata or "RoleArn.$" not in credentials):
        yield _required(["RoleArn"], f"{at}/Credentials")
    timeout, beat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if isinstance(timeout, int) and isinstance(beat, int) and beat >= timeout:
        yield Diagnostic(SCHEMA, "HeartbeatSeconds must be smaller than TimeoutSeconds", f"{at}/HeartbeatSeconds")


def _wait(state: Mapping[str, Json], at: str, _jsonata: bool, _outer: bool) -> Iterator[Diagnostic]:  # noqa: FBT001
    names = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"]
    given = [name for name in names if name in state]
    if not given:
        yield Diagnostic(SCHEMA, f"One of these fields is required: [{', '.join(names)}]", at)
    if len(given) > 1:
        yield Diagnostic(SCHEMA, f"Only one of these fields is allowed: [{', '.join(given)}]", at)


def _choice(state: Mapping[str, Json], at: str, jsonata: bool, _outer: bool) -> Iterator[Diagnostic]:  # noqa: FBT001
    if "Choices" not in state:
        yield _required(["Choices"], at)
        return
    rules = state["Choices"]
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        place = f"{at}/Choices[{index}]"
        if not isinstance(rule, dict):
            yield Diagnostic(SCHEMA, "Expected value of type Object", place)
            continue
        missing = [name for name in (("Condition", "Next") if jsonata else ("Next",)) if name not in rule]
        if missing:
            yield _required(missing, place)
        yield from _values(rule, {"Next": _text, "Comment": _text, **ASSIGN}, place, jsonata=jsonata)
        if not jsonata:
            yield from _rule(rule, place)


def _rule(rule: Json, at: str) -> Iterator[Diagnostic]:
    if not isinstance(rule, dict):
        yield Diagnostic(SCHEMA, "Expected value of type Object", at)
        return
    operators = [name for name in rule if name in NAMES or name in ("And", "Or", "Not")]
    if len(operators) != 1:
        yield Diagnostic(SCHEMA, "A choice rule must have exactly one comparison", at)
        return
    operator = operators[0]
    if operator in ("And", "Or"):
        inner = rule[operator]
        if not isinstance(inner, list) or not inner:
            yield Diagnostic(SCHEMA, "Value cannot be empty", f"{at}/{operator}")
            return
        for index, each in enumerate(inner):
            yield from _rule(each, f"{at}/{operator}[{index}]")
    elif operator == "Not":
        yield from _rule(rule["Not"], f"{at}/Not")
    elif "Variable" not in rule:
        yield _required(["Variable"], at)
    else:
        yield from _operand(operator, rule, at)


def _operand(operator: str, rule: Mapping[str, Json], at: str) -> Iterator[Diagnostic]:
    value = rule[operator]
    test: Check = _text
    if operator.startswith(("Boolean", "Is")) and not operator.endswith("Path"):
        test = _flag
    elif operator.startswith("Numeric") and not operator.endswith("Path"):
        test = _number(-math.inf, math.inf, whole=False)
    elif operator.startswith("Timestamp") and not operator.endswith("Path"):
        test = _instant
    yield from _values(
        {"Variable": rule["Variable"], operator: value}, {"Variable": _text, operator: test}, at, jsonata=False
    )


def _parallel(state: Mapping[str, Json], at: str, _jsonata: bool, outer: bool) -> Iterator[Diagnostic]:  # noqa: FBT001
    if "Branches" not in state:
        yield _required(["Branches"], at)
        return
    branches = state["Branches"]
    for index, branch in enumerate(branches if isinstance(branches, list) else []):
        yield from _block(branch, f"{at}/Branches[{index}]", jsonata=outer)


def _map(state: Mapping[str, Json], at: str, _jsonata: bool, outer: bool) -> Iterator[Diagnostic]:  # noqa: FBT001
    field = next((name for name in ("ItemProcessor", "Iterator") if name in state), None)
    if field is None:
        yield _required(["ItemProcessor"], at)
        return
    yield from _block(state[field], f"{at}/{field}", jsonata=outer)


SPECIAL: Mapping[str, Callable[[Mapping[str, Json], str, bool, bool], Iterator[Diagnostic]]] = {
    "Task": _task,
    "Wait": _wait,
    "Choice": _choice,
    "Parallel": _parallel,
    "Map": _map,
}


def _targets(name: str, state: Mapping[str, Json], at: str) -> Iterator[tuple[str, str]]:
    here = f"{at}/States/{name}"
    if "Next" in state:
        yield state["Next"], f"{here}/Next"
    for index, rule in enumerate(state.get("Choices", [])):
        if isinstance(rule.get("Next"), str):
            yield rule["Next"], f"{here}/Choices[{index}]/Next"
    if "Default" in state:
        yield state["Default"], f"{here}/Default"
    for index, catcher in enumerate(state.get("Catch", [])):
        yield catcher["Next"], f"{here}/Catch[{index}]/Next"


def _transitions(states: Mapping[str, Json], start: str, at: str) -> Iterator[Diagnostic]:
    """Every target must be there, every state reached, and some state the end."""
    targets = [
        (start, f"{at}/StartAt"),
        *(target for name, state in states.items() for target in _targets(name, state, at)),
    ]
    for name, place in targets:
        if name not in states:
            yield Diagnostic(TARGET, f"Missing 'Next' target: {name}", place)
    if not any(state["Type"] in ("Succeed", "Fail") or state.get("End") is True for state in states.values()):
        yield Diagnostic(NO_END, "Workflow has no terminal state", None)
        return
    reached = {start}
    queue = [start]
    while queue:
        name = queue.pop()
        for target, _ in _targets(name, states.get(name, {}), at):
            if target not in reached:
                reached.add(target)
                queue.append(target)
    for name in states:
        if name not in reached:
            yield Diagnostic(TARGET, f'State "{name}" is not reachable.', f"{at}/States/{name}")


def _duplicates(definition: Mapping[str, Json]) -> Iterator[Diagnostic]:
    """State names are unique within the whole machine."""
    seen: set[str] = set()
    for name, place in _names(definition, ""):
        if name in seen:
            yield Diagnostic("DUPLICATE_STATE_NAME", f"Duplicate State name: {name}", place)
        seen.add(name)


def _names(block: Mapping[str, Json], at: str) -> Iterator[tuple[str, str]]:
    for name, state in block["States"].items():
        here = f"{at}/States/{name}"
        yield name, here
        for index, branch in enumerate(state.get("Branches", [])):
            yield from _names(branch, f"{here}/Branches[{index}]")
        for field in ("ItemProcessor", "Iterator"):
            if field in state:
                yield from _names(state[field], f"{here}/{field}")
