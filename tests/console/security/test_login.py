"""A console that strangers can reach shows them its door."""

from collections.abc import Mapping

import pytest

from lamplighter.console.security.login import guess_group
from lamplighter.console.view.links import local_path
from lamplighter.wire.access.console_session import LIFETIME_MILLISECONDS
from lamplighter.wire.access.credentials import Credentials
from tests.console.http_browser import Answer, Browser
from tests.engine_harness import EngineHarness

KEY = Credentials("KEY", "secret", "open sesame")


@pytest.fixture
def stranger(harness: EngineHarness) -> Browser:
    return Browser(harness, {"KEY": KEY})


def login(browser: Browser, password: str, **fields: str) -> Answer:
    browser.get("/login")
    return browser.post("/login", {"password": password, **fields})


@pytest.mark.parametrize("path", ["/", "/jobs/arn:aws:states:us-east-1:123456789012:stateMachine:x", "/nowhere?a=b"])
def test_every_page_leads_to_the_login_and_back(stranger: Browser, path: str) -> None:
    answer = stranger.get(path)
    assert (answer.status, answer.body) == (303, "")
    asked = stranger.get(answer.headers["location"])
    back = asked.body.partition('name="next" value="')[2].partition('"')[0]
    assert back == path
    entered = login(stranger, "open sesame", next=back)
    assert "Log out" in entered.body or entered.status == 404


def test_no_button_works_without_a_session(stranger: Browser) -> None:
    stranger.get("/login")
    assert "Log in" in stranger.post("/jobs/schedule", {"do": "pause"}).body


def test_a_part_of_a_page_is_told_to_load_the_page_again(stranger: Browser) -> None:
    answer = stranger.get("/", hx_request="true")
    assert (answer.status, answer.headers["hx-refresh"]) == (401, "true")


def test_a_wrong_password_lets_nobody_in(stranger: Browser) -> None:
    answer = login(stranger, "secret")
    assert answer.status == 422
    assert "Wrong password." in answer.text
    assert stranger.get("/").status == 303


def test_guessing_is_slowed_down_and_the_right_one_comes_in_after_the_wait(
    harness: EngineHarness, stranger: Browser
) -> None:
    for _ in range(5):
        assert login(stranger, "wrong").status == 422
    assert login(stranger, "open sesame").status == 429
    harness.advance(1000)
    assert login(stranger, "open sesame").status == 200


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(stranger: Browser) -> None:
    stranger.get("/login")
    cookie = stranger.press("/login", {"password": KEY.password}).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert KEY.secret not in cookie


def test_a_session_ends(harness: EngineHarness, stranger: Browser) -> None:
    assert login(stranger, KEY.password).status == 200
    harness.advance(LIFETIME_MILLISECONDS)
    assert stranger.get("/").status == 303


def test_a_way_out(stranger: Browser) -> None:
    assert login(stranger, KEY.password).status == 200
    assert "Log in" in stranger.post("/logout", {}).body
    assert stranger.get("/").status == 303


@pytest.mark.parametrize("fields", [{"token": "guessed"}, {"token": ""}])
def test_nobody_is_logged_in_by_another_sites_form(stranger: Browser, fields: Mapping[str, str]) -> None:
    assert login(stranger, KEY.password, **fields).status == 403
    assert stranger.get("/").status == 303


@pytest.mark.parametrize(
    "to", ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "", "x"]
)
def test_the_login_leads_nowhere_else(to: str) -> None:
    assert local_path(to) == "/"


def test_the_login_leads_on_to_a_page_with_its_query() -> None:
    assert local_path("/jobs/a?b=c") == "/jobs/a?b=c"


def test_guesses_from_all_over_an_ipv6_network_count_together() -> None:
    assert guess_group("2001:db8::1") == guess_group("2001:db8::ffff:1") != guess_group("2001:db8:0:1::1")
    assert guess_group("192.0.2.1") != guess_group("192.0.2.2")
    assert guess_group("unix") == "unix"


def test_without_holders_there_is_no_door(browser: Browser) -> None:
    assert browser.get("/").status == 200
    assert browser.get("/login").status == 404
    assert "Log out" not in browser.get("/").body
