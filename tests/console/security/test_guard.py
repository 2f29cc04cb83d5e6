"""Nobody else's page presses our buttons."""

import pytest

from lamplighter.base.errors import AccessDenied
from lamplighter.console.security import guard
from tests.console.http_browser import HOST, Browser

BUTTON = {"schedule": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/x", "kind": "schedule"}


def test_every_answer_forbids_scripts_and_frames_of_others(browser: Browser) -> None:
    for path in ("/", "/jobs/no-such-page", "/nowhere"):
        policy = browser.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


def test_no_page_holds_a_script_or_style_of_its_own(browser: Browser) -> None:
    body = browser.get("/").body
    assert "<style" not in body
    assert " style=" not in body
    assert "onclick" not in body
    assert body.count("<script") == body.count("<script src=")


def test_a_form_without_its_token_does_nothing(browser: Browser) -> None:
    assert browser.post("/jobs/schedule", BUTTON | {"token": "guessed"}).status == 403


def test_a_form_of_another_site_does_nothing(browser: Browser) -> None:
    assert browser.post("/jobs/schedule", BUTTON, origin="http://evil.example").status == 403
    assert browser.post("/jobs/schedule", BUTTON, origin="null").status == 403


def test_another_site_may_link_here_and_do_no_more() -> None:
    guard.check_same_origin("GET", {"host": HOST, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"})
    with pytest.raises(AccessDenied):
        guard.check_same_origin("GET", {"host": HOST, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"})
    for place in ("iframe", "frame", "object", "embed"):
        framed = {"host": HOST, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": place}
        with pytest.raises(AccessDenied):
            guard.check_same_origin("GET", framed)
    with pytest.raises(AccessDenied):
        guard.check_same_origin("POST", {"host": HOST, "sec-fetch-site": "none"})


def test_the_token_cookie_is_kept_from_scripts_and_from_other_sites(browser: Browser) -> None:
    cookie = browser.get("/").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "set-cookie" not in browser.get("/").headers


def test_who_is_led_here_from_elsewhere_is_asked_to_come_again_once(browser: Browser) -> None:
    led = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    first = browser.get("/", **led)
    assert 'http-equiv="refresh"' in first.body
    assert "No jobs" not in first.body
    assert "No jobs" in browser.get("/", **led).text
