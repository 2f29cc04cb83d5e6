import pytest

from lamplighter.base.json_text import Json
from tests.engine_harness import ACCOUNT, REGION, ROLE
from tests.services.events.events_harness import QUEUE, TOPIC, EventsHarness, make_target

MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c"


def test_a_rule_needs_an_event_pattern_or_a_valid_schedule(harness: EventsHarness) -> None:
    assert harness.expect_error("PutRule", Name="r") == (
        "ValidationException",
        "Parameter(s) EventPattern or ScheduleExpression must be specified.",
    )
    at = "at(2030-01-01T00:00:00)"
    assert (
        harness.expect_error("PutRule", Name="r", ScheduleExpression=at)[1]
        == "Parameter ScheduleExpression is not valid."
    )


def test_an_invalid_pattern_is_refused_with_its_location(harness: EventsHarness) -> None:
    code, message = harness.expect_error("PutRule", Name="r", EventPattern='{"a": 1}')
    assert code == "InvalidEventPatternException"
    assert message == (
        'Event pattern is not valid. Reason: "a" must be an object or an array\n'
        ' at [Source: (String)"{"a": 1}"; line: 1, column: 8]'
    )
    assert harness.expect_error("PutRule", Name="r", EventPattern="{")[0] == "InvalidEventPatternException"


def test_putting_a_rule_again_replaces_it_but_keeps_its_targets_and_tags(harness: EventsHarness) -> None:
    rule = harness.put_rule({"a": [1]}, make_target(QUEUE), Description="d", Tags=[{"Key": "k", "Value": "v"}])
    harness.events("PutRule", Name="rule", EventPattern='{"a":[2]}')
    described = harness.events("DescribeRule", Name="rule")
    assert described["EventPattern"] == '{"a":[2]}'
    assert "Description" not in described
    assert len(harness.events("ListTargetsByRule", Rule="rule")["Targets"]) == 1
    assert harness.events("ListTagsForResource", ResourceARN=rule)["Tags"] == [{"Key": "k", "Value": "v"}]


def test_a_resource_has_at_most_fifty_tags_and_no_reserved_tag_key(harness: EventsHarness) -> None:
    tags = [{"Key": str(at), "Value": "v"} for at in range(50)]
    rule = harness.put_rule({"a": [1]}, Tags=tags)
    harness.events("TagResource", ResourceARN=rule, Tags=[{"Key": "0", "Value": "w"}])
    for bad in ({"Key": "50", "Value": "v"}, {"Key": "AWS:mine", "Value": "v"}):
        assert harness.expect_error("TagResource", ResourceARN=rule, Tags=[bad])[0] == "ValidationException"
    assert (
        harness.expect_error("CreateEventBus", Name="b", Tags=[{"Key": "aws:b", "Value": ""}])[0]
        == "ValidationException"
    )
    assert len(harness.events("ListTagsForResource", ResourceARN=rule)["Tags"]) == 50


def test_a_rule_with_targets_cannot_be_deleted(harness: EventsHarness) -> None:
    harness.put_rule(None, make_target(QUEUE))
    assert harness.expect_error("DeleteRule", Name="rule") == (
        "ValidationException",
        "Rule can't be deleted since it has targets.",
    )
    harness.events("RemoveTargets", Rule="rule", Ids=["1", "none"])
    harness.events("DeleteRule", Name="rule")
    harness.events("DeleteRule", Name="rule")
    assert harness.expect_error("DescribeRule", Name="rule") == (
        "ResourceNotFoundException",
        "Rule rule does not exist on EventBus default.",
    )


def test_rules_and_targets_are_listed_in_pages(harness: EventsHarness) -> None:
    for name in ("c", "a", "b"):
        harness.put_rule(None, make_target(QUEUE, "1"), make_target(TOPIC, "2"), name=name)
    harness.events("CreateEventBus", Name="other")
    harness.put_rule(None, make_target(QUEUE), name="d", EventBusName="other")
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


