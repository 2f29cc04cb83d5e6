"""An engine that knows people: users of its console, keys with roles, and the audit log, driven from outside."""

import email
import email.policy
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from lamplighter.cli.engine_address import read_address
from lamplighter.cli.engine_request import request_engine
from lamplighter.cli.target import Target
from lamplighter.engine import credentials
from lamplighter.engine.users_file import change_users
from lamplighter.wire.access.credentials import parse_credentials
from lamplighter.wire.access.password_hash import hash_password
from lamplighter.wire.access.roles import Role
from lamplighter.wire.access.users import User
from tests.command_process import CommandResult, run_command
from tests.served_engine import REGION, ROLE, ServedEngine, eventually

PASSWORD = "correct horse battery"
MACHINE = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 600, "End": True}}})
KEYS = """
[looker]
aws_access_key_id = LOOK
aws_secret_access_key = s1
lamplighter_role = look
lamplighter_token = prometheus
[runner]
aws_access_key_id = RUN
aws_secret_access_key = s2
lamplighter_role = run
[loader]
aws_access_key_id = LOAD
aws_secret_access_key = s3
lamplighter_audit = no
[admin]
aws_access_key_id = ADMIN
aws_secret_access_key = s4
"""
SECRETS = {"LOOK": "s1", "RUN": "s2", "LOAD": "s3", "ADMIN": "s4"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ServedEngine]:
    made = ServedEngine(tmp_path / "data")
    yield made
    made.close()


def add_user(engine: ServedEngine, name: str, role: Role) -> None:
    user = User(name, role, hash_password(PASSWORD, "0123456789abcdefghijkl"))
    change_users(engine.data, lambda present: {**present, name: user})


def remove_users(engine: ServedEngine) -> None:
    change_users(engine.data, lambda _: {})


class Visitor:
    """A visitor of the console over HTTP."""

    def __init__(self, engine: ServedEngine) -> None:
        self.headers: dict[str, str] = {}
        self._url = engine.url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def open(self, path: str, fields: dict[str, str] | None = None) -> str:
        """Open a page, or send a form with the token of the login page."""
        if fields is not None:
            token = re.search(r'name="token" value="([^"]*)"', self.open("/login"))
            assert token is not None
            fields = {"token": token[1], **fields}
        data = None if fields is None else urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(self._url + path, data, {"Origin": self._url, **self.headers})
        try:
            with self._opener.open(request, timeout=120) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return str(error.read().decode())

    def log_in(self, name: str, password: str = PASSWORD) -> str:
        """Log in and return the page that follows."""
        return self.open("/login", {"name": name, "password": password})


def client(engine: ServedEngine, service: str, key: str) -> Json:
    return engine.client(service, key=key, secret=SECRETS[key])


def prune(engine: ServedEngine, key: str) -> None:
    """Send the request of `lamplighter prune`, signed with a key of the credentials file."""
    credentials = parse_credentials((engine.data / "credentials").read_text())[key]
    request_engine(Target(engine.url, REGION, None, credentials), "POST", "/_lamplighter/prune")


def audit(engine: ServedEngine, *words: str) -> CommandResult:
    return run_command(engine.data.parent, "audit", "--data", str(engine.data), *words, environment={})


def entries(engine: ServedEngine) -> list[Json]:
    return [json.loads(line) for line in audit(engine, "--json").out.splitlines()]


def test_with_users_the_console_and_the_api_of_loopback_are_locked(engine: ServedEngine) -> None:
    """On a shared machine, other users reach loopback, too."""
    add_user(engine, "anna", Role.RUN)
    engine.up()
    with pytest.raises(ClientError, match="security token"):
        engine.client("sqs").list_queues()
    visitor = Visitor(engine)
    assert 'id="name"' in visitor.open("/queues")
    assert "Wrong name or password." in visitor.log_in("anna", "guess")
    assert "Logged in as anna, role run" in visitor.log_in("anna")
    remove_users(engine)
    assert "Logged in as" not in visitor.open("/")


