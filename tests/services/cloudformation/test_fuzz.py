"""For any damaged template, the answer has AWS's shape and is never a 500; no stack fails by an internal error."""

import asyncio
import itertools
from urllib.parse import urlencode
from xml.etree import ElementTree as Xml

import pytest
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.template.text import parse_text
from lamplighter.server import HttpServer
from lamplighter.wire.access.host_header import AllowedHosts
from lamplighter.wire.models.service_models import QUERY, load_service
from tests.asl.definition.test_parse import node_paths, with_renamed_member, with_value, without_node
from tests.property_settings import examples
from tests.random_parameters import documents, values_of_shape
from tests.service_models import botocore_model
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, template

FUZZ = settings(
    deadline=None,
    derandomize=True,
    max_examples=examples(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
CREDENTIAL = "Credential=test/20260101/us-east-1/cloudformation/aws4_request"
EVERYTHING = template("everything.yaml")
FUNCTION_ARGUMENTS: dict[str, list[Json]] = {
    "Ref": ["Text", "Queue", "Nobody", "AWS::NoValue", "AWS::Region", 1, None],
    "Condition": ["Sure", "Never", "Nobody", 1],
    "Fn::GetAtt": [["Queue", "Arn"], "Queue.Arn", ["Queue", "Nothing"], "Queue", 1, []],
    "Fn::Sub": ["${Text}", "${Nobody}", "${", ["${A}", {"A": 1}], ["${A}"], {}, "${ }"],
    "Fn::If": [["Sure", 1, 2], ["Nobody", 1, 2], [["Sure"], 1, 2], [{}, 1, 2], "Sure"],
    "Fn::Select": [[0, ["a"]], [9, ["a"]], ["٣", ["a"]], [{}, ["a"]], [-1, ["a"]], 1],
    "Fn::FindInMap": [["Map", "a", "b"], ["Map", [], {}], [[], [], []], ["Map", "a"]],
    "Fn::Join": [["", [{"Ref": "Queue"}]], ["", [{}]], ["", [None]], [1, 2]],
    "Fn::Cidr": [["10.0.0.0/16", 2, 8], ["::/0", 300, 1], ["x", 1], [[], {}]],
    "Fn::ImportValue": ["Nobody", [], {"Ref": "Text"}],
    "Fn::Transform": [{}, {"Name": "X"}, {"Name": "AWS::Include"}, 1],
    "Fn::ForEach::X": [["X", ["a"], {"${X}": 1}], ["X", {"Ref": "Queue"}, {}], [[], [], []], []],
    **{name: [[]] for name in ("Fn::Equals", "Fn::And", "Fn::Split", "Fn::Length", "Fn::New")},
}
"""Valid and invalid arguments of functions."""
PLAIN_VALUES: list[Json] = [
    *(None, True, 0, -1, 1e300, "", "x" * 300, [], {}, [[]], {"": 1}, [None]),
    *("{{resolve:ssm:x}}", "{{resolve:secretsmanager:x:SecretString:y}}", "{{resolve:x:y}}", "{{resolve:ssm:}}"),
]
STRANGE_VALUES = st.sampled_from(
    [*PLAIN_VALUES, *({name: each} for name in FUNCTION_ARGUMENTS for each in FUNCTION_ARGUMENTS[name])]
)
NAMES = st.sampled_from(
    [
        *("Type", "Properties", "Ref", "Fn::If", "Fn::Sub", "Condition", "DependsOn", "Fn::ForEach::X", "Fn::GetAtt"),
        *("Text", "Queue", "Sure", "Tags", "Name", "Transform", "Export", "Value", "", "a b", "Conditions", "Targets"),
    ]
)


@st.composite
def damaged_templates(draw: st.DrawFn) -> Json:
    """Return the template with one to four random damages."""
    document = parse_text(EVERYTHING)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.sampled_from(list(node_paths(document))))
        match draw(st.sampled_from(("replace", "replace", "move", "remove", "rename"))):
            case "remove" if at:
                document = without_node(document, at)
            case "rename" if at:
                document = with_renamed_member(document, at, draw(NAMES))
            case "move":
                document = with_value(
                    document, at, _value_at(document, draw(st.sampled_from(list(node_paths(document)))))
                )
            case _:
                document = with_value(document, at, draw(STRANGE_VALUES | documents))
    return document


def _value_at(document: Json, place: tuple[Json, ...]) -> Json:
    for step in place:
        document = document[step]
    return document


class WireClient:
    """A client that sends HTTP requests to the engine of a harness."""

    def __init__(self, harness: CloudFormationHarness) -> None:
        self.harness = harness
        self.names = (f"fuzz{number}" for number in itertools.count())
        self._server = HttpServer(harness.engine, AllowedHosts())

    def send_request(self, operation: str, **params: str) -> tuple[int, Xml.Element]:
        """Send a request and return the status and the XML of the answer."""
        body = urlencode({"Action": operation, "Version": "2010-05-15", **params}).encode()
        sent: list[Json] = []

        given = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Json:
            # The client does not disconnect.
            return next(given, None) or await asyncio.Event().wait()

        async def send(message: Json) -> None:
            sent.append(message)

        headers = [
            (b"host", b"localhost"),
            (b"authorization", f"AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders=host, Signature=0".encode()),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(body)).encode()),
        ]
        scope = {"type": "http", "method": "POST", "raw_path": b"/", "query_string": b"", "headers": headers}
        self.harness.run(self._server(scope, receive, send))
        return sent[0]["status"], Xml.fromstring(sent[1]["body"])

    def check(self, operation: str, **params: str) -> bool:
        """Send a request, assert that AWS could answer so, and return whether it succeeded."""
        status, answer = self.send_request(operation, **params)
        assert status in (200, 400), Xml.tostring(answer)
        if status == 400:
            code, message = answer.findtext(".//{*}Code"), answer.findtext(".//{*}Message")
            assert code, Xml.tostring(answer)
            assert message, code
            assert "Internal" not in code
            for sign in ("object has no attribute", "object is not", "unhashable", "must be str", "Traceback"):
                assert sign not in message, message
        return status == 200


