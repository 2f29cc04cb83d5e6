"""Roles and policies of a template are those that IAM has."""

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Tx
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness

TRUST: Json = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def policy(action: str) -> Json:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


def template(inline: str, attached: list[Json], action: str, **role: Json) -> str:
    """Return a template with a role, and policies of all kinds."""
    properties = {
        "AssumeRolePolicyDocument": TRUST,
        "Policies": [{"PolicyName": inline, "PolicyDocument": policy("sns:Publish")}],
        "ManagedPolicyArns": attached,
        **role,
    }
    own = {"PolicyDocument": policy(action), "Roles": [{"Ref": "Role"}]}
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": properties},
        "Policy": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "extra", **own}},
        "Managed": {"Type": "AWS::IAM::ManagedPolicy", "Properties": own},
    }
    outputs = {name: {"Value": {"Ref": name}} for name in ("Role", "Managed")}
    return dumps({"Resources": resources, "Outputs": outputs})


def inline_policies(harness: CloudFormationHarness, role: str) -> list[str]:
    names: list[str] = harness.call("iam", "ListRolePolicies", RoleName=role)["PolicyNames"]
    return names


def test_a_stack_s_roles_and_policies_are_created_changed_and_deleted(harness: CloudFormationHarness) -> None:
    harness.create(template("first", [READ_ONLY], "sqs:*"), Capabilities=["CAPABILITY_IAM"])
    outputs = harness.outputs()
    role = outputs["Role"]
    assert inline_policies(harness, role) == ["extra", "first"]
    attached = harness.call("iam", "ListAttachedRolePolicies", RoleName=role)["AttachedPolicies"]
    assert {each["PolicyArn"] for each in attached} == {READ_ONLY, outputs["Managed"]}
    changed = template("second", [], "ecs:*", MaxSessionDuration=7200, Description="changed")
    harness.update(changed, Capabilities=["CAPABILITY_IAM"])
    assert harness.state() == "UPDATE_COMPLETE", harness.reasons()
    assert harness.outputs()["Role"] == role
    assert inline_policies(harness, role) == ["extra", "second"]
    found = harness.call("iam", "GetRole", RoleName=role)["Role"]
    assert (found["MaxSessionDuration"], found["Description"]) == (7200, "changed")
    managed = harness.call("iam", "GetPolicy", PolicyArn=outputs["Managed"])["Policy"]
    assert managed["DefaultVersionId"] == "v2"
    harness.delete()
    assert harness.call("iam", "ListRoles")["Roles"] == []
    assert harness.call("iam", "ListPolicies", Scope="Local")["Policies"] == []


def test_a_role_with_a_policy_from_elsewhere_is_not_deleted(harness: CloudFormationHarness) -> None:
    harness.create(template("first", [], "sqs:*"), Capabilities=["CAPABILITY_IAM"])
    role = harness.outputs()["Role"]
    other = {"PolicyName": "by-hand", "PolicyDocument": dumps(policy("s3:*"))}
    harness.call("iam", "PutRolePolicy", RoleName=role, **other)
    harness.delete()
    assert harness.state() == "DELETE_FAILED"
    harness.call("iam", "DeleteRolePolicy", RoleName=role, PolicyName="by-hand")
    harness.delete()
    assert harness.call("iam", "ListRoles")["Roles"] == []


def test_a_role_that_an_earlier_version_only_recorded_is_created_by_the_next_update(
    harness: CloudFormationHarness,
) -> None:
    body = template("first", [READ_ONLY], "sqs:*")
    harness.create(body, Capabilities=["CAPABILITY_IAM"])

    def forget(tx: Tx) -> None:
        """Bring the stack to the state in which an earlier version left it."""
        policies = ("iam_role_policies", "iam_attachments", "iam_policies", "iam_policy_versions")
        for table in ("iam_roles", *policies):
            tx.execute(f"DELETE FROM {table}")
        for logical, physical, text in tx.rows("SELECT logical, physical, body FROM stack_resources"):
            found = loads(text)
            found |= {"recorded": True, "attributes": {**found["attributes"], "Name": physical.rpartition("/")[2]}}
            tx.execute("UPDATE stack_resources SET body = ? WHERE logical = ?", (dumps(found), logical))

    async def write() -> None:
        await harness.engine.store.write(forget)

    harness.run(write())
    harness.update(template("first", [READ_ONLY], "ecs:*"), Capabilities=["CAPABILITY_IAM"])
    assert harness.state() == "UPDATE_COMPLETE", harness.reasons()
    assert inline_policies(harness, harness.outputs()["Role"]) == ["extra", "first"]
