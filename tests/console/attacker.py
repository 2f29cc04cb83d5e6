"""A web site of somebody else: a page that attacks, and a victim that shows which attacks a browser lets through."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

SCRIPT = Path(__file__).with_name("attack.js").read_text()
PAGE = f"<!doctype html><html><head><title>kittens</title></head><body><script>{SCRIPT}</script></body></html>"
PUBLIC = "treat-as-public-address"
"""The directive of Content-Security-Policy by which a page counts as one from the internet."""


@dataclass
class Seen:
    """The requests that reached a site: method and URL."""

    requests: list[tuple[str, str]] = field(default_factory=list)


class _Site(BaseHTTPRequestHandler):
    seen = Seen()

    def do_GET(self) -> None:
        """A page, or what is asked for by a page."""
        self.seen.requests.append((self.command, self.path))
        self.rfile.read(int(self.headers.get("content-length", "0")))
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(PAGE)))
        if self.path == "/public":
            self.send_header("content-security-policy", PUBLIC)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(PAGE.encode())

    do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 - their names are the protocol's

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def site() -> Iterator[tuple[int, Seen]]:
    """A site on a port of this machine, and what it sees."""
    seen = Seen()
    handler = type("Site", (_Site,), {"seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_port, seen
        finally:
            server.shutdown()
            thread.join()
