"""The query protocol as its oldest clients write it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError, UnknownOperation
from lamplighter.base.json_text import Json
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.route import route_request

SIGNED = {
    b"authorization": b"AWS4-HMAC-SHA256 Credential=k/20260101/r/%s/aws4_request, SignedHeaders=host, Signature=0",
    b"content-type": b"application/x-www-form-urlencoded; charset=utf-8",
    b"host": b"localhost:4566",
}


def post(service: bytes, body: bytes, path: bytes = b"/") -> HttpRequest:
    headers = {**SIGNED, b"authorization": SIGNED[b"authorization"] % service}
    return HttpRequest("POST", path, b"", headers, body)


def test_sqs_accepts_the_flat_lists_of_the_query_protocol(catalog: ModelCatalog) -> None:
    body = (
        b"Action=SendMessageBatch&Version=2012-11-05&QueueUrl=http%3A%2F%2Flocalhost%2F1%2Fq"
        b"&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=first+one"
        b"&SendMessageBatchRequestEntry.1.DelaySeconds=5"
        b"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=kind"
        b"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=Binary"
        b"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.BinaryValue=AP8%3D"
        b"&SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.2.MessageBody=second"
    )
    attributes = {"kind": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    assert route_request(catalog, post(b"sqs", body)).params == {
        "QueueUrl": "http://localhost/1/q",
        "Entries": [
            {"Id": "a", "MessageBody": "first one", "DelaySeconds": 5, "MessageAttributes": attributes},
            {"Id": "b", "MessageBody": "second"},
        ],
    }


def test_sqs_accepts_attributes_as_names_and_values(catalog: ModelCatalog) -> None:
    body = b"Action=CreateQueue&QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=a&Tag.1.Value=b"
    params = route_request(catalog, post(b"sqs", body)).params
    assert params == {"QueueName": "q", "Attributes": {"DelaySeconds": "5"}, "tags": {"a": "b"}}


def test_sqs_accepts_a_single_attribute_without_a_number(catalog: ModelCatalog) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Query_QuerySetQueueAttributes.html"""
    body = b"Action=SetQueueAttributes&Attribute.Name=DelaySeconds&Attribute.Value=5"
    http = post(b"sqs", body, b"/123456789012/q")
    assert route_request(catalog, http).params["Attributes"] == {"DelaySeconds": "5"}
    http = post(b"sqs", b"Action=GetQueueAttributes&AttributeName=All", b"/123456789012/q")
    assert route_request(catalog, http).params["AttributeNames"] == ["All"]


@pytest.mark.parametrize("field", [b"", b"&DeleteMessageBatchRequestEntry="])
def test_a_batch_without_entries_is_empty(catalog: ModelCatalog, field: bytes) -> None:
    """SQS answers such a request with EmptyBatchRequest: https://github.com/aws/aws-sdk-php/issues/630"""
    http = post(b"sqs", b"Action=DeleteMessageBatch" + field, b"/123456789012/q")
    assert route_request(catalog, http).params["Entries"] == []


def test_sqs_reads_the_queue_url_from_the_path(catalog: ModelCatalog) -> None:
    http = post(b"sqs", b"Action=ReceiveMessage&MaxNumberOfMessages=10&AttributeName.1=All", b"/123456789012/q")
    assert route_request(catalog, http).params == {
        "QueueUrl": "http://localhost:4566/123456789012/q",
        "MaxNumberOfMessages": 10,
        "AttributeNames": ["All"],
    }


def test_sqs_answers_in_the_xml_of_the_query_protocol(catalog: ModelCatalog) -> None:
    message = {"MessageId": "m", "Body": "<a>\r\n", "Attributes": {"SentTimestamp": "1"}}
    response = catalog.operation("sqs", "ReceiveMessage", "query").encode({"Messages": [message]}, "id-1")
    assert response.body.decode().split("\n", 1)[1] == (
        '<ReceiveMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ReceiveMessageResult><Message>'
        "<MessageId>m</MessageId><Body>&lt;a&gt;&#13;\n</Body>"
        "<Attribute><Name>SentTimestamp</Name><Value>1</Value></Attribute></Message></ReceiveMessageResult>"
        "<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></ReceiveMessageResponse>"
    )


