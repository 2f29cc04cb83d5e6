"""Send HTTP requests to web servers.

Guarantees a response or a `DeliveryFailed` in bounded time: 15 seconds for SNS. A slow server does not delay deliveries
to other servers. A redirect is not followed but returned as the response. A user and password in the URL are sent as
basic authentication. See
https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import aiohttp

from lamplighter.outbound.port import DeliveryFailed, HttpReply, HttpRequest

PATIENCE = 15.0
"""Seconds for one POST, from the connection to the response."""
LANES = 8
"""The most concurrent POST requests to one host."""


class HttpClient:
    """An HTTP client that uses aiohttp."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._session: aiohttp.ClientSession | None = None
        self._lanes: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Send a POST and return the response's status."""
        host = urlsplit(url).netloc
        lane = self._lanes.setdefault(host, asyncio.Semaphore(LANES))
        async with lane, _in_time(url, self._patience):
            posting = self._opened().post(url, headers=headers, data=body, allow_redirects=False)
            # Only the status matters here, so the body is not read.
            async with posting as answer:
                return answer.status

    async def ask(self, request: HttpRequest, patience: float, most: int) -> HttpReply:
        """Send the request and return the response with at most `most` bytes of its body."""
        async with _in_time(request.url, patience):
            asking = self._opened().request(
                request.method, request.url, headers=request.headers, data=request.body, allow_redirects=False
            )
            async with asking as answer:
                body = bytearray()
                while len(body) < most and (piece := await answer.content.read(most - len(body))):
                    body += piece
                return HttpReply(answer.status, answer.reason or "", tuple(answer.headers.items()), bytes(body))

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)  # `_lanes` limits the POST requests instead
            timeout = aiohttp.ClientTimeout(total=None)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self._session

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


@asynccontextmanager
async def _in_time(url: str, patience: float) -> AsyncIterator[None]:
    """Limit the block to `patience` seconds and turn its failures into `DeliveryFailed`."""
    try:
        async with asyncio.timeout(patience):
            yield
    except TimeoutError:
        raise DeliveryFailed(f"no response within {patience:g} s", again=True) from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
        raise DeliveryFailed(f"{url} is not a valid URL", again=False) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise DeliveryFailed(f"{type(error).__name__}: {error}", again=True) from None
