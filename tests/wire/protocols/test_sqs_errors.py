"""Errors of SQS have AWS's types, codes and statuses, in JSON and in XML.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#x-amzn-query-error and
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
"""

import re
from collections.abc import Callable

import pytest

from lamplighter.base.errors import AwsError, UnknownOperation
from lamplighter.base.json_text import loads
from lamplighter.services.sqs import errors
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.models.service_models import JSON, QUERY
from lamplighter.wire.route import encode_error, route_request
from tests.wire.protocols.test_query import post

OWN, COMMON = "com.amazonaws.sqs#", "com.amazon.coral.service#"
PREFIX = "AWS.SimpleQueueService."
CASES = [
    (errors.QueueDoesNotExist(), f"{OWN}QueueDoesNotExist", f"{PREFIX}NonExistentQueue", 400),
    (errors.QueueNameExists("DelaySeconds"), f"{OWN}QueueNameExists", "QueueAlreadyExists", 400),
    (errors.PurgeQueueInProgress("q"), f"{OWN}PurgeQueueInProgress", f"{PREFIX}PurgeQueueInProgress", 403),
    (errors.OverLimit("many"), f"{OWN}OverLimit", "OverLimit", 403),
    (errors.ReceiptHandleIsInvalid("h"), f"{OWN}ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 404),
    (errors.InvalidAddress("u"), f"{OWN}InvalidAddress", "InvalidAddress", 404),
    (errors.ResourceNotFound("none"), f"{OWN}ResourceNotFoundException", "ResourceNotFoundException", 404),
    (errors.InvalidParameterValue("x"), f"{COMMON}InvalidParameterValueException", "InvalidParameterValue", 400),
    (errors.MissingParameter("x"), f"{COMMON}MissingRequiredParameterException", "MissingParameter", 400),
    (UnknownOperation("x"), f"{COMMON}UnknownOperationException", "InvalidAction", 400),
]


@pytest.mark.parametrize(("error", "kind", "code", "status"), CASES)
def test_an_error_has_its_type_in_json_and_its_code_in_a_header(
    catalog: ModelCatalog, error: AwsError, kind: str, code: str, status: int
) -> None:
    answer = catalog.encode_error("sqs", JSON, error, "id")
    headers = dict(answer.headers)
    assert (answer.status, loads(answer.body)["__type"]) == (status, kind)
    assert headers[b"x-amzn-query-error"] == f"{code};Sender".encode()


@pytest.mark.parametrize(("error", "kind", "code", "status"), CASES)
def test_an_error_has_its_code_and_an_empty_detail_in_xml(
    catalog: ModelCatalog, error: AwsError, kind: str, code: str, status: int
) -> None:
    del kind
    answer = catalog.encode_error("sqs", QUERY, error, "id")
    assert answer.status == status
    found = re.search("<Type>(.*)</Type><Code>(.*)</Code><Message>.*</Message><Detail/></Error>", answer.body.decode())
    assert found is not None
    assert found.groups() == ("Sender", code)


def test_an_error_of_the_server_is_the_receivers(catalog: ModelCatalog) -> None:
    error = AwsError("later", code="ServiceUnavailable", status=503)
    assert b"<Type>Receiver</Type>" in catalog.encode_error("sqs", QUERY, error, "id").body
    headers = dict(catalog.encode_error("sqs", JSON, error, "id").headers)
    assert headers[b"x-amzn-query-error"] == b"ServiceUnavailable;Receiver"


def test_an_unknown_action_is_named(catalog: ModelCatalog) -> None:
    with pytest.raises(UnknownOperation, match="The action FooBar is not valid"):
        catalog.operation("sqs", "FooBar", QUERY)


@pytest.mark.parametrize("action", ["CreateQueue", "ListQueues"])
def test_the_address_of_a_queue_has_only_actions_on_a_queue(catalog: ModelCatalog, action: str) -> None:
    with pytest.raises(UnknownOperation, match=f"The action {action} is not valid for this endpoint"):
        catalog.operation_of_action("sqs", action, b"/123456789012/q")
    assert catalog.operation_of_action("sqs", action, b"/").name == action
    assert catalog.operation_of_action("sqs", "GetQueueUrl", b"/123456789012/q").name == "GetQueueUrl"


def test_a_request_without_an_operation_has_an_answer_without_details(
    catalog: ModelCatalog, make_request: Callable[..., HttpRequest]
) -> None:
    headers = make_request("sqs", "ListQueues", {}, protocol=QUERY).headers
    kept = {name: value for name, value in headers.items() if name != b"content-type"}
    http = HttpRequest("GET", b"/123456789012/q", b"", kept, b"")
    with pytest.raises(UnknownOperation) as caught:
        route_request(catalog, http)
    answer = encode_error(catalog, http, caught.value, "id")
    assert (answer.status, answer.body) == (404, b"<UnknownOperationException/>\n")


def test_a_missing_field_of_an_entry_is_named_as_the_caller_would_write_it(catalog: ModelCatalog) -> None:
    """https://github.com/aws/aws-sdk-js/issues/2388"""
    body = b"Action=DeleteMessageBatch&DeleteMessageBatchRequestEntry.1.ReceiptHandle=h"
    with pytest.raises(AwsError) as caught:
        route_request(catalog, post(b"sqs", body, b"/123456789012/q"))
    expected = "The request must contain the parameter DeleteMessageBatchRequestEntry.1.Id."
    assert (caught.value.code, caught.value.message) == ("MissingParameter", expected)


def test_a_missing_queue_is_missing_for_the_version_of_the_query_protocol(catalog: ModelCatalog) -> None:
    """https://github.com/JoseLuisSR/awsmeter/issues/23; the JSON protocol has no such version."""
    error = errors.QueueDoesNotExist()
    expected = b"<Message>The specified queue does not exist for this wsdl version.</Message>"
    assert expected in catalog.encode_error("sqs", QUERY, error, "id").body
    assert (
        loads(catalog.encode_error("sqs", JSON, error, "id").body)["message"] == "The specified queue does not exist."
    )


def test_an_error_without_a_message_has_no_member_for_it(catalog: ModelCatalog) -> None:
    error = AwsError("", code="ResourceNotFoundException", status=404)
    assert loads(catalog.encode_error("sqs", JSON, error, "id").body).keys() == {"__type"}


def test_the_header_with_the_request_id_is_spelt_as_aws_spells_it(catalog: ModelCatalog) -> None:
    answer = catalog.encode_error("sqs", JSON, errors.OverLimit("many"), "id")
    assert (b"x-amzn-RequestId", b"id") in answer.headers
