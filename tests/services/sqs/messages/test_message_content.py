"""The pure functions of messages: digests, attributes, bodies and receipt handles."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError
from lamplighter.services.sqs.messages import md5_digests, message_content, receipt_handles
from lamplighter.services.sqs.tables.messages import Message
from lamplighter.services.sqs.tables.queues import Queue

QUEUE = Queue(1, "123456789012", "us-east-1", "letters", 0, 0, {}, {}, None, 0)
MESSAGE = Message(1, 1, "uuid", "body", "{}", None, "me", 0, 0, 0)

text = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), min_size=1
)
values = st.one_of(
    st.builds(lambda value: {"DataType": "String", "StringValue": value}, text),
    st.builds(lambda value: {"DataType": "Number", "StringValue": str(value)}, st.integers(-(10**37), 10**37)),
    st.builds(lambda value: {"DataType": "Binary.x", "BinaryValue": value}, st.binary(min_size=1)),
)
names = st.from_regex(re.compile(r"[A-Zb-z0-9_-]{1,20}(\.[A-Za-z0-9_-]{1,5})?", re.ASCII), fullmatch=True)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"attribName1": {"DataType": "String", "StringValue": "attribValue 1"}}, "19e27d4e946b072f3f58da80d94fd778"),
        (
            {
                "customNumberTypeAttrib": {
                    "DataType": "Number.float",
                    "StringValue": "4563442423554324324264524243.32543234",
                }
            },
            "9fe1b90bbd9965bdf77bac517c7d2495",
        ),
        (
            {"binaryAttribute": {"DataType": "Binary", "BinaryValue": b"Hello binary world!"}},
            "31a92b15d92f8db860eda32aceb656c3",
        ),
    ],
)
def test_the_digest_of_attributes_is_the_one_that_clients_compute(
    attributes: message_content.Attributes, expected: str
) -> None:
    assert md5_digests.digest_of_attributes(attributes) == expected


@given(st.dictionaries(names, values, max_size=10))
def test_attributes_are_read_as_they_were_stored(attributes: message_content.Attributes) -> None:
    attributes = {name: value for name, value in attributes.items() if not message_content.RESERVED_PREFIX.match(name)}
    checked = message_content.check_attributes(attributes)
    assert message_content.load_attributes(message_content.dump_attributes(checked)) == checked == attributes


@given(st.dictionaries(names, values, min_size=2))
def test_the_digest_does_not_depend_on_the_order(attributes: message_content.Attributes) -> None:
    assert md5_digests.digest_of_attributes(
        {name: attributes[name] for name in reversed(list(attributes))}
    ) == md5_digests.digest_of_attributes(attributes)


@given(st.text())
def test_a_body_is_accepted_only_if_xml_allows_all_its_characters(body: str) -> None:
    valid = all(
        each in "\t\n\r" or " " <= each <= "\ud7ff" or "\ue000" <= each <= "\ufffd" or each >= "\U00010000"
        for each in body
    )
    try:
        accepted = message_content.check_body(body) == body
    except AwsError:
        accepted = False
    assert accepted == (valid and body != "")


@given(st.integers(1, 2**62), st.integers(1, 10**6))
def test_a_receipt_handle_is_read_as_it_was_written(key: int, received: int) -> None:
    handle = receipt_handles.write_handle(QUEUE, replace(MESSAGE, id=key, total_receives=received))
    assert receipt_handles.read_handle(QUEUE, handle) == (key, received)


@given(st.one_of(st.text(), st.builds(lambda data: f"AQEB{data}", st.text())))
def test_any_other_text_is_not_a_receipt_handle(handle: str) -> None:
    with pytest.raises(AwsError, match="is not a valid receipt handle"):
        receipt_handles.read_handle(QUEUE, handle)


@pytest.mark.parametrize("number", ["0", "-1", "1.5e10", "+3", "000123.4500", "1e126", "1e-128", "9" * 38, "0" * 50])
def test_a_valid_number_is_accepted(number: str) -> None:
    assert message_content.check_attributes({"n": {"DataType": "Number", "StringValue": number}})
