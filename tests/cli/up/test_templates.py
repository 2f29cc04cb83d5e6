"""Templates as stacks: their names, their parameters, and what is wrong with them."""

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
def test_a_stack_is_called_as_its_file(file: str, name: str) -> None:
    assert stack_name(Path(file)) == name


def test_each_template_gets_the_parameters_that_it_has(tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    one.write_text(QUEUE)
    two.write_text('{"Resources": {}}')
    plans = TemplateSource((one, two), {"Delay": "5"}).read_plans()
    assert [(plan.stack, dict(plan.parameters)) for plan in plans] == [("one", {"Delay": "5"}), ("two", {})]
    assert plans[0].template == QUEUE


@pytest.mark.parametrize(
    ("text", "given", "told"),
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
def test_what_is_wrong_is_told_with_the_file(
    tmp_path: Path, text: str, given: dict[str, str], told: str | None
) -> None:
    path = tmp_path / "one.json"
    path.write_text(text)
    if told is None:
        assert TemplateSource((path,), given).read_plans()
        return
    with pytest.raises(InvalidTemplate, match=told):
        TemplateSource((path,), given).read_plans()


def test_two_files_that_would_be_one_stack_are_refused(tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "one.yaml"
    for path in (one, two):
        path.write_text('{"Resources": {}}')
    with pytest.raises(InvalidTemplate, match="have the same stack name one"):
        TemplateSource((one, two), {}).read_plans()


def test_parameters_are_pairs() -> None:
    assert dict(parse_parameter_values(["A=1", "B=a=b", "C="])) == {"A": "1", "B": "a=b", "C": ""}
    with pytest.raises(InvalidTemplate, match="use NAME=VALUE"):
        dict(parse_parameter_values(["A"]))
