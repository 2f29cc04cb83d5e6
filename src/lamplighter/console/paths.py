"""Which requests are for the console, told without loading it: pages, beside the AWS APIs on one port.

Promises that no request of an AWS client is taken for one: those are signed, and none of the APIs here has a path that
begins as a page's does. A person with a browser who asks for what is nowhere is told so by a page, as whoever asks for
text/html; a program gets AWS's answer.
"""

from lamplighter.wire.http import HttpRequest

FIRST = frozenset(
    {
        *("", "favicon.ico", "jobs", "login", "logout", "runs", "static", "streams"),
        *("calendar", "definitions", "events", "queues", "rules", "stacks", "tasks", "topics"),
    }
)
"""What the paths of pages begin with. A new section of the console adds its word here."""
OWN = "_lamplighter"
"""What the paths begin with that engines answer themselves."""


def is_page(http: HttpRequest) -> bool:
    """Whether a request is for the console."""
    if _is_signed(http) or _is_query(http):
        return False
    first = http.path.split(b"/", 2)[1].decode("latin-1") if http.path.startswith(b"/") else "?"
    if first not in FIRST:
        return first != OWN and _is_of_a_browser(http)
    return http.method in ("GET", "HEAD") or (http.method == "POST" and first != "")


def _is_of_a_browser(http: HttpRequest) -> bool:
    """Whether a person asks, and for no operation."""
    asks_for_pages = b"text/html" in http.headers.get(b"accept", b"")
    return http.method == "GET" and asks_for_pages and b"Action=" not in http.query


def _is_query(http: HttpRequest) -> bool:
    """Whether somebody asks for an operation of a query API and has forgotten to sign that."""
    return http.path == b"/" and http.query.startswith(b"Action=")


def _is_signed(http: HttpRequest) -> bool:
    return b"authorization" in http.headers or b"x-amz-target" in http.headers or b"X-Amz-" in http.query