def test_a_user_who_is_added_while_the_engine_runs_can_log_in_at_once(engine: ServedEngine) -> None:
    add_user(engine, "anna", Role.RUN)
    engine.up()
    assert "Wrong name or password." in Visitor(engine).log_in("berta")
    add_user(engine, "berta", Role.LOOK)
    assert "Logged in as berta, role look" in Visitor(engine).log_in("berta")


def test_an_invalid_users_file_stops_the_start(engine: ServedEngine) -> None:
    engine.data.mkdir(mode=0o700)
    (engine.data / "users").write_text("anna:run:secret\n")
    with pytest.raises(AssertionError, match=r"the users file .* is invalid: line 1: it is not a hash of scrypt"):
        engine.up()


def allowed(call: Callable[..., Json], **params: Json) -> bool:
    """Return whether a call is not refused because of its role."""
    try:
        call(**params)
    except ClientError as error:
        return "is not authorized to perform" not in error.response["Error"]["Message"]
    return True


@pytest.fixture
def keyed_engine(engine: ServedEngine, tmp_path: Path) -> ServedEngine:
    """An engine with a key of each role."""
    file = tmp_path / "data" / "credentials"
    file.parent.mkdir(mode=0o700)
    file.write_text(KEYS)
    file.chmod(0o600)
    engine.up()
    return engine


def test_a_key_can_do_what_its_role_allows(keyed_engine: ServedEngine) -> None:
    machine = client(keyed_engine, "stepfunctions", "ADMIN").create_state_machine(
        name="night", definition=MACHINE, roleArn=ROLE
    )["stateMachineArn"]
    queue = client(keyed_engine, "sqs", "ADMIN").create_queue(QueueName="work")["QueueUrl"]
    override = json.dumps({"lamplighter": {"command": ["rm", "-rf", "/"]}})
    found = {}
    for key in ("LOOK", "RUN", "ADMIN"):
        sfn, sqs = client(keyed_engine, "stepfunctions", key), client(keyed_engine, "sqs", key)
        found[key] = [
            allowed(sfn.list_state_machines),
            allowed(sqs.receive_message, QueueUrl=queue),
            allowed(sqs.send_message, QueueUrl=queue, MessageBody="x"),
            allowed(sfn.start_execution, stateMachineArn=machine),
            allowed(sfn.start_execution, stateMachineArn=machine, input=override),
            allowed(sqs.purge_queue, QueueUrl=queue),
            allowed(sfn.test_state, definition=json.dumps({"Type": "Pass", "End": True}), roleArn=ROLE),
        ]
    assert found == {
        "LOOK": [True, False, False, False, False, False, False],
        "RUN": [True, True, True, True, False, False, False],
        "ADMIN": [True] * 7,
    }


def test_the_audit_log_has_what_keys_change_and_not_what_programs_exchange(keyed_engine: ServedEngine) -> None:
    admin = client(keyed_engine, "sqs", "ADMIN")
    queue = admin.create_queue(QueueName="work")["QueueUrl"]
    admin.send_message(QueueUrl=queue, MessageBody="a secret")
    admin.receive_message(QueueUrl=queue)
    admin.list_queues()
    client(keyed_engine, "sqs", "LOAD").create_queue(QueueName="loads")
    for key in ("LOAD", "ADMIN"):
        prune(keyed_engine, key)
    assert not allowed(client(keyed_engine, "sqs", "LOOK").purge_queue, QueueUrl=queue)
    with pytest.raises(ClientError):
        client(keyed_engine, "stepfunctions", "ADMIN").delete_activity(activityArn="wrong")
    found = audit(keyed_engine, "--json")  # with the first key of the file, whose role is look
    assert (found.code, found.out) == (1, "")
    assert "needs a key with the role change" in found.err
    text = (keyed_engine.data / "credentials").read_text()
    (keyed_engine.data / "credentials").write_text(text[text.index("[admin]") :] + text[: text.index("[admin]")])
    assert [
        (each["who"], each["how"], each["action"], each["resource"], each["outcome"]) for each in entries(keyed_engine)
    ] == [
        ("admin", "key", "create queue", "work", "done"),
        ("admin", "key", "prune", "", "done"),
        ("looker", "key", "purge queue", queue, "AccessDenied"),
        ("admin", "key", "delete activity", "wrong", "InvalidArn"),
    ]
    assert {each["address"] for each in entries(keyed_engine)} == {"127.0.0.1"}


