"""Search the jobs and the states of their definitions: an engine answers with one call.

On AWS, each definition takes two calls: those of the first machines are read, and kept for some polls.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.console.data.jobs.job_names import read_job_names
from lamplighter.console.data.machine_tags import read_tags
from lamplighter.console.data.searched_lists import cached_list, list_task_jobs
from lamplighter.console.view.links import resource_path
from lamplighter.console.view.search_hits import Hit, state_path
from lamplighter.runs.jobs.job_machine import is_supporting_machine
from lamplighter.runs.jobs.job_names import JobNames
from lamplighter.runs.jobs.job_search import describe_job, search_job
from lamplighter.runs.word_search import FoundText, find_words, read_places

KEPT_POLLS = 12
"""A definition of AWS is read again after as many polls of a list: after twelve minutes."""
CALLS_PER_MACHINE = 2
"""On AWS: its definition and its tags."""
LIST_SIZE = 1_000


@dataclass(frozen=True, slots=True)
class FoundJobs:
    """The jobs and the states that have the words."""

    jobs: Sequence[Hit]
    states: Sequence[Hit]
    unread: int
    """The number of jobs on AWS of which only the name was searched."""


async def find_jobs(calls: Calls, words: Sequence[str], *, brief: bool) -> FoundJobs:
    """Search the jobs, the removed jobs and the scheduled tasks. On AWS, a `brief` search reads no definition."""
    answer, removed, tasks, names = await asyncio.gather(
        calls.call_internal("states", "SearchStateMachines", Words=words),
        calls.call_internal("states", "ListRemovedMachines"),
        list_task_jobs(calls),
        read_job_names(calls),
    )
    machines, unread = (answer["Machines"], 0) if answer else await _search_on_aws(calls, words, brief=brief)
    jobs = [_job_hit(each, names) for each in machines if each["found"] is not None]
    jobs += [Hit("scheduled task", name, path, found) for name, path in tasks if (found := _in_name(words, name))]
    jobs += [
        Hit("removed job", names.of(each["stateMachineArn"]), resource_path(each["stateMachineArn"]) or "", found)
        for each in (removed or {}).get("stateMachines", ())
        if not is_supporting_machine(each["name"]) and (found := _in_name(words, each["name"]))
    ]
    states = [_state_hit(machine, state, names) for machine in machines for state in machine["states"]]
    return FoundJobs(jobs, states, unread)


def _in_name(words: Sequence[str], name: str) -> Sequence[FoundText] | None:
    return find_words(words, {"name": name})


def _job_hit(machine: Json, names: JobNames) -> Hit:
    arn = machine["stateMachineArn"]
    return Hit("job", names.of(arn), resource_path(arn) or "", read_places(machine["found"]))


def _state_hit(machine: Json, state: Json, names: JobNames) -> Hit:
    arn = machine["stateMachineArn"]
    path = state_path(arn, state["name"])
    return Hit("state", state["name"], path, read_places(state["found"]), second=names.of(arn))


# --- AWS --------------------------------------------------------------------------------------------------------------


async def list_machines(calls: Calls) -> Sequence[Json]:
    """Return all state machines of a place, in AWS's order."""
    pages = calls.call_pages("states", "ListStateMachines", maxResults=LIST_SIZE)
    return [each async for answer in pages for each in answer["stateMachines"]]


async def _search_on_aws(calls: Calls, words: Sequence[str], *, brief: bool) -> tuple[Sequence[Json], int]:
    listed = await cached_list(calls, "machines", list_machines) or ()
    machines = [each for each in listed if not is_supporting_machine(each["name"])]
    readable = {each["stateMachineArn"] for each in machines[: calls.port.max_calls // CALLS_PER_MACHINE]}
    reads = (
        _describe(calls, arn, may_call=not brief and arn in readable)
        for arn in map(itemgetter("stateMachineArn"), machines)
    )
    texts = await asyncio.gather(*reads)
    found = [
        describe_job(each["stateMachineArn"], each["name"], job)
        for each, text in zip(machines, texts, strict=True)
        if (job := search_job(words, each["name"], *(text or ({}, "")))).is_found
    ]
    return found, sum(text is None for text in texts)


async def _describe(calls: Calls, machine: str, *, may_call: bool) -> Sequence[Json] | None:
    """Return the tags and the definition of a state machine, or None if they are not known."""

    async def read(of: Calls) -> Sequence[Json]:
        about, tags = await asyncio.gather(
            of.call("states", "DescribeStateMachine", stateMachineArn=machine),
            read_tags(of, machine),
        )
        return [tags, about["definition"]]

    return await cached_list(calls, machine, read if may_call else None, KEPT_POLLS)
