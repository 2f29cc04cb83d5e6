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

from lamplighter.outbound.port import DeliveryFailed, HttpRequest, HttpResponse

TIMEOUT_SECONDS = 15.0
"""Seconds for one POST, from the connection to the response."""
MAX_CONCURRENT_PER_HOST = 8


class HttpClient:
    """An HTTP client that uses aiohttp."""

    def __init__(self, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._timeout_seconds = timeout_seconds
        self._session: aiohttp.ClientSession | None = None
        self._semaphores: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Send a POST and return the response's status."""
        host = urlsplit(url).netloc
        semaphore = self._semaphores.setdefault(host, asyncio.Semaphore(MAX_CONCURRENT_PER_HOST))
        async with semaphore, _limit_time(url, self._timeout_seconds):
            posting = self._open_session().post(url, headers=headers, data=body, allow_redirects=False)
            # Only the status matters here, so the body is not read.
            async with posting as answer:
                return answer.status

    async def request(self, request: HttpRequest, timeout_seconds: float, max_bytes: int) -> HttpResponse:
        """Send the request and return the response with at most `max_bytes` bytes of its body."""
        async with _limit_time(request.url, timeout_seconds):
            asking = self._open_session().request(
                request.method, request.url, headers=request.headers, data=request.body, allow_redirects=False
            )
            async with asking as answer:
                body = bytearray()
                while len(body) < max_bytes and (piece := await answer.content.read(max_bytes - len(body))):
                    body += piece
                return HttpResponse(answer.status, answer.reason or "", tuple(answer.headers.items()), bytes(body))

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)  # `_semaphores` limits the POST requests instead
            timeout = aiohttp.ClientTimeout(total=None)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self._session

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


@asynccontextmanager
async def _limit_time(url: str, timeout_seconds: float) -> AsyncIterator[None]:
    """Limit the duration of a `with` block, and raise its timeout and network errors as `DeliveryFailed`."""
    try:
        async with asyncio.timeout(timeout_seconds):
            yield
    except TimeoutError:
        raise DeliveryFailed(f"no response within {timeout_seconds:g} s", retryable=True) from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
        raise DeliveryFailed(f"{url} is not a valid URL", retryable=False) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise DeliveryFailed(f"{type(error).__name__}: {error}", retryable=True) from None
