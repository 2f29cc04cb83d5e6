"""The template: AWS accepts it, it depends only on the job file, and the local engine creates a stack from it."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from cfnlint.api import lint_all

from lamplighter.asl.definition.parse import parse_definition
from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.stack.network import INTERNET_RESOURCE_IDS
from lamplighter.jobs.stack.template import build_template, to_json, to_yaml
from lamplighter.lang.template.references import find_references
from tests.jobs.matrix import FILES, load_matrix_file
from tests.jobs.projects import load_job_text, resolve_stack
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness

every_file = pytest.mark.parametrize("file", FILES)
NAME = r"[A-Za-z0-9_.-]"
VALID_NAMES = {
    ("AWS::ECS::Cluster", "ClusterName"): r"[A-Za-z][A-Za-z0-9_-]{0,254}",
    ("AWS::ECS::TaskDefinition", "Family"): r"[A-Za-z0-9_-]{1,255}",
    ("AWS::Events::Rule", "Name"): NAME + "{1,64}",
    ("AWS::Events::Rule", "Description"): r".{1,512}",
    ("AWS::Logs::LogGroup", "LogGroupName"): r"[A-Za-z0-9_./#-]{1,512}",
    ("AWS::SNS::Topic", "TopicName"): r"[A-Za-z0-9_-]{1,256}",
    ("AWS::SQS::Queue", "QueueName"): r"[A-Za-z0-9_-]{1,80}",
    ("AWS::Scheduler::Schedule", "Name"): NAME + "{1,64}",
    ("AWS::Scheduler::ScheduleGroup", "Name"): NAME + "{1,64}",
    ("AWS::StepFunctions::StateMachine", "StateMachineName"): r"[A-Za-z0-9_-]{1,80}",
    ("AWS::CloudWatch::Alarm", "AlarmName"): r"[\x20-\x7e]{1,255}",
}
"""The names that AWS accepts: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"""


MISSING_IN_REGION = re.compile(r"'AWS::(Events::(Connection|ApiDestination)|Pipes::Pipe)' does not exist in ")
DYNAMIC_REFERENCE = re.compile(r"\{\{resolve:[^}]*\}\}")


def build_matrix_template(folder: Path, file: str) -> Json:
    return build_template(load_matrix_file(folder, file).project)


def list_properties(document: Json, kind: str) -> Iterator[Json]:
    """Return the properties of all resources of a type."""
    return (each["Properties"] for each in document["Resources"].values() if each["Type"] == kind)


@every_file
def test_cfn_lint_reports_neither_an_error_nor_a_warning(tmp_path: Path, file: str) -> None:
    found = lint_all(to_yaml(build_matrix_template(tmp_path, file)))
    reported = [str(match) for match in found if match.rule.severity != "informational"]
    # Some regions have neither API destinations nor pipes, which only the channels of chat services need.
    assert [each for each in reported if not MISSING_IN_REGION.search(each)] == []


@every_file
def test_the_same_file_yields_the_same_bytes(tmp_path: Path, file: str) -> None:
    first, second = build_matrix_template(tmp_path, file), build_matrix_template(tmp_path, file)
    assert (to_json(first), to_yaml(first)) == (to_json(second), to_yaml(second))


@every_file
def test_yaml_and_json_are_the_same_document(tmp_path: Path, file: str) -> None:
    document = build_matrix_template(tmp_path, file)
    assert json.loads(to_json(document)) == document
    assert yaml.safe_load(to_yaml(document)) == document


@every_file
def test_every_name_is_valid_on_aws(tmp_path: Path, file: str) -> None:
    document = build_matrix_template(tmp_path, file)
    titles = [*document["Resources"], *document["Outputs"], *document.get("Parameters", {})]
    assert [title for title in titles if not re.fullmatch("[A-Za-z0-9]{1,255}", title)] == []
    for (kind, field), legal in VALID_NAMES.items():
        for properties in list_properties(document, kind):
            assert re.fullmatch(legal, properties[field]), (kind, properties[field])
    for rule in list_properties(document, "AWS::Events::Rule"):
        assert 1 <= len(rule["Targets"]) <= 5
        for target in rule["Targets"]:
            assert re.fullmatch(NAME + "{1,64}", target["Id"])
            assert len(dumps(target.get("InputTransformer"))) <= 8192


@every_file
def test_every_definition_is_valid_for_step_functions(tmp_path: Path, file: str) -> None:
    deployed = resolve_stack(load_matrix_file(tmp_path, file).project)
    machines = [
        title
        for title, each in deployed.template["Resources"].items()
        if each["Type"] == "AWS::StepFunctions::StateMachine"
    ]
    assert machines
    for title in machines:
        assert "${" not in deployed.definition(title)
        parse_definition(deployed.definition(title))


ALL_FEATURES = """
project: p
channels: {mail: {email: ops@example.com}}
jobs:
  job:
    image: 123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/report:1
    secrets: {A: 'ssm:/a', B: 'secretsmanager:b'}
    schedule: rate(1 day)
    overlap: cancel-previous
    late: 1h
    notify: {attempt-failed: mail, run-failed: mail, caught: mail, did-not-start: mail, late: mail}
