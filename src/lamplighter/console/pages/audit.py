"""Show the audit log: who did what, when and from where."""

from starlette.responses import Response

from lamplighter.base.errors import AwsError
from lamplighter.console.page import Page, page_route
from lamplighter.wire.access.roles import Role

PAGE_SIZE = 100
"""The most entries on one page."""


async def show(page: Page) -> Response:
    """Show the latest entries, or those before the id in the query."""
    found = page.port.audit_entries(page.query_number("before"), PAGE_SIZE + 1)
    if found is None:
        raise AwsError("On AWS, CloudTrail records who did what", code="NotFound", status=404)
    entries, more = found[:PAGE_SIZE], len(found) > PAGE_SIZE
    kept = f"{page.port.audit_kept_days():g}"
    return await page.render("audit.html", entries=entries, before=entries[-1].id if more else None, kept_days=kept)


ROUTES = (page_route("/audit", show, needs=Role.CHANGE),)
