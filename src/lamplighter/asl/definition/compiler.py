"""Compile the source of states to blocks, states and their parts.

A fault in one state is added to `Compiler.faults`; the other states are still compiled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from lamplighter.asl.definition import dynamic_values
from lamplighter.asl.definition.choice_rules import compile_rule
from lamplighter.asl.definition.data_flow import (
    BadField,
    JsonPathFilters,
    RecordStage,
    compile_checked_field,
    compile_document_path,
    compile_effective_input,
    compile_expression_output,
    compile_path_output,
    compile_payload,
    compile_result_path,
    compile_scalar,
    constant,
    identity,
    record_filters,
    record_stage,
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
from lamplighter.asl.definition.reader_and_writer import (
    READER_ACTIONS,
    WRITER_ACTIONS,
    compile_reader,
    compile_writer,
    is_action,
)
from lamplighter.asl.definition.retrier import Retrier, read_retrier
from lamplighter.asl.execution.state_errors import runtime_error
from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.intrinsics.expression import IntrinsicSyntaxError
from lamplighter.lang.jsonpath.paths import PathError

PATTERNS: Mapping[str, Pattern] = {"sync": "sync", "sync:2": "sync:2", "waitForTaskToken": "waitForTaskToken"}

_RetryableFields: TypeAlias = tuple[Template, Callable[[Scope, Json], Json], tuple[Retrier, ...], tuple[Catcher, ...]]
"""The values of the fields that Task, Parallel and Map have in common."""
AddedParameters = Callable[[Resource], Mapping[str, Json]]
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
class _StatePlace:
    """A state: its own language, its block's language (`block_jsonata`), and where it is in the text."""

    jsonata: bool
    block_jsonata: bool
    location: str
    filters: JsonPathFilters | None
    """None for a state in JSONata."""
    common: tuple[str, str | None, bool, Template | None]
    """The values of the fields that all states have."""


