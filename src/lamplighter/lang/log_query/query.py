"""Compile a query of CloudWatch Logs Insights, and run it over events.

Commands: SOURCE, fields, display, filter, stats, sort, limit, parse, dedup, unnest. Guarantees that a run keeps bounded
memory, and that its time is in proportion to the events. Events come newest first, which is the order of a result
without `sort`. See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lamplighter.lang.log_query.rows import LogEvent, Row
from lamplighter.lang.log_query.source import Source
from lamplighter.lang.log_query.stages import Compute, Limit, QueryTooLarge, Sort, Stage, Stats, Unnest
from lamplighter.lang.log_query.values import to_text

MAX_RESULTS = 100_000
"""The most rows of a result."""
DEFAULT_RESULTS = 10_000
MAX_UNNESTED = 100_000
"""The most rows that the commands `unnest` of a query make of one event."""

ResultRow = Sequence[tuple[str, str]]
"""The fields of a result with their values; a missing field is left out."""
MakeStage = Callable[[], Stage]
"""Makes a stage of a run."""


@dataclass(frozen=True, slots=True)
class Query:
    """A compiled query."""

    stages: Sequence[MakeStage]
    columns: Sequence[str]
    """The fields of a result, in order."""
    limit: int | None
    """The limit that the query itself states, if any."""
    source: Source | None = None
    """The log groups that the query itself selects, if any."""


@dataclass(slots=True)
class QueryRun:
    """One run of a query."""

    query: Query
    most: int
    """The most rows of the result."""
    matched: int = 0
    """The number of events that have passed all filters before rows are gathered."""
    _stages: list[Stage] = field(default_factory=list)
    _output: list[Row] = field(default_factory=list)
    _counting: int = 0
    """The place of the stage at which an event counts as matched."""

    def __post_init__(self) -> None:
        made = [*(make() for make in self.query.stages), Limit(self.most)]
        self._stages = _bound_sorts(made)
        self._counting = next(at for at, stage in enumerate(self._stages) if isinstance(stage, Limit | Sort | Stats))

    @property
    def is_done(self) -> bool:
        """Whether more events cannot change the result."""
        for stage in self._stages:
            if isinstance(stage, Sort | Stats):
                return False
            if isinstance(stage, Limit) and stage.is_full:
                return True
        return False

    def add(self, event: LogEvent) -> None:
        """Take one more event. Raises `QueryTooLarge`."""
        waiting, is_counted, unnested = [(Row(event), 0)], False, 0
        while waiting:
            row, first = waiting.pop()
            end, rows = self._pass_on(row, first)
            if not is_counted and end > self._counting:
                is_counted = True
                self.matched += 1
            unnested += len(rows)
            if unnested > MAX_UNNESTED:
                raise QueryTooLarge(f"unnest makes more than {MAX_UNNESTED} rows of one event")
            waiting += [(each, end) for each in reversed(rows)]

    def _pass_on(self, row: Row, first: int) -> tuple[int, Sequence[Row]]:
        """Pass a row through the stages; return where it stopped, and the rows that go on from there."""
        for number in range(first, len(self._stages)):
            stage = self._stages[number]
            if isinstance(stage, Sort | Stats):
                stage.add(row)
                return number + 1, ()
            if isinstance(stage, Unnest):
                return number + 1, stage.expand(row)
            passed = stage.apply(row)
            if passed is None:
                return number + isinstance(stage, Limit), ()
            row = passed
        self._output.append(row)
        return len(self._stages), ()

    def finish(self) -> list[ResultRow]:
        """Return the result."""
        rows: Sequence[Row] = self._output
        for stage in self._stages if self._gathers() else ():
            rows = _pass_all(stage, rows)
        return [self._show(row) for row in rows]

    def _gathers(self) -> bool:
        return any(isinstance(stage, Sort | Stats) for stage in self._stages)

    def _show(self, row: Row) -> ResultRow:
        found = [(name, row.get(name)) for name in self.query.columns]
        shown = [(name, to_text(value)) for name, value in found if value is not None]
        return [*shown, ("@ptr", row.event.pointer)] if row.event is not None else shown


def _pass_all(stage: Stage, rows: Sequence[Row]) -> Sequence[Row]:
    """Return what comes out of a stage at the end; the first gathering stage has its rows already."""
    if isinstance(stage, Sort | Stats):
        for row in rows:
            stage.add(row)
        return stage.drain()
    if isinstance(stage, Unnest):
        return [out for row in rows for out in stage.expand(row)]
    return [out for row in rows if (out := stage.apply(row)) is not None]


def _bound_sorts(stages: list[Stage]) -> list[Stage]:
    """Let `sort` keep only the rows that are needed, if the commands behind it neither drop nor gather rows."""
    for number, stage in enumerate(stages):
        behind = stages[number + 1 :]
        if isinstance(stage, Sort) and all(isinstance(each, Limit | Compute) for each in behind):
            stage.most = min(each.most for each in behind if isinstance(each, Limit))
    return stages
