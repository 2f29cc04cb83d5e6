"""What lies between two templates, and how it reads."""

import io
from pathlib import Path

from rich.console import Console

from lamplighter.base.json_text import Json
from lamplighter.cli.deploy.changes import Change, compare_resources
from lamplighter.cli.deploy.policy_lines import policy_lines
from lamplighter.cli.deploy.render_changes import print_changes, summarize_changes
from lamplighter.cli.deploy.resolved_template import Resource, resolve_resources
from lamplighter.jobs.stack.template import build_template
from tests.jobs.projects import project


def between(before: Json, after: Json, *, metadata: bool = False) -> list[Change]:
    return compare_resources(before, after, metadata=metadata)


def resource(kind: str, metadata: Json = None, **properties: Json) -> Resource:
    return Resource(kind, properties, metadata)


def shown(found: list[Change], replaced: dict[str, str] | None = None) -> str:
    page = io.StringIO()
    print_changes(found, Console(file=page, width=80), replaced)
    return page.getvalue()


def made(folder: Path, jobs: str, **parameters: str) -> dict[str, Resource]:
    return resolve_resources(build_template(project(folder, jobs)), parameters)


JOB = "nightly: {image: x, schedule: 'rate(1 hour)', timeout: 1h, network: {subnets: [a]}}"


def test_the_same_template_differs_in_nothing(tmp_path: Path) -> None:
    assert between(made(tmp_path, JOB), made(tmp_path, JOB)) == []


def test_another_input_of_a_job_without_a_schedule_is_a_change_on_aws_too(tmp_path: Path) -> None:
    before = "nightly: {image: x, timeout: 1h, network: {subnets: [a]}, input: {day: 1}}"
    (change,) = between(made(tmp_path, before), made(tmp_path, before.replace("day: 1", "day: 2")))
    (difference,) = change.differences
    assert (difference.path, difference.after) == ("Metadata.Lamplighter.Input", '{"day":2}')


def test_an_image_that_a_parameter_names_is_a_change_of_the_container(tmp_path: Path) -> None:
    job = "nightly: {image: ./report, timeout: 1h, network: {subnets: [a]}}"
    (change,) = between(made(tmp_path, job, NightlyImage="old"), made(tmp_path, job, NightlyImage="new"))
    assert change.label == "task reports-nightly"
    (difference,) = change.differences
    assert (difference.path, difference.before, difference.after) == ("ContainerDefinitions.main.Image", "old", "new")


def test_resources_whose_condition_does_not_hold_are_not_there(tmp_path: Path) -> None:
    job = "nightly: {image: x, timeout: 1h}"
    assert "Vpc" in made(tmp_path, job)
    assert "Vpc" not in made(tmp_path, job, Subnets="subnet-1")


def test_one_variable_of_a_container_is_one_difference(tmp_path: Path) -> None:
    before = made(tmp_path, JOB.replace("image: x", "image: x, environment: {A: '1', B: '2', C: '3'}"))
    after = made(tmp_path, JOB.replace("image: x", "image: x, environment: {C: '3', A: '1', B: '5'}"))
    (change,) = between(before, after)
    assert [(each.path, each.before, each.after) for each in change.differences] == [
        ("ContainerDefinitions.main.Environment.B", "2", "5")
    ]


def test_one_line_of_a_policy_is_one_difference_and_is_marked(tmp_path: Path) -> None:
    skips = JOB.replace("image: x", "image: x, overlap: skip")
    found = {each.resource: each for each in between(made(tmp_path, JOB), made(tmp_path, skips))}
    assert found["NightlyMachineRole"].changes_permissions
    assert not found["NightlyMachine"].changes_permissions
    text = shown(list(found.values()))
    assert "~ role NightlyMachineRole  permissions\n" in text
    assert "    + allow states:ListExecutions on states:stateMachine:reports-nightly\n" in text
    assert text.count("    + allow") == 1
    assert "    - allow" not in text
    assert "permissions change" in summarize_changes(found.values())


def test_what_comes_and_what_goes_is_named_as_a_person_does(tmp_path: Path) -> None:
    other = JOB.replace("nightly", "hourly")
    text = shown(between(made(tmp_path, JOB), made(tmp_path, other)))
    assert "+ job reports-hourly  HourlyMachine\n" in text
    assert "- schedule reports-nightly  NightlySchedule\n" in text
    assert "DefinitionString" not in text


def test_metadata_counts_only_where_somebody_reads_it() -> None:
    before, after = {"A": resource("AWS::SQS::Queue", {"x": 1})}, {"A": resource("AWS::SQS::Queue", {"x": 2})}
    assert between(before, after) == []
    (change,) = between(before, after, metadata=True)
    assert change.differences[0].path == "Metadata.x"


def test_what_is_replaced_is_said() -> None:
    before = {"A": resource("AWS::SQS::Queue", QueueName="a")}
    after = {"A": resource("AWS::SQS::Queue", QueueName="b")}
    text = shown(between(before, after), {"A": "True"})
    assert "~ queue b  A  is replaced\n    QueueName: a → b\n" in text


def test_a_long_value_is_cut_and_markup_is_text() -> None:
    before = {"A": resource("AWS::SQS::Queue", Policy="[red]x")}
    after = {"A": resource("AWS::SQS::Queue", Policy="y" * 1000)}
    text = shown(between(before, after))
    assert "[red]x → yyy" in text
    assert len(text) < 400


def test_every_part_of_a_statement_is_in_its_lines() -> None:
    document = {
        "Statement": [
            {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "arn:x"},
            {"Action": ["a:B", "a:C"], "Resource": ["r", "s"], "Condition": {"Bool": {"k": "true"}}},
            {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"},
        ]
    }
    assert policy_lines(document) == [
        "deny everything but iam:* on everything but arn:x",
        'allow a:B on r if {"Bool":{"k":"true"}}',
        'allow a:B on s if {"Bool":{"k":"true"}}',
        'allow a:C on r if {"Bool":{"k":"true"}}',
        'allow a:C on s if {"Bool":{"k":"true"}}',
        'allow "*" sts:AssumeRole',
    ]
