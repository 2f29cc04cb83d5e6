"""HTTP tasks against a real web server, authorised by connections of EventBridge.

https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
"""

import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.served_engine import ServedEngine, one


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: str


class Api(ThreadingHTTPServer):
    """An API of somebody's."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[Asked] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Answers everything with JSON."""

    server: Api

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.command, parts.path, parse_qs(parts.query), headers, body))
        token = parts.path == "/token"
        answer = json.dumps({"access_token": "t-1"} if token else {"id": 7}).encode()
        self.send_response(200 if token else self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.end_headers()
        self.wfile.write(answer)

    do_GET = _answer  # noqa: N815 - its name there
    do_POST = _answer  # noqa: N815
    do_PUT = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@pytest.fixture
def api() -> Iterator[Api]:
    server = Api()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def connection(served: ServedEngine, kind: str = "API_KEY", **auth: Json) -> str:
    """Create a connection; its ARN."""
    given = auth or {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "secret"}}
    answer = served.client("events").create_connection(Name="c", AuthorizationType=kind, AuthParameters=given)
    arn: str = answer["ConnectionArn"]
    return arn


def task(api: Api, authority: str, **parameters: Json) -> Json:
    """A state that calls the API."""
    given = {"ApiEndpoint": f"{api.url}/orders", "Method": "GET", "Authentication": {"ConnectionArn": authority}}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": given | parameters,
        "End": True,
    }


def outcome(served: ServedEngine, state: Json) -> Json:
    return served.ended(served.start(served.machine(one(state))))


def test_a_call_brings_its_parameters_and_the_connection_s_key_and_its_answer_is_the_result(
    served: ServedEngine, api: Api
) -> None:
    parameters = {
        "Method": "POST",
        "Headers": {"X-Trace": "t", "X-Key": "mine"},
        "QueryParameters": {"page": "1", "tag": ["a", "b"]},
        "RequestBody": {"n": 1},
    }
    ended = outcome(served, task(api, connection(served), **parameters))
    (asked,) = api.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/orders", {"page": ["1"], "tag": ["a", "b"]})
    assert json.loads(asked.body) == {"n": 1}
    assert asked.headers["content-type"] == "application/json"
    assert (asked.headers["x-trace"], asked.headers["x-key"]) == ("t", "secret")
    result = json.loads(ended["output"])
    assert (result["StatusCode"], result["StatusText"], result["ResponseBody"]) == (200, "OK", {"id": 7})
    assert result["Headers"]["set-cookie"] == ["a=1", "b=2"]


def test_a_connection_adds_its_own_parameters_and_a_password(served: ServedEngine, api: Api) -> None:
    own = {
        "HeaderParameters": [{"Key": "X-Team", "Value": "night", "IsValueSecret": True}],
        "QueryStringParameters": [{"Key": "v", "Value": "2"}],
        "BodyParameters": [{"Key": "origin", "Value": "lamp"}],
    }
    basic = {"Username": "ann", "Password": "s3cret"}
    authority = connection(served, "BASIC", BasicAuthParameters=basic, InvocationHttpParameters=own)
    assert outcome(served, task(api, authority, Method="PUT", RequestBody={"n": 1}))["status"] == "SUCCEEDED"
    (asked,) = api.asked
    assert b64decode(asked.headers["authorization"].removeprefix("Basic ")) == b"ann:s3cret"
    assert (asked.headers["x-team"], asked.query) == ("night", {"v": ["2"]})
    assert json.loads(asked.body) == {"n": 1, "origin": "lamp"}
    shown = served.client("events").describe_connection(Name="c")
    assert "s3cret" not in str(shown)
    assert "night" not in str(shown)


def test_a_token_of_oauth_is_asked_for_first(served: ServedEngine, api: Api) -> None:
    oauth = {
        "ClientParameters": {"ClientID": "me", "ClientSecret": "shh"},
        "AuthorizationEndpoint": f"{api.url}/token",
        "HttpMethod": "POST",
        "OAuthHttpParameters": {"BodyParameters": [{"Key": "scope", "Value": "all"}]},
    }
    authority = connection(served, "OAUTH_CLIENT_CREDENTIALS", OAuthParameters=oauth)
    assert outcome(served, task(api, authority))["status"] == "SUCCEEDED"
    token, call = api.asked
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
def test_a_body_can_be_sent_as_a_form(served: ServedEngine, api: Api, style: str, form: Json) -> None:
    transform = {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": style}}
    state = task(
        api, connection(served), Method="POST", RequestBody={"a": [1, 2], "b": {"c": "x"}}, Transform=transform
    )
    assert outcome(served, state)["status"] == "SUCCEEDED"
    assert parse_qs(api.asked[0].body) == form
    assert api.asked[0].headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("status", [302, 404, 503])
def test_an_answer_that_is_no_success_is_an_error_with_the_answer_as_its_cause(
    served: ServedEngine, api: Api, status: int
) -> None:
    api.status = status
    ended = outcome(served, task(api, connection(served)))
    assert (ended["status"], ended["error"]) == ("FAILED", f"States.Http.StatusCode.{status}")
    assert json.loads(ended["cause"]) == {"id": 7}


def test_a_call_that_fails_is_retried(served: ServedEngine, api: Api) -> None:
    api.status = 500
    again = [{"ErrorEquals": ["States.Http.StatusCode.500"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    assert outcome(served, task(api, connection(served)) | {"Retry": again})["status"] == "FAILED"
    assert len(api.asked) == 2


def test_a_server_that_does_not_answer_is_an_error_of_the_socket(served: ServedEngine, api: Api) -> None:
    ended = outcome(served, task(api, connection(served), ApiEndpoint="http://127.0.0.1:1/x"))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Http.Socket")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Method": "BREW"}, "'Method' must be one of"),
        ({"ApiEndpoint": "ftp://x"}, "must be an HTTP or HTTPS URL"),
        ({"Authentication": {}}, '"Authentication" is required'),
        ({"Authentication": {"ConnectionArn": "arn:aws:events:us-east-1:1:connection/x/y"}}, "does not exist"),
        ({"Headers": "x"}, "'Headers' must be a STRUCTURE"),
    ],
)
def test_parameters_that_make_no_call_say_why(served: ServedEngine, api: Api, change: Json, why: str) -> None:
    ended = outcome(served, task(api, connection(served), **change))
    assert ended["status"] == "FAILED"
    assert why in ended["cause"]
    assert api.asked == []


def test_the_test_of_a_state_shows_the_exchange_and_secrets_only_on_request(served: ServedEngine, api: Api) -> None:
    state = json.dumps(task(api, connection(served), Method="POST", RequestBody={"n": 1}))
    asked = {"definition": state, "roleArn": "arn:aws:iam::123456789012:role/r", "inspectionLevel": "TRACE"}
    data = served.sfn.test_state(**asked)["inspectionData"]
    assert (data["request"]["method"], data["request"]["url"]) == ("POST", f"{api.url}/orders")
    assert "secret" not in data["request"]["headers"]
    assert (data["response"]["statusCode"], data["response"]["body"]) == ("200", '{"id": 7}')
    shown = served.sfn.test_state(**asked, revealSecrets=True)["inspectionData"]
    assert "secret" in shown["request"]["headers"]


def test_secrets_cannot_be_asked_for_from_outside(served: ServedEngine) -> None:
    authority = connection(served)
    with pytest.raises(ClientError):
        served.client("events")._make_api_call("DescribeConnection", {"Name": authority})
