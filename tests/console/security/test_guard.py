"""Pages of other sites cannot press the console's buttons."""

import pytest

from lamplighter.base.errors import AccessDenied
from lamplighter.console.security import guard
from tests.console.http_browser import HOST, Browser

BUTTON = {"schedule": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/x", "kind": "schedule"}


def test_every_answer_forbids_foreign_scripts_and_frames(browser: Browser) -> None:
    for path in ("/", "/jobs/no-such-page", "/nowhere"):
        policy = browser.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


def test_no_page_has_inline_scripts_or_styles(browser: Browser) -> None:
    body = browser.get("/").body
    assert "<style" not in body
    assert " style=" not in body
    assert "onclick" not in body
    assert body.count("<script") == body.count("<script src=")


def test_a_form_with_a_wrong_token_is_rejected(browser: Browser) -> None:
    assert browser.post("/jobs/schedule", BUTTON | {"token": "guessed"}).status == 403


def test_a_form_of_another_site_is_rejected(browser: Browser) -> None:
    assert browser.post("/jobs/schedule", BUTTON, origin="http://evil.example").status == 403
    assert browser.post("/jobs/schedule", BUTTON, origin="null").status == 403


def test_another_site_may_link_to_the_console_and_do_nothing_else() -> None:
    guard.check_same_origin("GET", {"host": HOST, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"})
    with pytest.raises(AccessDenied):
        guard.check_same_origin("GET", {"host": HOST, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"})
    for place in ("iframe", "frame", "object", "embed"):
        framed = {"host": HOST, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": place}
        with pytest.raises(AccessDenied):
            guard.check_same_origin("GET", framed)
    with pytest.raises(AccessDenied):
        guard.check_same_origin("POST", {"host": HOST, "sec-fetch-site": "none"})


def test_the_token_cookie_is_hidden_from_scripts_and_other_sites(browser: Browser) -> None:
    cookie = browser.get("/").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "set-cookie" not in browser.get("/").headers


def test_a_visitor_from_another_site_gets_one_refresh_before_the_page(browser: Browser) -> None:
    headers = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    first = browser.get("/", **headers)
    assert 'http-equiv="refresh"' in first.body
    assert "The night" not in first.body
    assert "The night" in browser.get("/", **headers).text
