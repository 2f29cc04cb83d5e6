"""Users of the console: the login, the session, and what each role may see and do."""

from dataclasses import replace

import pytest
from starlette.routing import Mount, Route

from lamplighter.console.app import PAGES
from lamplighter.console.page import RoleRoute
from lamplighter.console.security import login
from lamplighter.console.security.password_guesses import FREE_GUESSES_OF_SOURCE
from lamplighter.store.audit_log import AuditEntry, list_entries
from lamplighter.wire.access.password_hash import PasswordHash
from lamplighter.wire.access.roles import Role
from tests.console.http_browser import Browser
from tests.console.security.console_users import OWNER, PASSWORD, UserBrowser, make_user
from tests.engine_harness import ACCOUNT, REGION, EngineHarness, chain

FORMS = {
    "/jobs/schedule": Role.CHANGE,
    "/jobs/{arn:path}/start": Role.RUN,
    "/rules/{arn:path}/try": Role.LOOK,
    "/rules/{arn:path}/switch": Role.CHANGE,
    "/queues/{arn:path}/again": Role.RUN,
    "/queues/{arn:path}/message": Role.RUN,
    "/clock": Role.LOOK,
    "/night/confirm": Role.RUN,
    "/night/act": Role.RUN,
    "/runs/{arn:path}/stop": Role.RUN,
    "/runs/{arn:path}/redrive": Role.RUN,
    "/runs/{arn:path}/run-failed-again": Role.RUN,
    "/runs/{arn:path}/again": Role.RUN,
    "/scheduled-tasks/{arn:path}/start": Role.RUN,
    "/tasks/{arn:path}/again": Role.RUN,
    "/tasks/{arn:path}/stop": Role.RUN,
    "/topics/{arn:path}/publish": Role.RUN,
}
"""Every form of the console and what it needs. A new form is decided here, too."""
WAIT = chain({"Type": "Wait", "Seconds": 600})


@pytest.fixture
def visitor(harness: EngineHarness) -> UserBrowser:
    return UserBrowser(harness)


def entries(harness: EngineHarness) -> list[AuditEntry]:
    return list_entries(harness.engine.store.reader, limit=100)


# --- what routes need -------------------------------------------------------------------------------------------------


def test_every_route_states_the_role_that_it_needs() -> None:
    assert all(isinstance(each, RoleRoute) for each in PAGES)
    routes = [each for each in PAGES if isinstance(each, RoleRoute)]
    assert {each.path: each.needs for each in routes if "POST" in (each.methods or ())} == FORMS
    pages = {each.path: each.needs for each in routes if "GET" in (each.methods or ())}
    others = {path: role for path, role in pages.items() if role is not Role.LOOK}
    assert others == {"/audit": Role.CHANGE, "/jobs/{arn:path}/start": Role.RUN}


def test_there_are_no_other_routes_than_pages_the_login_and_static_files(visitor: UserBrowser) -> None:
    visitor.log_in("look")
    found = [each for each in _all_routes(visitor) if not isinstance(each, RoleRoute)]
    paths = {each.path for each in found if isinstance(each, Route | Mount)}
    assert paths == {"/login", "/logout", "/favicon.ico", "/static"}


def _all_routes(visitor: UserBrowser) -> list[object]:
    app: object = visitor._app
    while not hasattr(app, "routes"):
        app = vars(app).get("_app") or vars(app)["_plain"]
    routes: list[object] = list(app.routes)
    return routes


@pytest.mark.parametrize("path", [each for each, needs in FORMS.items() if needs is not Role.LOOK])
def test_a_form_that_is_posted_by_hand_is_refused_without_the_role(
    harness: EngineHarness, visitor: UserBrowser, path: str
) -> None:
    for role in Role:
        if role.allows(FORMS[path]):
            continue
        visitor.log_in(role)
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}:x"
        answer = visitor.post_form(path.replace("{arn:path}", arn), {"do": "discard", "message": "1"})
        assert answer.status == 403
        assert f"This needs the role “{FORMS[path]}”, and {role} has the role “{role}”." in answer.text
        last = entries(harness)[0]
        assert (last.who, last.outcome) == (role, "AccessDenied")
        assert last.action == f"send form {path.rpartition('/')[2]}"


