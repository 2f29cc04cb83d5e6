"""From the text of a definition to what the machine runs: checked, then compiled, once.

Promises that every fault is found here and told in AWS's words, so that nothing of a definition is parsed, or found
wrong in form, while it runs.
"""

from collections.abc import Callable

from lamplighter.asl.definition.check import check_definition, check_single_state
from lamplighter.asl.definition.compiler import Additions, Compiler, parse_resource
from lamplighter.asl.definition.diagnostics import SCHEMA, Diagnostic
from lamplighter.asl.definition.lazy_compile import compile_lazily
from lamplighter.asl.definition.model import Definition, Task
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import DEEPEST, Json, JsonError, depth, loads

__all__ = ["SINGLE_STATE", "Additions", "InvalidDefinition", "parse_definition", "parse_resource", "parse_single_state"]

SINGLE_STATE = "StateName"
"""What AWS calls a state that is given without its machine."""


class InvalidDefinition(AwsError):
    """The definition is not one."""

    code = "InvalidDefinition"

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        super().__init__(f"Invalid State Machine Definition: '{', '.join(map(str, diagnostics))}'")
        self.diagnostics = diagnostics


def parse_definition(text: str, additions: Additions = lambda _resource: {}, *, kept: bool = False) -> Definition:
    """Compile a definition. `additions` tells what an integration adds to a task's parameters.

    `kept`: it was accepted once, perhaps by a version that knew fewer rules, and is taken as it is (`lazy_compile.py`).
    What is damaged raises anything.
    """
    document = _read(text)
    return (
        compile_lazily(document, additions)
        if kept
        else _compile(document, lambda: check_definition(document), additions)
    )


def parse_single_state(text: str, additions: Additions = lambda _resource: {}) -> Definition:
    """Compile a state without its machine, as the machine of this state, wherever it leads to; its name is
    `SINGLE_STATE`.
    """
    state = _read(text)
    return _compile(
        {"StartAt": SINGLE_STATE, "States": {SINGLE_STATE: state}},
        lambda: check_single_state(SINGLE_STATE, state),
        additions,
    )


def _read(text: str) -> Json:
    try:
        return loads(text)
    except JsonError:
        raise InvalidDefinition([Diagnostic("INVALID_JSON_DESCRIPTION", "Invalid JSON description", None)]) from None


def _compile(document: Json, judge: Callable[[], list[Diagnostic]], additions: Additions) -> Definition:
    too_deep = InvalidDefinition([Diagnostic(SCHEMA, "The definition is nested too deeply", "/")])
    if depth(document) > DEEPEST:
        raise too_deep
    try:
        return _compiled(document, judge(), additions)
    except RecursionError:
        raise too_deep from None


def _compiled(document: Json, found: list[Diagnostic], additions: Additions) -> Definition:
    if found:
        raise InvalidDefinition(found)
    compiler = Compiler(additions)
    compiler.compile_block(document, jsonata=document.get("QueryLanguage") == "JSONata", at="")
    if compiler.faults:
        raise InvalidDefinition(compiler.faults)
    blocks = tuple(compiler.blocks[number] for number in range(len(compiler.blocks)))
    states = {name: state for block in blocks for name, state in block.states.items()}
    return Definition(
        blocks=blocks,
        timeout=document.get("TimeoutSeconds"),
        comment=document.get("Comment"),
        states=states,
        short=states,
        resources={name: state.resource for name, state in states.items() if isinstance(state, Task)},
    )