def test_an_invalid_token_is_refused(harness: EventsHarness) -> None:
    assert harness.expect_error("ListRules", NextToken="ÿ")[0] == "ValidationException"


def test_a_rule_has_at_most_five_targets(harness: EventsHarness) -> None:
    harness.put_rule(None, *(make_target(QUEUE, str(at)) for at in range(5)))
    assert harness.expect_error("PutTargets", Rule="rule", Targets=[make_target(QUEUE, "6")]) == (
        "LimitExceededException",
        "The requested resource exceeds the maximum number allowed.",
    )
    harness.events("PutTargets", Rule="rule", Targets=[make_target(TOPIC, "4")])
    assert len(harness.events("ListTargetsByRule", Rule="rule")["Targets"]) == 5


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (make_target("x"), "Parameter x is not valid. Reason: Provided Arn is not in correct format."),
        (make_target(MACHINE), f"RoleArn is required for target {MACHINE}."),
        (make_target(CLUSTER, RoleArn=ROLE), "Parameter(s) EcsParameters must be specified for target: 1."),
        (make_target(f"{QUEUE}.fifo"), "Parameter(s) SqsParameters must be specified for target: 1."),
        (
            make_target(QUEUE, Input="{}", InputPath="$"),
            "Only one of Input, InputPath, or InputTransformer must be provided for target 1.",
        ),
        (
            make_target(QUEUE, Input="env:dev"),
            'JSON syntax error in input for target 1: [Source: (String)"env:dev"; line: 1, column: 4]',
        ),
        (
            make_target(QUEUE, Input="{'env':'dev'}"),
            "JSON syntax error in input for target 1: [Source: (String)\"{'env':'dev'}\"; line: 1, column: 3]",
        ),
        (make_target(QUEUE, Input='{} "'), "JSON syntax error in input for target 1: [Source:"),
        (
            make_target(QUEUE, DeadLetterConfig={"Arn": TOPIC}),
            f"Parameter DeadLetterConfig.Arn is not valid. Reason: {TOPIC} is not the ARN of an Amazon SQS queue.",
        ),
        (make_target(QUEUE, InputPath="detail"), "Invalid InputPath for target 1"),
        (make_target(QUEUE, InputTransformer={"InputTemplate": '{"a": <b>}'}), "Invalid InputTemplate for target 1"),
        (make_target(QUEUE, InputTransformer={"InputTemplate": '"no <b>"'}), "Invalid InputTemplate for target 1"),
        (
            make_target(QUEUE, InputTransformer={"InputTemplate": '{"a" <aws.events.rule-arn>}'}),
            "Invalid InputTemplate",
        ),
        (
            make_target(QUEUE, InputTransformer={"InputPathsMap": {"aws.x": "$"}, "InputTemplate": "x"}),
            "Invalid InputPathsMap for target 1",
        ),
    ],
)
def test_an_invalid_target_is_refused(harness: EventsHarness, target: Json, message: str) -> None:
    harness.put_rule()
    code, actual = harness.expect_error("PutTargets", Rule="rule", Targets=[target])
    assert code == "ValidationException"
    assert actual.startswith(message)
    assert harness.events("ListTargetsByRule", Rule="rule")["Targets"] == []


def test_the_arn_of_a_rule_contains_its_region(harness: EventsHarness) -> None:
    rule = harness.put_rule(None, make_target(QUEUE))
    assert f":{REGION}:" in rule
    assert harness.events("ListRules")["Rules"][0]["Arn"] == rule


def test_a_rule_and_its_targets_survive_a_crash(harness: EventsHarness) -> None:
    harness.put_rule({"source": ["shop"]}, make_target(QUEUE))
    harness.restart()
    harness.put_event()
    assert len(harness.messages()) == 1


def test_an_empty_schedule_expression_is_no_schedule(harness: EventsHarness) -> None:
    harness.events("PutRule", Name="r", EventPattern='{"a":[1]}', ScheduleExpression="")
    assert "ScheduleExpression" not in harness.events("DescribeRule", Name="r")
