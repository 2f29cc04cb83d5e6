from lamplighter.base.json_text import dumps, loads
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body

GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "g"}}
DOCUMENT = dumps({"Version": "2012-10-17", "Statement": []})


def test_a_resource_policy_is_created_updated_and_deleted_with_its_stack(harness: CloudFormationHarness) -> None:
    def template(document: str) -> str:
        properties = {"PolicyName": "p", "PolicyDocument": document}
        return body(P={"Type": "AWS::Logs::ResourcePolicy", "Properties": properties})

    def documents() -> list[str]:
        found = harness.call("logs", "DescribeResourcePolicies")["resourcePolicies"]
        return [each["policyDocument"] for each in found]

    harness.create(template(DOCUMENT))
    assert (harness.physical("P"), documents()) == ("p", [DOCUMENT])
    changed = dumps(loads(DOCUMENT) | {"Statement": [{"Effect": "Allow"}]})
    harness.update(template(changed))
    assert documents() == [changed]
    harness.delete()
    assert documents() == []


def test_a_subscription_filter_is_reported_as_not_simulated(harness: CloudFormationHarness) -> None:
    properties = {
        "LogGroupName": {"Ref": "G"},
        "FilterPattern": "",
        "DestinationArn": "arn:aws:lambda:us-east-1:123456789012:function:f",
    }
    harness.create(
        dumps({"Resources": {"G": GROUP, "F": {"Type": "AWS::Logs::SubscriptionFilter", "Properties": properties}}})
    )
    assert "not simulated" in harness.stack()["StackStatusReason"]
    assert harness.reasons().count("Recorded; not simulated here.") == 1


def test_a_log_group_loses_its_key_with_its_template(harness: CloudFormationHarness) -> None:
    def template(**properties: str) -> str:
        return body(G={"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "g", **properties}})

    harness.create(template(KmsKeyId="arn:aws:kms:us-east-1:123456789012:key/k"))
    assert "kmsKeyId" in harness.call("logs", "DescribeLogGroups")["logGroups"][0]
    harness.update(template())
    assert "kmsKeyId" not in harness.call("logs", "DescribeLogGroups")["logGroups"][0]
