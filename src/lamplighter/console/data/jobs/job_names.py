"""Read the names of a place's jobs from an engine; on AWS, one call for each job would be needed, and none is made."""

from collections.abc import Sequence

from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.console.data.searched_lists import cached_list
from lamplighter.runs.jobs.job_names import JobNames, read_names


async def read_job_names(calls: Calls) -> JobNames:
    """Return the names of all jobs; without names on AWS."""
    found = await cached_list(calls, "job names", _read)
    return found[0] if found else JobNames()


async def _read(calls: Calls) -> Sequence[Json]:
    answer = await calls.call_internal("states", "ListNightRuns", Since=calls.console.world.now())
    return [read_names(answer["Machines"])] if answer else ()
