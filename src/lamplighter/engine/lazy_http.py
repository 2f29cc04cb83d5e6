"""Load the HTTP client on first use: aiohttp takes 60 ms and 9 MB, and an engine may never send a request."""

import asyncio
from collections.abc import Mapping

from lamplighter.base.modules import load_object
from lamplighter.outbound.port import Http, HttpRequest, HttpResponse


class LazyHttp:
    """Stands in for the HTTP client until its first use, then passes everything on to it."""

    def __init__(self) -> None:
        self._loaded: Http | None = None

    async def _load(self) -> Http:
        if self._loaded is None:
            build = await asyncio.to_thread(load_object, "lamplighter.outbound.http:HttpClient")
            if self._loaded is None:  # another call may have built it meanwhile
                self._loaded = build()
        return self._loaded

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Implement `Http.post`."""
        return await (await self._load()).post(url, headers, body)

    async def request(self, request: HttpRequest, timeout_seconds: float, max_bytes: int) -> HttpResponse:
        """Implement `Http.request`."""
        return await (await self._load()).request(request, timeout_seconds, max_bytes)

    async def close(self) -> None:
        """Close the client if it is loaded."""
        if self._loaded is not None:
            await self._loaded.close()
