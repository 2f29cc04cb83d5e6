"""HTTP tasks against a real web server, authorised by connections of EventBridge.

https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
"""

import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.served_engine import EngineAccount, one_state


@dataclass(frozen=True)
class ReceivedRequest:
    """A request that the API received."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: str


class Api(ThreadingHTTPServer):
    """A web API that records its requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[ReceivedRequest] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Answers every request with JSON."""

    server: Api

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append(ReceivedRequest(self.command, parts.path, parse_qs(parts.query), headers, body))
        if parts.path == "/endless":
            self._answer_without_end()
            return
        token = parts.path == "/token"
        answer = json.dumps({"access_token": "t-1"} if token else {"id": 7}).encode()
        self.send_response(200 if token else self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.end_headers()
        self.wfile.write(answer)

    def _answer_without_end(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(ConnectionError):
            while True:
                self.wfile.write(b"x" * 65_536)

    do_GET = _answer  # noqa: N815 - the name in the standard library
    do_POST = _answer  # noqa: N815
    do_PUT = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        pass


@pytest.fixture
def api() -> Iterator[Api]:
    server = Api()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def create_connection(account: EngineAccount, kind: str = "API_KEY", **auth: Json) -> str:
    """Create a connection and return its ARN."""
    given = auth or {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "secret"}}
    answer = account.client("events").create_connection(Name="c", AuthorizationType=kind, AuthParameters=given)
    arn: str = answer["ConnectionArn"]
    return arn


def http_task(api: Api, connection_arn: str, **parameters: Json) -> Json:
    """Return a state that calls the API."""
    given = {"ApiEndpoint": f"{api.url}/orders", "Method": "GET", "Authentication": {"ConnectionArn": connection_arn}}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": given | parameters,
        "End": True,
    }


def run_state(account: EngineAccount, state: Json) -> Json:
    return account.ended(account.start(account.machine(one_state(state))))


def test_a_call_sends_its_parameters_and_the_connection_s_key_and_returns_the_answer(
    account: EngineAccount, api: Api
) -> None:
    parameters = {
        "Method": "POST",
        "Headers": {"X-Trace": "t", "X-Key": "mine"},
        "QueryParameters": {"page": "1", "tag": ["a", "b"]},
        "RequestBody": {"n": 1},
    }
    ended = run_state(account, http_task(api, create_connection(account), **parameters))
    (request,) = api.requests
    assert (request.method, request.path, request.query) == ("POST", "/orders", {"page": ["1"], "tag": ["a", "b"]})
    assert json.loads(request.body) == {"n": 1}
    assert request.headers["content-type"] == "application/json"
    assert (request.headers["x-trace"], request.headers["x-key"]) == ("t", "secret")
    result = json.loads(ended["output"])
    assert (result["StatusCode"], result["StatusText"], result["ResponseBody"]) == (200, "OK", {"id": 7})
    assert result["Headers"]["set-cookie"] == ["a=1", "b=2"]


def test_a_connection_adds_its_parameters_and_a_password(account: EngineAccount, api: Api) -> None:
    own = {
        "HeaderParameters": [{"Key": "X-Team", "Value": "night", "IsValueSecret": True}],
        "QueryStringParameters": [{"Key": "v", "Value": "2"}],
        "BodyParameters": [{"Key": "origin", "Value": "lamp"}],
    }
    basic = {"Username": "ann", "Password": "s3cret"}
    connection_arn = create_connection(account, "BASIC", BasicAuthParameters=basic, InvocationHttpParameters=own)
    assert (
        run_state(account, http_task(api, connection_arn, Method="PUT", RequestBody={"n": 1}))["status"] == "SUCCEEDED"
    )
    (request,) = api.requests
    assert b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"ann:s3cret"
    assert (request.headers["x-team"], request.query) == ("night", {"v": ["2"]})
    assert json.loads(request.body) == {"n": 1, "origin": "lamp"}
    shown = account.client("events").describe_connection(Name="c")
    assert "s3cret" not in str(shown)
    assert "night" not in str(shown)


def test_an_answer_that_never_ends_exceeds_the_limit_of_data(account: EngineAccount, api: Api) -> None:
    state = http_task(api, create_connection(account), ApiEndpoint=f"{api.url}/endless")
    assert run_state(account, state)["error"] == "States.DataLimitExceeded"


def test_an_oauth_token_is_requested_first(account: EngineAccount, api: Api) -> None:
    oauth = {
        "ClientParameters": {"ClientID": "me", "ClientSecret": "shh"},
        "AuthorizationEndpoint": f"{api.url}/token",
        "HttpMethod": "POST",
        "OAuthHttpParameters": {"BodyParameters": [{"Key": "scope", "Value": "all"}]},
    }
    connection_arn = create_connection(account, "OAUTH_CLIENT_CREDENTIALS", OAuthParameters=oauth)
    assert run_state(account, http_task(api, connection_arn))["status"] == "SUCCEEDED"
    token, call = api.requests
    assert parse_qs(token.body) == {
        "grant_type": ["client_credentials"],
        "client_id": ["me"],
        "client_secret": ["shh"],
        "scope": ["all"],
    }
    assert call.headers["authorization"] == "Bearer t-1"


@pytest.mark.parametrize(
    ("style", "form"),
    [
        ("INDICES", {"a[0]": ["1"], "a[1]": ["2"], "b[c]": ["x"]}),
        ("REPEAT", {"a": ["1", "2"], "b[c]": ["x"]}),
        ("COMMAS", {"a": ["1,2"], "b[c]": ["x"]}),
        ("BRACKETS", {"a[]": ["1", "2"], "b[c]": ["x"]}),
    ],
)
def test_a_body_can_be_sent_as_a_form(account: EngineAccount, api: Api, style: str, form: Json) -> None:
    transform = {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": style}}
    state = http_task(
        api, create_connection(account), Method="POST", RequestBody={"a": [1, 2], "b": {"c": "x"}}, Transform=transform
    )
    assert run_state(account, state)["status"] == "SUCCEEDED"
    assert parse_qs(api.requests[0].body) == form
    assert api.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("status", [302, 404, 503])
def test_an_unsuccessful_answer_is_an_error_with_the_answer_as_its_cause(
    account: EngineAccount, api: Api, status: int
) -> None:
    api.status = status
    ended = run_state(account, http_task(api, create_connection(account)))
    assert (ended["status"], ended["error"]) == ("FAILED", f"States.Http.StatusCode.{status}")
    assert json.loads(ended["cause"]) == {"id": 7}


def test_a_failed_call_is_retried(account: EngineAccount, api: Api) -> None:
    api.status = 500
    retry = [{"ErrorEquals": ["States.Http.StatusCode.500"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    assert run_state(account, http_task(api, create_connection(account)) | {"Retry": retry})["status"] == "FAILED"
    assert len(api.requests) == 2


def test_an_unreachable_server_is_a_socket_error(account: EngineAccount, api: Api) -> None:
    ended = run_state(account, http_task(api, create_connection(account), ApiEndpoint="http://127.0.0.1:1/x"))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Http.Socket")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Method": "BREW"}, "'Method' must be one of"),
        ({"ApiEndpoint": "ftp://x"}, "must be an HTTP or HTTPS URL"),
        ({"Authentication": {}}, '"Authentication" is required'),
        ({"Authentication": {"ConnectionArn": "arn:aws:events:us-east-1:1:connection/x/y"}}, "does not exist"),
        ({"Headers": "x"}, "'Headers' must be a STRUCTURE"),
    ],
)
def test_invalid_parameters_are_reported_and_make_no_call(
    account: EngineAccount, api: Api, change: Json, reason: str
) -> None:
    ended = run_state(account, http_task(api, create_connection(account), **change))
    assert ended["status"] == "FAILED"
    assert reason in ended["cause"]
    assert api.requests == []


def test_testing_a_state_shows_the_exchange_and_secrets_only_on_request(account: EngineAccount, api: Api) -> None:
    state = json.dumps(http_task(api, create_connection(account), Method="POST", RequestBody={"n": 1}))
    parameters = {"definition": state, "roleArn": "arn:aws:iam::123456789012:role/r", "inspectionLevel": "TRACE"}
    data = account.sfn.test_state(**parameters)["inspectionData"]
    assert (data["request"]["method"], data["request"]["url"]) == ("POST", f"{api.url}/orders")
    assert "secret" not in data["request"]["headers"]
    assert (data["response"]["statusCode"], data["response"]["body"]) == ("200", '{"id": 7}')
    shown = account.sfn.test_state(**parameters, revealSecrets=True)["inspectionData"]
    assert "secret" in shown["request"]["headers"]


def test_the_secrets_of_a_connection_cannot_be_read_from_outside(account: EngineAccount) -> None:
    connection_arn = create_connection(account)
    with pytest.raises(ClientError):
        account.client("events")._make_api_call("DescribeConnection", {"Name": connection_arn})
