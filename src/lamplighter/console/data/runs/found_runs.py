"""Search the runs of all jobs, newest first.

An engine searches a limited number of runs in each call; the search ends after `MAX_BLOCKS` calls or `MAX_RUNS` hits.
AWS can search neither inputs nor errors nor output: there, the names of the latest runs of each job are searched.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import chain

from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.console.data.jobs.found_jobs import list_machines
from lamplighter.console.data.searched_lists import cached_list
from lamplighter.runs.word_search import FoundText, find_words, write_places

MAX_RUNS, MAX_BRIEF_RUNS = 500, 10
"""The runs after which a search ends, for the page and for the list below the search field."""
MAX_BLOCKS, BLOCK_LIMIT = 50, 100
"""The most calls of a search, each of which examines 2,000 runs, and the most runs in an answer."""
AWS_LISTED = 100
"""The runs of a job whose names are searched on AWS."""
JOB = "job"


@dataclass(frozen=True, slots=True)
class RunCriteria:
    """Which runs are searched."""

    words: Sequence[str]
    statuses: Sequence[str] = ()
    """The statuses, or all if empty."""
    since: int | None = None
    """The earliest start in milliseconds."""
    machine: str | None = None
    """The ARN of the only state machine whose runs are searched."""
    before: int | None = None
    """From an earlier search: where it ended, so that only older runs are searched."""

    @property
    def selection(self) -> dict[str, Json]:
        """The parameters of SearchRuns that select runs."""
        given = {"Statuses": self.statuses or None, "Since": self.since, "Machine": self.machine, "Before": self.before}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class FoundRuns:
    """The runs that have the words."""

    runs: Sequence[Json]
    """Newest first, as SearchRuns describes them, each with `found`."""
    oldest: float | None = None
    """The start of the oldest run that was examined, if older ones were not, in seconds since the epoch."""
    before: int | None = None
    """Where the search ended, if older runs were not examined."""
    only_names: bool = False
    """Whether only names were searched, because AWS can search nothing else."""
    unread_jobs: int = 0
    """The number of jobs on AWS whose runs were not searched."""

    @property
    def is_complete(self) -> bool:
        """Whether all runs were examined."""
        return self.oldest is None


async def find_runs(calls: Calls, wanted: RunCriteria, *, brief: bool) -> FoundRuns:
    """Search the runs. A `brief` search finds few runs, and reads few logs and no lists of AWS that are not cached."""
    most = MAX_BRIEF_RUNS if brief else MAX_RUNS
    runs: list[Json] = []
    oldest, before = None, None
    async for answer in _blocks(calls, wanted, MAX_BLOCKS, most):
        if answer is None:
            return await _find_on_aws(calls, wanted, brief=brief)
        runs += answer["Runs"]
        before = answer.get("Before")
        oldest = answer["Oldest"] / 1000 if before is not None else None
        if len(runs) >= most:
            break
    return FoundRuns(_newest_first(runs), oldest, before)


def _newest_first(runs: Sequence[Json]) -> Sequence[Json]:
    return sorted(runs, key=lambda run: -float(run["startDate"]))


async def _blocks(calls: Calls, wanted: RunCriteria, most: int, limit: int) -> AsyncIterator[Json]:
    """Yield the answers of SearchRuns, or None if there is no such operation."""
    before: dict[str, Json] = {}
    given = {"Words": wanted.words, "Limit": min(limit, BLOCK_LIMIT), **wanted.selection}
    for _ in range(most):
        answer = await calls.call_internal("states", "SearchRuns", **given, **before)
        yield answer
        if answer is None or "Before" not in answer:
            return
        before = {"Before": answer["Before"]}


# --- AWS --------------------------------------------------------------------------------------------------------------


async def _find_on_aws(calls: Calls, wanted: RunCriteria, *, brief: bool) -> FoundRuns:
    machines = [
        each["stateMachineArn"]
        for each in await cached_list(calls, "machines", list_machines) or ()
        if each["type"] != "EXPRESS" and wanted.machine in (None, each["stateMachineArn"])
    ]
    chosen = machines[: calls.port.max_calls]
    lists = await asyncio.gather(*(_list_runs(calls, each, may_call=not brief) for each in chosen))
    found = [
        run | {"found": write_places(places)}
        for run in chain.from_iterable(runs or () for runs in lists)
        if _is_selected(wanted, run) and (places := _in_names(wanted.words, run))
    ]
    unread = len(machines) - len(chosen) + sum(each is None for each in lists)
    return FoundRuns(_newest_first(found)[:MAX_RUNS], only_names=True, unread_jobs=unread)


def _is_selected(wanted: RunCriteria, run: Json) -> bool:
    if wanted.statuses and run["status"] not in wanted.statuses:
        return False
    return wanted.since is None or run["startDate"] * 1000 >= wanted.since


def _in_names(words: Sequence[str], run: Json) -> Sequence[FoundText]:
    found = find_words(words, {"name": run["name"], JOB: run["stateMachineArn"].rpartition(":")[2]})
    return () if found is None or [each.field for each in found] == [JOB] else found


async def _list_runs(calls: Calls, machine: str, *, may_call: bool) -> Sequence[Json] | None:
    """Return the latest runs of a state machine; None if they are not known."""

    async def read(of: Calls) -> Sequence[Json]:
        answer = await of.call("states", "ListExecutions", stateMachineArn=machine, maxResults=AWS_LISTED)
        found: Sequence[Json] = answer["executions"]
        return found

    return await cached_list(calls, f"runs of {machine}", read if may_call else None)
