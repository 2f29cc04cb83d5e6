"""The changes between two templates, and how they are printed."""

import io
from pathlib import Path

from rich.console import Console

from lamplighter.base.json_text import Json
from lamplighter.cli.deploy.comparison.changes import Change, compare_resources
from lamplighter.cli.deploy.comparison.policy_lines import policy_lines
from lamplighter.cli.deploy.comparison.render_changes import print_changes, summarize_changes
from lamplighter.cli.deploy.comparison.resolved_template import Resource, resolve_resources
from lamplighter.jobs.stack.template import build_template
from tests.jobs.projects import load_job_text, load_project


def compare(before: Json, after: Json, *, metadata: bool = False) -> list[Change]:
    return compare_resources(before, after, metadata=metadata)


def make_resource(kind: str, metadata: Json = None, **properties: Json) -> Resource:
    return Resource(kind, properties, metadata)


def print_to_text(found: list[Change], replaced: dict[str, str] | None = None) -> str:
    output = io.StringIO()
    print_changes(found, Console(file=output, width=80), replaced)
    return output.getvalue()


def build_resources(folder: Path, jobs: str, **parameters: str) -> dict[str, Resource]:
    return resolve_resources(build_template(load_project(folder, jobs)), parameters)


JOB = "nightly: {image: x, schedule: 'rate(1 hour)', timeout: 1h, network: {subnets: [a]}}"


def test_the_same_template_has_no_changes(tmp_path: Path) -> None:
    assert compare(build_resources(tmp_path, JOB), build_resources(tmp_path, JOB)) == []


def test_another_input_of_a_job_without_a_schedule_is_a_change(tmp_path: Path) -> None:
    before = "nightly: {image: x, timeout: 1h, network: {subnets: [a]}, input: {day: 1}}"
    (change,) = compare(
        build_resources(tmp_path, before), build_resources(tmp_path, before.replace("day: 1", "day: 2"))
    )
    (difference,) = change.differences
    assert (difference.path, difference.after) == ("Metadata.Lamplighter.Input", '{"day":2}')


def test_an_image_parameter_with_another_value_is_a_change_of_the_container(tmp_path: Path) -> None:
    job = "nightly: {image: ./report, timeout: 1h, network: {subnets: [a]}}"
    (change,) = compare(
        build_resources(tmp_path, job, NightlyImage="old"), build_resources(tmp_path, job, NightlyImage="new")
    )
    assert change.label == "task reports-nightly"
    (difference,) = change.differences
    assert (difference.path, difference.before, difference.after) == ("ContainerDefinitions.main.Image", "old", "new")


def test_resources_with_a_false_condition_are_left_out(tmp_path: Path) -> None:
    job = "nightly: {image: x, timeout: 1h}"
    assert "Vpc" in build_resources(tmp_path, job)
    assert "Vpc" not in build_resources(tmp_path, job, Subnets="subnet-1")


def test_one_changed_environment_variable_is_one_difference(tmp_path: Path) -> None:
    before = build_resources(tmp_path, JOB.replace("image: x", "image: x, environment: {A: '1', B: '2', C: '3'}"))
    after = build_resources(tmp_path, JOB.replace("image: x", "image: x, environment: {C: '3', A: '1', B: '5'}"))
    (change,) = compare(before, after)
    assert [(each.path, each.before, each.after) for each in change.differences] == [
        ("ContainerDefinitions.main.Environment.B", "2", "5")
    ]


def test_a_changed_volume_is_shown_by_its_name_and_its_path(tmp_path: Path) -> None:
    volumes = "image: x, volumes: [{efs: fs-01234567, path: /a, root: /old}, {efs: fs-89abcdef, path: /b}]"
    before = build_resources(tmp_path, JOB.replace("image: x", volumes))
    after = build_resources(
        tmp_path, JOB.replace("image: x", volumes.replace("/old", "/new").replace("/b}", "/b, read-only: true}"))
    )
    task, role = sorted(compare(before, after), key=lambda each: each.type)
    assert [(each.path, each.before, each.after) for each in task.differences] == [
        ("ContainerDefinitions.main.MountPoints./b.ReadOnly", False, True),
        ("Volumes.volume-1.EFSVolumeConfiguration.RootDirectory", "/old", "/new"),
    ]
    assert role.changes_permissions
    assert any("elasticfilesystem:ClientWrite" in str(each.before) for each in role.differences)


