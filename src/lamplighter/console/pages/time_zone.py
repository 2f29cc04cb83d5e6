"""Choose the time zone of all pages, and remember it in a cookie of this browser.

Guarantees that only an existing zone is stored, and that the visitor returns to the same page. A zone that does not
exist is reported at its field. The layout has the same form on every page.
"""

from collections.abc import Mapping

from starlette.responses import Response

from lamplighter.console.page import Page, form_route, page_route
from lamplighter.console.security import forms
from lamplighter.console.view.clock import ZONE_COOKIE, parse_choice
from lamplighter.console.view.links import local_path
from lamplighter.lang.schedule.time_zones import UnknownZone
from lamplighter.wire.access.roles import Role

COOKIE_SECONDS = 365 * 24 * 3600


async def show(page: Page) -> Response:
    """Show the form on a page of its own."""
    return await page.render("time_zone.html", back=local_path(page.query("back") or "/"), typed="", wrong=None)


async def choose(page: Page, given: Mapping[str, str]) -> Response:
    """Remember the zone of the pressed button, or the one that was typed."""
    typed, back = given.get("other", "").strip(), local_path(given.get("back", "/"))
    try:
        choice = parse_choice(given.get("zone") or typed)
    except UnknownZone:
        wrong = f"There is no time zone “{typed}”. Write a name such as Asia/Seoul or UTC."
        return await page.render("time_zone.html", 422, back=back, typed=typed, wrong=wrong)
    response = page.redirect(back)
    response.set_cookie(
        ZONE_COOKIE, choice.text, max_age=COOKIE_SECONDS, httponly=True, samesite="strict",
        secure=forms.is_encrypted(page.request), path="/",
    )  # fmt: skip
    return response


ROUTES = (page_route("/clock", show), form_route("/clock", choose, needs=Role.LOOK))
