"""Show the keyboard shortcuts of the console, which `static/shortcuts.js` carries out."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from lamplighter.console.page import Page, page_route


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Keys, one after the other, and what they do."""

    keys: Sequence[str]
    action: str


SHORTCUTS: Sequence[tuple[str, Sequence[Shortcut]]] = (
    (
        "Go to",
        (
            Shortcut(("g", "n"), "The night"),
            Shortcut(("g", "j"), "Jobs"),
            Shortcut(("g", "t"), "Tasks"),
            Shortcut(("g", "c"), "Calendar"),
            Shortcut(("g", "e"), "Events"),
            Shortcut(("g", "q"), "Queues"),
        ),
    ),
    (
        "In a list",
        (
            Shortcut(("j",), "Next row"),
            Shortcut(("k",), "Previous row"),
            Shortcut(("Enter",), "Open the row"),
            Shortcut(("x",), "Tick the row"),
        ),
    ),
    (
        "On every page",
        (
            Shortcut(("/",), "Search"),
            Shortcut(("r",), "Refresh"),
            Shortcut(("?",), "Show these shortcuts"),
        ),
    ),
)
"""The shortcuts by heading."""


async def show(page: Page) -> Response:
    """Show the shortcuts."""
    return await page.render("shortcuts.html", shortcuts=SHORTCUTS)


ROUTES = (page_route("/help", show),)
