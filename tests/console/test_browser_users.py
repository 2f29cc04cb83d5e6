"""The console of an engine with users and TLS in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lamplighter.engine.users_file import change_users
from lamplighter.wire.access.password_hash import hash_password
from lamplighter.wire.access.roles import Role
from lamplighter.wire.access.users import User
from tests.certificates import CertificateFolder
from tests.console import real_browser
from tests.console.test_browser import find_accessibility_problems
from tests.served_engine import ServedEngine

PASSWORD = "correct horse battery"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ServedEngine]:
    """An engine with a user of each role, which serves HTTPS."""
    folder = CertificateFolder(tmp_path / "tls")
    folder.issue("localhost")
    made = ServedEngine(tmp_path / "data")
    for role in Role:
        user = User(role, role, hash_password(PASSWORD, "0123456789abcdefghijkl"))
        change_users(made.data, lambda present, user=user: {**present, user.name: user})  # type: ignore[misc]
    made.up(*folder.options)
    yield made
    made.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that accepts the authority of the test, as a browser with that authority would."""
    context = chromium.new_context(ignore_https_errors=True, reduced_motion="reduce")
    context.set_default_timeout(real_browser.TIMEOUT_MILLISECONDS)
    yield context.new_page()
    context.close()


def log_in(page: Page, engine: ServedEngine, name: str) -> None:
    page.goto(f"https://localhost:{engine.port}/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".place summary")).to_contain_text(name)


def test_people_log_in_by_name_see_who_they_are_and_what_others_did(engine: ServedEngine, page: Page) -> None:
    page.goto(f"https://localhost:{engine.port}/audit")
    assert find_accessibility_problems(page) == []
    page.get_by_label("Name").fill("change")
    page.get_by_label("Password").fill("a guess")
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Wrong name or password.")
    assert find_accessibility_problems(page) == []
    assert page.get_by_label("Name").input_value() == "change"
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
    expect(page.locator("main tbody tr").first).to_contain_text("log in")
    expect(page.locator("main tbody")).to_contain_text("wrong password")
    assert find_accessibility_problems(page) == []
    page.locator(".place summary").click()
    expect(page.locator(".place .menu")).to_contain_text("Logged in as change, role change")
    assert find_accessibility_problems(page) == []
    assert all(each["secure"] and each["httpOnly"] for each in page.context.cookies())


def test_a_visitor_who_may_only_look_has_no_buttons_and_is_told_so_when_the_role_changes(
    engine: ServedEngine, page: Page
) -> None:
    log_in(page, engine, "look")
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)
    page.goto(f"https://localhost:{engine.port}/audit")
    expect(page.get_by_role("alert")).to_contain_text("This needs the role “change”, and look has the role “look”.")
    assert find_accessibility_problems(page) == []