@pytest.fixture
def wire(harness: CloudFormationHarness) -> WireClient:
    return WireClient(harness)


CAPABILITIES = {
    "Capabilities.member.1": "CAPABILITY_NAMED_IAM",
    "Capabilities.member.2": "CAPABILITY_AUTO_EXPAND",
}


def assert_stable(wire: WireClient, name: str) -> None:
    """Assert that no operation of the stack is in progress and none failed by an internal error."""
    wire.harness.settle()
    status, answer = wire.send_request("DescribeStacks", StackName=name)
    if status == 200:
        found = answer.findtext(".//{*}StackStatus") or ""
        # A stack whose change set has failed waits for another one.
        assert found == "REVIEW_IN_PROGRESS" or not found.endswith("_IN_PROGRESS")
        status, answer = wire.send_request("DescribeStackEvents", StackName=name)
        assert status == 200
        reasons = [found.text or "" for found in answer.iterfind(".//{*}ResourceStatusReason")]
        assert not [reason for reason in reasons if "Internal" in reason or "attribute '" in reason], reasons


def create_and_delete(wire: WireClient, text: str) -> None:
    """Validate a template, create its stack and delete the stack."""
    name = next(wire.names)
    for operation in ("ValidateTemplate", "GetTemplateSummary"):
        wire.check(operation, TemplateBody=text)
    change_set = {"StackName": name, "ChangeSetName": "c", "ChangeSetType": "CREATE"}
    if wire.check("CreateChangeSet", TemplateBody=text, **change_set, **CAPABILITIES):
        assert wire.check("DescribeChangeSet", StackName=name, ChangeSetName="c")
        executed = wire.check("ExecuteChangeSet", StackName=name, ChangeSetName="c")
        assert_stable(wire, name)
        for operation in ("GetTemplate", "GetTemplateSummary", "ListStackResources") if executed else ():
            assert wire.check(operation, StackName=name)
        assert wire.check("DeleteStack", StackName=name)
        assert_stable(wire, name)


def update_and_delete(wire: WireClient, text: str) -> None:
    """Create a valid stack, update it to another template and delete it."""
    name = next(wire.names)
    assert wire.check("CreateStack", StackName=name, TemplateBody=EVERYTHING, **CAPABILITIES)
    assert_stable(wire, name)
    if wire.check("UpdateStack", StackName=name, TemplateBody=text, **CAPABILITIES):
        assert_stable(wire, name)
    assert wire.check("DeleteStack", StackName=name)
    assert_stable(wire, name)


