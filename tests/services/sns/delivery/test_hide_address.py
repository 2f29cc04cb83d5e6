"""Test that the answer of a server is stored and shown without the secret address of the request."""

import pytest

from lamplighter.services.sns.delivery.hide_address import hide_address

URL = "https://anna:swordfish@hooks.example.com/services/T0000001/B%2F000001/x9y8z7w6v5?token=opensesame&n=1"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Cannot POST /services/T0000001/B%2F000001/x9y8z7w6v5?token=opensesame&n=1", "Cannot POST …"),
        ("no /services/T0000001/B%2F000001/x9y8z7w6v5?token=opensesame&amp;n=1 here", "no … here"),
        ("unknown team T0000001, B/000001, opensesame", "unknown team …, …, …"),
        (f"<a href='{URL}'>", "<a href='…'>"),
        ("swordfish is wrong at hooks.example.com", "… is wrong at hooks.example.com"),
        ("no_service", "no_service"),
        ('{"message": "Unknown Webhook", "code": 10015}', '{"message": "Unknown Webhook", "code": 10015}'),
        ("", ""),
    ],
)
def test_what_an_answer_repeats_of_the_address_is_hidden(said: str, shown: str) -> None:
    assert hide_address(said, URL) == shown


def test_an_address_that_is_cut_off_at_the_end_of_an_answer_is_hidden_at_every_length() -> None:
    said = f"Cannot POST {URL.partition('.com')[2]}"
    for length in range(len("Cannot POST "), len(said) + 1):
        shown = hide_address(said[:length], URL, is_cut_off=True)
        assert shown.startswith("Cannot POST ")
        assert not {"serv", "T000", "B%2F", "x9y8", "open"} & {shown[at : at + 4] for at in range(len(shown))}


def test_a_key_that_is_no_address_is_hidden() -> None:
    assert hide_address('{"invalid": "R0123456789"}', "https://events.example/v2/enqueue", "R0123456789") == (
        '{"invalid": "…"}'
    )


def test_an_address_that_is_no_url_is_hidden() -> None:
    assert hide_address("cannot read http://[bad/hook/S3CRETTOKEN or S3CRETTOKEN", "http://[bad/hook/S3CRETTOKEN") == (
        "cannot read … or …"
    )
