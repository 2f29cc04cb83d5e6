"""HTTP out: one POST to somebody's web server.

Promises an answer or an `Undelivered` within the 15 seconds that SNS waits, and that a slow server holds up nobody
else's deliveries. A redirect is not followed: it is the answer. A user and password in the URL are sent as basic
authentication. See
https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html.
"""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import aiohttp

from lamplighter.outbound.port import Undelivered

PATIENCE = 15.0
"""Seconds from the connection to the answer."""
LANES = 8
"""How many posts one host gets at once."""


class HttpWeb:
    """aiohttp's client."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._session: aiohttp.ClientSession | None = None
        self._lanes: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Post; the status of the answer."""
        host = urlsplit(url).netloc
        lane = self._lanes.setdefault(host, asyncio.Semaphore(LANES))
        async with lane:
            try:
                async with asyncio.timeout(self._patience):
                    return await self._post(url, headers, body)
            except TimeoutError:
                raise Undelivered(f"no answer within {self._patience:g} s", again=True) from None
            except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
                raise Undelivered(f"{url} is no URL", again=False) from None
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise Undelivered(f"{type(error).__name__}: {error}", again=True) from None

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)  # the lanes are the limit
            timeout = aiohttp.ClientTimeout(total=None)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        # What the server has to say beyond its status is nobody's business here, so it is not read.
        async with self._session.post(url, headers=headers, data=body, allow_redirects=False) as answer:
            return answer.status

    async def close(self) -> None:
        """Let go of all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