@dataclass(slots=True)
class Compiler:
    """A compiler for the blocks of one definition: the machine itself, each branch, and each Map's processor.

    `blocks` contains the results by number.
    """

    added_parameters: AddedParameters
    record: RecordStage | None = None
    """Receives the value after each stage of the data flow while a state runs; only TestState needs the stages."""
    blocks: dict[int, Block] = field(default_factory=dict)
    faults: list[Diagnostic] = field(default_factory=list)
    reserved: int = 0

    def compile_block(self, source: Mapping[str, Json], *, jsonata: bool, location: str) -> int:
        """Compile a block and all blocks within it; return the block's number."""
        number, self.reserved = self.reserved, self.reserved + 1
        states = {}
        for name, state in source["States"].items():
            place = f"{location}/States/{name}"
            try:
                states[name] = self.compile_state(name, state, block_jsonata=jsonata, location=place)
            except BadField as error:
                self.faults.append(Diagnostic(error.code or SCHEMA, str(error), f"{place}/{error.field}"))
            except (PathError, IntrinsicSyntaxError, TypeError, AttributeError) as error:
                self.faults.append(Diagnostic(SCHEMA, str(error), place))
        self.blocks[number] = Block(number, source["StartAt"], states)
        return number

    def compile_state(self, name: str, source: Mapping[str, Json], *, block_jsonata: bool, location: str) -> State:
        """Compile one state; raises BadField, PathError or IntrinsicSyntaxError if the state cannot be compiled."""
        jsonata = block_jsonata or source.get("QueryLanguage") == "JSONata"
        make: Callable[[Mapping[str, Json], _StatePlace], State] = getattr(self, f"_{source['Type'].lower()}")
        assign = _compile_part(source, "Assign", "", jsonata=jsonata)
        filters = None if jsonata else self._compile_filters(source)
        common = (name, source.get("Next"), jsonata, assign)
        return make(source, _StatePlace(jsonata, block_jsonata, location, filters, common))

    def _compile_filters(self, source: Mapping[str, Json]) -> JsonPathFilters:
        # A Map's Parameters are the older name of its ItemSelector: they build the items, not the state's input.
        fills = "Parameters" in source and source["Type"] != "Map"
        selects = "ResultSelector" in source
        filters = JsonPathFilters(
            input_path=compile_document_path(source.get("InputPath", "$"), "InputPath"),
            parameters=compile_payload(source["Parameters"], "Parameters", jsonata=False) if fills else None,
            result_selector=(
                compile_payload(source["ResultSelector"], "ResultSelector", jsonata=False) if selects else None
            ),
            result_path=compile_result_path(source.get("ResultPath", "$"), "ResultPath"),
            output_path=compile_document_path(source.get("OutputPath", "$"), "OutputPath"),
        )
        return filters if self.record is None else record_filters(filters, self.record, source["Type"])

    def _recorded(self, stage: str, template: Template) -> Template:
        return template if self.record is None else record_stage(stage, template, self.record)

    def _pass(self, source: Mapping[str, Json], place: "_StatePlace") -> Pass:
        if place.filters is None:
            return Pass(*place.common, result=identity, output=compile_expression_output(_compile_output(source)))
        result = (
            self._recorded("result", constant(source["Result"]))
            if "Result" in source
            else compile_effective_input(place.filters)
        )
        return Pass(*place.common, result=result, output=compile_path_output(place.filters))

    def _succeed(self, source: Mapping[str, Json], place: "_StatePlace") -> Succeed:
        return Succeed(*place.common, output=_output_without_result(source, place.filters))

    def _fail(self, source: Mapping[str, Json], place: "_StatePlace") -> Fail:
        return Fail(
            *place.common,
            error=_error_or_cause(source, "Error", jsonata=place.jsonata),
            cause=_error_or_cause(source, "Cause", jsonata=place.jsonata),
        )

    def _wait(self, source: Mapping[str, Json], place: "_StatePlace") -> Wait:
        return Wait(
            *place.common,
            effective_input=place.filters.input_path if place.filters else identity,
            compute_end=dynamic_values.compile_wait_end(source, jsonata=place.jsonata),
            output=_output_without_result(source, place.filters),
        )

    def _choice(self, source: Mapping[str, Json], place: "_StatePlace") -> Choice:
        rules = tuple(
            (
                compile_rule(rule, jsonata=place.jsonata, location=f"Choices[{at}]/"),
                rule["Next"],
                _compile_part(rule, "Assign", f"Choices[{at}]/", jsonata=place.jsonata),
                _compile_part(rule, "Output", f"Choices[{at}]/", jsonata=True) if place.jsonata else None,
            )
            for at, rule in enumerate(source["Choices"])
        )
        return Choice(
            *place.common,
            effective_input=place.filters.input_path if place.filters else identity,
            rules=rules,
            default=source.get("Default"),
            output=_output_without_result(source, place.filters),
        )

    def _task(self, source: Mapping[str, Json], place: "_StatePlace") -> Task:
        resource = parse_resource(source["Resource"])
        if resource is None:
            self.faults.append(Diagnostic(SCHEMA, "Value is not a valid resource ARN", f"{place.location}/Resource"))
            resource = Resource(source["Resource"], "integration", "", "", "")
        return Task(
            *place.common,
            *self._retryable_fields(source, place),
            resource=resource,
            added_parameters=self.added_parameters(resource),
            timeout=dynamic_values.compile_whole_number(source, "TimeoutSeconds", jsonata=place.jsonata),
            heartbeat=dynamic_values.compile_whole_number(source, "HeartbeatSeconds", jsonata=place.jsonata),
            role=_compile_role(source["Credentials"], jsonata=place.jsonata) if "Credentials" in source else None,
        )

    def _parallel(self, source: Mapping[str, Json], place: "_StatePlace") -> Parallel:
        branches = [
            self.compile_block(branch, jsonata=place.block_jsonata, location=f"{place.location}/Branches[{index}]")
            for index, branch in enumerate(source["Branches"])
        ]
        return Parallel(*place.common, *self._retryable_fields(source, place), branches=tuple(branches))

    def _map(self, source: Mapping[str, Json], place: "_StatePlace") -> Map:
        key = "ItemProcessor" if "ItemProcessor" in source else "Iterator"
        for part, actions in (("ItemReader", READER_ACTIONS), ("ResultWriter", WRITER_ACTIONS)):
            resource = source.get(part, {}).get("Resource", f"arn:aws:states:::{actions[0]}")
            if not is_action(resource, actions):
                message = f"Value is not one of [{', '.join(f'arn:aws:states:::{action}' for action in actions)}]"
                self.faults.append(Diagnostic(SCHEMA, message, f"{place.location}/{part}/Resource"))
        selector = source.get("ItemSelector", None if place.jsonata else source.get("Parameters"))
        items = dynamic_values.compile_items(source, jsonata=place.jsonata)
        return Map(
            *place.common,
            *self._retryable_fields(source, place),
            processor=self.compile_block(source[key], jsonata=place.block_jsonata, location=f"{place.location}/{key}"),
            items=items if place.jsonata else self._recorded("afterItemsPath", items),
            selector=compile_payload(selector, "ItemSelector", jsonata=place.jsonata) if selector is not None else None,
            concurrency=dynamic_values.compile_map_limit(source, "MaxConcurrency", jsonata=place.jsonata)
            or constant(0),
            distributed=_compile_distributed(source, source[key], jsonata=place.jsonata),
        )

    def _retryable_fields(self, source: Mapping[str, Json], place: "_StatePlace") -> _RetryableFields:
        if place.filters is None:
            template = _compile_part(source, "Arguments", "", jsonata=True) or identity
            arguments = template if source["Type"] == "Map" else self._recorded("afterArguments", template)
            output = compile_expression_output(_compile_output(source))
        else:
            arguments, output = compile_effective_input(place.filters), compile_path_output(place.filters)
        catchers = [
            _compile_catcher(entry, f"Catch[{at}]/", jsonata=place.jsonata)
            for at, entry in enumerate(source.get("Catch", ()))
        ]
        return arguments, output, tuple(map(read_retrier, source.get("Retry", ()))), tuple(catchers)


