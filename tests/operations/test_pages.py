"""A list in pages shows every item once; an invalid token is rejected in the service's words."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.operations.pages import (
    NEWEST,
    Pages,
    decode_token,
    encode_token,
    read_filtered,
    read_sorted,
)


def invalid_token() -> ValidationError:
    return ValidationError("Invalid token.")


PAGES = Pages(invalid_token, truncated_name="IsTruncated")
KEYS = st.text(max_size=5) | st.integers(0, NEWEST)


def all_pages(items: Sequence[str], size: int) -> list[str]:
    shown, token = list[str](), dict[str, str]()

    def read(after: str, most: int) -> list[str]:
        return [item for item in items if item > after][:most]

    while True:
        answer = PAGES.page("Items", {"MaxResults": size, **token}, "", read, str.upper, str)
        assert len(answer["Items"]) <= size
        shown += answer["Items"]
        if not answer["IsTruncated"]:
            return shown
        token = {"NextToken": answer["NextToken"]}


@given(st.sets(st.text(min_size=1, max_size=3)), st.integers(1, 4))
def test_the_pages_show_every_item_once_and_in_order(names: set[str], size: int) -> None:
    assert all_pages(sorted(names), size) == [item.upper() for item in sorted(names)]


def test_only_one_item_after_the_page_is_read() -> None:
    numbers = iter(range(100))
    answer = PAGES.page("Items", {"MaxResults": 2}, 0, lambda _after, _most: numbers, str, int)
    assert (answer["Items"], next(numbers)) == (["0", "1"], 3)


@given(st.lists(st.integers(0, 9), max_size=30).map(sorted), st.integers(1, 5), st.integers(-1, 9))
def test_a_filtered_list_is_read_in_as_many_steps_as_it_takes(numbers: list[int], most: int, after: int) -> None:
    unique = sorted(set(numbers))

    def read(start: int, count: int) -> list[int]:
        return [each for each in unique if each > start][:count]

    kept = read_filtered(read, int, lambda each: each % 2 == 0)
    assert list(kept(after, most)) == [each for each in unique if each > after and each % 2 == 0]


def test_a_complete_list_is_read_by_position_or_in_order() -> None:
    first = PAGES.page_of_list("Items", {"MaxResults": 2}, "abcd", str.upper)
    second = PAGES.page_of_list("Items", {"NextToken": first["NextToken"]}, "abcd", str.upper)
    assert (first["Items"], second["Items"]) == (["A", "B"], ["C", "D"])
    assert list(read_sorted("abd", str)("b", 9)) == list(read_sorted("abd", str)("c", 9)) == ["d"]
    assert list(read_sorted("dba", str)("", 9)) == ["a", "b", "d"]
    assert list(read_sorted("abd", str, reverse=True)("", 9)) == ["d", "b", "a"]
    assert list(read_sorted("abd", str, reverse=True)("c", 9)) == ["b", "a"]


@given(KEYS | st.lists(KEYS, min_size=1, max_size=3))
def test_a_token_holds_its_key(key: Json) -> None:
    assert decode_token(encode_token(key), key, invalid_token) == key


@pytest.mark.parametrize("token", ["%", "=", "/w==", "é", *map(encode_token, ["1.0", [1], ["a", "b"], -1, NEWEST + 1])])
@pytest.mark.parametrize("first", [0, ["", 0]])
def test_a_token_that_the_engine_did_not_make_for_this_list_is_rejected(token: str, first: Json) -> None:
    with pytest.raises(ValidationError, match="Invalid token"):
        PAGES.start({"NextToken": token}, first)


def test_a_page_without_a_token_begins_at_the_start_of_the_list() -> None:
    assert (PAGES.start({}, ""), PAGES.start({}, NEWEST)) == ("", NEWEST)


@pytest.mark.parametrize(("size", "most"), [(None, 10), (1, 1), (10, 10)])
def test_a_page_has_the_size_that_was_asked_for(size: int | None, most: int) -> None:
    pages = Pages(invalid_token, default_size=10, wrong_size=lambda largest: ValidationError(f"at most {largest}"))
    assert pages.most({} if size is None else {"MaxResults": size}) == most
    for wrong in (0, 11):
        with pytest.raises(ValidationError, match="at most 10"):
            pages.most({"MaxResults": wrong})
