"""The console's own files: scripts, the stylesheet, and libraries of others with their licences.

Promises that a browser asks once for a file whose URL carries its stamp (`console/view/templates.py`), and makes sure
of others each time.
"""

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from lamplighter.console.view.templates import STATIC

DAY = "public, max-age=86400"
FOR_GOOD = "public, max-age=31536000, immutable"


class Static(StaticFiles):
    """The files of the package."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """See Starlette."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = FOR_GOOD if scope["query_string"] else "no-cache"
        return response


async def icon(_request: Request) -> Response:
    """The icon of what is no page of ours, such as a log as text: browsers ask for it by this name."""
    return FileResponse(STATIC / "lamp.svg", media_type="image/svg+xml", headers={"cache-control": DAY})


ICON = Route("/favicon.ico", icon, methods=["GET"])
