import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.events.tables import resources
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Row
from tests.engine_harness import ACCOUNT, REGION, ROLE
from tests.services.events.events_harness import QUEUE, TOPIC, EventsHarness, to

MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c"


def test_a_rule_says_what_it_wants_or_when(harness: EventsHarness) -> None:
    assert harness.refused("PutRule", Name="r") == (
        "ValidationException",
        "Parameter(s) EventPattern or ScheduleExpression must be specified.",
    )
    at = "at(2030-01-01T00:00:00)"
    assert (
        harness.refused("PutRule", Name="r", ScheduleExpression=at)[1] == "Parameter ScheduleExpression is not valid."
    )


def test_a_pattern_that_is_none_is_refused_where_it_is_wrong(harness: EventsHarness) -> None:
    code, message = harness.refused("PutRule", Name="r", EventPattern='{"a": 1}')
    assert code == "InvalidEventPatternException"
    assert message == (
        'Event pattern is not valid. Reason: "a" must be an object or an array\n'
        ' at [Source: (String)"{"a": 1}"; line: 1, column: 8]'
    )
    assert harness.refused("PutRule", Name="r", EventPattern="{")[0] == "InvalidEventPatternException"


def test_a_rule_that_is_put_again_is_replaced_but_for_its_targets_and_tags(harness: EventsHarness) -> None:
    rule = harness.rule({"a": [1]}, to(QUEUE), Description="d", Tags=[{"Key": "k", "Value": "v"}])
    harness.events("PutRule", Name="rule", EventPattern='{"a":[2]}')
    described = harness.events("DescribeRule", Name="rule")
    assert described["EventPattern"] == '{"a":[2]}'
    assert "Description" not in described
    assert len(harness.events("ListTargetsByRule", Rule="rule")["Targets"]) == 1
    assert harness.events("ListTagsForResource", ResourceARN=rule)["Tags"] == [{"Key": "k", "Value": "v"}]


def test_a_resource_has_fifty_tags_of_its_owner_at_most(harness: EventsHarness) -> None:
    tags = [{"Key": str(at), "Value": "v"} for at in range(50)]
    rule = harness.rule({"a": [1]}, Tags=tags)
    harness.events("TagResource", ResourceARN=rule, Tags=[{"Key": "0", "Value": "w"}])
    for bad in ({"Key": "50", "Value": "v"}, {"Key": "AWS:mine", "Value": "v"}):
        assert harness.refused("TagResource", ResourceARN=rule, Tags=[bad])[0] == "ValidationException"
    assert harness.refused("CreateEventBus", Name="b", Tags=[{"Key": "aws:b", "Value": ""}])[0] == "ValidationException"
    assert len(harness.events("ListTagsForResource", ResourceARN=rule)["Tags"]) == 50


def test_a_rule_with_targets_is_not_deleted(harness: EventsHarness) -> None:
    harness.rule(None, to(QUEUE))
    assert harness.refused("DeleteRule", Name="rule") == (
        "ValidationException",
        "Rule can't be deleted since it has targets.",
    )
    harness.events("RemoveTargets", Rule="rule", Ids=["1", "none"])
    harness.events("DeleteRule", Name="rule")
    harness.events("DeleteRule", Name="rule")
    assert harness.refused("DescribeRule", Name="rule") == (
        "ResourceNotFoundException",
        "Rule rule does not exist on EventBus default.",
    )


def test_rules_and_targets_are_listed_in_pages(harness: EventsHarness) -> None:
    for name in ("c", "a", "b"):
        harness.rule(None, to(QUEUE, "1"), to(TOPIC, "2"), name=name)
    harness.events("CreateEventBus", Name="other")
    harness.rule(None, to(QUEUE), name="d", EventBusName="other")
    first = harness.events("ListRules", Limit=2)
    assert [rule["Name"] for rule in first["Rules"]] == ["a", "b"]
    second = harness.events("ListRules", Limit=2, NextToken=first["NextToken"])
    assert [rule["Name"] for rule in second["Rules"]] == ["c"]
    assert "NextToken" not in second
    targets = harness.events("ListTargetsByRule", Rule="a", Limit=1)
    assert [each["Id"] for each in targets["Targets"]] == ["1"]
    more = harness.events("ListTargetsByRule", Rule="a", Limit=1, NextToken=targets["NextToken"])
    assert [each["Id"] for each in more["Targets"]] == ["2"]
    assert harness.events("ListRuleNamesByTarget", TargetArn=QUEUE)["RuleNames"] == ["a", "b", "c"]
    assert harness.events("ListRuleNamesByTarget", TargetArn=QUEUE, EventBusName="other")["RuleNames"] == ["d"]
    page = harness.events("ListRuleNamesByTarget", TargetArn=TOPIC, Limit=2)
    rest = harness.events("ListRuleNamesByTarget", TargetArn=TOPIC, Limit=2, NextToken=page["NextToken"])
    assert page["RuleNames"] + rest["RuleNames"] == ["a", "b", "c"]


def test_a_page_that_begins_nowhere_is_refused(harness: EventsHarness) -> None:
    assert harness.refused("ListRules", NextToken="ÿ")[0] == "ValidationException"


def test_a_rule_has_five_targets_at_most(harness: EventsHarness) -> None:
    harness.rule(None, *(to(QUEUE, str(at)) for at in range(5)))
    assert harness.refused("PutTargets", Rule="rule", Targets=[to(QUEUE, "6")]) == (
        "LimitExceededException",
        "The requested resource exceeds the maximum number allowed.",
    )
    harness.events("PutTargets", Rule="rule", Targets=[to(TOPIC, "4")])
    assert len(harness.events("ListTargetsByRule", Rule="rule")["Targets"]) == 5


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
def test_a_target_that_makes_no_sense_is_refused(harness: EventsHarness, target: Json, message: str) -> None:
    harness.rule()
    code, said = harness.refused("PutTargets", Rule="rule", Targets=[target])
    assert code == "ValidationException"
    assert said.startswith(message)
    assert harness.events("ListTargetsByRule", Rule="rule")["Targets"] == []


def test_rules_of_two_regions_have_nothing_to_do_with_each_other(harness: EventsHarness) -> None:
    rule = harness.rule(None, to(QUEUE))
    assert f":{REGION}:" in rule
    assert harness.events("ListRules")["Rules"][0]["Arn"] == rule


def test_what_was_put_is_there_after_a_crash(harness: EventsHarness) -> None:
    harness.rule({"source": ["shop"]}, to(QUEUE))
    harness.restart()
    harness.put()
    assert len(harness.messages()) == 1


def test_an_empty_schedule_is_none(harness: EventsHarness) -> None:
    harness.events("PutRule", Name="r", EventPattern='{"a":[1]}', ScheduleExpression="")
    assert "ScheduleExpression" not in harness.events("DescribeRule", Name="r")


def test_a_new_rule_has_no_other_read_again(harness: EventsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(20):
        harness.rule({"source": ["elsewhere"]}, to(QUEUE), name=f"old-{at}")
    harness.put()
    harness.rule({"source": ["shop"]}, to(QUEUE, Input='"new"'), name="new")
    read: set[str] = set()
    original = resources.read_row

    def noted(row: Row) -> Resource | None:
        found = original(row)
        assert found is not None
        read.add(found.name)
        return found

    monkeypatch.setattr(resources, "read_row", noted)
    harness.put()
    assert harness.messages() == ["new"]
    assert "new" in read
    assert not [name for name in read if name.startswith("old")]
