"""Whatever is done to a template, the answer has the shape of AWS, never is a 500, and no stack fails of our faults."""

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
from lamplighter.wire.models.shapes import QUERY, load_service
from tests.asl.definition.test_parse import node_paths, with_renamed_member, with_value, without_node
from tests.random_parameters import documents, shaped
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, template

FUZZ = settings(
    deadline=None,
    derandomize=True,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
CREDENTIAL = "Credential=test/20260101/us-east-1/cloudformation/aws4_request"
EVERYTHING = template("everything.yaml")
ODD: dict[str, list[Json]] = {
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
"""Functions, right and wrong."""
PLAIN: list[Json] = [
    *(None, True, 0, -1, 1e300, "", "x" * 300, [], {}, [[]], {"": 1}, [None]),
    *("{{resolve:ssm:x}}", "{{resolve:secretsmanager:x:SecretString:y}}", "{{resolve:x:y}}", "{{resolve:ssm:}}"),
]
STRANGE = st.sampled_from([*PLAIN, *({name: each} for name in ODD for each in ODD[name])])
NAMES = st.sampled_from(
    [
        *("Type", "Properties", "Ref", "Fn::If", "Fn::Sub", "Condition", "DependsOn", "Fn::ForEach::X", "Fn::GetAtt"),
        *("Text", "Queue", "Sure", "Tags", "Name", "Transform", "Export", "Value", "", "a b", "Conditions", "Targets"),
    ]
)


@st.composite
def broken(draw: st.DrawFn) -> Json:
    """A template to which something was done."""
    document = parse_text(EVERYTHING)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.sampled_from(list(node_paths(document))))
        match draw(st.sampled_from(("replace", "replace", "move", "remove", "rename"))):
            case "remove" if at:
                document = without_node(document, at)
            case "rename" if at:
                document = with_renamed_member(document, at, draw(NAMES))
            case "move":
                document = with_value(document, at, _found(document, draw(st.sampled_from(list(node_paths(document))))))
            case _:
                document = with_value(document, at, draw(STRANGE | documents))
    return document


def _found(document: Json, place: tuple[Json, ...]) -> Json:
    for step in place:
        document = document[step]
    return document


class Wire:
    """An harness that is asked over the wire."""

    def __init__(self, harness: CloudFormationHarness) -> None:
        self.harness = harness
        self.names = (f"fuzz{number}" for number in itertools.count())
        self._server = HttpServer(harness.engine, AllowedHosts())

    def ask(self, operation: str, **params: str) -> tuple[int, Xml.Element]:
        """The status and the document of an answer."""
        body = urlencode({"Action": operation, "Version": "2010-05-15", **params}).encode()
        sent: list[Json] = []

        given = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Json:
            # Whoever asks does not hang up.
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
        """Ask, and have an answer that AWS would give; whether it was no error."""
        status, answer = self.ask(operation, **params)
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
def wire(harness: CloudFormationHarness) -> Wire:
    return Wire(harness)


CAPABILITIES = {
    "Capabilities.member.1": "CAPABILITY_NAMED_IAM",
    "Capabilities.member.2": "CAPABILITY_AUTO_EXPAND",
}


def came_to_rest(wire: Wire, name: str) -> None:
    """Nothing is under way, and nothing failed for a fault of ours."""
    wire.harness.settle()
    status, answer = wire.ask("DescribeStacks", StackName=name)
    if status == 200:
        assert not (answer.findtext(".//{*}StackStatus") or "").endswith("_IN_PROGRESS")
        status, answer = wire.ask("DescribeStackEvents", StackName=name)
        assert status == 200
        reasons = [found.text or "" for found in answer.iterfind(".//{*}ResourceStatusReason")]
        assert not [reason for reason in reasons if "Internal" in reason or "attribute '" in reason], reasons


def try_out(wire: Wire, text: str) -> None:
    """Judge a template, bring it up, and take it down."""
    name = next(wire.names)
    for operation in ("ValidateTemplate", "GetTemplateSummary"):
        wire.check(operation, TemplateBody=text)
    change = {"StackName": name, "ChangeSetName": "c", "ChangeSetType": "CREATE"}
    if wire.check("CreateChangeSet", TemplateBody=text, **change, **CAPABILITIES):
        assert wire.check("DescribeChangeSet", StackName=name, ChangeSetName="c")
        wire.check("ExecuteChangeSet", StackName=name, ChangeSetName="c")
        came_to_rest(wire, name)
        for operation in ("GetTemplate", "GetTemplateSummary", "ListStackResources"):
            assert wire.check(operation, StackName=name)
        assert wire.check("DeleteStack", StackName=name)
        came_to_rest(wire, name)


def change(wire: Wire, text: str) -> None:
    """Bring a stack that is well to another template, and take it down."""
    name = next(wire.names)
    assert wire.check("CreateStack", StackName=name, TemplateBody=EVERYTHING, **CAPABILITIES)
    came_to_rest(wire, name)
    if wire.check("UpdateStack", StackName=name, TemplateBody=text, **CAPABILITIES):
        came_to_rest(wire, name)
    assert wire.check("DeleteStack", StackName=name)
    came_to_rest(wire, name)


@FUZZ
@given(document=broken())
def test_a_template_that_was_tampered_with_comes_up_or_is_refused(wire: Wire, document: Json) -> None:
    try_out(wire, dumps(document))


@settings(FUZZ, max_examples=40)
@given(document=broken())
def test_a_stack_is_brought_to_a_template_that_was_tampered_with_or_back(wire: Wire, document: Json) -> None:
    change(wire, dumps(document))


@FUZZ
@given(data=st.data())
def test_a_text_that_was_tampered_with_is_read_or_refused(wire: Wire, data: st.DataObject) -> None:
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
def test_a_text_of_any_kind_is_read_or_refused(wire: Wire, text: str) -> None:
    wire.check("ValidateTemplate", TemplateBody=text)
    wire.check("CreateStack", StackName=next(wire.names), TemplateBody=text)


MODEL = load_service("cloudformation", QUERY).model
SERIALIZER = create_serializer("query", include_validation=False)
ELSEWHERE = ("StackSet", "StackInstance", "Type", "Generated", "Scan", "Refactor", "Organizations", "Publisher", "Hook")
OPERATIONS = sorted(name for name in MODEL.operation_names if not any(each in name for each in ELSEWHERE))
SIMPLE = dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
OTHER = dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 1}}}})
WORDS = {
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
"""Of these the texts of requests are made, so that they mean each other now and then."""


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """An operation, and parameters that have its shape, or nearly so, as they are on the wire."""
    operation = MODEL.operation_model(draw(st.sampled_from(OPERATIONS)))
    params = draw(shaped(operation.input_shape, WORDS))
    try:
        body = SERIALIZER.serialize_to_request(params, operation)["body"]
    except (TypeError, AttributeError, ValueError, KeyError):
        reject()
    return operation.name, {name: str(value) for name, value in body.items() if name not in ("Action", "Version")}


@settings(FUZZ, max_examples=200)
@given(asked=requests())
def test_every_operation_answers_whatever_fits_its_shape_in_the_shape_of_aws(
    wire: Wire, asked: tuple[str, dict[str, str]]
) -> None:
    operation, params = asked
    wire.check(operation, **params)
    wire.harness.settle()
    # Whatever was done to it, there is a stack to go on with, and a change set.
    wire.check("CreateStack", StackName="stack", TemplateBody=SIMPLE)
    wire.harness.settle()
    wire.check("CreateChangeSet", StackName="stack", ChangeSetName="change", TemplateBody=OTHER)
    came_to_rest(wire, "stack")
