"""The login of a console that other machines can reach."""

from collections.abc import Mapping

import pytest

from lamplighter.console.page import PART_HEADER
from lamplighter.console.view.links import local_path
from lamplighter.wire.access.console_session import LIFETIME_MILLISECONDS
from lamplighter.wire.access.credentials import Credentials
from tests.console.http_browser import Browser, Response
from tests.engine_harness import EngineHarness

KEY = Credentials("KEY", "secret", "open sesame")


@pytest.fixture
def visitor(harness: EngineHarness) -> Browser:
    return Browser(harness, {"KEY": KEY})


def log_in(browser: Browser, password: str, **fields: str) -> Response:
    browser.get("/login")
    return browser.post("/login", {"password": password, **fields})


@pytest.mark.parametrize("path", ["/", "/jobs/arn:aws:states:us-east-1:123456789012:stateMachine:x", "/nowhere?a=b"])
def test_every_page_redirects_to_the_login_and_back(visitor: Browser, path: str) -> None:
    answer = visitor.get(path)
    assert (answer.status, answer.body) == (303, "")
    login_page = visitor.get(answer.headers["location"])
    back = login_page.body.partition('name="next" value="')[2].partition('"')[0]
    assert back == path
    logged_in = log_in(visitor, "open sesame", next=back)
    assert "Log out" in logged_in.body or logged_in.status == 404


def test_no_button_works_without_a_session(visitor: Browser) -> None:
    visitor.get("/login")
    assert "Log in" in visitor.post("/jobs/schedule", {"do": "pause"}).body


def test_a_partial_request_without_a_session_is_refused(visitor: Browser) -> None:
    assert visitor.get("/", **{PART_HEADER: "1"}).status == 401


def test_a_wrong_password_is_rejected(visitor: Browser) -> None:
    answer = log_in(visitor, "secret")
    assert answer.status == 422
    assert "Wrong password." in answer.text
    assert visitor.get("/").status == 303


def test_guesses_are_slowed_down_and_the_right_password_works_after_the_wait(
    harness: EngineHarness, visitor: Browser
) -> None:
    for _ in range(5):
        assert log_in(visitor, "wrong").status == 422
    assert log_in(visitor, "open sesame").status == 429
    harness.advance(1000)
    assert log_in(visitor, "open sesame").status == 200


def test_a_name_that_the_page_does_not_ask_for_begins_no_new_count(visitor: Browser) -> None:
    statuses = [log_in(visitor, "wrong", name=f"name {number}").status for number in range(7)]
    assert statuses == [422] * 5 + [429] * 2
    assert log_in(visitor, "open sesame", name="another").status == 429


def test_the_session_cookie_is_hidden_from_scripts_and_other_sites(visitor: Browser) -> None:
    visitor.get("/login")
    cookie = visitor.post_form("/login", {"password": KEY.password}).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert KEY.secret not in cookie


def test_a_session_expires(harness: EngineHarness, visitor: Browser) -> None:
    assert log_in(visitor, KEY.password).status == 200
    harness.advance(LIFETIME_MILLISECONDS)
    assert visitor.get("/").status == 303


def test_logging_out_ends_the_session(visitor: Browser) -> None:
    assert log_in(visitor, KEY.password).status == 200
    assert "Log in" in visitor.post("/logout", {}).body
    assert visitor.get("/").status == 303


@pytest.mark.parametrize("fields", [{"token": "guessed"}, {"token": ""}])
def test_a_login_form_with_a_wrong_token_is_rejected(visitor: Browser, fields: Mapping[str, str]) -> None:
    assert log_in(visitor, KEY.password, **fields).status == 403
    assert visitor.get("/").status == 303


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "", "x"]
)
def test_the_login_redirects_only_to_local_paths(target: str) -> None:
    assert local_path(target) == "/"


def test_the_login_redirects_to_a_page_with_its_query() -> None:
    assert local_path("/jobs/a?b=c") == "/jobs/a?b=c"


def test_without_credentials_there_is_no_login(browser: Browser) -> None:
    assert browser.get("/").status == 200
    assert browser.get("/login").status == 404
    assert "Log out" not in browser.get("/").body
