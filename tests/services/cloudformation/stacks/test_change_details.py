"""A change set explains each change: what changes where, what causes it, and what becomes of the resource.

The expected answers are AWS's, as recorded beside the project.
"""

from lamplighter.base.json_text import Json, dumps, loads
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, queue, topic

KNOWN_AFTER_APPLY = "{{changeSet:KNOWN_AFTER_APPLY}}"


def describe(harness: CloudFormationHarness, text: str, *, values: bool = True, **params: Json) -> dict[str, Json]:
    """Create a change set; return its changes by logical ID, and delete it."""
    key = harness.cloudformation("CreateChangeSet", StackName="stack", ChangeSetName="c", TemplateBody=text, **params)
    found = harness.cloudformation("DescribeChangeSet", ChangeSetName=key["Id"], IncludePropertyValues=values)
    harness.cloudformation("DeleteChangeSet", ChangeSetName=key["Id"])
    return {each["ResourceChange"]["LogicalResourceId"]: each["ResourceChange"] for each in found["Changes"]}


def template(parameters: Json = None, **resources: Json) -> str:
    return dumps({**({"Parameters": parameters} if parameters else {}), "Resources": resources})


def sources(change: Json) -> list[tuple[str, str, str | None]]:
    """Return what causes a change, and how certain it is."""
    return sorted((each["ChangeSource"], each["Evaluation"], each.get("CausingEntity")) for each in change["Details"])


def text(default: str, **more: Json) -> Json:
    return {"P": {"Type": "String", "Default": default, **more}}


