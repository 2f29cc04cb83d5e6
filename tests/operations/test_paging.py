"""A list in pages shows every item once; an invalid token is rejected in the service's words."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.operations.paging import decode_number, decode_token, encode_token, list_page


def invalid_token() -> ValidationError:
    return ValidationError("Invalid token.")


def page(items: Sequence[str], token: str | None, size: int) -> Json:
    after = decode_token(token, invalid_token)
    found = [item for item in items if item > after]
    return list_page("Items", found, size, str.upper, encode_token)


@given(st.sets(st.text(min_size=1, max_size=3)), st.integers(1, 4))
def test_the_pages_show_every_item_once_and_in_order(names: set[str], size: int) -> None:
    items, shown, token = sorted(names), list[str](), None
    while True:
        answer = page(items, token, size)
        assert len(answer["Items"]) <= size
        shown += answer["Items"]
        token = answer.get("NextToken")
        if token is None:
            break
    assert shown == [item.upper() for item in items]


def test_only_one_item_after_the_page_is_read() -> None:
    numbers = iter(range(100))
    assert list_page("items", numbers, 2, str, str) == {"items": ["0", "1"], "nextToken": "1"}
    assert next(numbers) == 3


@pytest.mark.parametrize("token", ["%", "=", "/w==", "é"])
def test_a_token_that_is_no_text_is_rejected(token: str) -> None:
    with pytest.raises(ValidationError, match="Invalid token"):
        decode_token(token, invalid_token)


@pytest.mark.parametrize("token", ["", "-1", "1.0", "٣", "1" * 19])
def test_a_token_that_is_no_number_is_rejected(token: str) -> None:
    with pytest.raises(ValidationError, match="Invalid token"):
        decode_number(token, invalid_token)
    assert decode_number(None, invalid_token) is None
    assert decode_number("9" * 18, invalid_token) == int("9" * 18)
