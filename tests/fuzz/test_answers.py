"""The fuzz reads answers as an SDK does: the body of an object is any bytes, and other text must be UTF-8."""

import pytest
from botocore.parsers import ResponseParserError

from tests.fuzz.serialized_requests import FuzzAnswer, Target

BYTES = b"a\xff"


def test_the_body_of_an_object_may_be_any_bytes() -> None:
    found = Target("s3", "rest-xml", "GetObject").read_answer(FuzzAnswer(200, {}, BYTES))
    assert found["Body"].read() == BYTES


def test_text_that_is_not_utf_8_is_an_answer_that_an_sdk_cannot_read() -> None:
    with pytest.raises(ResponseParserError, match="not UTF-8"):
        Target("s3", "rest-xml", "GetBucketPolicy").read_answer(FuzzAnswer(200, {}, BYTES))
