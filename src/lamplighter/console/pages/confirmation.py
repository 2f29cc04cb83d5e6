"""Ask before an action that cannot be undone, on a page of its own for browsers without scripts.

A script asks in place, by a second press of the button (`static/forms.js`), so its forms count as confirmed.
"""

from collections.abc import Mapping

from starlette.responses import Response

from lamplighter.console.page import SCRIPT_HEADER, Page

CONFIRMED_FIELD = "confirmed"


def is_confirmed(page: Page, given: Mapping[str, str]) -> bool:
    """Return whether the visitor was asked: by a script, or on the page that `ask` shows."""
    return SCRIPT_HEADER in page.request.headers or given.get(CONFIRMED_FIELD) == "yes"


async def ask(page: Page, question: str, effect: str, button: str) -> Response:
    """Show the question; its button sends the form again."""
    return await page.render("confirmation.html", question=question, effect=effect, button=button)