"""


@pytest.mark.parametrize(
    ("partition", "console"),
    [
        ("aws", "https://us-east-1.console.aws.amazon.com/states/home"),
        ("aws-cn", "https://us-east-1.console.amazonaws.cn/states/home"),
        ("aws-us-gov", "https://us-east-1.console.amazonaws-us-gov.com/states/home"),
    ],
)
def test_every_arn_and_the_console_url_belong_to_the_stack_s_partition(
    tmp_path: Path, partition: str, console: str
) -> None:
    deployed = replace(resolve_stack(load_job_text(tmp_path, ALL_FEATURES).project), partition=partition)
    found = [
        deployed.definition(title) if each["Type"] == "AWS::StepFunctions::StateMachine" else ""
        for title, each in deployed.template["Resources"].items()
    ]
    texts = "".join([*found, *(dumps(deployed.properties(title)) for title in deployed.template["Resources"])])
    assert set(re.findall(r"arn:([a-z-]+):", texts)) == {partition}
    assert f"arn:{partition}:states:::ecs:runTask.sync" in texts
    assert deployed.resolve(deployed.template["Outputs"]["Console"]["Value"]).startswith(console)


@every_file
def test_the_local_engine_creates_and_deletes_a_stack_of_the_template(tmp_path: Path, file: str) -> None:
    document = build_matrix_template(tmp_path, file)
    images = {name: "busybox" for name in document.get("Parameters", {}) if name.endswith("Image")}
    harness = CloudFormationHarness(tmp_path / "data")
    harness.up()
    try:
        allow_all = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        harness.call("iam", "CreatePolicy", PolicyName="developers", PolicyDocument=dumps(allow_all))
        # An engine has no Secrets Manager.
        text = DYNAMIC_REFERENCE.sub("https://example.com/secret", to_json(document))
        harness.create(text, values=images, Capabilities=["CAPABILITY_IAM"])
        assert harness.state() == "CREATE_COMPLETE", harness.reasons()
        machines = {each["name"] for each in harness.call("states", "ListStateMachines")["stateMachines"]}
        assert machines == {
            each["StateMachineName"] for each in list_properties(document, "AWS::StepFunctions::StateMachine")
        }
        schedules = {each["Name"] for each in harness.call("scheduler", "ListSchedules")["Schedules"]}
        assert schedules == {each["Name"] for each in list_properties(document, "AWS::Scheduler::Schedule")}
        key = harness.stack()["StackId"]
        harness.delete()
        assert harness.state(key) == "DELETE_COMPLETE"
        assert harness.call("scheduler", "ListSchedules")["Schedules"] == []
    finally:
        harness.close()


def test_every_schedule_waits_for_the_resources_of_the_stack_s_internet_access(tmp_path: Path) -> None:
    text = "project: p\njobs: {job: {image: x, schedule: rate(1 day)}}"
    resources = build_template(load_job_text(tmp_path, text).project)["Resources"]
    waited_for, pending = set[str](), {"JobSchedule"}
    while pending:
        waited_for |= pending
        pending = {
            need for name in pending for need in find_references(resources[name]) if need in resources
        } - waited_for
    assert set(INTERNET_RESOURCE_IDS) <= waited_for


def test_a_did_not_start_alarm_warms_up_for_its_evaluation_time_up_to_two_days(tmp_path: Path) -> None:
    text = "project: p\nchannels: {c: {email: a@b.c}}\njobs:\n"
    text += "".join(
        f"  {name}: {{image: x, notify: c, schedule: '{schedule}'}}\n"
        for name, schedule in (("daily", "cron(0 3 * * ? *)"), ("weekly", "cron(0 3 ? * MON,THU *)"))
    )
    resources = build_template(load_job_text(tmp_path, text).project, "here")["Resources"]
    found = {name: resources[f"{name}DidNotStart"] for name in ("Daily", "Weekly")}
    waits = {
        name: each["Properties"]["Period"] * each["Properties"]["EvaluationPeriods"] for name, each in found.items()
    }
    warm_ups = {
        name: each["Properties"]["WarmUpConfiguration"]["WarmUpPeriodDurationInMinutes"] for name, each in found.items()
    }
    assert waits["Daily"] == warm_ups["Daily"] * 60
    assert (waits["Weekly"] > 2_880 * 60, warm_ups["Weekly"]) == (True, 2_880)
    assert {name: each["Metadata"]["Lamplighter"]["Patience"] for name, each in found.items()} == waits


def test_a_rule_s_metadata_holds_what_the_engine_needs_to_compose_alerts(tmp_path: Path) -> None:
    job = "{image: x, retry: {attempts: 2}, notify: {run-failed: [c, d], caught: c}}"
    text = f"project: p\nchannels: {{c: {{email: a@b.c}}, d: {{email: d@b.c}}}}\njobs: {{j: {job}}}"
    rule = build_template(load_job_text(tmp_path, text).project, "here")["Resources"]["JRunFailed"]
    assert rule["Metadata"]["Lamplighter"] == {"Job": "j", "Pattern": "run-failed", "Attempts": 3, "Caught": ["c"]}


@every_file
def test_a_topic_s_policy_names_only_that_topic(tmp_path: Path, file: str) -> None:
    document = build_matrix_template(tmp_path, file)
    policies = list(list_properties(document, "AWS::SNS::TopicPolicy"))
    statements = [statement for each in policies for statement in each["PolicyDocument"]["Statement"]]
    assert [each["Topics"] for each in policies for _ in range(2)] == [[each["Resource"]] for each in statements]
    assert len(policies) == len(list(list_properties(document, "AWS::SNS::Topic")))


def test_a_local_engine_deploys_a_stack_with_more_resources_than_aws_allows(tmp_path: Path) -> None:
    jobs = "\n".join(f"  job-{number}: {{command: ls, schedule: rate(1 day)}}" for number in range(160))
    document = build_template(load_job_text(tmp_path, f"project: p\njobs:\n{jobs}").project, "here")
    assert len(document["Resources"]) > 500
    harness = CloudFormationHarness(tmp_path / "data")
    harness.up()
    values = {"ConsoleUrl": "http://127.0.0.1:4566"}
    harness.create(to_json(document), values=values, Capabilities=["CAPABILITY_IAM"])
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    harness.close()


LITERAL_DOLLARS = """
project: p
channels: {c: {email: a@b.c}}
jobs:
  job:
    description: 'costs $${money} and $${Cluster}'
    image: busybox
    command: [echo, '$${money}', '$${Cluster}']
    environment: {A: '$${money}', B: 'x$$$${y}'}
    input: {text: '$${money}'}
    schedule: rate(1 day)
    notify: {did-not-start: c, caught: c}
  rare: {image: busybox, schedule: 'cron(0 3 1 * ? *)', input: {text: '$${money}'}, notify: c}
  steps: {workflow: steps.yaml, notify: c}
