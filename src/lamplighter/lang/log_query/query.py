"""Compile a query of CloudWatch Logs Insights, and run it over events.

Commands: fields, display, filter, stats, sort, limit, parse, dedup. Guarantees that a run keeps bounded memory, and
that its time is in proportion to the events. Events come newest first, which is the order of a result without `sort`.
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lamplighter.lang.log_query.rows import LogEvent, Row
from lamplighter.lang.log_query.stages import Compute, Limit, Sort, Stage, Stats
from lamplighter.lang.log_query.values import to_text

MAX_RESULTS = 100_000
"""The most rows of a result."""
DEFAULT_RESULTS = 10_000

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

    def __post_init__(self) -> None:
        made = [*(make() for make in self.query.stages), Limit(self.most)]
        self._stages = _bound_sorts(made)

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
        row, is_counted = Row(event), False
        for stage in self._stages:
            if not is_counted and isinstance(stage, Limit | Sort | Stats):
                is_counted = True
                self.matched += 1
            if isinstance(stage, Sort | Stats):
                stage.add(row)
                return
            passed = stage.apply(row)
            if passed is None:
                return
            row = passed
        self._output.append(row)

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
    return [out for row in rows if (out := stage.apply(row)) is not None]


def _bound_sorts(stages: list[Stage]) -> list[Stage]:
    """Let `sort` keep only the rows that are needed, if the commands behind it neither drop nor gather rows."""
    for number, stage in enumerate(stages):
        behind = stages[number + 1 :]
        if isinstance(stage, Sort) and all(isinstance(each, Limit | Compute) for each in behind):
            stage.most = min(each.most for each in behind if isinstance(each, Limit))
    return stages
