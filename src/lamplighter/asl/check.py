"""Whether a definition is one, and if not, where and why, in AWS's words.

See https://states-language.net/spec.html and
https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html. Promises to find
all structural faults of any JSON value; refuses to look into paths and expressions (`parse` does, as it compiles them).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from lamplighter.asl.choice import NAMES
from lamplighter.asl.fields import (
    ASSIGN,
    BATCHER,
    DISTRIBUTED_CONFIG,
    EVERY,
    EXCLUSIVE,
    FIELDS,
    LONGEST,
    PROCESSOR,
    PROCESSOR_CONFIG,
    READER,
    READER_CONFIG,
    RETRIER,
    SELECTORS,
    TIMINGS,
    WRITER,
    WRITER_CONFIG,
    Check,
    Fields,
    anything,
    filled,
    flag,
    instant,
    mapping,
    number,
    one_of,
    path,
    text,
)
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
        "TimeoutSeconds": number(0, LONGEST),
        "Version": one_of("1.0"),
        "Comment": text,
        "QueryLanguage": one_of("JSONPath", "JSONata"),
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
        yield Diagnostic("INVALID_STATE_NAME", "State name cannot be longer than 80 characters", at)
    kind = state.get("Type")
    if kind is None:
        yield _required(["Type"], at)
        return
    if not isinstance(kind, str) or kind not in FIELDS:
        yield Diagnostic(SCHEMA, f"Value should be one of the following: [{', '.join(FIELDS)}]", f"{at}/Type")
        return
    if jsonata and state.get("QueryLanguage") == "JSONPath":
        message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
        yield Diagnostic(SCHEMA, message, at)
        return
    yield from _body(kind, state, at, jsonata=jsonata or state.get("QueryLanguage") == "JSONata", outer=jsonata)


def _body(kind: str, state: Mapping[str, Json], at: str, *, jsonata: bool, outer: bool) -> Iterator[Diagnostic]:
    both, in_path, in_jsonata = FIELDS[kind]
    yield from _known(state, (EVERY | both, in_path, in_jsonata), at, jsonata=jsonata)
    yield from _assigned(state, at)
    yield from _flow(kind, state, at)
    yield from _way_out(state, at, jsonata=jsonata)
    special = SPECIAL.get(kind)
    if special is not None:
        yield from special(state, at, jsonata, outer)


def _known(holder: Mapping[str, Json], fields: Fields, at: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    """What is wrong with each field by itself."""
    both, in_path, in_jsonata = fields
    mine, others = (in_jsonata, in_path) if jsonata else (in_path, in_jsonata)
    known = {**both, **mine}
    for field in holder:
        if field not in known:
            yield _foreign(field, at, jsonata=jsonata) if field in others else _unknown(field, at)
    yield from _values(holder, known, at, jsonata=jsonata)
    for pair in EXCLUSIVE:
        if all(each in holder for each in pair):
            yield _several(pair, at)


def _assigned(holder: Mapping[str, Json], at: str) -> Iterator[Diagnostic]:
    """Variables that cannot be: https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html."""
    given = holder.get("Assign")
    for field in given if isinstance(given, dict) else ():
        name = field.removesuffix(".$")
        if name == "states":
            yield Diagnostic("RESERVED_VARIABLE_NAME", "Cannot assign to reserved variable '$states'.", f"{at}/Assign")
        elif not name.isidentifier():
            message = f"Invalid variable name '{name}': the variable name contains invalid characters."
            yield Diagnostic("INVALID_VARIABLE_NAME", message, f"{at}/Assign")


def _unknown(field: str, at: str) -> Diagnostic:
    return Diagnostic(SCHEMA, f"Field '{field}' is not supported", at)


def _foreign(field: str, at: str, *, jsonata: bool) -> Diagnostic:
    """A field of the other language."""
    mine, other = ("JSONata", "JSONPath") if jsonata else ("JSONPath", "JSONata")
    message = (
        f"The QueryLanguage is set to '{mine}', but field '{field}' is only supported for the '{other}' QueryLanguage"
    )
    return Diagnostic(SCHEMA, message, at)


def _several(fields: Iterable[str], at: str) -> Diagnostic:
    return Diagnostic(SCHEMA, f"There should only be one of the following fields: [{', '.join(fields)}]", at)


def _none(fields: Iterable[str], at: str) -> Diagnostic:
    return Diagnostic(SCHEMA, f"This object should have only one of the following fields: [{', '.join(fields)}]", at)


def _flow(kind: str, state: Mapping[str, Json], at: str) -> Iterator[Diagnostic]:
    if "Next" not in FIELDS[kind][0]:
        return
    ends = state.get("End") is True
    if "Next" in state and ends:
        yield _several(("Next", "End"), at)
    if "Next" not in state and not ends:
        yield _none(("Next", "End"), at)


def _way_out(state: Mapping[str, Json], at: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    catcher: dict[str, Check] = {"ErrorEquals": filled, "Next": text, "Comment": text, "Assign": mapping} | (
        {"Output": anything} if jsonata else {"ResultPath": path}
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
            yield _unknown(field, at)
    yield from _values(entry, fields, at, jsonata=False)
    yield from _assigned(entry, at)
    names = entry.get("ErrorEquals")
    if not isinstance(names, list):
        return
    if not all(isinstance(name, str) for name in names):
        yield Diagnostic(SCHEMA, "Expected value of type String", f"{at}/ErrorEquals")
    elif "States.ALL" in names and (len(names) > 1 or not last):
        message = "States.ALL must appear alone and at end of list"
        yield Diagnostic(SCHEMA, message, f"{at}/ErrorEquals[{names.index('States.ALL')}]")


def _task(state: Mapping[str, Json], at: str, jsonata: bool, _outer: bool) -> Iterator[Diagnostic]:  # noqa: FBT001
    if "Resource" not in state:
        yield _required(["Resource"], at)
    credentials = state.get("Credentials", {"RoleArn": ""})
    if isinstance(credentials, dict) and "RoleArn" not in credentials and (jsonata or "RoleArn.$" not in credentials):
        yield Diagnostic(SCHEMA, "The field 'RoleArn' is required but was missing", f"{at}/Credentials")
    timeout, beat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if isinstance(timeout, int) and isinstance(beat, int) and beat >= timeout:
        yield Diagnostic(SCHEMA, "HeartbeatSeconds must be smaller than TimeoutSeconds", f"{at}/HeartbeatSeconds")


def _wait(state: Mapping[str, Json], at: str, _jsonata: bool, _outer: bool) -> Iterator[Diagnostic]:  # noqa: FBT001
    given = [name for name in TIMINGS if name in state]
    if not given:
        yield _none(TIMINGS, at)
    if len(given) > 1:
        yield _several(TIMINGS, at)


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
        yield from _values(rule, {"Next": text, "Comment": text, **ASSIGN}, place, jsonata=jsonata)
        yield from _assigned(rule, place)
        theirs = ("And", "Or", "Not", "Variable", *NAMES) if jsonata else ("Condition", "Output")
        foreign = [_foreign(field, place, jsonata=jsonata) for field in rule if field in theirs]
        yield from foreign
        if not jsonata and not foreign:
            yield from _rule(rule, place)


def _rule(rule: Json, at: str) -> Iterator[Diagnostic]:
    if not isinstance(rule, dict):
        yield Diagnostic(SCHEMA, "Expected value of type Object", at)
        return
    selectors = [name for name in SELECTORS if name in rule]
    if len(selectors) != 1:
        message = f"The object must have only one of the following fields, [{', '.join(SELECTORS)}]"
        yield Diagnostic(SCHEMA, message, at)
        return
    operators = [name for name in rule if name in NAMES]
    operator = selectors[0]
    if operator == "Variable":
        yield from [_several(operators, at)] if len(operators) > 1 else _comparison(operators, rule, at)
    elif operators:
        yield _unknown(operators[0], at)
    elif operator in ("And", "Or"):
        inner = rule[operator]
        if not isinstance(inner, list) or not inner:
            yield Diagnostic(SCHEMA, "Value cannot be empty", f"{at}/{operator}")
            return
        for index, each in enumerate(inner):
            yield from _nested(each, f"{at}/{operator}[{index}]")
    else:
        yield from _nested(rule["Not"], f"{at}/Not")


def _nested(rule: Json, at: str) -> Iterator[Diagnostic]:
    """A rule within a rule: it leads nowhere."""
    if isinstance(rule, dict) and "Next" in rule:
        yield _unknown("Next", at)
    yield from _rule(rule, at)


def _comparison(operators: list[str], rule: Mapping[str, Json], at: str) -> Iterator[Diagnostic]:
    if operators:
        yield from _operand(operators[0], rule, at)
    else:
        yield _none(sorted(NAMES), at)


def _operand(operator: str, rule: Mapping[str, Json], at: str) -> Iterator[Diagnostic]:
    value = rule[operator]
    test: Check = text
    if operator.startswith(("Boolean", "Is")) and not operator.endswith("Path"):
        test = flag
    elif operator.startswith("Numeric") and not operator.endswith("Path"):
        test = number(-math.inf, math.inf, whole=False)
    elif operator.startswith("Timestamp") and not operator.endswith("Path"):
        test = instant
    yield from _values(
        {"Variable": rule["Variable"], operator: value}, {"Variable": text, operator: test}, at, jsonata=False
    )


def _parallel(state: Mapping[str, Json], at: str, _jsonata: bool, outer: bool) -> Iterator[Diagnostic]:  # noqa: FBT001
    if "Branches" not in state:
        yield _required(["Branches"], at)
        return
    branches = state["Branches"]
    for index, branch in enumerate(branches if isinstance(branches, list) else []):
        yield from _block(branch, f"{at}/Branches[{index}]", jsonata=outer)


def _map(state: Mapping[str, Json], at: str, jsonata: bool, outer: bool) -> Iterator[Diagnostic]:  # noqa: FBT001
    field = next((name for name in ("ItemProcessor", "Iterator") if name in state), None)
    if field is None:
        yield _none(("ItemProcessor", "Iterator"), at)
        return
    yield from _dataset(state, state[field], at, jsonata=jsonata)
    yield from _processor(state[field], f"{at}/{field}")
    yield from _block(state[field], f"{at}/{field}", jsonata=outer)


def _processor(processor: Json, at: str) -> Iterator[Diagnostic]:
    """What a Map does with each item, but for its states."""
    if not isinstance(processor, dict):
        return
    yield from (_unknown(field, at) for field in processor if field not in PROCESSOR)
    config = processor.get("ProcessorConfig", {})
    if not isinstance(config, dict):
        yield Diagnostic(SCHEMA, "Expected value of type Object", f"{at}/ProcessorConfig")
        return
    distributed = _is_distributed(processor)
    known = DISTRIBUTED_CONFIG if distributed else PROCESSOR_CONFIG
    yield from (_unknown(field, f"{at}/ProcessorConfig") for field in config if field not in known)
    yield from _values(config, known, f"{at}/ProcessorConfig", jsonata=False)
    if distributed and "ExecutionType" not in config:
        yield _required(["ExecutionType"], f"{at}/ProcessorConfig")


def _is_distributed(processor: Json) -> bool:
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    return isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED"


def _dataset(state: Mapping[str, Json], processor: Json, at: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    """Where the items come from and where the results go, if not from and to the state itself."""
    distributed = _is_distributed(processor)
    if isinstance(state.get("ItemBatcher"), dict):
        yield from _known(state["ItemBatcher"], BATCHER, f"{at}/ItemBatcher", jsonata=jsonata)
    for name, fields, inner, inner_fields in (
        ("ItemReader", READER, "ReaderConfig", READER_CONFIG),
        ("ResultWriter", WRITER, "WriterConfig", WRITER_CONFIG),
    ):
        part = state.get(name)
        if not isinstance(part, dict):
            continue
        if not distributed:
            yield Diagnostic(SCHEMA, "Field is supported only when 'Mode' is 'DISTRIBUTED'", f"{at}/{name}")
        yield from _known(part, fields, f"{at}/{name}", jsonata=jsonata)
        if isinstance(part.get(inner), dict):
            yield from _known(part[inner], inner_fields, f"{at}/{name}/{inner}", jsonata=jsonata)
    reader, writer = state.get("ItemReader"), state.get("ResultWriter")
    if isinstance(reader, dict) and "Resource" not in reader:
        yield _required(["Resource"], f"{at}/ItemReader")
    if isinstance(reader, dict) and isinstance(reader.get("ReaderConfig"), dict):
        yield from _headers(reader["ReaderConfig"], f"{at}/ItemReader/ReaderConfig")
    if isinstance(writer, dict) and "Resource" not in writer and "WriterConfig" not in writer:
        # "The ResultWriter field cannot be empty. You must specify one of these sets of sub-fields."
        yield _none(("Resource", "WriterConfig"), f"{at}/ResultWriter")


def _headers(config: Mapping[str, Json], at: str) -> Iterator[Diagnostic]:
    """A CSV says where its column names are."""
    if config.get("InputType") == "CSV" and "CSVHeaderLocation" not in config:
        yield _required(["CSVHeaderLocation"], at)
    if config.get("CSVHeaderLocation") == "GIVEN" and "CSVHeaders" not in config:
        yield _required(["CSVHeaders"], at)


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