"""
LITERAL_STEPS = "StartAt: A\nStates: {A: {Type: Pass, Result: 'pay ${Cluster}', End: true}}"


def test_dollar_braces_in_text_of_the_job_file_are_not_substituted_by_cloudformation(tmp_path: Path) -> None:
    made = load_job_text(tmp_path, LITERAL_DOLLARS, steps_yaml=LITERAL_STEPS).project
    found = lint_all(to_yaml(build_template(made)))
    assert [str(match) for match in found if match.rule.severity != "informational"] == []
    harness = CloudFormationHarness(tmp_path / "data")
    harness.up()
    try:
        harness.create(to_json(build_template(made)), Capabilities=["CAPABILITY_IAM"])
        assert harness.state() == "CREATE_COMPLETE", harness.reasons()
        (task,) = harness.call("ecs", "DescribeTaskDefinition", taskDefinition="p-job")["taskDefinition"][
            "containerDefinitions"
        ]
        assert task["command"] == ["echo", "${money}", "${Cluster}"]
        assert {each["name"]: each["value"] for each in task["environment"]} == {"A": "${money}", "B": "x$$${y}"}
        arn = "arn:aws:states:us-east-1:123456789012:stateMachine:p-"
        job, steps = (
            json.loads(harness.call("states", "DescribeStateMachine", stateMachineArn=f"{arn}{name}")["definition"])
            for name in ("job", "steps")
        )
        assert job["Comment"] == "costs ${money} and ${Cluster}"
        assert '"Result": "pay ${Cluster}"' in json.dumps(steps)
        schedule_input = harness.call("scheduler", "GetSchedule", Name="p-job", GroupName="p")["Target"]["Input"]
        assert json.loads(schedule_input)["input"]["text"] == "${money}"
    finally:
        harness.close()