def test_whoever_may_send_a_message_again_may_not_delete_it(harness: EngineHarness, visitor: UserBrowser) -> None:
    url = harness.call("sqs", "CreateQueue", QueueName="work")["QueueUrl"]
    harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody="keep me")
    page = f"/queues/arn:aws:sqs:{REGION}:{ACCOUNT}:work"
    visitor.log_in("run")
    shown = visitor.get(page).body
    assert "Discard message" not in shown
    number = shown.partition('name="message" value="')[2].partition('"')[0]
    assert visitor.post_form(f"{page}/message", {"do": "discard", "message": number}).status == 403
    assert (entries(harness)[0].action, entries(harness)[0].outcome) == ("send form message", "AccessDenied")
    visitor.log_in("change")
    assert "Discard message" in visitor.get(page).body
    assert visitor.post_form(f"{page}/message", {"do": "discard", "message": number}).status == 303


def test_only_change_may_set_the_command_of_a_run(harness: EngineHarness, visitor: UserBrowser) -> None:
    machine = harness.machine(chain({"Type": "Pass", "Comment": "$states.context.Execution.Input.lamplighter"}))
    form = {"input": "{}", "environment": "", "name": ""}
    visitor.log_in("run")
    assert "readonly" in visitor.get(f"/jobs/{machine}/start").body
    assert visitor.post_form(f"/jobs/{machine}/start", {**form, "command": "rm -rf /"}).status == 403
    own = {**form, "command": "", "input": '{"lamplighter": {"environment": {"LD_PRELOAD": "x"}}}'}
    assert visitor.post_form(f"/jobs/{machine}/start", own).status == 403
    assert visitor.post_form(f"/jobs/{machine}/start", {**own, "input": f"[{own['input']}]"}).status == 403
    assert visitor.post_form(f"/jobs/{machine}/start", {**form, "command": ""}).status == 303
    visitor.log_in("change")
    assert visitor.post_form(f"/jobs/{machine}/start", {**form, "command": "true"}).status == 303


# --- what pages show --------------------------------------------------------------------------------------------------


def test_a_page_shows_who_has_logged_in_and_only_the_buttons_that_the_role_allows(
    harness: EngineHarness, visitor: UserBrowser
) -> None:
    run = harness.start(harness.machine(WAIT))
    shown = {}
    for role in Role:
        visitor.log_in(role)
        page = visitor.get(f"/runs/{run}")
        assert f"Logged in as {role}, role {role}" in page.text
        shown[role] = [each for each in ('id="stop"', 'id="edit"', 'href="/audit"') if each in page.body]
    assert shown == {
        Role.LOOK: [],
        Role.RUN: ['id="stop"', 'id="edit"'],
        Role.CHANGE: ['id="stop"', 'id="edit"', 'href="/audit"'],
    }


def test_a_page_that_the_role_does_not_allow_says_so_within_the_frame(
    harness: EngineHarness, visitor: UserBrowser
) -> None:
    visitor.log_in(Role.LOOK)
    page = visitor.get(f"/jobs/{harness.machine(WAIT)}/start")
    assert page.status == 403
    assert "Not allowed This needs the role “run”, and look has the role “look”" in page.text
    assert 'aria-label="Sections"' in page.body
    assert "<textarea" not in page.body


def test_the_audit_log_is_for_change_only(harness: EngineHarness, visitor: UserBrowser) -> None:
    for role, status in ((Role.LOOK, 403), (Role.RUN, 403), (Role.CHANGE, 200)):
        visitor.log_in(role)
        assert visitor.get("/audit").status == status
    run = harness.start(harness.machine(WAIT))
    visitor.post(f"/runs/{run}/stop", {"confirmed": "yes"})
    text = visitor.get("/audit").text
    assert "change console 192.0.2.9 stop execution" in text
    assert "change console 192.0.2.9 log in – done" in text


def test_a_run_by_hand_names_who_started_it_for_people_who_may_read_the_audit_log(
    harness: EngineHarness, visitor: UserBrowser
) -> None:
    machine = harness.machine(WAIT)
    visitor.log_in("run")
    assert visitor.post_form(f"/jobs/{machine}/start", {}).status == 303
    assert "by hand run " not in visitor.get(f"/jobs/{machine}").text
    visitor.log_in("change")
    assert "running by hand run " in visitor.get(f"/jobs/{machine}").text


# --- the login --------------------------------------------------------------------------------------------------------


