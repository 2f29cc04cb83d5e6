"""Roles and their policies, as IAM answers."""

import re

import pytest

from lamplighter.base.json_text import Json
from tests.engine_harness import ACCOUNT
from tests.services.iam.iam_harness import STATES, IamHarness, allow, document, role_arn, trust

ECS_EXECUTION = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"


def test_a_role_is_returned_as_it_was_created(harness: IamHarness) -> None:
    created = harness.iam(
        "CreateRole",
        RoleName="Night",
        Path="/jobs/",
        AssumeRolePolicyDocument=trust(Service=STATES),
        Description="runs at night",
        MaxSessionDuration=7200,
        Tags=[{"Key": "team", "Value": "data"}],
    )["Role"]
    found = harness.iam("GetRole", RoleName="night")["Role"]
    assert found["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/jobs/Night" == created["Arn"]
    assert re.fullmatch("AROA[A-Z2-7]{17}", found["RoleId"])
    assert (found["MaxSessionDuration"], found["Description"]) == (7200, "runs at night")
    assert found["Tags"] == [{"Key": "team", "Value": "data"}]
    assert found["AssumeRolePolicyDocument"].startswith("%7B%22Version%22%3A")


def test_a_file_may_have_more_jobs_than_an_account_of_aws_may_have_roles(harness: IamHarness) -> None:
    """2,000 jobs have 6,000 roles; AWS allows an account 5,000 at most."""
    harness.role("first")
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
    columns = "account, path, role_id, trust, description, max_session, boundary, tags, created"
    copies = f"{numbers} SELECT arn || i, name || i, {columns} FROM iam_roles, n"
    harness.crash()
    harness.damage(f"INSERT INTO iam_roles (arn, name, {columns}) {copies}")
    harness.up()
    assert harness.iam("GetAccountSummary")["SummaryMap"]["Roles"] == 5_001
    assert harness.role("second").endswith(":role/second")


def test_a_role_survives_a_killed_engine(harness: IamHarness) -> None:
    harness.role("night", STATES, allow("sns:Publish"))
    harness.restart()
    assert harness.iam("ListRolePolicies", RoleName="night")["PolicyNames"] == ["policy"]


def test_names_differ_by_more_than_upper_and_lower_case(harness: IamHarness) -> None:
    harness.role("night")
    error = harness.expect_error("CreateRole", RoleName="NIGHT", AssumeRolePolicyDocument=trust(Service=STATES))
    assert error == ("EntityAlreadyExistsException", "Role with name NIGHT already exists.")
    assert harness.expect_error("GetRole", RoleName="day") == (
        "NoSuchEntityException",
        "The role with name day cannot be found.",
    )


def test_a_role_is_in_no_instance_profile(harness: IamHarness) -> None:
    harness.role("night")
    found = harness.iam("ListInstanceProfilesForRole", RoleName="night")
    assert (found["InstanceProfiles"], found["IsTruncated"]) == ([], False)
    assert harness.expect_error("ListInstanceProfilesForRole", RoleName="day")[0] == "NoSuchEntityException"


def test_a_role_with_policies_is_not_deleted(harness: IamHarness) -> None:
    harness.role("night", STATES, allow("sns:Publish"))
    harness.iam("AttachRolePolicy", RoleName="night", PolicyArn=ECS_EXECUTION)
    steps: list[tuple[str, str, Json]] = [
        ("detach all policies", "DetachRolePolicy", {"PolicyArn": ECS_EXECUTION}),
        ("delete policies", "DeleteRolePolicy", {"PolicyName": "policy"}),
    ]
    for what, operation, params in steps:
        code, message = harness.expect_error("DeleteRole", RoleName="night")
        assert (code, message) == ("DeleteConflictException", f"Cannot delete entity, must {what} first.")
        harness.iam(operation, RoleName="night", **params)
    harness.iam("DeleteRole", RoleName="night")
    assert harness.iam("ListRoles")["Roles"] == []


def test_lists_have_pages(harness: IamHarness) -> None:
    for number in range(5):
        harness.role(f"role-{number}")
    names: list[str] = []
    marker: dict[str, str] = {}
    while True:
        answer = harness.iam("ListRoles", MaxItems=2, **marker)
        names += [each["RoleName"] for each in answer["Roles"]]
        if not answer["IsTruncated"]:
            break
        marker = {"Marker": answer["Marker"]}
    assert names == [f"role-{number}" for number in range(5)]
    assert harness.expect_error("ListRoles", Marker="?")[0] == "InvalidInputException"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "This policy contains invalid Json"),
        ("[]", "Syntax errors in policy."),
        ('{"Version": "2012-10-17"}', "Syntax errors in policy."),
        ('{"Version": "2020-01-01", "Statement": []}', "The policy must contain a valid version string"),
        (document({"Effect": "Allow", "Action": "x", "Resource": "*"}), "Actions/Conditions must be prefaced"),
        (document({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
        (document({"Effect": "Allow", "Action": "s3:*"}), "Policy statement must contain resources."),
        (document(allow("s3:*", "bucket")), 'Resource bucket must be in ARN format or "*".'),
        (document({**allow("s3:*"), "Principal": "*"}), "Policy document should not specify a principal."),
        (document({**allow("s3:*"), "Effect": "Maybe"}), "Invalid effect: Maybe"),
        (document({**allow("s3:*"), "Extra": 1}), "Syntax errors in policy."),
        (document(allow("s3:*", StringWhatever={"a:b": "c"})), "Invalid Condition type : StringWhatever."),
        (document({**allow("s3:*"), "Sid": "a"}, {**allow("s3:*"), "Sid": "a"}), "Statement IDs (SID) in a single"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_policy_is_refused_in_aws_s_words(harness: IamHarness, text: str, message: str) -> None:
    harness.role("night")
    code, found = harness.expect_error("PutRolePolicy", RoleName="night", PolicyName="p", PolicyDocument=text)
    assert (code, found[: len(message)]) == ("MalformedPolicyDocumentException", message)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ({"Effect": "Allow", "Action": "sts:AssumeRole"}, "Missing required field Principal"),
        (
            {"Effect": "Allow", "Principal": {"Service": STATES}, "Action": "sts:AssumeRole", "Resource": "*"},
            "Has prohibited field Resource",
        ),
        (
            {"Effect": "Allow", "Principal": {"Service": STATES}, "Action": "s3:GetObject"},
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            {"Effect": "Allow", "Principal": {"AWS": "somebody"}, "Action": "sts:AssumeRole"},
            'Invalid principal in policy: "AWS":"somebody"',
        ),
    ],
)
def test_a_text_that_is_no_trust_policy_is_refused(harness: IamHarness, statement: Json, message: str) -> None:
    error = harness.expect_error("CreateRole", RoleName="r", AssumeRolePolicyDocument=document(statement))
    assert error == ("MalformedPolicyDocumentException", message)


def test_the_default_version_of_a_managed_policy_is_in_force(harness: IamHarness) -> None:
    arn = harness.iam("CreatePolicy", PolicyName="p", PolicyDocument=document(allow("sns:Publish")))["Policy"]["Arn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:policy/p"
    for number in range(2, 6):
        found = harness.iam("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=document(allow("sqs:*")))
        assert (found["PolicyVersion"]["VersionId"], found["PolicyVersion"]["IsDefaultVersion"]) == (
            f"v{number}",
            False,
        )
    assert harness.expect_error("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=document(allow("sqs:*")))[0] == (
        "LimitExceededException"
    )
    harness.iam("SetDefaultPolicyVersion", PolicyArn=arn, VersionId="v3")
    assert harness.iam("GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v3"
    assert harness.expect_error("DeletePolicyVersion", PolicyArn=arn, VersionId="v3")[0] == "DeleteConflictException"
    assert harness.expect_error("DeletePolicy", PolicyArn=arn)[0] == "DeleteConflictException"
    for number in (1, 2, 4, 5):
        harness.iam("DeletePolicyVersion", PolicyArn=arn, VersionId=f"v{number}")
    harness.iam("DeletePolicy", PolicyArn=arn)
    assert harness.expect_error("GetPolicy", PolicyArn=arn)[0] == "NoSuchEntityException"


def test_a_policy_of_aws_can_be_attached_even_if_its_text_is_unknown(harness: IamHarness) -> None:
    harness.role("night")
    unknown = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    for policy in (ECS_EXECUTION, unknown):
        harness.iam("AttachRolePolicy", RoleName="night", PolicyArn=policy)
    attached = harness.iam("ListAttachedRolePolicies", RoleName="night")["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [ECS_EXECUTION, unknown]
    assert harness.iam("GetPolicyVersion", PolicyArn=ECS_EXECUTION, VersionId="v1")["PolicyVersion"]["Document"]
    assert harness.expect_error("GetPolicy", PolicyArn=unknown)[0] == "NoSuchEntityException"
    roles = harness.iam("ListEntitiesForPolicy", PolicyArn=ECS_EXECUTION)["PolicyRoles"]
    assert [each["RoleName"] for each in roles] == ["night"]
    missing = f"arn:aws:iam::{ACCOUNT}:policy/none"
    assert harness.expect_error("AttachRolePolicy", RoleName="night", PolicyArn=missing)[0] == "NoSuchEntityException"


def test_a_service_linked_role_is_changed_by_its_service_only(harness: IamHarness) -> None:
    role = harness.iam("CreateServiceLinkedRole", AWSServiceName="ecs.amazonaws.com")["Role"]
    assert role["Arn"].endswith(":role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")
    assert harness.expect_error("DeleteRole", RoleName="AWSServiceRoleForECS")[0] == "UnmodifiableEntityException"
    task = harness.iam("DeleteServiceLinkedRole", RoleName="AWSServiceRoleForECS")["DeletionTaskId"]
    assert harness.iam("GetServiceLinkedRoleDeletionStatus", DeletionTaskId=task)["Status"] == "SUCCEEDED"


def test_a_simulation_says_which_policy_decides(harness: IamHarness) -> None:
    harness.role("night", STATES, allow("ecs:RunTask"), {**allow("ecs:StopTask"), "Effect": "Deny"})
    actions = ["ecs:RunTask", "ecs:StopTask", "sns:Publish"]
    found = harness.iam("SimulatePrincipalPolicy", PolicySourceArn=role_arn("night"), ActionNames=actions)
    decisions = [(each["EvalDecision"], each["MatchedStatements"]) for each in found["EvaluationResults"]]
    matched = [{"SourcePolicyId": "policy", "SourcePolicyType": "role"}]
    assert decisions == [("allowed", matched), ("explicitDeny", matched), ("implicitDeny", [])]


def test_a_simulation_uses_the_given_condition_keys_and_boundary(harness: IamHarness) -> None:
    policy = document(allow("iam:PassRole", StringEquals={"iam:PassedToService": "ecs-tasks.amazonaws.com"}))
    context = [{"ContextKeyName": "iam:PassedToService", "ContextKeyValues": ["ecs-tasks.amazonaws.com"]}]
    given = {"PolicyInputList": [policy], "ActionNames": ["iam:PassRole"]}

    def decision(**more: Json) -> str:
        (result,) = harness.iam("SimulateCustomPolicy", **given, **more)["EvaluationResults"]
        return str(result["EvalDecision"])

    assert decision(ContextEntries=context) == "allowed"
    assert decision() == "implicitDeny"
    bounded = [document(allow("s3:*"))]
    assert decision(ContextEntries=context, PermissionsBoundaryPolicyInputList=bounded) == "implicitDeny"


def test_a_simulation_of_several_resources_has_the_strictest_decision_and_each_one(harness: IamHarness) -> None:
    first, second, third = (f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}" for name in ("a", "b", "c"))
    team = {"StringEquals": {"aws:PrincipalTag/team": "x"}}
    deny = {"Effect": "Deny", "Action": "sqs:*", "Resource": second, "Condition": team}
    statements = [{"Effect": "Allow", "Action": "sqs:*", "Resource": [first, second]}, deny]
    given = {"PolicyInputList": [document(*statements)], "ActionNames": ["sqs:SendMessage"]}

    def evaluate(*resources: str, **more: Json) -> Json:
        (result,) = harness.iam("SimulateCustomPolicy", **given, ResourceArns=list(resources), **more)[
            "EvaluationResults"
        ]
        return result

    context = [{"ContextKeyName": "aws:PrincipalTag/team", "ContextKeyValues": ["x"]}]
    result = evaluate(first, second, third, ContextEntries=context)
    assert (result["EvalDecision"], result["EvalDecisionDetails"]) == ("explicitDeny", {})
    assert result["MatchedStatements"] == [{"SourcePolicyId": "PolicyInputList.1", "SourcePolicyType": "none"}]
    each = [(one["EvalResourceName"], one["EvalResourceDecision"]) for one in result["ResourceSpecificResults"]]
    assert each == [(first, "allowed"), (second, "explicitDeny"), (third, "implicitDeny")]
    assert evaluate(first, third)["EvalDecision"] == "implicitDeny"
    single = evaluate(first)
    assert (single["EvalDecision"], single["MissingContextValues"]) == ("allowed", ["aws:PrincipalTag/team"])
    for resources in (["*"], []):
        whole = evaluate(*resources)
        assert whole["EvalResourceName"] == "*"
        assert "ResourceSpecificResults" not in whole
        assert "EvalDecisionDetails" not in whole


def test_the_summary_counts_what_the_account_has(harness: IamHarness) -> None:
    harness.role("night")
    summary = harness.iam("GetAccountSummary")["SummaryMap"]
    assert (summary["Roles"], summary["Policies"], summary["AttachedPoliciesPerRoleQuota"]) == (1, 0, 10)
