"""Compile the source of states to blocks, states and their parts.

A fault in one state is added to `Compiler.faults`; the other states are still compiled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lamplighter.asl.definition import dynamic_values
from lamplighter.asl.definition.choice_rules import compile_rule
from lamplighter.asl.definition.data_flow import (
    BadField,
    compile_checked_field,
    compile_effective_input,
    compile_expression_output,
    compile_filter_path,
    compile_path_output,
    compile_payload,
    compile_result_path,
    compile_scalar,
    constant,
    identity,
)
from lamplighter.asl.definition.diagnostics import SCHEMA, Diagnostic
from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.model import (
    Batcher,
    Block,
    Catcher,
    Choice,
    DistributedMap,
    Fail,
    Filters,
    Map,
    Parallel,
    Pass,
    Pattern,
    Resource,
    State,
    Succeed,
    Task,
    Template,
    Wait,
)
from lamplighter.asl.definition.reader_and_writer import READS, WRITES, compile_reader, compile_writer, is_action
from lamplighter.asl.definition.retrier import read_retrier
from lamplighter.asl.execution.state_errors import runtime_error
from lamplighter.base import arn
from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.intrinsics.expression import IntrinsicSyntaxError
from lamplighter.lang.jsonpath.paths import PathError

PATTERNS: Mapping[str, Pattern] = {"sync": "sync", "sync:2": "sync:2", "waitForTaskToken": "waitForTaskToken"}

Additions = Callable[[Resource], Mapping[str, Json]]
"""A function that returns the parameters that an integration adds to those of the task."""


def parse_resource(text: str) -> Resource | None:
    """Parse a Task's Resource; return None if it names nothing that a Task can call."""
    found = arn.parse(text)
    if found is None:
        return None
    if found.service == "lambda":
        return Resource(text, "lambda", "lambda", "invoke", "")
    if found.service != "states":
        return None
    if found.resource.startswith("activity:"):
        return Resource(text, "activity", "activity", found.resource, "")
    name, _, suffix = found.resource.partition(".")
    if suffix and suffix not in PATTERNS:
        return None
    parts = name.split(":")
    pattern = PATTERNS[suffix] if suffix else ""
    if len(parts) == 3 and parts[0] == "aws-sdk":
        return Resource(text, "sdk", parts[1], parts[2], pattern)
    return Resource(text, "integration", parts[0], parts[1], pattern) if len(parts) == 2 else None


@dataclass(frozen=True, slots=True)
class _Site:
    """The place of a state: its own language, its block's language (`outer`), and where it is in the text."""

    jsonata: bool
    outer: bool
    at: str


