"""Send a notification to an endpoint by its protocol: one attempt, which succeeds or raises `DeliveryFailed`.

See https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html for the requests to web servers, and
https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html for the events of functions.
"""

import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from lamplighter.base.aws import arn
from lamplighter.base.aws.secret_references import SecretLookup
from lamplighter.base.chat_services import CHAT_PROTOCOLS, PAGERDUTY, PAGERDUTY_URL, SENDER_SUFFIX
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dump_bytes
from lamplighter.outbound.aws import RemoteServices
from lamplighter.outbound.port import DeliveryFailed, HttpRequest, HttpResponse, Outbound
from lamplighter.runs.chat_formats import format_for
from lamplighter.runs.jobs.heartbeat import ping_url, read_ping
from lamplighter.services.sns.delivery.hide_address import hide_address
from lamplighter.services.sns.delivery.mail_text import SENDER, make_mail, plain_text
from lamplighter.services.sns.messages.notification import (
    NOTIFICATION,
    SUBSCRIPTION,
    EngineUrls,
    Notification,
    make_document,
    write_document,
)
from lamplighter.services.sns.messages.signing import Signer
from lamplighter.services.sns.subscriptions import protocols

USER_AGENT = "Amazon Simple Notification Service Agent"
CHAT_HEADERS = {"Content-Type": "application/json", "User-Agent": "lamplighter"}
PING_HEADERS = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "lamplighter"}
CHAT_TIMEOUT_SECONDS, MAX_ANSWER_BYTES = 15.0, 300
RETRYABLE_STATUSES = frozenset({408, 429})
MAX_RETRY_AFTER_SECONDS = 3_600
SECRET_PREFIXES = ("ssm:", "secretsmanager:", "arn:")
"""How an endpoint begins that is a reference to a secret."""


@dataclass(frozen=True, slots=True)
class EndpointAddress:
    """An endpoint, with the settings of the topic and the subscription that affect the delivery."""

    endpoint: str
    content_type: str
    display_name: str