def test_an_action_can_be_in_the_query_string(catalog: ModelCatalog) -> None:
    http = HttpRequest("POST", b"/", b"Action=ListTopics&NextToken=n", post(b"sns", b"").headers, b"")
    assert route_request(catalog, http).params == {"NextToken": "n"}


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("query", [b"Action=ListTopics", b"%41ction=ListTopics", b""])
def test_an_operation_can_be_called_only_with_post_or_get(catalog: ModelCatalog, method: str, query: bytes) -> None:
    http = replace(post(b"sns", b"Action=ListTopics"), method=method, query=query)
    with pytest.raises(UnknownOperation, match="with POST"):
        route_request(catalog, http)


def test_a_signed_request_can_be_a_get(catalog: ModelCatalog) -> None:
    """AWS: "Structure of a GET request", with the queue in the path and the parameters in the query.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
    """
    query = b"Action=SendMessage&MessageBody=hello"
    request = route_request(catalog, HttpRequest("GET", b"/123456789012/q", query, post(b"sqs", b"").headers, b""))
    assert request.params["MessageBody"] == "hello"
    assert str(request.params["QueueUrl"]).endswith("/123456789012/q")


def test_a_presigned_url_can_be_called_with_get(
    catalog: ModelCatalog, make_request: Callable[..., HttpRequest]
) -> None:
    http = make_request("sns", "ListTopics", {"NextToken": "n"}, presigned=True)
    assert route_request(catalog, replace(http, method="GET")).params == {"NextToken": "n"}
    with pytest.raises(UnknownOperation, match="with POST"):
        route_request(catalog, replace(http, method="HEAD"))


def test_list_members_are_ordered_by_their_numbers_without_gaps(catalog: ModelCatalog) -> None:
    body = b"Action=CreateStack&StackName=s&Capabilities.member.10=c&Capabilities.member.9=b&Capabilities.member.1=a"
    with pytest.raises(AwsError, match=r"Value '\[a, b, c\]' at 'capabilities'"):
        route_request(catalog, post(b"cloudformation", body))


def test_an_empty_list_is_distinguished_from_an_absent_one(catalog: ModelCatalog) -> None:
    body = b"Action=CreateTopic&Name=t&Tags="
    assert route_request(catalog, post(b"sns", body)).params == {"Name": "t", "Tags": []}


@pytest.mark.parametrize("number", [b"x", b"", b"1_0", "١".encode(), b"1.0", b"9" * 5000])
def test_an_invalid_number_is_malformed_input(catalog: ModelCatalog, number: bytes) -> None:
    body = b"Action=CreateStack&StackName=s&TimeoutInMinutes=" + number
    with pytest.raises(AwsError) as caught:
        route_request(catalog, post(b"cloudformation", body))
    assert caught.value.code == "MalformedInput"


def test_a_form_without_an_action_is_rejected(catalog: ModelCatalog) -> None:
    with pytest.raises(AwsError) as caught:
        route_request(catalog, post(b"sns", b"Name=t"))
    assert caught.value.code == "MissingAction"


@given(st.text(max_size=30))
def test_any_text_is_decoded_from_the_query_protocol_unchanged(
    make_request: Callable[..., HttpRequest], catalog: ModelCatalog, text: str
) -> None:
    sent = {"TopicArn": "t", "Message": text, "MessageAttributes": {text: {"DataType": "String"}}}
    http = make_request("sns", "Publish", sent)
    assert catalog.operation("sns", "Publish").decode(http) == sent


@given(st.text(max_size=30))
def test_any_text_is_encoded_in_xml_with_invalid_characters_replaced(
    parse_response: Callable[..., Json], catalog: ModelCatalog, text: str
) -> None:
    response = catalog.operation("sns", "CreateTopic").encode({"TopicArn": text}, "id-1")
    expected = "".join(c if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff") else "\ufffd" for c in text)
    assert parse_response("sns", "CreateTopic", response)["TopicArn"] == expected
