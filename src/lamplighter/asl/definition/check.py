"""Check the structure of a definition and report each fault with its place, in AWS's words.

See https://states-language.net/spec.html and
https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html. Guarantees to
find all structural faults of any JSON value. Does not check paths and expressions: `parse` checks them as it compiles
them.
"""

from collections.abc import Callable, Iterator, Mapping

from lamplighter.asl.definition import check_choice, check_map
from lamplighter.asl.definition.diagnostics import (
    SCHEMA,
    Diagnostic,
    check_assigned,
    check_fields,
    check_values,
    conflicting_fields,
    missing_fields,
    no_field_of,
    unknown_field,
)
from lamplighter.asl.definition.fields import (
    COMMON_FIELDS,
    FIELDS,
    RETRIER,
    WAIT_FIELDS,
    Check,
    accept_any,
    check_nonempty_list,
    check_object,
    check_path,
    check_text,
    number_between,
    one_of,
)
from lamplighter.asl.definition.retrier import MAX_SECONDS
from lamplighter.asl.definition.state_tree import state_places
from lamplighter.base.json_text import Json

MISSING_TARGET = "MISSING_TRANSITION_TARGET"
NO_END = "MISSING_END_STATE"


def check_definition(definition: Json) -> list[Diagnostic]:
    """Return all structural faults of a definition, in the order of its text."""
    if not isinstance(definition, dict):
        return [Diagnostic(SCHEMA, "Expected value of type Object", "/")]
    return list(_check_machine(definition)) or list(_check_duplicates(definition))


def check_single_state(name: str, state: Json) -> list[Diagnostic]:
    """Return all structural faults of a state without its machine; the states that it leads to need not exist."""
    return list(_check_state(name, state, f"/States/{name}", jsonata=False)) or list(
        _check_duplicates({"States": {name: state}})
    )


def _check_machine(machine: Mapping[str, Json]) -> Iterator[Diagnostic]:
    fields: dict[str, Check] = {
        "TimeoutSeconds": number_between(0, MAX_SECONDS),
        "Version": one_of("1.0"),
        "Comment": check_text,
        "QueryLanguage": one_of("JSONPath", "JSONata"),
    }
    yield from check_values(machine, fields, "", jsonata=False)
    yield from _check_block(machine, "", jsonata=machine.get("QueryLanguage") == "JSONata")


