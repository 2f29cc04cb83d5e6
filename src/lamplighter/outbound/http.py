"""Send HTTP requests to web servers.

Guarantees a response or a `DeliveryFailed` in bounded time: 15 seconds for SNS. The status decides whether a delivery
succeeded, so a body that breaks off, never ends or cannot be decompressed is no failure. One answer remains a failure:
a chunk with a wrong size that arrives together with the status, because aiohttp then returns no response. A body takes
no more memory than the caller allows. A slow server does not delay deliveries to other servers. A redirect is not
followed but returned as the response. A user and password in the URL are sent as basic authentication. An error has
nothing of the URL but its host. See
https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import aiohttp

from lamplighter.outbound.port import DeliveryFailed, HttpRequest, HttpResponse

TIMEOUT_SECONDS = 15.0
"""Seconds for one POST, from the connection to the response."""
BODY_SECONDS = 1.0
"""Seconds for the body of a response whose status decides; it is only quoted, so the rest is not awaited."""
MAX_CONCURRENT_PER_HOST = 8
UNCOMPRESSED = "identity"
"""The content coding of a body that is not compressed."""


class HttpClient:
    """An HTTP client that uses aiohttp."""

    def __init__(self, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._timeout_seconds = timeout_seconds
        self._session: aiohttp.ClientSession | None = None
        self._semaphores: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Send a POST and return the response's status."""
        semaphore = self._semaphores.setdefault(_host(url), asyncio.Semaphore(MAX_CONCURRENT_PER_HOST))
        async with semaphore:
            answer = await self.request(HttpRequest("POST", url, headers, body), self._timeout_seconds, 0)
        return answer.status

    async def request(
        self, request: HttpRequest, timeout_seconds: float, max_bytes: int, *, needs_body: bool = False
    ) -> HttpResponse:
        """Send the request and return the response; see `Http`."""
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        async with _limit_time(timeout_seconds, deadline):
            answer = await self._send(request, decompress=needs_body)
        body = bytearray()
        with closing(answer):  # ends the connection, unless the whole body has arrived
            if needs_body:
                async with _limit_time(timeout_seconds, deadline):
                    await _read_body(answer, body, max_bytes)
            elif answer.headers.get("Content-Encoding", UNCOMPRESSED).lower() == UNCOMPRESSED:
                with suppress(TimeoutError, aiohttp.ClientError, OSError, ValueError):
                    async with asyncio.timeout(BODY_SECONDS):
                        await _read_body(answer, body, max_bytes)
            return HttpResponse(answer.status, answer.reason or "", tuple(answer.headers.items()), bytes(body))

    async def _send(self, request: HttpRequest, *, decompress: bool) -> aiohttp.ClientResponse:
        """Send a request; without `decompress`, a body in an unknown coding does not hide the status."""
        headers = request.headers if decompress else {"Accept-Encoding": UNCOMPRESSED, **request.headers}
        return await self._open_session().request(
            request.method,
            request.url,
            headers=headers,
            data=request.body,
            allow_redirects=False,
            auto_decompress=decompress,
        )

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


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        raise _invalid_url() from None


def _invalid_url() -> DeliveryFailed:
    return DeliveryFailed("the address is not a valid URL", retryable=False)


async def _read_body(answer: aiohttp.ClientResponse, body: bytearray, max_bytes: int) -> None:
    """Append what arrives of a response's body to `body`, up to `max_bytes`."""
    while len(body) < max_bytes and (piece := await answer.content.read(max_bytes - len(body))):
        body += piece


@asynccontextmanager
async def _limit_time(timeout_seconds: float, deadline: float) -> AsyncIterator[None]:
    """End a `with` block at a time of the loop, and raise its timeout and network errors as `DeliveryFailed`."""
    try:
        async with asyncio.timeout_at(deadline):
            yield
    except TimeoutError:
        raise DeliveryFailed(f"no response within {timeout_seconds:g} s", retryable=True) from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
        raise _invalid_url() from None
    except aiohttp.ClientResponseError as error:  # its text ends with the URL
        raise DeliveryFailed(f"{type(error).__name__}: {error.message}", retryable=True) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise DeliveryFailed(f"{type(error).__name__}: {error}", retryable=True) from None
