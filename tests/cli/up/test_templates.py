"""Template files as stacks: their names, their parameters, and their errors."""

from pathlib import Path

import pytest

from lamplighter.cli.up.templates import InvalidTemplate, TemplateSource, parse_parameter_values, stack_name

QUEUE = '{"Parameters": {"Delay": {"Type": "Number"}}, "Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("cdk.out/App.template.json", "App"),
        ("template.yaml", "template"),
        ("my_jobs.v2.yml", "my-jobs-v2"),
        ("2026.json", "stack-2026"),
        ("noch-é.json", "noch"),
    ],
)
def test_a_stack_is_named_after_its_file(file: str, name: str) -> None:
    assert stack_name(Path(file)) == name


def test_each_template_receives_only_its_own_parameters(tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    one.write_text(QUEUE)
    two.write_text('{"Resources": {}}')
    plans = TemplateSource((one, two), {"Delay": "5"}).read_plans()
    assert [(plan.stack, dict(plan.parameters)) for plan in plans] == [("one", {"Delay": "5"}), ("two", {})]
    assert plans[0].template == QUEUE


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        (QUEUE, {}, r"Parameters: \[Delay\] must have values: use --parameters NAME=VALUE"),
        (QUEUE, {"Delay": "long"}, "Delay"),
        (QUEUE, {"Delay": "5", "Other": "1"}, "--parameters Other: no template has such a parameter"),
        ("[1]", {}, "one.json: "),
        ("{", {}, "one.json: "),
        ('{"Parameters": [], "Resources": {}}', {}, None),
        ('{"Parameters": ["a"], "Resources": {}}', {}, "this is not a CloudFormation template"),
    ],
)
def test_an_error_is_reported_with_the_file(
    tmp_path: Path, text: str, given: dict[str, str], message: str | None
) -> None:
    path = tmp_path / "one.json"
    path.write_text(text)
    if message is None:
        assert TemplateSource((path,), given).read_plans()
        return
    with pytest.raises(InvalidTemplate, match=message):
        TemplateSource((path,), given).read_plans()


def test_two_files_with_the_same_stack_name_are_rejected(tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "one.yaml"
    for path in (one, two):
        path.write_text('{"Resources": {}}')
    with pytest.raises(InvalidTemplate, match="have the same stack name one"):
        TemplateSource((one, two), {}).read_plans()


def test_a_parameter_is_a_name_and_a_value() -> None:
    assert dict(parse_parameter_values(["A=1", "B=a=b", "C="])) == {"A": "1", "B": "a=b", "C": ""}
    with pytest.raises(InvalidTemplate, match="use NAME=VALUE"):
        dict(parse_parameter_values(["A"]))