def test_one_changed_line_of_a_policy_is_one_difference_and_marked_as_permissions(tmp_path: Path) -> None:
    reads = "{actions: 's3:GetObject', resources: 'arn:aws:s3:::in/*'}"
    reading = JOB.replace("image: x", f"image: x, permissions: [{reads}]")
    writes = reads.replace("Get", "Put").replace("in/", "out/")
    writing = JOB.replace("image: x", f"image: x, permissions: [{reads}, {writes}]")
    changes = compare(build_resources(tmp_path, reading), build_resources(tmp_path, writing))
    found = {each.resource: each for each in changes}
    assert found["NightlyTaskRole"].changes_permissions
    assert found.keys() == {"NightlyTaskRole"}
    text = print_to_text(list(found.values()))
    assert "~ role NightlyTaskRole  permissions\n" in text
    assert "    + allow s3:PutObject on arn:aws:s3:::out/*\n" in text
    assert text.count("    + allow") == 1
    assert "    - allow" not in text
    assert "permissions change" in summarize_changes(found.values())


def test_added_and_removed_resources_are_printed_with_their_kind_and_name(tmp_path: Path) -> None:
    other = JOB.replace("nightly", "hourly")
    text = print_to_text(compare(build_resources(tmp_path, JOB), build_resources(tmp_path, other)))
    assert "+ job reports-hourly  HourlyMachine\n" in text
    assert "- schedule reports-nightly  NightlySchedule\n" in text
    assert "DefinitionString" not in text


def test_metadata_is_compared_only_on_request() -> None:
    before, after = {"A": make_resource("AWS::SQS::Queue", {"x": 1})}, {"A": make_resource("AWS::SQS::Queue", {"x": 2})}
    assert compare(before, after) == []
    (change,) = compare(before, after, metadata=True)
    assert change.differences[0].path == "Metadata.x"


def test_a_replacement_is_printed() -> None:
    before = {"A": make_resource("AWS::SQS::Queue", QueueName="a")}
    after = {"A": make_resource("AWS::SQS::Queue", QueueName="b")}
    text = print_to_text(compare(before, after), {"A": "True"})
    assert "~ queue b  A  is replaced\n    QueueName: a → b\n" in text


def test_a_long_value_is_cut_and_markup_is_printed_as_text() -> None:
    before = {"A": make_resource("AWS::SQS::Queue", Policy="[red]x")}
    after = {"A": make_resource("AWS::SQS::Queue", Policy="y" * 1000)}
    text = print_to_text(compare(before, after))
    assert "[red]x → yyy" in text
    assert len(text) < 400


def test_policy_lines_contain_every_part_of_a_statement() -> None:
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


def test_a_secret_address_of_a_channel_or_heartbeat_is_not_shown(tmp_path: Path) -> None:
    text = (
        "project: reports\nchannels: {hook: {webhook: 'URL'}, page: {pagerduty: 'KEY'}, chat: {slack: 'URL'}}\n"
        "defaults: {timeout: 1h, network: {subnets: [a]}}\n"
        "jobs: {nightly: {image: x, notify: [hook, page, chat], heartbeat: 'URL'}}\n"
    )

    def resources(word: str) -> dict[str, Resource]:
        written = text.replace("URL", f"https://hooks.example.com/{word}").replace("KEY", word * 8)
        return resolve_resources(build_template(load_job_text(tmp_path, written).project), {})

    found = compare(resources("aaaa"), resources("bbbb"), metadata=True)
    shown = print_to_text(found) + repr(found)
    assert "subscriber hooks.example.com" in shown
    assert "(secret)" in shown
    assert "aaaa" not in shown
    assert "bbbb" not in shown