def test_the_login_asks_for_a_name_once_there_are_users(harness: EngineHarness, visitor: UserBrowser) -> None:
    assert 'id="name"' in visitor.get("/login").body
    visitor.users = {}
    assert 'id="name"' not in visitor.get("/login").body
    assert "Log out" in visitor.post("/login", {"password": OWNER.password}).body


@pytest.mark.parametrize(
    ("name", "password"),
    [("look", "another password"), ("nobody", PASSWORD), ("", PASSWORD), ("", OWNER.password), ("KEY", OWNER.password),
     ("LOOK", PASSWORD), ("owner", OWNER.secret), ("owner", "")],
)  # fmt: skip
def test_every_wrong_login_has_the_same_answer_and_costs_one_hash(
    visitor: UserBrowser, monkeypatch: pytest.MonkeyPatch, name: str, password: str
) -> None:
    hashed: list[PasswordHash] = []

    def is_password(_password: str, stored: PasswordHash) -> bool:
        hashed.append(stored)
        return stored is visitor.users["look"].password and password == PASSWORD

    monkeypatch.setattr(login, "is_password", is_password)
    answer = visitor.log_in(name, password)
    assert (answer.status, len(hashed)) == (422, 1)
    assert "Wrong name or password." in answer.text
    assert visitor.get("/").status == 303


def test_the_owner_of_the_credentials_file_logs_in_by_the_name_of_the_section(visitor: UserBrowser) -> None:
    assert "Logged in as owner, role change" in visitor.log_in("owner", OWNER.password).text


def test_a_section_can_be_closed_for_logins(harness: EngineHarness) -> None:
    for credentials, word in ((OWNER, "Log out"), (replace(OWNER, logs_in=False), "Wrong name or password.")):
        visitor = UserBrowser(harness, credentials)
        assert word in visitor.log_in("owner", OWNER.password).body
    visitor.users = {}
    assert "Wrong password." in visitor.log_in("", OWNER.password).text


def test_a_user_with_the_name_of_a_section_logs_in_with_the_own_password_only(visitor: UserBrowser) -> None:
    visitor.users["owner"] = make_user("owner", Role.LOOK)
    assert visitor.log_in("owner", OWNER.password).status == 422
    assert "role look" in visitor.log_in("owner").text


def test_guesses_that_are_sent_together_are_counted_one_by_one(
    visitor: UserBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []

    def is_password(password: str, _stored: PasswordHash) -> bool:
        hashed.append(password)
        return False

    monkeypatch.setattr(login, "is_password", is_password)
    visitor.get("/login")
    statuses = visitor.post_together("/login", {"name": "look", "password": "guess"}, 40)
    assert sorted(statuses) == [422] * 5 + [429] * 35
    assert len(hashed) == 5


def test_a_right_password_does_not_reset_the_guesses_for_another_name(visitor: UserBrowser) -> None:
    for _ in range(5):
        assert visitor.log_in("change", "guess").status == 422
        assert visitor.log_in("look").status == 200
    assert visitor.log_in("change", "guess").status == 429
    assert visitor.log_in("nobody", "guess").status == 422  # as for a name that exists
    assert visitor.log_in("look").status == 200


def test_a_new_name_with_each_guess_is_refused_before_its_hash(
    visitor: UserBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False] * FREE_GUESSES_OF_SOURCE)
    monkeypatch.setattr(login, "is_password", lambda _password, _stored: next(answers))
    statuses = [visitor.log_in(f"name{number}", "guess").status for number in range(30)]
    assert statuses == [422] * FREE_GUESSES_OF_SOURCE + [429] * (30 - FREE_GUESSES_OF_SOURCE)


def test_right_passwords_use_up_no_guesses(visitor: UserBrowser) -> None:
    for _ in range(2 * FREE_GUESSES_OF_SOURCE):
        assert visitor.log_in("look").status == 200
    assert visitor.log_in("nobody", "guess").status == 422


def test_failed_logins_are_recorded_without_the_text_of_an_unknown_name(
    harness: EngineHarness, visitor: UserBrowser
) -> None:
    visitor.log_in("look", "wrong password")
    visitor.log_in("my secret password", "x")
    found = [(each.who, each.action, each.outcome) for each in entries(harness)]
    assert found == [("", "log in", "wrong password"), ("look", "log in", "wrong password")]


