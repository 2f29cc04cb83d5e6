"""Parse the text of a definition: check it, then compile it.

Guarantees to find every fault here and to report it in AWS's words. While an execution runs, nothing of its definition
is parsed or found malformed.
"""

from collections.abc import Callable

from lamplighter.asl.definition.check import check_definition, check_single_state
from lamplighter.asl.definition.compiler import AddedParameters, Compiler, parse_resource
from lamplighter.asl.definition.diagnostics import SCHEMA, Diagnostic
from lamplighter.asl.definition.lazy_compile import compile_lazily
from lamplighter.asl.definition.model import Definition, Task
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import MAX_DEPTH, Json, JsonError, loads, nesting_depth

__all__ = [
    "SINGLE_STATE",
    "AddedParameters",
    "InvalidDefinition",
    "parse_definition",
    "parse_resource",
    "parse_single_state",
    "single_state_machine",
]

SINGLE_STATE = "StateName"
"""AWS's name for a state that is given without its machine."""


class InvalidDefinition(AwsError):
    """A definition has faults; `diagnostics` lists them."""

    code = "InvalidDefinition"

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        super().__init__(f"Invalid State Machine Definition: '{', '.join(map(str, diagnostics))}'")
        self.diagnostics = diagnostics


def parse_definition(
    text: str, added_parameters: AddedParameters = lambda _resource: {}, *, already_checked: bool = False
) -> Definition:
    """Compile a definition. `added_parameters` returns parameters that an integration adds to those of a Task state.

    With `already_checked`, the definition was accepted before, perhaps by a version with fewer rules, and is not
    checked again (`lazy_compile.py`). Then a damaged text may raise any exception.
    """
    document = _read(text)
    return (
        compile_lazily(document, added_parameters)
        if already_checked
        else _compile(document, lambda: check_definition(document), added_parameters)
    )


def parse_single_state(text: str, added_parameters: AddedParameters = lambda _resource: {}) -> Definition:
    """Compile a state without its machine, as a machine of this state alone, named `SINGLE_STATE`.

    The states that it leads to need not exist.
    """
    state = _read(text)
    return _compile(
        single_state_machine(state),
        lambda: check_single_state(SINGLE_STATE, state),
        added_parameters,
    )


def single_state_machine(state: Json) -> Json:
    """Return the source of a machine that consists of one state."""
    return {"StartAt": SINGLE_STATE, "States": {SINGLE_STATE: state}}


def _read(text: str) -> Json:
    try:
        return loads(text)
    except JsonError:
        raise InvalidDefinition([Diagnostic("INVALID_JSON_DESCRIPTION", "Invalid JSON description", None)]) from None


def _compile(document: Json, check: Callable[[], list[Diagnostic]], added_parameters: AddedParameters) -> Definition:
    too_deep = InvalidDefinition([Diagnostic(SCHEMA, "The definition is nested too deeply", "/")])
    if nesting_depth(document) > MAX_DEPTH:
        raise too_deep
    try:
        return _compile_checked(document, check(), added_parameters)
    except RecursionError:
        raise too_deep from None


def _compile_checked(document: Json, diagnostics: list[Diagnostic], added_parameters: AddedParameters) -> Definition:
    if diagnostics:
        raise InvalidDefinition(diagnostics)
    compiler = Compiler(added_parameters)
    compiler.compile_block(document, jsonata=document.get("QueryLanguage") == "JSONata", location="")
    if compiler.faults:
        raise InvalidDefinition(compiler.faults)
    blocks = tuple(compiler.blocks[number] for number in range(len(compiler.blocks)))
    states = {name: state for block in blocks for name, state in block.states.items()}
    return Definition(
        blocks=blocks,
        timeout=document.get("TimeoutSeconds"),
        comment=document.get("Comment"),
        states=states,
        compiled_short_states=states,
        resources={name: state.resource for name, state in states.items() if isinstance(state, Task)},
    )
