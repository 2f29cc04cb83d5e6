"""Show the stacks of CloudFormation: their resources, their events, and the resources that have no effect here."""

from dataclasses import dataclass

from starlette.responses import Response

from lamplighter.base.aws import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.data.listing import read_listing
from lamplighter.console.page import Page, page_route
from lamplighter.console.ports.port import Place
from lamplighter.console.view import links
from lamplighter.console.view.list_filters import contains_words
from lamplighter.console.view.paging import take_page

PAGE_SIZE = 50
RECORDED_REASON = "Recorded;"
"""The start of the engine's status reason for a resource that it only records and does not simulate."""


DRIFT_WORDS = {"MODIFIED": "differs from the template", "DELETED": "was deleted"}
"""What became of a resource outside of its stack, by the status of its drift."""


@dataclass(frozen=True, slots=True)
class StackResource:
    """A resource of a stack."""

    about: Json
    """The resource as ListStackResources returns it."""
    place: Place

    @property
    def recorded(self) -> bool:
        """Whether the resource has no effect on this engine."""
        return str(self.about.get("ResourceStatusReason", "")).startswith(RECORDED_REASON)

    @property
    def drift(self) -> str | None:
        """What became of the resource outside of its stack, as the last detection of drift found it, or None."""
        return DRIFT_WORDS.get(self.about.get("DriftInformation", {}).get("StackResourceDriftStatus", ""))

    @property
    def page_path(self) -> str | None:
        """The path of the resource's page in the console, or None."""
        name = self.about.get("PhysicalResourceId") or ""
        return links.resource_path(
            _queue_arn(name, self.place) if self.about["ResourceType"] == "AWS::SQS::Queue" else name
        )


def _queue_arn(url: str, place: Place) -> str:
    """Return the ARN of a queue from its URL."""
    return arn.build("sqs", place.region, place.account, url.rpartition("/")[2])


async def show(page: Page) -> Response:
    """Show the existing stacks, by name."""
    listed = await read_listing(page, "cloudformation", "DescribeStacks", "Stacks")
    chosen = [each for each in listed.items if contains_words(each["StackName"], page.query("q"))]
    shown, paging = take_page(chosen, page.query_number("page"), PAGE_SIZE)
    return await page.render("stacks.html", stacks=shown, listed=listed, paging=paging)


async def show_stack(page: Page) -> Response:
    """Show a stack."""
    answer = await page.call("cloudformation", "DescribeStacks", StackName=page.arn)
    if not answer["Stacks"]:
        raise AwsError(f"Stack with id {page.arn} does not exist", code="NotFound", status=404)
    stack = answer["Stacks"][0]
    more, events = page.read_query(NextToken="next"), page.read_query(NextToken="events")
    resources = await page.call("cloudformation", "ListStackResources", StackName=page.arn, **more)
    event_page = await page.call("cloudformation", "DescribeStackEvents", StackName=page.arn, **events)
    return await page.render(
        "stack.html",
        stack=stack,
        resources=[StackResource(each, page.place) for each in resources["StackResourceSummaries"]],
        next=resources.get("NextToken"),
        events=event_page["StackEvents"],
        earlier=event_page.get("NextToken"),
    )


async def show_template(page: Page) -> Response:
    """Show the template of a stack."""
    answer = await page.call("cloudformation", "GetTemplate", StackName=page.arn)
    return await page.render("stack_template.html", arn=page.arn, body=answer["TemplateBody"])


ROUTES = (
    page_route("/stacks", show),
    page_route("/stacks/{arn:path}/template", show_template),
    page_route("/stacks/{arn:path}", show_stack),
)
