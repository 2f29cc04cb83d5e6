"""Show the families of task definitions, and the contents of one task definition."""

import asyncio

from starlette.responses import Response

from lamplighter.base.json_text import Json, dumps
from lamplighter.console.page import Page, page_route
from lamplighter.console.view import links

PAGE = 25


async def show(page: Page) -> Response:
    """Show the families, each with its latest revision."""
    token = {"nextToken": following} if (following := page.query("next")) else {}
    listed = await page.call("ecs", "ListTaskDefinitionFamilies", status="ACTIVE", maxResults=PAGE, **token)
    found = await asyncio.gather(*(_latest(page, family) for family in listed["families"]))
    return await page.render(
        "definitions.html", definitions=found, next=listed.get("nextToken"), page_of=links.resource_page
    )


async def _latest(page: Page, family: str) -> Json:
    told = await page.call("ecs", "DescribeTaskDefinition", taskDefinition=family)
    return told["taskDefinition"]


async def show_definition(page: Page) -> Response:
    """Show a task definition and its other revisions."""
    told = await page.call("ecs", "DescribeTaskDefinition", taskDefinition=page.arn)
    definition = told["taskDefinition"]
    family = definition["family"]
    listed = await page.call("ecs", "ListTaskDefinitions", familyPrefix=family, sort="DESC", maxResults=PAGE)
    return await page.render(
        "definition.html", definition=definition, revisions=listed["taskDefinitionArns"], text=dumps(definition),
        page_of=links.resource_page,
    )  # fmt: skip


ROUTES = (page_route("/definitions", show), page_route("/definitions/{arn:path}", show_definition))
