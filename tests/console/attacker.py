"""Another web site: a page with attacks, and a site that records which requests a browser sends to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

SCRIPT = Path(__file__).with_name("attack.js").read_text()
PAGE = f"<!doctype html><html><head><title>kittens</title></head><body><script>{SCRIPT}</script></body></html>"
PUBLIC = "treat-as-public-address"
"""The directive of Content-Security-Policy that makes a page count as one from the internet."""


@dataclass
class RecordedRequests:
    """The requests that reached a site: method and URL."""

    requests: list[tuple[str, str]] = field(default_factory=list)


class _Site(BaseHTTPRequestHandler):
    seen = RecordedRequests()

    def do_GET(self) -> None:
        """Answer with the page and record the request."""
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

    do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 - http.server requires these names

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def serve_site() -> Iterator[tuple[int, RecordedRequests]]:
    """Serve a site on a port of this machine; yield the port and the recorded requests."""
    seen = RecordedRequests()
    handler = type("Site", (_Site,), {"seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_port, seen
        finally:
            server.shutdown()
            thread.join()
