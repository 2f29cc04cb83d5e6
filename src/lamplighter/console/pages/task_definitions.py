"""Show the families of task definitions, and the contents of one task definition."""

from functools import partial

from starlette.responses import Response

from lamplighter.base.json_text import Json, dumps
from lamplighter.console.data.listing import read_each
from lamplighter.console.page import Page, page_route

PAGE_SIZE = 25


async def show(page: Page) -> Response:
    """Show the families, each with its latest revision."""
    given = {"status": "ACTIVE", "maxResults": PAGE_SIZE, **page.read_query(nextToken="next")}
    listed = await page.call("ecs", "ListTaskDefinitionFamilies", **given)
    found = await read_each(partial(_read_latest, page), listed["families"])
    return await page.render("definitions.html", definitions=found, next=listed.get("nextToken"))


async def _read_latest(page: Page, family: str) -> Json:
    answer = await page.call("ecs", "DescribeTaskDefinition", taskDefinition=family)
    return answer["taskDefinition"]


async def show_definition(page: Page) -> Response:
    """Show a task definition and its other revisions."""
    answer = await page.call("ecs", "DescribeTaskDefinition", taskDefinition=page.arn)
    definition = answer["taskDefinition"]
    family = definition["family"]
    listed = await page.call("ecs", "ListTaskDefinitions", familyPrefix=family, sort="DESC", maxResults=PAGE_SIZE)
    return await page.render(
        "definition.html", definition=definition, revisions=listed["taskDefinitionArns"], text=dumps(definition),
    )  # fmt: skip


ROUTES = (page_route("/definitions", show), page_route("/definitions/{arn:path}", show_definition))
