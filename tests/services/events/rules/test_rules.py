import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.events.tables import resources
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Row
from tests.engines import ACCOUNT, REGION, ROLE
from tests.services.events.hall import QUEUE, TOPIC, Hall, to

MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c"


def test_a_rule_says_what_it_wants_or_when(hall: Hall) -> None:
    assert hall.refused("PutRule", Name="r") == (
        "ValidationException",
        "Parameter(s) EventPattern or ScheduleExpression must be specified.",
    )
    at = "at(2030-01-01T00:00:00)"
    assert hall.refused("PutRule", Name="r", ScheduleExpression=at)[1] == "Parameter ScheduleExpression is not valid."


def test_a_pattern_that_is_none_is_refused_where_it_is_wrong(hall: Hall) -> None:
    code, message = hall.refused("PutRule", Name="r", EventPattern='{"a": 1}')
    assert code == "InvalidEventPatternException"
    assert message == (
        'Event pattern is not valid. Reason: "a" must be an object or an array\n'
        ' at [Source: (String)"{"a": 1}"; line: 1, column: 8]'
    )
    assert hall.refused("PutRule", Name="r", EventPattern="{")[0] == "InvalidEventPatternException"


def test_a_rule_that_is_put_again_is_replaced_but_for_its_targets_and_tags(hall: Hall) -> None:
    rule = hall.rule({"a": [1]}, to(QUEUE), Description="d", Tags=[{"Key": "k", "Value": "v"}])
    hall.events("PutRule", Name="rule", EventPattern='{"a":[2]}')
    described = hall.events("DescribeRule", Name="rule")
    assert described["EventPattern"] == '{"a":[2]}'
    assert "Description" not in described
    assert len(hall.events("ListTargetsByRule", Rule="rule")["Targets"]) == 1
    assert hall.events("ListTagsForResource", ResourceARN=rule)["Tags"] == [{"Key": "k", "Value": "v"}]


def test_a_resource_has_fifty_tags_of_its_owner_at_most(hall: Hall) -> None:
    tags = [{"Key": str(at), "Value": "v"} for at in range(50)]
    rule = hall.rule({"a": [1]}, Tags=tags)
    hall.events("TagResource", ResourceARN=rule, Tags=[{"Key": "0", "Value": "w"}])
    for bad in ({"Key": "50", "Value": "v"}, {"Key": "AWS:mine", "Value": "v"}):
        assert hall.refused("TagResource", ResourceARN=rule, Tags=[bad])[0] == "ValidationException"
    assert hall.refused("CreateEventBus", Name="b", Tags=[{"Key": "aws:b", "Value": ""}])[0] == "ValidationException"
    assert len(hall.events("ListTagsForResource", ResourceARN=rule)["Tags"]) == 50


def test_a_rule_with_targets_is_not_deleted(hall: Hall) -> None:
    hall.rule(None, to(QUEUE))
    assert hall.refused("DeleteRule", Name="rule") == (
        "ValidationException",
        "Rule can't be deleted since it has targets.",
    )
    hall.events("RemoveTargets", Rule="rule", Ids=["1", "none"])
    hall.events("DeleteRule", Name="rule")
    hall.events("DeleteRule", Name="rule")
    assert hall.refused("DescribeRule", Name="rule") == (
        "ResourceNotFoundException",
        "Rule rule does not exist on EventBus default.",
    )


def test_rules_and_targets_are_listed_in_pages(hall: Hall) -> None:
    for name in ("c", "a", "b"):
        hall.rule(None, to(QUEUE, "1"), to(TOPIC, "2"), name=name)
    hall.events("CreateEventBus", Name="other")
    hall.rule(None, to(QUEUE), name="d", EventBusName="other")
    first = hall.events("ListRules", Limit=2)
    assert [rule["Name"] for rule in first["Rules"]] == ["a", "b"]
    second = hall.events("ListRules", Limit=2, NextToken=first["NextToken"])
    assert [rule["Name"] for rule in second["Rules"]] == ["c"]
    assert "NextToken" not in second
    targets = hall.events("ListTargetsByRule", Rule="a", Limit=1)
    assert [each["Id"] for each in targets["Targets"]] == ["1"]
    more = hall.events("ListTargetsByRule", Rule="a", Limit=1, NextToken=targets["NextToken"])
    assert [each["Id"] for each in more["Targets"]] == ["2"]
    assert hall.events("ListRuleNamesByTarget", TargetArn=QUEUE)["RuleNames"] == ["a", "b", "c"]
    assert hall.events("ListRuleNamesByTarget", TargetArn=QUEUE, EventBusName="other")["RuleNames"] == ["d"]
    page = hall.events("ListRuleNamesByTarget", TargetArn=TOPIC, Limit=2)
    rest = hall.events("ListRuleNamesByTarget", TargetArn=TOPIC, Limit=2, NextToken=page["NextToken"])
    assert page["RuleNames"] + rest["RuleNames"] == ["a", "b", "c"]


