"""The words of a search: where they are found, and what is quoted and marked."""

from lamplighter.runs.word_search import EXCERPT_LENGTH, find_words, mark_words, quote_around, split_words


def found_fields(words: list[str], **fields: str) -> list[str] | None:
    found = find_words(words, fields)
    return None if found is None else [each.field for each in found]


def test_each_word_must_be_in_a_field_in_any_case_and_order() -> None:
    assert found_fields(["ACME", "file"], input="the FILE of Acme") == ["input"]
    assert found_fields(["acme", "night"], name="Nightly", input="acme") == ["name", "input"]
    assert found_fields(["acme", "other"], input="acme") is None


def test_a_field_is_named_only_for_words_that_no_earlier_field_has() -> None:
    assert found_fields(["acme"], name="acme", input="acme") == ["name"]


def test_a_word_is_text_and_not_a_pattern() -> None:
    assert found_fields(["a.c*"], input="abc") is None
    assert found_fields(["a.c*"], input="A.C*") == ["input"]


def test_an_excerpt_is_one_line_around_the_first_word() -> None:
    text = "x " * 500 + "the\n  needle  is here " + "y " * 500
    excerpt = quote_around(text, ["NEEDLE"])
    assert "the needle is here" in excerpt
    assert (excerpt[0], excerpt[-1], len(excerpt)) == ("…", "…", EXCERPT_LENGTH + 2)
    assert quote_around("short\ntext", ["text"]) == "short text"


def test_an_excerpt_at_the_end_of_a_text_is_as_long_as_others() -> None:
    excerpt = quote_around("x" * 500 + " end", ["end"])
    assert (excerpt.endswith(" end"), len(excerpt)) == (True, EXCERPT_LENGTH + 1)


def test_the_words_are_marked_as_they_are_spelled_and_the_longest_first() -> None:
    assert list(mark_words(["in", "input"], "The INPUT in it")) == [
        ("The ", False), ("INPUT", True), (" ", False), ("in", True), (" it", False),
    ]  # fmt: skip
    assert list(mark_words([], "all")) == [("all", False)]


def test_a_search_has_each_word_once_and_a_limited_length() -> None:
    assert split_words("  b a  b ") == ["b", "a"]
    assert len("".join(split_words("x" * 1_000))) == 300