def _compile_output(source: Mapping[str, Json], within: str = "") -> Template | None:
    return _compile_part(source, "Output", within, jsonata=True)


def _compile_part(source: Mapping[str, Json], name: str, within: str, *, jsonata: bool) -> Template | None:
    """Compile a payload, or return None if the state has none; `within` is the path of the object that contains it."""
    return compile_payload(source[name], f"{within}{name}", jsonata=jsonata) if name in source else None


def _output_without_result(source: Mapping[str, Json], filters: JsonPathFilters | None) -> Template:
    """Compile the output of a state that has no result."""
    if filters is None:
        return _compile_output(source) or identity
    select, leave = filters.input_path, filters.output_path
    return select if leave is identity else lambda scope: leave(scope.at(select(scope)))


def _error_or_cause(source: Mapping[str, Json], name: str, *, jsonata: bool) -> Template:
    """Compile a Fail state's Error or Cause: a literal, expression, path or intrinsic; a missing field becomes None."""
    path_field = f"{name}Path"
    if path_field not in source:
        return compile_scalar(source.get(name), name, (str,), jsonata=jsonata)
    read = compile_checked_field(source[path_field], path_field, path_field)

    def word(scope: Scope) -> Json:
        value = read(scope)
        if not isinstance(value, str):
            raise runtime_error(
                f"The {path_field} parameter does not reference a string: {source[path_field]} == {dumps(value)}"
            )
        return value

    return word


def _compile_role(source: Json, *, jsonata: bool) -> Template:
    credentials = compile_payload(source, "Credentials", jsonata=jsonata)

    def role(scope: Scope) -> Json:
        value = credentials(scope)["RoleArn"]
        if not isinstance(value, str):
            raise runtime_error(f"The RoleArn of the Credentials is not a string: {dumps(value)}")
        return value

    return role


def _compile_distributed(
    source: Mapping[str, Json], processor: Mapping[str, Json], *, jsonata: bool
) -> DistributedMap | None:
    config = processor.get("ProcessorConfig", {})
    if config.get("Mode") != "DISTRIBUTED":
        return None
    return DistributedMap(
        express=config.get("ExecutionType") == "EXPRESS",
        label=source.get("Label"),
        tolerated_count=dynamic_values.compile_map_limit(source, "ToleratedFailureCount", jsonata=jsonata),
        tolerated_percentage=dynamic_values.compile_percentage(source, jsonata=jsonata),
        batcher=_compile_batcher(source["ItemBatcher"], jsonata=jsonata) if "ItemBatcher" in source else None,
        reader=compile_reader(source, jsonata=jsonata),
        writer=compile_writer(source, jsonata=jsonata),
    )


def _compile_batcher(source: Mapping[str, Json], *, jsonata: bool) -> Batcher:
    return Batcher(
        items=dynamic_values.compile_whole_number(source, "MaxItemsPerBatch", jsonata=jsonata, within="ItemBatcher/"),
        bytes=dynamic_values.compile_whole_number(
            source, "MaxInputBytesPerBatch", jsonata=jsonata, within="ItemBatcher/"
        ),
        input=_compile_part(source, "BatchInput", "ItemBatcher/", jsonata=jsonata),
    )


def _compile_catcher(source: Mapping[str, Json], within: str, *, jsonata: bool) -> Catcher:
    output: Callable[[Scope, Json], Json]
    if jsonata:
        template = _compile_output(source, within)
        output = (
            (lambda _scope, error: error)
            if template is None
            else (lambda scope, error: template(scope.with_error(error)))
        )
    else:
        place = compile_result_path(source.get("ResultPath", "$"), f"{within}ResultPath")
        output = lambda scope, error: place(scope.input, error)  # noqa: E731 - the counterpart of the line above
    assign = _compile_part(source, "Assign", within, jsonata=jsonata)
    return Catcher(errors=tuple(source["ErrorEquals"]), next=source["Next"], output=output, assign=assign)