OWN_ADDRESSES = ("GET metrics", "GET usage", "GET audit", "POST prune", "POST metrics", "GET prune", "GET nothing")


def ask_own_address(engine: ServedEngine, request: str, key: str | None, headers: dict[str, str]) -> tuple[int, str]:
    """Return the status of the answer of one of the engine's own addresses, and the form of a refusal.

    That is its content type, the names of its members, and the names of headers that belong to its status.
    """
    method, _, path = request.partition(" ")
    url = f"{engine.url}/_lamplighter/{path}"
    if key is not None:
        unsigned = AWSRequest(method, url, data=b"" if method == "POST" else None, headers={})
        SigV4Auth(Credentials(key, SECRETS.get(key, "wrong")), "lamplighter", REGION).add_auth(unsigned)
        headers = dict(unsigned.headers)
    try:
        sent = urllib.request.Request(url, b"" if method == "POST" else None, headers, method=method)
        with urllib.request.urlopen(sent, timeout=60) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            names = [each for each in ("www-authenticate", "allow") if each in error.headers]
            return error.code, " ".join([error.headers["content-type"], *json.loads(error.read()), *names])


@pytest.mark.parametrize(
    ("key", "headers", "statuses"),
    [
        (None, {}, [401, 401, 401, 401]),
        (None, {"Authorization": "Bearer guess"}, [401, 401, 401, 401]),
        (None, {"Authorization": "Basic YTpi"}, [401, 401, 401, 401]),
        ("STRANGER", {}, [401, 401, 401, 401]),
        (None, {"Authorization": "Bearer prometheus"}, [200, 200, 403, 403]),
        ("LOOK", {}, [200, 200, 403, 403]),
        ("RUN", {}, [200, 200, 403, 403]),
        ("ADMIN", {}, [200, 200, 200, 200]),
    ],
)
def test_an_own_address_refuses_an_unknown_caller_with_401_and_a_role_with_403(
    keyed_engine: ServedEngine, key: str | None, headers: dict[str, str], statuses: list[int]
) -> None:
    found = [ask_own_address(keyed_engine, each, key, headers) for each in OWN_ADDRESSES]
    assert [status for status, _ in found] == [*statuses, 405, 405, 404]
    more = {401: ["www-authenticate"], 403: [], 404: [], 405: ["allow"]}
    assert [form for status, form in found if status != 200] == [
        " ".join(["application/json", "message", *more[status]]) for status, _ in found if status != 200
    ]


def test_the_health_can_be_read_with_head(keyed_engine: ServedEngine) -> None:
    asked = urllib.request.Request(f"{keyed_engine.url}/_lamplighter/health", method="HEAD")
    with urllib.request.urlopen(asked, timeout=60) as answer:
        assert (answer.status, answer.headers["content-type"], answer.read()) == (200, "application/json", b"")


