"""Compile the definitions of revisions and keep some of them in memory.

A revision's text never changes, so a definition is compiled once. Guarantees that the number and the total text of the
kept definitions are bounded. Raises `DamagedData` if a stored definition can no longer be read.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace

from lamplighter.asl.definition.model import Definition
from lamplighter.asl.definition.parse import AddedParameters, parse_definition
from lamplighter.asl.execution.frame import Execution
from lamplighter.base.errors import Bug, require
from lamplighter.isolation.requests import DefinitionSource, definition_source
from lamplighter.services.states.tables import state_machines
from lamplighter.store.db import DamagedData, Reader

MAX_CACHED_DEFINITIONS = 128
"""The most definitions that are kept in memory."""
MAX_CACHED_CHARACTERS = 2 * 1024 * 1024
"""The most characters of all definitions in memory together."""
MAX_EXPRESS_SECONDS = 300
"""The most seconds of an express execution: "Express Workflows … can run for up to five minutes"."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    definition: Definition
    express: Definition
    """The same definition for express executions, with their shorter timeout."""
    length: int
    """The length of the definition's text in characters."""


class CompiledDefinitions:
    """The compiled definitions of one engine's revisions."""

    def __init__(self, additions: AddedParameters) -> None:
        self._additions = additions
        self._compiled: OrderedDict[str, _Compiled] = OrderedDict()

    def definition(self, reader: Reader, revision: str) -> Definition:
        """Return a revision's definition. Raises `DamagedData`."""
        return self._find(reader, revision).definition

    def definition_of(self, reader: Reader, execution: Execution, revision: str) -> Definition:
        """Return the definition that an execution runs. Raises `DamagedData`."""
        found = self._find(reader, revision)
        return found.express if execution.express else found.definition

    def source(self, reader: Reader, execution: Execution, revision: str) -> tuple[DefinitionSource, int | None]:
        """Return the definition that an execution runs, as a separate process needs it, and its TimeoutSeconds."""
        definition = self.definition_of(reader, execution, revision)
        row = state_machines.get_revision(reader, revision)
        assert row is not None
        return definition_source(row.definition, definition, self._additions), definition.timeout

    def _find(self, reader: Reader, revision: str) -> _Compiled:
        found = self._compiled.get(revision)
        if found is not None:
            return found
        row = require(state_machines.get_revision(reader, revision), lambda: Bug(f"revision {revision} does not exist"))
        try:
            definition = parse_definition(row.definition, self._additions, already_checked=True)
        except Exception as error:
            raise DamagedData(f"the definition of revision {revision} cannot be read: {error}") from error
        made = self._compiled[revision] = _Compiled(definition, _limit_timeout(definition), len(row.definition))
        while len(self._compiled) > MAX_CACHED_DEFINITIONS or self._cached_characters() > MAX_CACHED_CHARACTERS:
            self._compiled.popitem(last=False)
        return made

    def _cached_characters(self) -> int:
        return sum(each.length for each in self._compiled.values()) if len(self._compiled) > 1 else 0


def _limit_timeout(definition: Definition) -> Definition:
    short = definition.timeout is not None and definition.timeout <= MAX_EXPRESS_SECONDS
    return definition if short else replace(definition, timeout=MAX_EXPRESS_SECONDS)