def test_a_page_that_begins_nowhere_is_refused(hall: Hall) -> None:
    assert hall.refused("ListRules", NextToken="ÿ")[0] == "ValidationException"


def test_a_rule_has_five_targets_at_most(hall: Hall) -> None:
    hall.rule(None, *(to(QUEUE, str(at)) for at in range(5)))
    assert hall.refused("PutTargets", Rule="rule", Targets=[to(QUEUE, "6")]) == (
        "LimitExceededException",
        "The requested resource exceeds the maximum number allowed.",
    )
    hall.events("PutTargets", Rule="rule", Targets=[to(TOPIC, "4")])
    assert len(hall.events("ListTargetsByRule", Rule="rule")["Targets"]) == 5


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (to("x"), "Parameter x is not valid. Reason: Provided Arn is not in correct format."),
        (to(MACHINE), f"RoleArn is required for target {MACHINE}."),
        (to(CLUSTER, RoleArn=ROLE), "Parameter(s) EcsParameters must be specified for target: 1."),
        (to(f"{QUEUE}.fifo"), "Parameter(s) SqsParameters must be specified for target: 1."),
        (
            to(QUEUE, Input="{}", InputPath="$"),
            "Only one of Input, InputPath, or InputTransformer must be provided for target 1.",
        ),
        (
            to(QUEUE, Input="env:dev"),
            'JSON syntax error in input for target 1: [Source: (String)"env:dev"; line: 1, column: 4]',
        ),
        (
            to(QUEUE, Input="{'env':'dev'}"),
            "JSON syntax error in input for target 1: [Source: (String)\"{'env':'dev'}\"; line: 1, column: 3]",
        ),
        (to(QUEUE, Input='{} "'), "JSON syntax error in input for target 1: [Source:"),
        (
            to(QUEUE, DeadLetterConfig={"Arn": TOPIC}),
            f"Parameter DeadLetterConfig.Arn is not valid. Reason: {TOPIC} is not the ARN of an Amazon SQS queue.",
        ),
        (to(QUEUE, InputPath="detail"), "Invalid InputPath for target 1"),
        (to(QUEUE, InputTransformer={"InputTemplate": '{"a": <b>}'}), "Invalid InputTemplate for target 1"),
        (to(QUEUE, InputTransformer={"InputTemplate": '{"a" <aws.events.rule-arn>}'}), "Invalid InputTemplate"),
        (
            to(QUEUE, InputTransformer={"InputPathsMap": {"aws.x": "$"}, "InputTemplate": "x"}),
            "Invalid InputPathsMap for target 1",
        ),
    ],
)
def test_a_target_that_makes_no_sense_is_refused(hall: Hall, target: Json, message: str) -> None:
    hall.rule()
    code, said = hall.refused("PutTargets", Rule="rule", Targets=[target])
    assert code == "ValidationException"
    assert said.startswith(message)
    assert hall.events("ListTargetsByRule", Rule="rule")["Targets"] == []


def test_rules_of_two_regions_have_nothing_to_do_with_each_other(hall: Hall) -> None:
    rule = hall.rule(None, to(QUEUE))
    assert f":{REGION}:" in rule
    assert hall.events("ListRules")["Rules"][0]["Arn"] == rule


def test_what_was_put_is_there_after_a_crash(hall: Hall) -> None:
    hall.rule({"source": ["shop"]}, to(QUEUE))
    hall.restart()
    hall.put()
    assert len(hall.messages()) == 1


def test_an_empty_schedule_is_none(hall: Hall) -> None:
    hall.events("PutRule", Name="r", EventPattern='{"a":[1]}', ScheduleExpression="")
    assert "ScheduleExpression" not in hall.events("DescribeRule", Name="r")


def test_a_new_rule_has_no_other_read_again(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(20):
        hall.rule({"source": ["elsewhere"]}, to(QUEUE), name=f"old-{at}")
    hall.put()
    hall.rule({"source": ["shop"]}, to(QUEUE, Input='"new"'), name="new")
    read: set[str] = set()
    original = resources.read_row

    def noted(row: Row) -> Resource | None:
        found = original(row)
        assert found is not None
        read.add(found.name)
        return found

    monkeypatch.setattr(resources, "read_row", noted)
    hall.put()
    assert hall.messages() == ["new"]
    assert "new" in read
    assert not [name for name in read if name.startswith("old")]