def test_guesses_logins_and_refused_forms_cannot_fill_the_audit_log(
    harness: EngineHarness, visitor: UserBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamplighter.store.audit_limits.MAX_PER_HOUR", 3)
    for number in range(6):
        visitor.log_in(f"name{number}", "guess")
    assert [each.outcome for each in entries(harness)] == ["3 more in this hour", *["wrong password"] * 3]
    harness.advance(3_600_000)
    visitor.log_in("look")
    for _ in range(5):
        assert visitor.post_form("/runs/arn:aws:states:us-east-1:123456789012:execution:m:r/stop", {}).status == 403
    assert [(each.action, each.outcome) for each in entries(harness)[:4]] == [
        ("refused calls", "2 more in this hour"),
        *[("send form stop", "AccessDenied")] * 3,
    ]
    for _ in range(2):
        visitor.post_form("/logout", {})
        visitor.log_in("look")
    assert (entries(harness)[0].action, entries(harness)[0].outcome) == ("logins and logouts", "2 more in this hour")


# --- sessions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["removed", "role", "password"])
def test_a_session_ends_when_its_user_changes(visitor: UserBrowser, change: str) -> None:
    assert visitor.log_in("run").status == 200
    changed = {
        "removed": {},
        "role": {"run": make_user("run", Role.CHANGE)},
        "password": {"run": make_user("run", Role.RUN, "another password")},
    }
    visitor.users = changed[change]
    assert visitor.get("/").status == 303


def test_a_role_that_is_changed_back_revives_no_session(visitor: UserBrowser) -> None:
    visitor.log_in("run")
    visitor.users["run"] = replace(visitor.users["run"], role_changes=2)
    assert visitor.get("/").status == 303


def test_a_stream_ends_with_the_session(harness: EngineHarness, visitor: UserBrowser) -> None:
    run = harness.start(harness.machine(WAIT))
    visitor.log_in("look")
    received = visitor.open_stream(f"/streams?of=/runs/{run}/live")
    assert "".join(received)
    visitor.users = {}
    harness.advance(6000)
    before = [text for text in received if text]
    harness.call("states", "StopExecution", executionArn=run)
    harness.advance(6000)
    assert [text for text in received if text] == before


def test_each_login_has_a_new_session_and_the_browser_cannot_choose_one(
    harness: EngineHarness, visitor: UserBrowser
) -> None:
    visitor.log_in("look")
    (name, first), *_ = [each for each in visitor.cookies.items() if each[0].startswith("lamplighter-session")]
    harness.advance(1000)
    visitor.cookies[name] = "9999999999999.u6c6f6f6b." + "0" * 64
    assert visitor.get("/").status == 303
    visitor.log_in("look")
    assert visitor.cookies[name] not in (first, "9999999999999.u6c6f6f6b." + "0" * 64)


@pytest.mark.parametrize(("headers", "secure"), [({}, False), ({"x_forwarded_proto": "https"}, True)])
def test_cookies_are_for_https_only_behind_a_proxy_that_speaks_it(
    visitor: UserBrowser, headers: dict[str, str], secure: bool
) -> None:
    visitor.get("/login")
    answer = visitor.post_form("/login", {"name": "look", "password": PASSWORD}, **headers)
    assert ("; secure" in answer.headers["set-cookie"].lower()) == secure


# --- the audit log ----------------------------------------------------------------------------------------------------


def test_what_a_form_changes_is_recorded_and_what_a_page_reads_is_not(
    harness: EngineHarness, visitor: UserBrowser
) -> None:
    machine = harness.machine(WAIT)
    visitor.log_in("run")
    visitor.get("/")
    visitor.post_form(
        f"/jobs/{machine}/start", {"input": '{"key": "hush"}', "environment": "", "command": "", "name": ""}
    )
    found = entries(harness)
    assert [(each.who, each.how, each.action, each.resource, each.outcome) for each in found] == [
        ("run", "console", "start execution", machine, "done"),
        ("run", "console", "log in", "", "done"),
    ]
    assert "hush" not in str(found)


def test_without_a_login_the_audit_log_says_what_was_done_from_where(harness: EngineHarness, browser: Browser) -> None:
    run = harness.start(harness.machine(WAIT))
    browser.post(f"/runs/{run}/stop", {"confirmed": "yes"})
    (entry,) = entries(harness)
    assert (entry.who, entry.address, entry.action, entry.resource) == ("", "192.0.2.9", "stop execution", run)
    assert "unknown" in browser.get("/audit").text