@dataclass(frozen=True, slots=True)
class EndpointSenders:
    """The senders of all protocols."""

    outbound: Outbound
    remote: RemoteServices
    urls: EngineUrls
    signer: Signer
    secrets: SecretLookup
    """Finds the value of a secret that is an endpoint."""

    async def send(self, protocol: str, address: EndpointAddress, notification: Notification) -> None:
        """Make one attempt. Raises `DeliveryFailed`."""
        senders: Mapping[str, Callable[[EndpointAddress, Notification], Awaitable[None]]] = {
            protocols.HTTP: self._post,
            protocols.HTTPS: self._post,
            protocols.EMAIL: self._send_text_mail,
            protocols.EMAIL_JSON: self._send_json_mail,
            protocols.LAMBDA: self._invoke_function,
            protocols.COMMAND: self._run_command,
            protocols.HEARTBEAT: self._send_ping,
            **{protocol: partial(self._post_to_chat, service) for protocol, service in CHAT_PROTOCOLS.items()},
        }
        await senders[protocol](address, notification)

    def _document(self, notification: Notification) -> Json:
        return make_document(notification, self.urls, self.signer)

    async def _post(self, address: EndpointAddress, notification: Notification) -> None:
        raw = notification.raw and notification.type == NOTIFICATION
        headers = {
            "x-amz-sns-message-type": notification.type,
            "x-amz-sns-message-id": notification.id,
            "x-amz-sns-topic-arn": notification.topic,
            "Content-Type": address.content_type,
            "User-Agent": USER_AGENT,
        }
        if notification.type != SUBSCRIPTION:
            headers["x-amz-sns-subscription-arn"] = notification.subscription
        if raw:
            headers["x-amz-sns-rawdelivery"] = "true"
        text = notification.text if raw else write_document(self._document(notification))
        with _hiding_address(address.endpoint):
            status = await self.outbound.http.post(address.endpoint, headers, text.encode())
        if not 200 <= status < 300:
            # "Amazon SNS considers all 5XX errors and 429 (too many requests sent) errors as retryable. […] All other
            # errors are considered permanent failures and retries will not be attempted."
            raise DeliveryFailed(f"the endpoint answered with {status}", retryable=status >= 500 or status == 429)

    async def _send_text_mail(self, address: EndpointAddress, notification: Notification) -> None:
        await self._send_mail(
            address, notification, plain_text(notification, self.urls.for_mail(), address.display_name)
        )

    async def _send_json_mail(self, address: EndpointAddress, notification: Notification) -> None:
        document = make_document(notification, self.urls.for_mail(), self.signer)
        await self._send_mail(address, notification, write_document(document))

    async def _send_mail(self, address: EndpointAddress, notification: Notification, text: str) -> None:
        name = (address.display_name or SENDER) if notification.type == NOTIFICATION else SENDER
        await self.outbound.mail.send(make_mail(notification, address.endpoint, text), name)

    async def _run_command(self, address: EndpointAddress, notification: Notification) -> None:
        environment = {
            "LAMPLIGHTER_SUBJECT": notification.subject or "",
            "LAMPLIGHTER_TOPIC": notification.topic,
            "LAMPLIGHTER_MESSAGE_ID": notification.id,
        }
        await self.outbound.programs.run(address.endpoint, notification.text.encode(), environment)

    async def _post_to_chat(self, service: str, address: EndpointAddress, notification: Notification) -> None:
        place = self._read_address(address)
        project = address.display_name.removesuffix(SENDER_SUFFIX)
        document, url = format_for(service, notification.text or notification.subject or "", project), place
        if service == PAGERDUTY:
            document, url = {"routing_key": place, **document}, PAGERDUTY_URL
        await self._request(service, place, HttpRequest("POST", url, CHAT_HEADERS, dump_bytes(document)))

    async def _send_ping(self, address: EndpointAddress, notification: Notification) -> None:
        """Send a ping to a monitor of heartbeats; a message that is none, such as one for all topics, is not sent."""
        ping = read_ping(notification.text)
        if ping is not None:
            place = self._read_address(address)
            body = str(ping["text"]).encode()
            try:
                url = ping_url(place, ping)
            except ValueError:
                raise DeliveryFailed("the address of the monitor is not a valid URL", retryable=False) from None
            await self._request("the monitor", place, HttpRequest("POST", url, PING_HEADERS, body))

    def _read_address(self, address: EndpointAddress) -> str:
        """Return the URL or key of an endpoint, which may be a reference to a secret."""
        if not address.endpoint.startswith(SECRET_PREFIXES):
            return address.endpoint
        found = self.secrets("", address.endpoint)
        if not found:
            raise DeliveryFailed(f"the secret {address.endpoint} has no value on this machine", retryable=True)
        return found.strip()

    async def _request(self, who: str, place: str, request: HttpRequest) -> None:
        """Send a request; an error's text has nothing of the secret `place`, because it is stored, logged and shown."""
        with _hiding_address(request.url, place):
            answer = await self.outbound.http.request(request, CHAT_TIMEOUT_SECONDS, MAX_ANSWER_BYTES)
        if not 200 <= answer.status < 300:
            text, is_cut_off = answer.body.decode("utf-8", "replace"), len(answer.body) >= MAX_ANSWER_BYTES
            said = hide_address(text, request.url, place, is_cut_off=is_cut_off).strip()
            raise DeliveryFailed(
                f"{who} answered with {answer.status}" + (f": {said}" if said else ""),
                retryable=answer.status >= 500 or answer.status in RETRYABLE_STATUSES,
                retry_after=_retry_after(answer),
            )

    async def _invoke_function(self, address: EndpointAddress, notification: Notification) -> None:
        if not self.remote.can_call("lambda", "Invoke"):
            raise DeliveryFailed("no endpoint is configured for Lambda (--endpoint lambda=URL)", retryable=False)
        function = arn.parse(address.endpoint)
        assert function is not None
        payload = {"Records": [self._record(notification)]}
        params = {"FunctionName": address.endpoint, "InvocationType": "Event", "Payload": dump_bytes(payload)}
        try:
            await self.remote.call("lambda", "Invoke", params, function.region)
        except AwsError as error:
            retryable = error.status >= 500 or error.status == 429
            raise DeliveryFailed(f"{error.code}: {error.message}", retryable=retryable) from None

    def _record(self, notification: Notification) -> Json:
        """Return a notification as an event record for a Lambda function.

        Its URLs have another spelling, and no member is left out. Arrays and numbers are not "supported for AWS Lambda
        subscriptions": each is "passed as the String data type".
        """
        document = self._document(notification)
        for attribute in document.get("MessageAttributes", {}).values():
            if not attribute["Type"].startswith("Binary"):
                attribute["Type"] = "String"
        lambda_names = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
        body = {lambda_names.get(name, name): value for name, value in document.items()}
        return {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": notification.subscription,
            "Sns": {"Subject": None, "MessageAttributes": {}} | body,
        }


@contextmanager
def _hiding_address(url: str, *secrets: str) -> Iterator[None]:
    """Raise the `DeliveryFailed` of a `with` block without the URL and these secrets: it is stored and shown."""
    try:
        yield
    except DeliveryFailed as error:
        shown = hide_address(error.message.replace(url, "the address"), url, *secrets)
        raise DeliveryFailed(shown, retryable=error.retryable, retry_after=error.retry_after) from None


def _retry_after(answer: HttpResponse) -> int:
    """Return the seconds of Retry-After, at most an hour; 0 if the answer has none, or one that is a date."""
    given = next((value for name, value in answer.headers if name.lower() == "retry-after"), "")
    try:
        return min(max(0, math.ceil(float(given))), MAX_RETRY_AFTER_SECONDS)
    except (ValueError, OverflowError):
        return 0
