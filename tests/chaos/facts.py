"""What clients were told: facts that the files must show after a power cut.

A `Fact` is a query of the database: it returns a row from then on, until the client requests a change of the fact.
"""

from dataclasses import dataclass, field

from tests.chaos.disk_log import Operation


@dataclass(slots=True)
class Fact:
    """A query that returns a row after a point of the log."""

    since: int
    sql: str
    parameter: str
    until: float = float("inf")


@dataclass(slots=True)
class WorkloadRecord:
    """The record of a workload: the disk's operations, the facts and the commits."""

    log: list[Operation] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    commits: list[tuple[int, str]] = field(default_factory=list)
    """For each commit, the point of the log at which it returned, and the hash of the database's content."""
    tokens: list[str] = field(default_factory=list)
    """The task tokens that containers received."""
    end: int = 0
    """The time of the clock at the end of the workload."""

    def add_fact(self, sql: str, parameter: str) -> None:
        """Record a fact that the client was told just now."""
        self.facts.append(Fact(len(self.log), sql, parameter))

    def end_facts(self, sql: str, parameter: str) -> None:
        """Record that the client is about to change a fact."""
        for fact in self.facts:
            if (fact.sql, fact.parameter) == (sql, parameter) and fact.until == float("inf"):
                fact.until = len(self.log)