def test_a_token_of_prometheus_reads_metrics_and_no_audit_log(keyed_engine: ServedEngine) -> None:
    def read(path: str) -> bytes:
        headers = {"Authorization": "Bearer prometheus"}
        request = urllib.request.Request(f"{keyed_engine.url}/_lamplighter/{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return bytes(answer.read())

    assert b"lamplighter_" in read("metrics")
    with pytest.raises(urllib.error.HTTPError) as refused:
        read("audit")
    with refused.value:
        assert refused.value.code == 403


def test_an_engine_without_credentials_records_no_calls(engine: ServedEngine) -> None:
    engine.up()
    engine.client("sqs").create_queue(QueueName="work")
    found = audit(engine)
    assert (found.code, found.out) == (0, "")
    assert re.fullmatch(r"There were no changes since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\n", found.err)


def test_the_audit_log_survives_a_kill_and_names_users_commands_logins_and_buttons(engine: ServedEngine) -> None:
    add_user(engine, "anna", Role.RUN)
    engine.up()
    key = next(iter(credentials.load_credentials(engine.data / "credentials").values()))
    sfn = engine.client("stepfunctions", key=key.access_key, secret=key.secret)
    machine = sfn.create_state_machine(name="night", definition=MACHINE, roleArn=ROLE)["stateMachineArn"]
    run = sfn.start_execution(stateMachineArn=machine, name="first")["executionArn"]
    visitor = Visitor(engine)
    visitor.log_in("anna")
    token = re.search(r'name="token" value="([^"]*)"', visitor.open(f"/runs/{run}"))
    assert token is not None
    assert "aborted" in visitor.open(f"/runs/{run}/stop", {"token": token[1], "confirmed": "yes"}).lower()
    engine.kill()
    engine.up()
    assert [(each["who"], each["how"], each["action"]) for each in entries(engine)] == [
        ("", "file", "add user with role run"),
        ("default", "key", "create state machine"),
        ("default", "key", "start execution"),
        ("anna", "console", "log in"),
        ("anna", "console", "stop execution"),
    ]
    lines = audit(engine, "--since", "2h").out.splitlines()
    assert re.fullmatch(r"\S+Z  anna \(console 127\.0\.0\.1\): stop execution arn:\S+: done", lines[-1])
    remove_users(engine)
    assert eventually(lambda: entries(engine)[-1]["action"] == "remove user")


@pytest.mark.parametrize(
    ("since", "code"),
    [
        ("24h", 0),
        ("5w", 0),
        ("1h30m", 0),
        ("2026-12-31T03:00:00", 0),
        ("1960-01-01", 0),
        ("yesterday", 2),
        ("-1h", 2),
        ("1y", 2),
    ],
)
def test_the_period_of_the_audit_log_is_checked(engine: ServedEngine, since: str, code: int) -> None:
    engine.up()
    assert read_address(engine.data) is not None
    assert audit(engine, f"--since={since}").code == code


@pytest.mark.parametrize(("proxies", "address"), [((), "127.0.0.1"), (("--trusted-proxy", "127.0.0.1"), "203.0.113.5")])
def test_a_trusted_proxy_states_where_a_caller_is(engine: ServedEngine, proxies: tuple[str, ...], address: str) -> None:
    add_user(engine, "anna", Role.RUN)
    engine.up(*proxies)
    visitor = Visitor(engine)
    visitor.headers = {"X-Forwarded-For": "10.0.0.1, 203.0.113.5"}
    visitor.log_in("anna")
    assert entries(engine)[-1]["address"] == address


def test_an_engine_behind_a_trusted_proxy_is_locked_although_it_listens_on_loopback(engine: ServedEngine) -> None:
    engine.up("--trusted-proxy", "127.0.0.1")
    with pytest.raises(ClientError, match="security token"):
        engine.client("sqs").list_queues()
    assert 'id="password"' in Visitor(engine).open("/")


def test_a_link_in_a_mail_that_ends_a_subscription_is_recorded(engine: ServedEngine) -> None:
    engine.up()
    sns = engine.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="anna@example.com")["SubscriptionArn"]
    sns.publish(TopicArn=topic, Message="all is well")
    file = eventually(lambda: next((engine.data / "mail").glob("**/*.eml"), None))
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    link = re.search(r"http://\S+/unsubscribe\.html\?\S+", mail.get_content())
    assert link is not None
    with urllib.request.urlopen(link[0], timeout=60):
        assert entries(engine) == []
    with urllib.request.urlopen(link[0], b"", timeout=60) as answer:
        assert "You are unsubscribed" in answer.read().decode()
    (entry,) = entries(engine)
    columns = ("who", "how", "action", "resource", "outcome")
    assert tuple(entry[each] for each in columns) == ("", "link", "unsubscribe", subscription, "done")
    assert "example.com" not in str(entry)
