"""Compile an accepted definition lazily: each state when it is entered.

An execution enters a few states of a definition that may have twenty thousand, so its first step must not wait until
all are compiled. Guarantees that a state is compiled once and equals the one that `parse` makes. Does not look for
faults, because the definition had none when it was accepted. `Definition.long` names the states whose own text is long:
the event loop must not compile even one of them.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field

from lamplighter.asl.definition.compiler import AddedParameters, Compiler, parse_resource
from lamplighter.asl.definition.data_flow import RecordStage
from lamplighter.asl.definition.model import Block, Definition, Resource, State
from lamplighter.asl.definition.state_tree import own_fields
from lamplighter.base.json_text import Json, dump_bytes

MAX_SHORT_BYTES = 32_768
"""A single state whose JSON has more bytes than this is long."""


def compile_lazily(document: Json, added_parameters: AddedParameters, record: RecordStage | None = None) -> Definition:
    """Return the definition of an accepted document; may raise any exception if the document is damaged.

    `record` receives the value after each stage of a state's data flow.
    """
    jsonata = document.get("QueryLanguage") == "JSONata"
    compiler = _Compiler(added_parameters, record)
    blocks = list(_blocks(document))
    compiler.numbers = {id(block): number for number, block in enumerate(blocks)}
    sources = {name: state for block in blocks for name, state in block["States"].items()}

    long_states = _LongStates(sources)
    compiled_states: dict[str, State] = {}
    compiled_short_states: dict[str, State] = {}

    def compile_state(name: str) -> State:
        state = compiled_states[name] = compiler.compile_state(
            name, sources[name], block_jsonata=jsonata, location=f"/States/{name}"
        )
        if name not in long_states:
            compiled_short_states[name] = state
        return state

    return Definition(
        blocks=tuple(
            Block(number, block["StartAt"], _States(block["States"], compile_state, compiled_states))
            for number, block in enumerate(blocks)
        ),
        timeout=document.get("TimeoutSeconds"),
        comment=document.get("Comment"),
        states=_States(sources, compile_state, compiled_states),
        resources=_resources(sources),
        long_states=long_states,
        compiled_short_states=compiled_short_states,
    )


def _blocks(block: Json) -> Iterator[Json]:
    """Yield a block and the blocks within it, in the order of their numbers."""
    yield block
    for state in block["States"].values():
        for branch in state.get("Branches", ()) if state["Type"] == "Parallel" else ():
            yield from _blocks(branch)
        if state["Type"] == "Map":
            yield from _blocks(state["ItemProcessor" if "ItemProcessor" in state else "Iterator"])


def _resources(sources: Mapping[str, Json]) -> dict[str, Resource]:
    known: dict[str, Resource | None] = {}
    tasks = {name: source["Resource"] for name, source in sources.items() if source["Type"] == "Task"}
    for text in tasks.values():
        if text not in known:
            known[text] = parse_resource(text)
    return {name: resource for name, text in tasks.items() if (resource := known[text]) is not None}


class _Compiler(Compiler):
    """A compiler for one state at a time; the blocks within the state already have their numbers."""

    numbers: Mapping[int, int]
    """Numbers of blocks by the `id()` of the block's source."""

    def compile_block(self, source: Mapping[str, Json], *, jsonata: bool, location: str) -> int:  # noqa: ARG002 - the base class has it
        return self.numbers[id(source)]


@dataclass(frozen=True, slots=True)
class _States(Mapping[str, State]):
    """States by name; each is compiled when it is first read."""

    sources: Mapping[str, Json]
    compile_state: Callable[[str], State]
    compiled_states: dict[str, State]
    """The compiled states of all blocks."""

    def __getitem__(self, name: str) -> State:
        if name not in self.sources:
            raise KeyError(name)
        state = self.compiled_states.get(name)
        return self.compile_state(name) if state is None else state

    def __iter__(self) -> Iterator[str]:
        return iter(self.sources)

    def __len__(self) -> int:
        return len(self.sources)


@dataclass(frozen=True, slots=True)
class _LongStates(Container[str]):
    """The states whose own text is long, not counting the states within them."""

    sources: Mapping[object, Json]
    measured: dict[object, bool] = field(default_factory=dict)

    def __contains__(self, name: object) -> bool:
        if name in self.measured:
            return self.measured[name]
        if name not in self.sources:
            return False
        long = len(dump_bytes(own_fields(self.sources[name]))) > MAX_SHORT_BYTES
        self.measured[name] = long
        return long
