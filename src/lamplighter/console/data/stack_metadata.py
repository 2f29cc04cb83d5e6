"""Read the metadata that the template of a stack gives to a state machine: what AWS's other APIs do not answer.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html.
"""

from collections.abc import Sequence

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.page import Page


async def read_machine_metadata(page: Page) -> str | None:
    """Return the metadata of the page's state machine as JSON text.

    Return None if there is none, if no stack has the machine, or if the credentials do not allow it.
    """
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
