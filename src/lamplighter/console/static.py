"""Serve the console's static files: scripts, the stylesheet, and vendored libraries with their licences.

Guarantees that a browser requests a file once if its URL contains a hash of the file (`console/view/templates.py`), and
revalidates other files each time.
"""

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from lamplighter.console.view.templates import STATIC

CACHE_FOR_A_DAY = "public, max-age=86400"
CACHE_FOREVER = "public, max-age=31536000, immutable"


class ConsoleFiles(StaticFiles):
    """The static files of this package."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return Starlette's response with a cache-control header."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = CACHE_FOREVER if scope["query_string"] else "no-cache"
        return response


async def send_icon(_request: Request) -> Response:
    """Return the icon for documents that are not HTML pages, such as a log as text. Browsers request this path."""
    return FileResponse(STATIC / "lamp.svg", media_type="image/svg+xml", headers={"cache-control": CACHE_FOR_A_DAY})


ICON_ROUTE = Route("/favicon.ico", send_icon, methods=["GET"])
