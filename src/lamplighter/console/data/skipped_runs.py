"""Which runs did nothing because another one of the job still went on (`overlap: skip`).

To Step Functions such a run succeeded; its output tells (`jobs/machine/overlap_states.py`). A list of runs has no
outputs, so each is asked for once and remembered: what has succeeded does not change. Promises to ask only for runs of
machines that skip any, the latest first, and for no more at once than is said; those that are not known yet look as AWS
has them, until the next look.
"""

import asyncio
from collections.abc import Sequence

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.page import Page
from lamplighter.jobs.machine.overlap_states import runs_made_way_for

STATUS = "SKIPPED"
"""What the console calls it."""
MOST = 5
"""How often a run may have made way for one that has itself."""
SAYS = ('"skipped"', '"running"')
"""What the definition of a machine holds that skips runs."""


def made_way_for(about: Json) -> Sequence[str] | None:
    """The runs that a run made way for, as DescribeExecution tells of it; None where it did not."""
    return runs_made_way_for(about.get("output"))


async def mark_skipped(page: Page, executions: Sequence[Json], definition: str, most: int) -> Sequence[Json]:
    """Executions as ListExecutions has them, but for the status of those that were skipped; `most` are asked for."""
    if not all(each in definition for each in SAYS):
        return executions
    known = page.console.skipped_cache
    good = [each["executionArn"] for each in executions if each["status"] == "SUCCEEDED"]
    unknown = [arn for arn in good if arn not in known][:most]
    await asyncio.gather(*(_ask(page, arn) for arn in unknown))
    return [each | {"status": STATUS} if known.get(each["executionArn"]) else each for each in executions]


async def effective_run(page: Page, run: Json) -> Json:
    """The run itself or, where it was skipped, the one that it made way for; None where that is gone."""
    for _ in range(MOST):
        if run is None or run["status"] not in ("SUCCEEDED", STATUS):
            return run
        others = await _made_way_for(page, run["executionArn"])
        if not others:
            return run
        found = [each for each in await asyncio.gather(*(_described(page, arn) for arn in others)) if each]
        run = max(found, key=lambda each: float(each["startDate"]), default=None)
    return run


async def _made_way_for(page: Page, arn: str) -> Sequence[str]:
    """The runs that a run made way for; each is asked for once."""
    known = page.console.skipped_cache
    if arn not in known:
        await _ask(page, arn)
    return known.get(arn) or ()


async def _ask(page: Page, arn: str) -> None:
    """Find out whether a run was skipped, and remember it; what cannot be known now is asked for again."""
    about = await _described(page, arn)
    if about is not None:
        page.console.skipped_cache.put({arn: made_way_for(about) or ()})


async def _described(page: Page, arn: str) -> Json:
    try:
        return await page.call("states", "DescribeExecution", executionArn=arn)
    except AwsError:
        return None
