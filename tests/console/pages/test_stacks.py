"""The pages of stacks, their resources, and resources without effect on a local engine."""

from lamplighter.base.json_text import Json, dumps
from tests.console.http_browser import Browser
from tests.engine_harness import ACCOUNT, REGION, EngineHarness

TEMPLATE: Json = {
    "Description": "Nights <b>and</b> days",
    "Parameters": {"DbPassword": {"Type": "String"}, "Mode": {"Type": "String", "Default": "fast"}},
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Network": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    },
    "Outputs": {"TopicArn": {"Value": {"Ref": "Topic"}}},
}


def create_stack(harness: EngineHarness, name: str = "nights", template: Json = TEMPLATE) -> str:
    parameters = [{"ParameterKey": "DbPassword", "ParameterValue": "hunter2"}] if template is TEMPLATE else []
    answer = harness.call(
        "cloudformation", "CreateStack", StackName=name, TemplateBody=dumps(template), Parameters=parameters
    )
    for _ in range(20):
        harness.advance(1000)
    return str(answer["StackId"])


def detect_drift(harness: EngineHarness, stack: str) -> None:
    harness.call("cloudformation", "DetectStackDrift", StackName=stack)
    harness.advance(1000)


def test_stacks_are_listed_with_their_status(harness: EngineHarness, browser: Browser) -> None:
    create_stack(harness)
    page = browser.get("/stacks")
    assert "nights create complete" in page.text
    assert "&lt;b&gt;and&lt;/b&gt;" in page.body


def test_without_stacks_the_page_says_so(browser: Browser) -> None:
    assert "No stacks in us-east-1" in browser.get("/stacks").text


def test_a_stack_shows_its_resources_events_and_unsimulated_resources(harness: EngineHarness, browser: Browser) -> None:
    page = browser.get(f"/stacks/{create_stack(harness)}")
    assert "Not simulated Recorded with names like on AWS, but without effect on a single machine. Network" in page.text
    assert "Topic AWS::SNS::Topic create complete" in page.text
    assert f'href="/topics/arn:aws:sns:{REGION}:{ACCOUNT}:nights-Topic-' in page.body
    assert "create in progress" in page.text
    assert "Mode fast" in page.text
    assert "hunter2" not in page.body


def test_a_stack_shows_what_became_of_its_resources_outside_of_it(harness: EngineHarness, browser: Browser) -> None:
    stack = create_stack(harness)
    assert "Drift" not in browser.get(f"/stacks/{stack}").text
    detect_drift(harness, stack)
    assert "Drift none, checked" in browser.get(f"/stacks/{stack}").text
    harness.call("sqs", "DeleteQueue", QueueUrl=harness.call("sqs", "ListQueues")["QueueUrls"][0])
    detect_drift(harness, stack)
    text = browser.get(f"/stacks/{stack}").text
    assert "Drift resources differ from the template, checked" in text
    assert text.count("was deleted") == 1


def test_a_failed_stack_shows_the_reason(harness: EngineHarness, browser: Browser) -> None:
    broken = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "no good name"}}}}
    text = browser.get(f"/stacks/{create_stack(harness, 'broken', broken)}").text
    assert "rollback complete" in text
    assert "Can only include alphanumeric characters" in text


def test_the_template_is_shown(harness: EngineHarness, browser: Browser) -> None:
    assert "AWS::EC2::VPC" in browser.get(f"/stacks/{create_stack(harness)}/template").text


def test_an_unknown_stack_is_not_found(browser: Browser) -> None:
    assert browser.get(f"/stacks/arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/none/x").status in (400, 404)
    assert browser.get("/stacks/nonsense").status == 400
