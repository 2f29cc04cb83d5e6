"""Serve the two pages that links in mails open: one confirms a subscription with its button, the other ends one.

Guarantees that opening a page changes nothing, because mail scanners open every link, and that the button works without
scripts and cookies. If the subscription no longer exists, or the button would change nothing, the page says so and has
no button. The secret in the link protects the page, so no login is needed.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.base.public_address import public_address
from lamplighter.console.security.guard import SECURITY_HEADERS
from lamplighter.console.view.templates import Templates
from lamplighter.wire.access.unsigned_requests import CONFIRMATION_PATH, UNSUBSCRIBE_PATH
from lamplighter.wire.http import HttpRequest, Response, make_response

Call = Callable[[str, Mapping[str, str]], Awaitable[Json]]
"""A function that calls an operation of SNS as an unsigned caller."""
CONFIRMED, DELETED, GONE = "CONFIRMED", "DELETED", "GONE"
TEMPLATES = Templates("Subscription")
EXPIRED_LINK_TEXT = (
    "Links to subscribe are valid for two days. To receive the messages, ask the person who runs this engine."
)


@dataclass(frozen=True, slots=True)
class SubscriptionPage:
    """The contents of a page."""

    title: str
    text: str
    button: str = ""
    """The label of the button, or empty for no button."""
    status: int = 200


async def respond(call: Call, http: HttpRequest, request_id: str) -> Response:
    """Show the page, or carry out its button's action."""
    given = dict(parse_qsl(http.query.decode("latin-1")))
    confirms = http.path == CONFIRMATION_PATH.encode()
    names, path = (("TopicArn", "Token"), CONFIRMATION_PATH) if confirms else (("SubscriptionArn",), UNSUBSCRIBE_PATH)
    params = {name: given.get(name, "") for name in names}
    page = await (_confirmation_page if confirms else _unsubscribe_page)(call, params, pressed=http.method == "POST")
    status = page.status if http.path == path.encode() or _accepts_html(http) else 403
    values = {"sheet": page, "action": f"{path}?{urlencode(params, safe=':')}"}
    response = make_response(
        status, b"text/html; charset=utf-8", TEMPLATES.render("subscription.html", values).encode(), request_id
    )
    headers = dict(response.headers) | {name.encode(): value.encode() for name, value in SECURITY_HEADERS.items()}
    return Response(status, [*headers.items(), (b"cache-control", b"no-store")], response.body)


def _accepts_html(http: HttpRequest) -> bool:
    """Return whether a person opened an `UnsubscribeURL`; a program receives the status 403."""
    return b"text/html" in http.headers.get(b"accept", b"")


async def _confirmation_page(call: Call, params: Mapping[str, str], *, pressed: bool) -> SubscriptionPage:
    found = await call("FindSubscription", params)
    if found["Status"] == GONE:
        return SubscriptionPage("This link is not valid any more", EXPIRED_LINK_TEXT, status=404)
    if found["Status"] == CONFIRMED:
        return SubscriptionPage(
            "You are subscribed", f"The {_describe_messages(found, 'are')}. There is nothing to do."
        )
    if not pressed:
        question = (
            f"If you press this button, the {_describe_messages(found, 'are')}. "
            "If you do not want them, close this page."
        )
        return SubscriptionPage("Subscribe?", question, "Subscribe")
    try:
        await call("ConfirmSubscription", params)
    except AwsError as error:
        return SubscriptionPage("You are not subscribed", error.message, status=error.status)
    return SubscriptionPage("You are subscribed", f"From now on, the {_describe_messages(found, 'are')}.")


async def _unsubscribe_page(call: Call, params: Mapping[str, str], *, pressed: bool) -> SubscriptionPage:
    found = await call("FindSubscription", params)
    if found["Status"] in (DELETED, GONE):
        ended = "This subscription does not exist any more. No messages are sent for it."
        return SubscriptionPage("You are not subscribed", ended, status=200 if found["Status"] == DELETED else 404)
    if found["Locked"]:
        locked = (
            f"The {_describe_messages(found, 'are')}. Only the person who runs this engine can end this subscription."
        )
        return SubscriptionPage("You cannot unsubscribe here", locked, status=403)
    if not pressed:
        question = f"If you press this button, the {_describe_messages(found, 'are not')} any more."
        return SubscriptionPage("Unsubscribe?", question, "Unsubscribe")
    try:
        await call("Unsubscribe", params)
    except AwsError as error:
        return SubscriptionPage("You are still subscribed", error.message, status=error.status)
    resubscribe_text = "A last message contains a link to subscribe again. It is valid for two days."
    return SubscriptionPage(
        "You are unsubscribed", f"The {_describe_messages(found, 'are not')} any more. {resubscribe_text}"
    )


def _describe_messages(found: Json, verb: str) -> str:
    topic = str(found["TopicArn"]).rpartition(":")[2]
    return f"messages of the topic {topic} {verb} sent to {public_address(found['Protocol'], found['Endpoint'])}"
