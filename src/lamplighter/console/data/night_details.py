"""Read what a list of runs does not contain, for the runs that are shown: why they failed, or what they do now.

A failure is read once, because a run that has ended does not change until it is redriven. Only its log may still grow
for a moment, so a failure of the last minute is read again after 20 seconds.
"""

import asyncio
from collections.abc import Mapping, Sequence

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads_or
from lamplighter.console.calls import Calls, RunDetail
from lamplighter.console.data.runs import history
from lamplighter.console.data.runs.map_failure import explain_items
from lamplighter.console.data.runs.waits import read_waits
from lamplighter.console.data.tasks import container_output
from lamplighter.runs.failures.failure_words import explain_failure, summarize_failure
from lamplighter.runs.history.map_items import UNSUCCESSFUL
from lamplighter.runs.history.story import Story, to_milliseconds
from lamplighter.runs.jobs.job_machine import step_of_state
from lamplighter.runs.night.night_run import NightRun

LOG_DELAY_MS = 60_000
"""The longest time after the end of a run in which lines of its log may still arrive."""
REREAD_MS = 20_000
"""How long a failure is cached in that time."""


async def read_details(calls: Calls, runs: Sequence[NightRun]) -> Mapping[str, RunDetail]:
    """Return the details of runs by ARN; a run that cannot be read has none."""
    chosen = [each for each in runs if ":execution:" in each.arn and (each.running or each.status in UNSUCCESSFUL)]
    found = await asyncio.gather(*(_read_detail(calls, each) for each in chosen))
    known = {each.arn: RunDetail(each.reason) for each in runs if each.reason}
    return {run.arn: detail for run, detail in zip(chosen, found, strict=True) if detail} | known


async def _read_detail(calls: Calls, run: NightRun) -> RunDetail | None:
    try:
        return await (_read_activity(calls, run) if run.running else _read_failure(calls, run))
    except AwsError:
        return None


async def _read_activity(calls: Calls, run: NightRun) -> RunDetail:
    story = await _read_story(calls, run.arn)
    waits = await read_waits(calls, story)
    steps = dict.fromkeys(step_of_state(each.state) for each in story.attempts if each.outcome == "running")
    named = ", ".join(filter(None, steps))
    return RunDetail("; ".join(waits) or (f"in {named}" if named else ""))


async def _read_failure(calls: Calls, run: NightRun) -> RunDetail:
    cache, key = calls.console.failure_cache, f"{run.arn} {run.redrives}"
    found = cache.get(key)
    if found is None or (found.valid_until is not None and calls.console.world.now() >= found.valid_until):
        found = await _explain(calls, run.arn)
        cache.put({key: found})
    return found


async def _explain(calls: Calls, arn: str) -> RunDetail:
    """Return why a run failed, with the last line of its log."""
    about, of, story = await asyncio.gather(
        calls.call("states", "DescribeExecution", executionArn=arn),
        calls.call("states", "DescribeStateMachineForExecution", executionArn=arn),
        _read_story(calls, arn),
    )
    failure = await explain_items(calls, explain_failure(story, loads_or(of["definition"], {})))
    attempt = None if failure is None else failure.attempt
    lines = () if attempt is None else await container_output.read_last_lines(calls, attempt)
    words = summarize_failure(failure, about.get("error"), about.get("cause"))
    last = next((each for each in reversed(lines) if each.strip()), "")
    event = attempt.event if attempt is not None and attempt.task else None
    until = None if event is None else _find_validity(about.get("stopDate"), calls.console.world.now())
    return RunDetail(words, last, event, until)


def _find_validity(ended: Json, now: int) -> int | None:
    """Return until when the end of a log is valid that was read now, or None if it is complete."""
    is_complete = ended is not None and now >= to_milliseconds(ended) + LOG_DELAY_MS
    return None if is_complete else now + REREAD_MS


async def _read_story(calls: Calls, arn: str) -> Story:
    return await history.load_story(await history.read_history(calls, arn))


async def read_usual_durations(calls: Calls, runs: Sequence[NightRun]) -> Mapping[str, float]:
    """Return the usual duration of these runs' jobs in milliseconds; AWS does not know it."""
    machines = sorted({each.job for each in runs if ":stateMachine:" in each.job})
    answer = await calls.call_internal("states", "ListUsualDurations", Machines=machines)
    found: Mapping[str, float] = answer["Durations"] if answer else {}
    return found
