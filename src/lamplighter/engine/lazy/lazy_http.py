"""Load the HTTP client on first use: aiohttp takes 60 ms and 9 MB, and an engine may never send a request."""

from lamplighter.engine.lazy.lazy_object import LazyObject
from lamplighter.outbound.port import Http


class LazyHttp(LazyObject[Http]):
    """Stands in for the HTTP client until its first use, then passes everything on to it."""

    def __init__(self) -> None:
        super().__init__("lamplighter.outbound.http:HttpClient", lambda build: build())
