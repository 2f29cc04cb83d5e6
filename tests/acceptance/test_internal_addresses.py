"""Consoles and commands elsewhere read with /_lamplighter/call, and acknowledge with /_lamplighter/acknowledge."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lamplighter.base.json_text import Json
from tests.acceptance.test_people import KEYS, SECRETS
from tests.served_engine import REGION, ServedEngine

SINCE = '{"Since": 0}'
READ = {"service": "states", "operation": "ListNightRuns", "region": REGION, "params": SINCE}
SUBJECT = f"arn:aws:states:{REGION}:123456789012:execution:job:first"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    """An engine with a key of each role."""
    made = ServedEngine(tmp_path_factory.mktemp("engine") / "data")
    made.data.mkdir(mode=0o700)
    write_keys(made, "admin")
    made.up()
    yield made
    made.close()


def write_keys(engine: ServedEngine, first: str) -> None:
    """Write the credentials file, which begins with the key that commands of this folder use."""
    at, file = KEYS.index(f"[{first}]"), engine.data / "credentials"
    file.write_text(KEYS[at:] + KEYS[:at])
    file.chmod(0o600)


def ask(
    engine: ServedEngine, path: str, key: str | None, headers: Json = None, method: str = "GET", **query: str
) -> tuple[int, Json]:
    """Send a request that is signed with a key, if one is given, and return the status and the answer."""
    url, body = (
        f"{engine.url}/_lamplighter/{path}?{urlencode(query, quote_via=quote)}",
        b"" if method == "POST" else None,
    )
    if key is not None:
        unsigned = AWSRequest(method, url, data=body, headers={})
        SigV4Auth(Credentials(key, SECRETS[key]), "lamplighter", REGION).add_auth(unsigned)
        headers = dict(unsigned.headers)
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers or {}, method=method), timeout=60) as got:
            return got.status, json.load(got)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def acknowledge(engine: ServedEngine, key: str | None, headers: Json = None, **query: str) -> tuple[int, Json]:
    return ask(engine, "acknowledge", key, headers, "POST", **query)


def list_acknowledgements(engine: ServedEngine) -> Json:
    read = {"service": "alerts", "operation": "ListAcknowledgements", "region": REGION, "params": SINCE}
    return ask(engine, "call", "LOOK", **read)[1]["Acknowledgements"]


def read_audit(engine: ServedEngine) -> list[Json]:
    entries: list[Json] = ask(engine, "audit", "ADMIN")[1]["entries"]
    return entries


def test_every_role_reads_and_nobody_reads_without_a_key(engine: ServedEngine) -> None:
    assert [ask(engine, "call", key, **READ)[0] for key in ("LOOK", "RUN", "ADMIN", None)] == [200, 200, 200, 401]
    answer = ask(engine, "call", "LOOK", **READ)[1]
    assert (answer["Rows"], answer["Truncated"]) == ([], False)


def test_a_token_of_prometheus_neither_reads_runs_nor_acknowledges(engine: ServedEngine) -> None:
    token = {"Authorization": "Bearer prometheus"}
    assert ask(engine, "call", None, token, **READ)[0] == 403
    assert acknowledge(engine, None, token, arn=SUBJECT)[0] == 403


def test_a_key_needs_the_role_run_to_acknowledge(engine: ServedEngine) -> None:
    status, answer = acknowledge(engine, "LOOK", arn=SUBJECT)
    assert (status, "acknowledge needs the role run" in answer["message"]) == (403, True)
    assert [acknowledge(engine, key, arn=f"{SUBJECT}-{key}")[0] for key in ("RUN", "ADMIN")] == [200, 200]


def test_an_acknowledgement_names_the_key_in_the_list_and_in_the_audit_log(engine: ServedEngine) -> None:
    subject = f"{SUBJECT}-audited"
    assert acknowledge(engine, "RUN", arn=subject, note="fixed by 4711")[0] == 200
    (found,) = [each for each in list_acknowledgements(engine) if each["subject"] == subject]
    assert (found["who"], found["note"]) == ("runner", "fixed by 4711")
    entries = [each for each in read_audit(engine) if each["resource"] == subject]
    assert [(each["who"], each["how"], each["action"], each["outcome"]) for each in entries] == [
        ("runner", "key", "acknowledge", "done")
    ]
    assert acknowledge(engine, "RUN", arn=subject, undo="1")[0] == 200
    assert subject not in [each["subject"] for each in list_acknowledgements(engine)]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"arn": "first"},
        {"arn": f"arn:{'x' * 3000}"},
        {"arn": SUBJECT, "note": "x" * 501},
    ],
    ids=["no ARN", "a name", "a long ARN", "a long note"],
)
def test_a_wrong_acknowledgement_is_refused_with_the_reason(engine: ServedEngine, query: dict[str, str]) -> None:
    status, answer = acknowledge(engine, "RUN", **query)
    assert (status, bool(answer["message"])) == (400, True)
    assert read_audit(engine)[0]["outcome"] == "ValidationException"


@pytest.mark.parametrize(
    "wrong",
    [
        {"operation": "StartExecution"},
        {"operation": "Nothing"},
        {"service": "nothing"},
        {"service": "alerts", "operation": "Acknowledge"},
        {"region": "no region"},
        {"account": "1"},
        {"params": "no JSON"},
        {"params": "[]"},
        {"params": "{}"},
        {"params": '{"Since": []}'},
        {"params": '{"Since": "soon"}'},
        {"params": '{"Since": null}'},
        {"params": '{"Since": 100000000000000000000}'},
        {"operation": "ListUsualDurations", "params": '{"Machines": 5}'},
        {"operation": "ListUsualDurations", "params": '{"Machines": [{}]}'},
        {"service": "scheduler", "operation": "ListNightSlots", "params": '{"Since": {}, "Until": 0}'},
    ],
    ids=lambda wrong: " ".join(wrong.values()),
)
def test_a_wrong_call_is_refused_with_400_and_the_reason(engine: ServedEngine, wrong: dict[str, str]) -> None:
    status, answer = ask(engine, "call", "ADMIN", **READ | wrong)
    assert (status, bool(answer["message"])) == (400, True)
    assert not [line for line in engine.lines if "Traceback" in line]


def test_another_method_is_refused(engine: ServedEngine) -> None:
    assert ask(engine, "call", "ADMIN", method="POST", **READ)[0] == 405
    assert ask(engine, "acknowledge", "ADMIN", arn=SUBJECT)[0] == 405


def test_without_credentials_a_page_of_another_site_cannot_acknowledge(tmp_path: Path) -> None:
    """A browser can send such a POST without asking first, but it cannot sign it."""
    engine = ServedEngine(tmp_path / "data")
    engine.up()
    try:
        for headers in ({}, {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}):
            assert acknowledge(engine, None, headers, arn=SUBJECT)[0] in (401, 403)
        assert ask(engine, "call", None, {"Origin": "https://evil.example"}, **READ)[0] in (401, 403)
        read = {"service": "alerts", "operation": "ListAcknowledgements", "region": REGION, "params": SINCE}
        assert ask(engine, "call", "LOOK", **read) == (200, {"Acknowledgements": []})
    finally:
        engine.close()
