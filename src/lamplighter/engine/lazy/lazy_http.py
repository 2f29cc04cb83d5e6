"""Load the HTTP client on first use: aiohttp takes 60 ms and 9 MB, and an engine may never send a request."""

from collections.abc import Mapping

from lamplighter.engine.lazy.lazy_object import LazyObject
from lamplighter.outbound.port import Http, HttpRequest, HttpResponse


class LazyHttp:
    """Stands in for the HTTP client until its first use, then passes everything on to it."""

    def __init__(self) -> None:
        self._client = LazyObject[Http]("lamplighter.outbound.http:HttpClient", lambda build: build())

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Implement `Http.post`."""
        return await (await self._client.load()).post(url, headers, body)

    async def request(
        self, request: HttpRequest, timeout_seconds: float, max_bytes: int, *, needs_body: bool = False
    ) -> HttpResponse:
        """Implement `Http.request`."""
        client = await self._client.load()
        return await client.request(request, timeout_seconds, max_bytes, needs_body=needs_body)

    async def close(self) -> None:
        """Close the client if it is loaded."""
        if self._client.loaded is not None:
            await self._client.loaded.close()