def _check_block(block: Json, location: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    if not isinstance(block, dict):
        yield Diagnostic(SCHEMA, "Expected value of type Object", location)
        return
    missing = [name for name in ("StartAt", "States") if name not in block]
    if missing:
        yield missing_fields(missing, location or "/")
        return
    states, start = block["States"], block["StartAt"]
    if not isinstance(states, dict) or not states:
        yield Diagnostic(
            SCHEMA, "Value cannot be empty" if states == {} else "Expected value of type Object", f"{location}/States"
        )
        return
    if not isinstance(start, str):
        yield Diagnostic(SCHEMA, "Expected value of type String", f"{location}/StartAt")
        return
    faults = [
        fault
        for name, state in states.items()
        for fault in _check_state(name, state, f"{location}/States/{name}", jsonata=jsonata)
    ]
    yield from faults
    if not any(fault.code == SCHEMA for fault in faults):
        yield from _check_transitions(states, start, location)


def _check_state(name: str, state: Json, location: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    if not isinstance(state, dict):
        yield Diagnostic(SCHEMA, "Expected value of type Object", location)
        return
    if len(name) > 80:
        yield Diagnostic("INVALID_STATE_NAME", "State name cannot be longer than 80 characters", location)
    kind = state.get("Type")
    if kind is None:
        yield missing_fields(["Type"], location)
        return
    if not isinstance(kind, str) or kind not in FIELDS:
        yield Diagnostic(SCHEMA, f"Value should be one of the following: [{', '.join(FIELDS)}]", f"{location}/Type")
        return
    if jsonata and state.get("QueryLanguage") == "JSONPath":
        message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
        yield Diagnostic(SCHEMA, message, location)
        return
    yield from _check_body(
        kind, state, location, jsonata=jsonata or state.get("QueryLanguage") == "JSONata", outer=jsonata
    )


def _check_body(
    kind: str, state: Mapping[str, Json], location: str, *, jsonata: bool, outer: bool
) -> Iterator[Diagnostic]:
    both, in_path, in_jsonata = FIELDS[kind]
    yield from check_fields(state, (COMMON_FIELDS | both, in_path, in_jsonata), location, jsonata=jsonata)
    yield from check_assigned(state, location)
    yield from _check_flow(kind, state, location)
    yield from _check_error_handlers(state, location, jsonata=jsonata)
    special = TYPE_CHECKS.get(kind)
    if special is not None:
        yield from special(state, location, jsonata, outer)


def _check_flow(kind: str, state: Mapping[str, Json], location: str) -> Iterator[Diagnostic]:
    if "Next" not in FIELDS[kind][0]:
        return
    ends = state.get("End") is True
    if "Next" in state and ends:
        yield conflicting_fields(("Next", "End"), location)
    if "Next" not in state and not ends:
        yield no_field_of(("Next", "End"), location)


def _check_error_handlers(state: Mapping[str, Json], location: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    catcher: dict[str, Check] = {
        "ErrorEquals": check_nonempty_list,
        "Next": check_text,
        "Comment": check_text,
        "Assign": check_object,
    } | ({"Output": accept_any} if jsonata else {"ResultPath": check_path})
    for field, fields, needed in (("Retry", RETRIER, ["ErrorEquals"]), ("Catch", catcher, ["ErrorEquals", "Next"])):
        entries = state.get(field, [])
        if not isinstance(entries, list):
            yield Diagnostic(SCHEMA, "Expected value of type Array", f"{location}/{field}")
            continue
        for index, entry in enumerate(entries):
            yield from _check_handler(
                entry, fields, needed, f"{location}/{field}[{index}]", last=index == len(entries) - 1
            )


def _check_handler(
    entry: Json, fields: Mapping[str, Check], needed: list[str], location: str, *, last: bool
) -> Iterator[Diagnostic]:
    if not isinstance(entry, dict):
        yield Diagnostic(SCHEMA, "Expected value of type Object", location)
        return
    missing = [name for name in needed if name not in entry]
    if missing:
        yield missing_fields(missing, location)
    yield from (unknown_field(field, location) for field in entry if field not in fields)
    yield from check_values(entry, fields, location, jsonata=False)
    yield from check_assigned(entry, location)
    names = entry.get("ErrorEquals")
    if not isinstance(names, list):
        return
    if not all(isinstance(name, str) for name in names):
        yield Diagnostic(SCHEMA, "Expected value of type String", f"{location}/ErrorEquals")
    elif "States.ALL" in names and (len(names) > 1 or not last):
        message = "States.ALL must appear alone and at end of list"
        yield Diagnostic(SCHEMA, message, f"{location}/ErrorEquals[{names.index('States.ALL')}]")


def _check_task(state: Mapping[str, Json], location: str, jsonata: bool, _outer: bool) -> Iterator[Diagnostic]:  # noqa: FBT001
    if "Resource" not in state:
        yield missing_fields(["Resource"], location)
    credentials = state.get("Credentials", {"RoleArn": ""})
    if isinstance(credentials, dict) and "RoleArn" not in credentials and (jsonata or "RoleArn.$" not in credentials):
        yield Diagnostic(SCHEMA, "The field 'RoleArn' is required but was missing", f"{location}/Credentials")
    timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
        yield Diagnostic(SCHEMA, "HeartbeatSeconds must be smaller than TimeoutSeconds", f"{location}/HeartbeatSeconds")


def _check_wait(state: Mapping[str, Json], location: str, _jsonata: bool, _outer: bool) -> Iterator[Diagnostic]:  # noqa: FBT001
    given = [name for name in WAIT_FIELDS if name in state]
    if not given:
        yield no_field_of(WAIT_FIELDS, location)
    if len(given) > 1:
        yield conflicting_fields(WAIT_FIELDS, location)


def _check_choice(state: Mapping[str, Json], location: str, jsonata: bool, _outer: bool) -> Iterator[Diagnostic]:  # noqa: FBT001
    return check_choice.check_choice_rules(state, location, jsonata=jsonata)


def _check_parallel(state: Mapping[str, Json], location: str, _jsonata: bool, outer: bool) -> Iterator[Diagnostic]:  # noqa: FBT001
    if "Branches" not in state:
        yield missing_fields(["Branches"], location)
        return
    branches = state["Branches"]
    for index, branch in enumerate(branches if isinstance(branches, list) else []):
        yield from _check_block(branch, f"{location}/Branches[{index}]", jsonata=outer)


def _check_map(state: Mapping[str, Json], location: str, jsonata: bool, outer: bool) -> Iterator[Diagnostic]:  # noqa: FBT001
    field = next((name for name in ("ItemProcessor", "Iterator") if name in state), None)
    if field is None:
        yield no_field_of(("ItemProcessor", "Iterator"), location)
        return
    yield from check_map.check_reader_and_writer(state, state[field], location, jsonata=jsonata)
    yield from check_map.check_processor(state[field], f"{location}/{field}")
    yield from _check_block(state[field], f"{location}/{field}", jsonata=outer)


TYPE_CHECKS: Mapping[str, Callable[[Mapping[str, Json], str, bool, bool], Iterator[Diagnostic]]] = {
    "Task": _check_task,
    "Wait": _check_wait,
    "Choice": _check_choice,
    "Parallel": _check_parallel,
    "Map": _check_map,
}


def _targets(name: str, state: Mapping[str, Json], location: str) -> Iterator[tuple[str, str]]:
    here = f"{location}/States/{name}"
    if "Next" in state:
        yield state["Next"], f"{here}/Next"
    for index, rule in enumerate(state.get("Choices", [])):
        if isinstance(rule.get("Next"), str):
            yield rule["Next"], f"{here}/Choices[{index}]/Next"
    if "Default" in state:
        yield state["Default"], f"{here}/Default"
    for index, catcher in enumerate(state.get("Catch", [])):
        yield catcher["Next"], f"{here}/Catch[{index}]/Next"


def _check_transitions(states: Mapping[str, Json], start: str, location: str) -> Iterator[Diagnostic]:
    """Check that every target exists, that every state is reachable, and that a state ends the block."""
    targets = [
        (start, f"{location}/StartAt"),
        *(target for name, state in states.items() for target in _targets(name, state, location)),
    ]
    for name, place in targets:
        if name not in states:
            yield Diagnostic(MISSING_TARGET, f"Missing 'Next' target: {name}", place)
    if not any(state["Type"] in ("Succeed", "Fail") or state.get("End") is True for state in states.values()):
        yield Diagnostic(NO_END, "Workflow has no terminal state", None)
        return
    reached = {start}
    queue = [start]
    while queue:
        name = queue.pop()
        for target, _ in _targets(name, states.get(name, {}), location):
            if target not in reached:
                reached.add(target)
                queue.append(target)
    for name in states:
        if name not in reached:
            yield Diagnostic(MISSING_TARGET, f'State "{name}" is not reachable.', f"{location}/States/{name}")


def _check_duplicates(definition: Mapping[str, Json]) -> Iterator[Diagnostic]:
    """Check that state names are unique within the whole machine."""
    seen: set[str] = set()
    for place in state_places(definition):
        if place.name in seen:
            yield Diagnostic("DUPLICATE_STATE_NAME", f"Duplicate State name: {place.name}", place.location)
        seen.add(place.name)
