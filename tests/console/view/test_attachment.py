"""A file that the browser saves has a safe name."""

from lamplighter.console.view.attachment import attachment_header


def test_a_simple_name_is_used_as_it_is() -> None:
    assert attachment_header("nightly-2026-11-29.json") == 'attachment; filename="nightly-2026-11-29.json"'


def test_other_characters_cannot_end_the_header_and_are_kept_in_the_exact_name() -> None:
    header = attachment_header('a"; b\r\nx: é.json')
    assert header == "attachment; filename=\"a_b_x_.json\"; filename*=UTF-8''a%22%3B%20b%0D%0Ax%3A%20%C3%A9.json"
