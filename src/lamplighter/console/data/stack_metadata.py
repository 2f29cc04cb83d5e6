"""Read the metadata that the template of a stack gives to a state machine: what AWS's other APIs do not answer.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html.
"""

from collections.abc import Mapping, Sequence

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.page import Page
from lamplighter.jobs.names import state_machine_id
from lamplighter.runs.jobs.job_machine import JOB_TAG, PROJECT_TAG


async def read_machine_metadata(page: Page, tags: Mapping[str, str]) -> str | None:
    """Return the metadata of the page's state machine as JSON text.

    The machine's `tags` tell where its stack has it. Return None if there is none, if no stack has the machine, or if
    the credentials do not allow it.
    """
    if JOB_TAG in tags and PROJECT_TAG in tags:
        where = {"StackName": tags[PROJECT_TAG], "LogicalResourceId": state_machine_id(tags[JOB_TAG])}
        found = await page.call_or_none("cloudformation", "DescribeStackResource", **where)
        if found is not None and found["StackResourceDetail"].get("PhysicalResourceId") == page.arn:
            return str(found["StackResourceDetail"].get("Metadata", ""))
    try:
        answer = await page.call("cloudformation", "DescribeStackResources", PhysicalResourceId=page.arn)
        stack = answer["StackResources"][0]["StackName"]
        logical_id = _find_logical_id(answer["StackResources"], page.arn) or await _search_logical_id(page, stack)
        found = await page.call(
            "cloudformation", "DescribeStackResource", StackName=stack, LogicalResourceId=logical_id
        )
    except (AwsError, LookupError):
        return None
    text: str | None = found["StackResourceDetail"].get("Metadata")
    return text


def _find_logical_id(resources: Sequence[Json], arn: str) -> str | None:
    return next((str(each["LogicalResourceId"]) for each in resources if each.get("PhysicalResourceId") == arn), None)


async def _search_logical_id(page: Page, stack: str) -> str:
    """Return the state machine's logical ID in a stack, because DescribeStackResources returns the first 100 only.

    Raises LookupError if the stack does not contain it.
    """
    async for listed in page.call_pages("cloudformation", "ListStackResources", StackName=stack):
        found = _find_logical_id(listed["StackResourceSummaries"], page.arn)
        if found is not None:
            return found
    raise LookupError(page.arn)
