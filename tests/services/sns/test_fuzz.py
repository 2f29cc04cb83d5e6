"""Test that SNS answers each request or refuses it with an AWS error, and never fails with an internal error."""

import itertools
from contextlib import suppress
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.route import encode_result, route_request
from tests.engine_harness import ACCOUNT, REGION
from tests.property_settings import examples
from tests.services.sns.sns_harness import DEAD_LETTER_QUEUE, MISSING_QUEUE, QUEUE, WEBHOOK, SnsHarness

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
FIFO_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:orders.fifo"
HEADERS = {
    b"authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/sns/aws4_request, X=".encode(),
    b"content-type": b"application/x-www-form-urlencoded",
}
OPERATIONS = (
    *("CreateTopic", "DeleteTopic", "ListTopics", "GetTopicAttributes", "SetTopicAttributes", "AddPermission"),
    *("RemovePermission", "PutDataProtectionPolicy", "GetDataProtectionPolicy", "Subscribe", "ConfirmSubscription"),
    *("Unsubscribe", "ListSubscriptions", "ListSubscriptionsByTopic", "GetSubscriptionAttributes"),
    *("SetSubscriptionAttributes", "Publish", "PublishBatch", "TagResource", "UntagResource", "ListTagsForResource"),
)
PARAMETER_NAMES = (
    *("TopicArn", "TargetArn", "SubscriptionArn", "ResourceArn", "Name", "Message", "Subject", "MessageStructure"),
    *("MessageGroupId", "MessageDeduplicationId", "Protocol", "Endpoint", "Token", "NextToken", "AttributeName"),
    *("AttributeValue", "Attributes.entry.1.key", "Attributes.entry.1.value", "Label", "AWSAccountId.member.1"),
    *("ActionName.member.1", "DataProtectionPolicy", "Tags.member.1.Key", "Tags.member.1.Value", "TagKeys.member.1"),
    *("MessageAttributes.entry.1.Name", "MessageAttributes.entry.1.Value.DataType"),
    *("MessageAttributes.entry.1.Value.StringValue", "MessageAttributes.entry.1.Value.BinaryValue"),
    *("PublishBatchRequestEntries.member.1.Id", "PublishBatchRequestEntries.member.1.Message"),
    *("PublishBatchRequestEntries.member.2.Id", "PublishBatchRequestEntries.member.2.Subject"),
)
PARAMETER_VALUES = st.one_of(
    st.sampled_from(
        (
            *(
                TOPIC,
                FIFO_TOPIC,
                QUEUE,
                DEAD_LETTER_QUEUE,
                MISSING_QUEUE,
                WEBHOOK,
                "alerts",
                "orders.fifo",
                "arn:aws:sns:::",
                "a:b:c:d:e:f",
                "",
            ),
            *("sqs", "http", "email", "lambda", "lamplighter:command", "ops@example.com", "json", "true", "String"),
            *("Policy", "DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "RawMessageDelivery"),
            *("FifoTopic", "DisplayName", "MessageBody", "Number", "Binary", "String.Array", "Publish", "123456789012"),
            *("{}", "[]", "null", "{", '{"a":["b"]}', '{"a":[{"numeric":[">",1]}]}', '{"$or":[]}', '{"a":{"b":{}}}'),
            *('{"healthyRetryPolicy":null}', '{"healthyRetryPolicy":{"numRetries":1e9}}', '{"http":[]}', '{"http":{}}'),
            *('{"deadLetterTargetArn":7}', '{"Statement":7}', '{"default":"d"}', "1e999", "-1", "0", "٣", "\x00"),
        )
    ),
    st.text(max_size=20),
)
REQUESTS = st.tuples(
    st.sampled_from(OPERATIONS), st.dictionaries(st.sampled_from(PARAMETER_NAMES), PARAMETER_VALUES, max_size=7)
)


class RequestRefused(Exception):
    """An AWS error with a status below 500, which is the caller's fault."""


def send_request(harness: SnsHarness, operation: str, fields: dict[str, str]) -> Json:
    body = urlencode({"Action": operation, **fields}).encode()
    try:
        return _route_and_call(harness, body)
    except AwsError as error:
        raise (RequestRefused if error.status < 500 else AssertionError)(f"{fields}: {error.message}") from error


def _route_and_call(harness: SnsHarness, body: bytes) -> Json:
    request = route_request(harness.engine.catalog, HttpRequest("POST", b"/", b"", HEADERS, body))
    caller = Caller(request.account, request.region)
    result = harness.run(harness.engine.call(caller, request.service, request.operation, request.params))
    harness.settle()
    return encode_result(request, result, "r")


@settings(
    deadline=None,
    derandomize=True,
    max_examples=examples(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(REQUESTS, min_size=1, max_size=8))
def test_every_request_is_answered_or_refused(harness: SnsHarness, requests: list[tuple[str, dict[str, str]]]) -> None:
    valid_params = itertools.cycle(({"TopicArn": TOPIC}, {}, {"TopicArn": FIFO_TOPIC, "MessageGroupId": "g"}))
    send_request(harness, "CreateTopic", {"Name": "alerts"})
    for (operation, fields), valid in zip(requests, valid_params, strict=False):
        with suppress(RequestRefused):
            send_request(harness, operation, {**valid, **fields})
    assert harness.rows("SELECT count(*) FROM outbox") == [(0,)]
