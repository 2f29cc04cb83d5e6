"""Which runs did nothing because another one of the job still went on (`overlap: skip`).

To Step Functions such a run succeeded; its output tells (`jobs/overlap.py`). A list of runs has no outputs, so each is
asked for once and remembered: what has succeeded does not change. Promises to ask only for runs of machines that skip
any, the latest first, and for no more at once than is said; those that are not known yet look as AWS has them, until
the next look.
"""

import asyncio
from collections.abc import Sequence

from lamplighter.base.errors import AwsError
from lamplighter.base.jsontext import Json
from lamplighter.console.page import Page
from lamplighter.jobs.overlap import made_way_for

STATUS = "SKIPPED"
"""What the console calls it."""
SAYS = ('"skipped"', '"running"')
"""What the definition of a machine holds that skips runs."""


def others(about: Json) -> Sequence[str] | None:
    """The runs that a run made way for, as DescribeExecution tells of it; None where it did not."""
    return made_way_for(about.get("output"))


async def told(page: Page, executions: Sequence[Json], definition: str, most: int) -> Sequence[Json]:
    """Executions as ListExecutions has them, but for the status of those that were skipped; `most` are asked for."""
    if not all(each in definition for each in SAYS):
        return executions
    known = page.console.memory
    good = [each["executionArn"] for each in executions if each["status"] == "SUCCEEDED"]
    unknown = [arn for arn in good if arn not in known][:most]
    found = await asyncio.gather(*(_is_skipped(page, arn) for arn in unknown))
    known.note({arn: skipped for arn, skipped in zip(unknown, found, strict=True) if skipped is not None})
    return [each | {"status": STATUS} if known.get(each["executionArn"]) else each for each in executions]


async def skipped(page: Page, arn: str) -> bool:
    """Whether a run that succeeded did nothing; each is asked for once."""
    known = page.console.memory
    if arn not in known:
        found = await _is_skipped(page, arn)
        if found is None:
            return False
        known.note({arn: found})
    return bool(known.get(arn))


async def _is_skipped(page: Page, arn: str) -> bool | None:
    """Whether a run was skipped; None where that is not to be known now."""
    try:
        return others(await page.call("states", "DescribeExecution", executionArn=arn)) is not None
    except AwsError:
        return None