@dataclass(slots=True)
class Compiler:
    """A compiler for the blocks of one definition; `blocks` contains the results by number."""

    additions: Additions
    blocks: dict[int, Block] = field(default_factory=dict)
    faults: list[Diagnostic] = field(default_factory=list)
    reserved: int = 0

    def compile_block(self, source: Mapping[str, Json], *, jsonata: bool, at: str) -> int:
        """Compile a block and all blocks within it; return the block's number."""
        number, self.reserved = self.reserved, self.reserved + 1
        states = {}
        for name, state in source["States"].items():
            place = f"{at}/States/{name}"
            try:
                speaks = jsonata or state.get("QueryLanguage") == "JSONata"
                states[name] = self.compile_state(name, state, jsonata=speaks, outer=jsonata, at=place)
            except BadField as error:
                self.faults.append(Diagnostic(error.code or SCHEMA, str(error), f"{place}/{error.field}"))
            except (PathError, IntrinsicSyntaxError, TypeError, AttributeError) as error:
                self.faults.append(Diagnostic(SCHEMA, str(error), place))
        self.blocks[number] = Block(number, source["StartAt"], states)
        return number

    def compile_state(self, name: str, source: Mapping[str, Json], *, jsonata: bool, outer: bool, at: str) -> State:
        """Compile one state; raises BadField, PathError or IntrinsicSyntaxError if the state cannot be compiled."""
        make: Callable[[Json, Json, _Site], State] = getattr(self, f"_{source['Type'].lower()}")
        assign = _part(source, "Assign", "", jsonata=jsonata)
        filters = None if jsonata else _filters(source)
        common = {"name": name, "next": source.get("Next"), "jsonata": jsonata, "filters": filters, "assign": assign}
        return make(source, common, _Site(jsonata, outer, at))

    def _pass(self, source: Json, common: Json, _site: "_Site") -> Pass:
        filters: Filters | None = common["filters"]
        if filters is None:
            return Pass(**common, fixed=False, result=identity, output=compile_expression_output(_output(source)))
        fixed = "Result" in source
        result = constant(source["Result"]) if fixed else compile_effective_input(filters)
        return Pass(**common, fixed=fixed, result=result, output=compile_path_output(filters))

    def _succeed(self, source: Json, common: Json, _site: "_Site") -> Succeed:
        return Succeed(**common, output=_passed(source, common["filters"]))

    def _fail(self, source: Json, common: Json, site: "_Site") -> Fail:
        return Fail(
            **common,
            error=_word(source, "Error", jsonata=site.jsonata),
            cause=_word(source, "Cause", jsonata=site.jsonata),
        )

    def _wait(self, source: Json, common: Json, site: "_Site") -> Wait:
        return Wait(
            **common,
            effective=compile_filter_path(source.get("InputPath", "$"), "InputPath"),
            until=dynamic_values.compile_wait_end(source, jsonata=site.jsonata),
            output=_passed(source, common["filters"]),
        )

    def _choice(self, source: Json, common: Json, site: "_Site") -> Choice:
        rules = tuple(
            (
                compile_rule(rule, jsonata=site.jsonata, at=f"Choices[{at}]/"),
                rule["Next"],
                _part(rule, "Assign", f"Choices[{at}]/", jsonata=site.jsonata),
                _part(rule, "Output", f"Choices[{at}]/", jsonata=True) if site.jsonata else None,
            )
            for at, rule in enumerate(source["Choices"])
        )
        return Choice(
            **common,
            effective=compile_filter_path(source.get("InputPath", "$"), "InputPath"),
            rules=rules,
            default=source.get("Default"),
            output=_passed(source, common["filters"]),
        )

    def _task(self, source: Json, common: Json, site: "_Site") -> Task:
        resource = parse_resource(source["Resource"])
        if resource is None:
            self.faults.append(Diagnostic(SCHEMA, "Value is not a valid resource ARN", f"{site.at}/Resource"))
            resource = Resource(source["Resource"], "integration", "", "", "")
        return Task(
            **common,
            **_work(source, common["filters"]),
            resource=resource,
            additions=self.additions(resource),
            timeout=dynamic_values.compile_seconds(source, "TimeoutSeconds", jsonata=site.jsonata),
            heartbeat=dynamic_values.compile_seconds(source, "HeartbeatSeconds", jsonata=site.jsonata),
            role=_role(source["Credentials"], jsonata=site.jsonata) if "Credentials" in source else None,
        )

    def _parallel(self, source: Json, common: Json, site: "_Site") -> Parallel:
        branches = [
            self.compile_block(branch, jsonata=site.outer, at=f"{site.at}/Branches[{index}]")
            for index, branch in enumerate(source["Branches"])
        ]
        return Parallel(**common, **_work(source, common["filters"]), branches=tuple(branches))

    def _map(self, source: Json, common: Json, site: "_Site") -> Map:
        key = "ItemProcessor" if "ItemProcessor" in source else "Iterator"
        for part, actions in (("ItemReader", READS), ("ResultWriter", WRITES)):
            resource = source.get(part, {}).get("Resource", f"arn:aws:states:::{actions[0]}")
            if not is_action(resource, actions):
                message = f"Value is not one of [{', '.join(f'arn:aws:states:::{action}' for action in actions)}]"
                self.faults.append(Diagnostic(SCHEMA, message, f"{site.at}/{part}/Resource"))
        selector = source.get("ItemSelector", None if site.jsonata else source.get("Parameters"))
        return Map(
            **common,
            **_work(source, common["filters"]),
            processor=self.compile_block(source[key], jsonata=site.outer, at=f"{site.at}/{key}"),
            items=dynamic_values.compile_items(source, jsonata=site.jsonata),
            selector=compile_payload(selector, "ItemSelector", jsonata=site.jsonata) if selector is not None else None,
            concurrency=dynamic_values.compile_concurrency(source, jsonata=site.jsonata),
            distributed=_distributed(source, source[key], jsonata=site.jsonata),
        )


def _output(source: Mapping[str, Json], within: str = "") -> Template | None:
    return _part(source, "Output", within, jsonata=True)


def _part(source: Mapping[str, Json], name: str, within: str, *, jsonata: bool) -> Template | None:
    """Compile a payload, or return None if the state has none; `within` is the path of the object that contains it."""
    return compile_payload(source[name], f"{within}{name}", jsonata=jsonata) if name in source else None


