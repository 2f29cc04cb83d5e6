"""The definitions that state machines have and had, compiled, in memory.

A revision's text never changes, so a definition is compiled once. Promises to hold a few, and little text; raises
Damaged where a text that was accepted cannot be read any more.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace

from lamplighter.asl.definition.model import Definition
from lamplighter.asl.definition.parse import Additions, parse_definition
from lamplighter.asl.execution.frame import Execution
from lamplighter.base.errors import Bug
from lamplighter.isolation.requests import DefinitionSource, source_of
from lamplighter.services.states.tables import state_machines
from lamplighter.store.db import Damaged, Reader

MOST = 128
"""How many definitions are held."""
MOST_TEXT = 2 * 1024 * 1024
"""Characters of all definitions that are held."""
EXPRESS_SECONDS = 300
"""How long an express execution may take: "Express Workflows … can run for up to five minutes"."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    definition: Definition
    express: Definition
    """The same for express executions."""
    length: int
    """Characters of its text."""


class CompiledDefinitions:
    """The definitions of one engine's revisions."""

    def __init__(self, additions: Additions) -> None:
        self._additions = additions
        self._compiled: OrderedDict[str, _Compiled] = OrderedDict()

    def definition(self, reader: Reader, revision: str) -> Definition:
        """Return a revision's definition; raises Damaged."""
        return self._find(reader, revision).definition

    def definition_of(self, reader: Reader, execution: Execution, revision: str) -> Definition:
        """Return what an execution runs; raises Damaged."""
        found = self._find(reader, revision)
        return found.express if execution.express else found.definition

    def source(self, reader: Reader, execution: Execution, revision: str) -> tuple[DefinitionSource, int | None]:
        """Return what an execution runs, as text, and its TimeoutSeconds."""
        definition = self.definition_of(reader, execution, revision)
        row = state_machines.get_revision(reader, revision)
        assert row is not None
        return source_of(row.definition, definition, self._additions), definition.timeout

    def _find(self, reader: Reader, revision: str) -> _Compiled:
        found = self._compiled.get(revision)
        if found is not None:
            return found
        row = state_machines.get_revision(reader, revision)
        if row is None:
            raise Bug(f"revision {revision} is gone")
        try:
            definition = parse_definition(row.definition, self._additions, kept=True)
        except Exception as error:
            raise Damaged(f"the definition of revision {revision} cannot be read: {error}") from error
        made = self._compiled[revision] = _Compiled(definition, _express(definition), len(row.definition))
        while len(self._compiled) > MOST or self._text() > MOST_TEXT:
            self._compiled.popitem(last=False)
        return made

    def _text(self) -> int:
        return sum(each.length for each in self._compiled.values()) if len(self._compiled) > 1 else 0


def _express(definition: Definition) -> Definition:
    short = definition.timeout is not None and definition.timeout <= EXPRESS_SECONDS
    return definition if short else replace(definition, timeout=EXPRESS_SECONDS)