def test_a_direct_modification_has_the_values_before_and_after(harness: CloudFormationHarness) -> None:
    harness.create(template(T=topic(DisplayName="a", TopicName="t")))
    change = describe(harness, template(T=topic(DisplayName="b", TopicName="t")))["T"]
    assert change["BeforeContext"] == '{"Properties":{"DisplayName":"a","TopicName":"t"}}'
    assert change["AfterContext"] == '{"Properties":{"DisplayName":"b","TopicName":"t"}}'
    target = {
        "Attribute": "Properties",
        "Name": "DisplayName",
        "RequiresRecreation": "Never",
        "Path": "/Properties/DisplayName",
        "BeforeValue": "a",
        "AfterValue": "b",
        "AttributeChangeType": "Modify",
    }
    assert change["Details"] == [
        {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"},
    ]
    assert (change["Replacement"], change["Scope"]) == ("False", ["Properties"])


def test_values_are_shown_only_on_request(harness: CloudFormationHarness) -> None:
    harness.create(template(T=topic(DisplayName="a")))
    change = describe(harness, template(T=topic(DisplayName="b"), U=topic()), values=False)
    assert "BeforeContext" not in change["T"]
    assert "AfterContext" not in change["U"]
    (detail,) = change["T"]["Details"]
    assert detail["Target"] == {"Attribute": "Properties", "Name": "DisplayName", "RequiresRecreation": "Never"}


def test_a_changed_parameter_causes_the_change_of_what_refers_to_it(harness: CloudFormationHarness) -> None:
    harness.create(template(text("a"), T=topic(DisplayName={"Fn::Sub": "x ${P}"})))
    change = describe(harness, template(text("b"), T=topic(DisplayName={"Fn::Sub": "x ${P}"})))["T"]
    assert sources(change) == [("DirectModification", "Dynamic", None), ("ParameterReference", "Static", "P")]


def test_a_replaced_resource_causes_the_change_of_what_refers_to_it(harness: CloudFormationHarness) -> None:
    used = topic(DisplayName={"Ref": "T"}, TopicName="u")
    harness.create(template(T=topic(TopicName="a"), U=used))
    new = template(T=topic(TopicName="b"), U=used)
    change = describe(harness, new)
    assert (change["T"]["Replacement"], change["T"]["PolicyAction"]) == ("True", "ReplaceAndDelete")
    assert sources(change["U"]) == [("DirectModification", "Dynamic", None), ("ResourceReference", "Static", "T")]
    assert {each["Target"]["AfterValue"] for each in change["U"]["Details"]} == {KNOWN_AFTER_APPLY}
    short = describe(harness, new, values=False)["U"]
    assert sources(short) == [("ResourceReference", "Static", "T")]


def test_a_reference_to_a_resource_that_changes_in_place_is_no_change(harness: CloudFormationHarness) -> None:
    used = topic(DisplayName={"Ref": "T"})
    harness.create(template(T=topic(DisplayName="a"), U=used))
    assert list(describe(harness, template(T=topic(DisplayName="b"), U=used))) == ["T"]


def test_an_attribute_of_a_resource_that_changes_in_place_may_change(harness: CloudFormationHarness) -> None:
    used = topic(DisplayName={"Fn::GetAtt": ["T", "TopicArn"]})
    harness.create(template(T=topic(DisplayName="a"), U=used))
    change = describe(harness, template(T=topic(DisplayName="b"), U=used))["U"]
    assert sources(change) == [("ResourceAttribute", "Dynamic", "T.TopicArn")]
    assert change["Replacement"] == "False"


def test_an_attribute_that_repeats_a_property_changes_with_it_only(harness: CloudFormationHarness) -> None:
    used = topic(TopicName="u", DisplayName={"Fn::GetAtt": ["T", "DisplayName"]})
    harness.create(template(T=topic(DisplayName="a"), U=used))
    change = describe(harness, template(T=topic(DisplayName="b"), U=used))["U"]
    assert sources(change) == [
        ("DirectModification", "Dynamic", None),
        ("ResourceAttribute", "Static", "T.DisplayName"),
    ]
    assert loads(change["AfterContext"])["Properties"] == {"DisplayName": "b", "TopicName": "u"}
    other = topic(DisplayName="a", Tags=[{"Key": "k", "Value": "v"}])
    assert list(describe(harness, template(T=other, U=used))) == ["T"]


def test_no_attribute_of_a_resource_that_is_created_or_replaced_is_known(harness: CloudFormationHarness) -> None:
    used = topic(TopicName="u", DisplayName={"Fn::GetAtt": ["T", "DisplayName"]})
    created = describe(harness, template(T=topic(DisplayName="a"), U=used), ChangeSetType="CREATE")["U"]
    assert loads(created["AfterContext"])["Properties"]["DisplayName"] == KNOWN_AFTER_APPLY
    harness.cloudformation("DeleteStack", StackName="stack")
    harness.create(template(T=topic(DisplayName="a", TopicName="t"), U=used))
    replaced = describe(harness, template(T=topic(DisplayName="a", TopicName="v"), U=used))["U"]
    (shown,) = {each["Target"]["AfterValue"] for each in replaced["Details"]}
    assert (shown, loads(replaced["AfterContext"])["Properties"]["DisplayName"]) == (KNOWN_AFTER_APPLY,) * 2
    assert loads(replaced["BeforeContext"])["Properties"]["DisplayName"] == "a"


def test_each_part_of_a_property_that_changes_has_its_path(harness: CloudFormationHarness) -> None:
    def tagged(*tags: str) -> str:
        return template(T=topic(Tags=[{"Key": tag[0], "Value": tag[1:]} for tag in tags]))

    harness.create(tagged("a1", "b2"))
    details = describe(harness, tagged("a3", "b2", "c4"))["T"]["Details"]
    found = {each["Target"]["Path"]: each["Target"] for each in details}
    assert set(found) == {"/Properties/Tags/0/Value", "/Properties/Tags/2"}
    assert found["/Properties/Tags/2"]["AttributeChangeType"] == "Add"
    assert found["/Properties/Tags/2"]["AfterValue"] == '{"Value":"4","Key":"c"}'
    short = describe(harness, tagged("a3", "b2", "c4"), values=False)["T"]["Details"]
    assert [each["Target"]["Name"] for each in short] == ["Tags"]


def test_policies_state_what_becomes_of_a_resource(harness: CloudFormationHarness) -> None:
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    harness.create(template(A=queue(QueueName="a") | kept, B=queue() | kept, C=queue(), D=topic()))
    change = describe(harness, template(A=queue(QueueName="a2") | kept, D=topic()))
    assert {name: each.get("PolicyAction") for name, each in change.items()} == {
        "A": "ReplaceAndRetain",
        "B": "Retain",
        "C": "Delete",
    }
    assert loads(change["B"]["BeforeContext"]) == {"Properties": {}, **kept}


def test_numbers_and_flags_are_shown_as_text(harness: CloudFormationHarness) -> None:
    harness.create(template(Q=queue(DelaySeconds=1)))
    change = describe(harness, template(Q=queue(DelaySeconds=2, SqsManagedSseEnabled=True)))["Q"]
    assert change["AfterContext"] == '{"Properties":{"SqsManagedSseEnabled":"true","DelaySeconds":"2"}}'


def test_the_value_of_a_hidden_parameter_is_not_shown(harness: CloudFormationHarness) -> None:
    shown = topic(DisplayName={"Fn::Sub": "${P}"})
    harness.create(template(text("one", NoEcho=True), T=shown))
    change = describe(harness, template(text("two", NoEcho=True), T=shown))["T"]
    assert "two" not in dumps(change)
    assert loads(change["AfterContext"])["Properties"]["DisplayName"] == "****"


def test_a_secret_that_the_template_states_is_not_shown(harness: CloudFormationHarness) -> None:
    harness.create(template(T=topic()))
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"Description": "d", "SecretString": "hunter2"}}
    change = describe(harness, template(T=topic(), S=secret))["S"]
    assert loads(change["AfterContext"])["Properties"] == {"Description": "d", "SecretString": "****"}