@FUZZ
@given(document=damaged_templates())
def test_a_damaged_template_is_deployed_or_refused(wire: WireClient, document: Json) -> None:
    create_and_delete(wire, dumps(document))


@settings(FUZZ, max_examples=examples(40))
@given(document=damaged_templates())
def test_an_update_to_a_damaged_template_completes_or_is_rolled_back(wire: WireClient, document: Json) -> None:
    update_and_delete(wire, dumps(document))


@FUZZ
@given(data=st.data())
def test_a_damaged_template_text_is_accepted_or_refused(wire: WireClient, data: st.DataObject) -> None:
    text = EVERYTHING
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        put = data.draw(
            st.sampled_from(
                ["", ":", "{", "}", "[", "- ", "!Sub ", "!X ", "&a ", "*a", "'", '"', "\n", "%", "\t", "? "]
            )
        )
        text = text[:at] + put + text[at + data.draw(st.sampled_from([0, 0, 1, 3, 40])) :]
    wire.check("ValidateTemplate", TemplateBody=text)
    wire.check("GetTemplateSummary", TemplateBody=text)
    if wire.check("CreateStack", StackName=next(wire.names), TemplateBody=text, **CAPABILITIES):
        wire.harness.settle()


@FUZZ
@given(text=st.text() | documents.map(dumps))
def test_an_arbitrary_template_text_is_accepted_or_refused(wire: WireClient, text: str) -> None:
    wire.check("ValidateTemplate", TemplateBody=text)
    wire.check("CreateStack", StackName=next(wire.names), TemplateBody=text)


MODEL = load_service("cloudformation", QUERY).model
SERIALIZER = create_serializer("query", include_validation=False)
NOT_SIMULATED = (
    "StackSet",
    "StackInstance",
    "Type",
    "Generated",
    "Scan",
    "Refactor",
    "Organizations",
    "Publisher",
    "Hook",
)
OPERATIONS = sorted(name for name in MODEL.operation_names if not any(each in name for each in NOT_SIMULATED))
SIMPLE = dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
OTHER = dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 1}}}})
TEXTS = {
    "": ["stack", "change", "", "1", "Q", "*", "{}", "arn:aws:cloudformation:us-east-1:123456789012:stack/stack/1"],
    "TemplateBody": [SIMPLE, OTHER, EVERYTHING, "{}"],
    "TemplateURL": ["https://s3.amazonaws.com/b/k", "s3://b/k", "x"],
    "StackName": ["stack", "stack", "stack", "other", "1"],
    "ChangeSetName": ["change", "change", "other"],
    "NextToken": ["1", "Q", "stack", "1|x", "-1", "9" * 30, ""],
    "StackPolicyBody": ['{"Statement": []}', "{"],
    "LogicalResourceId": ["Q", "Nobody"],
    "ResourceTypes": ["AWS::SQS::*", "AWS::*", "["],
    "ParameterKey": ["Text", "Number"],
}
"""Texts for the parameters of requests, by parameter; some requests then refer to the same stack."""


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """Return an operation and serialised parameters that have its shape, or nearly so."""
    operation = MODEL.operation_model(draw(st.sampled_from(OPERATIONS)))
    params = draw(values_of_shape(operation.input_shape, TEXTS))
    try:
        body = SERIALIZER.serialize_to_request(params, botocore_model(MODEL).operation_model(operation.name))["body"]
    except (TypeError, AttributeError, ValueError, KeyError):
        reject()
    return operation.name, {name: str(value) for name, value in body.items() if name not in ("Action", "Version")}


@settings(FUZZ, max_examples=examples(200))
@given(request=requests())
def test_every_operation_answers_random_parameters_as_aws_would(
    wire: WireClient, request: tuple[str, dict[str, str]]
) -> None:
    operation, params = request
    wire.check(operation, **params)
    wire.harness.settle()
    # The next example needs a stack and a change set.
    wire.check("CreateStack", StackName="stack", TemplateBody=SIMPLE)
    wire.harness.settle()
    wire.check("CreateChangeSet", StackName="stack", ChangeSetName="change", TemplateBody=OTHER)
    assert_stable(wire, "stack")
