"""Decide which requests are for the console, without loading it. Pages and AWS's APIs share one port.

Guarantees that no request of an AWS client goes to the console: such requests are signed, and no path of the supported
APIs begins like that of a page. A client that accepts text/html receives a page for an unknown path; other clients
receive AWS's error.
"""

from lamplighter.wire.http import READ_METHODS, HttpRequest

FIRST_SEGMENTS = frozenset(
    {
        *("", "clock", "favicon.ico", "help", "jobs", "login", "logout", "night", "runs", "scheduled-tasks"),
        *("search", "static", "streams"),
        *("audit", "calendar", "definitions", "events", "queues", "rules", "stacks", "tasks", "topics"),
    }
)
"""The first words of the pages' paths. A new section of the console adds its word here."""
ENGINE_SEGMENT = "_lamplighter"
"""The first word of the paths that the engine itself answers."""


def is_page(http: HttpRequest) -> bool:
    """Return whether a request is for the console."""
    if _is_signed(http) or _is_query(http):
        return False
    first = http.path.split(b"/", 2)[1].decode("latin-1") if http.path.startswith(b"/") else "?"
    if first not in FIRST_SEGMENTS:
        return first != ENGINE_SEGMENT and _is_browser_visit(http)
    return http.method in READ_METHODS or (http.method == "POST" and first != "")


def _is_browser_visit(http: HttpRequest) -> bool:
    """Return whether a browser opens a page and names no operation."""
    accepts_html = b"text/html" in http.headers.get(b"accept", b"")
    return http.method == "GET" and accepts_html and b"Action=" not in http.query


def _is_query(http: HttpRequest) -> bool:
    """Return whether the request calls an operation of a query API without a signature."""
    return http.path == b"/" and http.query.startswith(b"Action=")


def _is_signed(http: HttpRequest) -> bool:
    return b"authorization" in http.headers or b"x-amz-target" in http.headers or b"X-Amz-" in http.query