def _filters(source: Mapping[str, Json]) -> Filters:
    # A Map's Parameters are the older name of its ItemSelector: they build the items, not the state's input.
    fills = "Parameters" in source and source["Type"] != "Map"
    selects = "ResultSelector" in source
    return Filters(
        input_path=compile_filter_path(source.get("InputPath", "$"), "InputPath"),
        parameters=compile_payload(source["Parameters"], "Parameters", jsonata=False) if fills else None,
        result_selector=compile_payload(source["ResultSelector"], "ResultSelector", jsonata=False) if selects else None,
        result_path=compile_result_path(source.get("ResultPath", "$"), "ResultPath"),
        output_path=compile_filter_path(source.get("OutputPath", "$"), "OutputPath"),
    )


def _passed(source: Mapping[str, Json], filters: Filters | None) -> Template:
    """Compile the output of a state that has no result."""
    if filters is None:
        return _output(source) or identity
    select, leave = filters.input_path, filters.output_path
    return select if leave is identity else lambda scope: leave(scope.at(select(scope)))


def _word(source: Mapping[str, Json], name: str, *, jsonata: bool) -> Template:
    """Compile a Fail state's Error or Cause: a literal, expression, path or intrinsic; a missing field becomes None."""
    where = f"{name}Path"
    if where not in source:
        return compile_scalar(source.get(name), name, (str,), jsonata=jsonata)
    read = compile_checked_field(source[where], where, where)

    def word(scope: Scope) -> Json:
        value = read(scope)
        if not isinstance(value, str):
            raise runtime_error(f"The {where} parameter does not reference a string: {source[where]} == {dumps(value)}")
        return value

    return word


def _role(source: Json, *, jsonata: bool) -> Template:
    credentials = compile_payload(source, "Credentials", jsonata=jsonata)

    def role(scope: Scope) -> Json:
        value = credentials(scope)["RoleArn"]
        if not isinstance(value, str):
            raise runtime_error(f"The RoleArn of the Credentials is not a string: {dumps(value)}")
        return value

    return role


def _work(source: Mapping[str, Json], filters: Filters | None) -> dict[str, Json]:
    jsonata = filters is None
    if filters is None:
        arguments = (
            compile_payload(source["Arguments"], "Arguments", jsonata=True) if "Arguments" in source else identity
        )
        output = compile_expression_output(_output(source))
    else:
        arguments, output = compile_effective_input(filters), compile_path_output(filters)
    return {
        "arguments": arguments,
        "output": output,
        "retriers": tuple(read_retrier(entry) for entry in source.get("Retry", ())),
        "catchers": tuple(
            _catcher(entry, f"Catch[{at}]/", jsonata=jsonata) for at, entry in enumerate(source.get("Catch", ()))
        ),
    }


def _distributed(source: Mapping[str, Json], processor: Mapping[str, Json], *, jsonata: bool) -> DistributedMap | None:
    config = processor.get("ProcessorConfig", {})
    if config.get("Mode") != "DISTRIBUTED":
        return None
    return DistributedMap(
        express=config.get("ExecutionType") == "EXPRESS",
        label=source.get("Label"),
        tolerated_count=dynamic_values.compile_seconds(source, "ToleratedFailureCount", jsonata=jsonata),
        tolerated_percentage=dynamic_values.compile_percentage(source, jsonata=jsonata),
        batcher=_batcher(source["ItemBatcher"], jsonata=jsonata) if "ItemBatcher" in source else None,
        reader=compile_reader(source, jsonata=jsonata),
        writer=compile_writer(source, jsonata=jsonata),
    )


def _batcher(source: Mapping[str, Json], *, jsonata: bool) -> Batcher:
    return Batcher(
        items=dynamic_values.compile_seconds(source, "MaxItemsPerBatch", jsonata=jsonata, within="ItemBatcher/"),
        bytes=dynamic_values.compile_seconds(source, "MaxInputBytesPerBatch", jsonata=jsonata, within="ItemBatcher/"),
        input=_part(source, "BatchInput", "ItemBatcher/", jsonata=jsonata),
    )


def _catcher(source: Mapping[str, Json], within: str, *, jsonata: bool) -> Catcher:
    output: Callable[[Scope, Json], Json]
    if jsonata:
        template = _output(source, within)
        output = (
            (lambda _scope, error: error)
            if template is None
            else (lambda scope, error: template(scope.with_error(error)))
        )
    else:
        place = compile_result_path(source.get("ResultPath", "$"), f"{within}ResultPath")
        output = lambda scope, error: place(scope.input, error)  # noqa: E731 - the twin of the line above
    assign = _part(source, "Assign", within, jsonata=jsonata)
    return Catcher(errors=tuple(source["ErrorEquals"]), next=source["Next"], output=output, assign=assign)
