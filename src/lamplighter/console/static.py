"""The console's own files: scripts, the stylesheet, and libraries of others with their licences.

Promises that a browser asks once for a file whose URL carries its stamp (`look.py`), and makes sure of others each
time.
"""

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from lamplighter.console.look import STATIC

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