def test_a_part_of_a_property_that_cannot_change_replaces_the_resource(harness: CloudFormationHarness) -> None:
    def provider(group: str, capacity: int) -> Json:
        scaling = {"Status": "ENABLED", "TargetCapacity": capacity}
        settings = {"AutoScalingGroupArn": f"arn:aws:autoscaling:::{group}", "ManagedScaling": scaling}
        return {"Type": "AWS::ECS::CapacityProvider", "Properties": {"AutoScalingGroupProvider": settings}}

    harness.create(template(P=provider("a", 50)))
    before = harness.physical("P")
    assert describe(harness, template(P=provider("a", 60)))["P"]["Replacement"] == "False"
    assert describe(harness, template(P=provider("b", 50)))["P"]["Replacement"] == "True"
    harness.update(template(P=provider("a", 60)))
    assert harness.physical("P") == before
    harness.update(template(P=provider("b", 60)))
    assert harness.physical("P") != before


def test_a_tag_of_the_stack_changes_the_resources(harness: CloudFormationHarness) -> None:
    harness.create(template(T=topic()))
    tags = [{"Key": "k", "Value": "v"}]
    change = describe(harness, template(T=topic()), Tags=tags)["T"]
    assert change["Scope"] == ["Tags"]
    assert [each["Target"]["AttributeChangeType"] for each in change["Details"]] == ["Add"]


def test_a_conditional_replacement_is_conditional(harness: CloudFormationHarness) -> None:
    bus = {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus"}}

    def rule(name: str) -> str:
        properties = {"EventBusName": name, "EventPattern": {"source": ["a"]}}
        return template(B=bus, R={"Type": "AWS::Events::Rule", "DependsOn": "B", "Properties": properties})

    harness.create(rule("default"))
    change = describe(harness, rule("bus"))["R"]
    assert change["Replacement"] == "Conditional"
    assert change["Details"][0]["Target"]["RequiresRecreation"] == "Conditionally"


def test_events_show_neither_hidden_parameters_nor_secrets(harness: CloudFormationHarness) -> None:
    shown = topic(DisplayName={"Fn::Sub": "my ${P}"})
    harness.create(template(text("one", NoEcho=True), T=shown))
    harness.update(template(text("two", NoEcho=True), T=shown))
    events = harness.cloudformation("DescribeStackEvents", StackName="stack")["StackEvents"]
    properties = [each["ResourceProperties"] for each in events if "ResourceProperties" in each]
    assert set(properties) == {'{"DisplayName":"my ****"}'}
    bad = queue(QueueName="not a name") | {"DependsOn": "T"}
    harness.update(template(text("two", NoEcho=True), T=topic(DisplayName="new"), Q=bad))
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
    restored = harness.cloudformation("DescribeStackEvents", StackName="stack")["StackEvents"]
    assert not any("two" in each.get("ResourceProperties", "") for each in restored)
    harness.update(template(text("three"), T=shown))
    newest = harness.cloudformation("DescribeStackEvents", StackName="stack")["StackEvents"]
    assert any(each.get("ResourceProperties") == '{"DisplayName":"my three"}' for each in newest)
