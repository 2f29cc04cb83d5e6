"""The role of a stack, or else its caller, decides about what CloudFormation does for it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
"""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from tests.engine_harness import ACCOUNT, REGION
from tests.services.iam.iam_harness import SCHEDULER, EnforcingHarness, allow, document, role_arn

CLOUDFORMATION, PEOPLE = "cloudformation.amazonaws.com", "ec2.amazonaws.com"
QUEUES = f"arn:aws:sqs:{REGION}:{ACCOUNT}:*"
STACKS = allow("cloudformation:*")


def queue(name: str = "q", **properties: Json) -> Json:
    """Return a queue of a template."""
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, **properties}}


def template(**resources: Json) -> str:
    """Return the text of a template."""
    return dumps({"Resources": resources})


def state(harness: EnforcingHarness, name: str = "s") -> str:
    """Return the status of a stack."""
    found: str = harness.call("cloudformation", "DescribeStacks", StackName=name)["Stacks"][0]["StackStatus"]
    return found


def failures(harness: EnforcingHarness, name: str = "s") -> list[str]:
    """Return why resources of a stack failed."""
    events = harness.call("cloudformation", "DescribeStackEvents", StackName=name)["StackEvents"]
    resources = [each for each in events if each["PhysicalResourceId"] != each["StackId"]]
    return [each["ResourceStatusReason"] for each in resources if each["ResourceStatus"].endswith("_FAILED")]


def create_as(harness: EnforcingHarness, role: str, text: str, **params: Json) -> str:
    """Create a stack with credentials of a role, and return the status in which the operation ends."""
    harness.call_as(role, "cloudformation", "CreateStack", StackName="s", TemplateBody=text, **params)
    return state(harness)


def test_the_caller_decides_about_a_stack_without_a_role(enforcing: EnforcingHarness) -> None:
    caller = enforcing.role("caller", PEOPLE, STACKS)
    assert create_as(enforcing, caller, template(Q=queue())) == "ROLLBACK_COMPLETE"
    reason = failures(enforcing)[0]
    assert reason.startswith(
        f'Resource handler returned message: "User: arn:aws:sts::{ACCOUNT}:assumed-role/caller/someone is not '
        f"authorized to perform: sqs:createqueue on resource: arn:aws:sqs:{REGION}:{ACCOUNT}:q because no "
        'identity-based policy allows the sqs:createqueue action" (RequestToken: '
    )
    assert reason.endswith("HandlerErrorCode: AccessDenied)")
    enforcing.call("cloudformation", "DeleteStack", StackName="s")
    enforcing.settle()
    enforcing.put_policy("caller", STACKS, allow("sqs:*"))
    assert create_as(enforcing, caller, template(Q=queue())) == "CREATE_COMPLETE"


def test_the_role_of_a_stack_decides_about_all_later_operations(enforcing: EnforcingHarness) -> None:
    """The caller needs no permission for queues, and may pass the role only once."""
    role = enforcing.role("deploys", CLOUDFORMATION, allow("sqs:*", QUEUES))
    passing = allow("iam:PassRole", role, StringEquals={"iam:PassedToService": CLOUDFORMATION})
    caller = enforcing.role("caller", PEOPLE, STACKS, passing)
    assert create_as(enforcing, caller, template(Q=queue()), RoleARN=role) == "CREATE_COMPLETE"
    enforcing.put_policy("caller", STACKS)
    changed = template(Q=queue(DelaySeconds=5))
    enforcing.call_as(caller, "cloudformation", "UpdateStack", StackName="s", TemplateBody=changed)
    assert state(enforcing) == "UPDATE_COMPLETE"
    enforcing.put_policy("deploys", allow("sqs:CreateQueue"))
    enforcing.call("cloudformation", "DeleteStack", StackName="s")
    enforcing.settle()
    assert state(enforcing) == "DELETE_FAILED"
    (reason,) = failures(enforcing)
    assert "assumed-role/deploys/AWSCloudFormation is not authorized to perform: sqs:deletequeue" in reason


def test_a_caller_must_be_allowed_to_pass_the_role_of_a_stack(enforcing: EnforcingHarness) -> None:
    role = enforcing.role("deploys", CLOUDFORMATION, allow("*"))
    caller = enforcing.role("caller", PEOPLE, STACKS, allow("iam:PassRole", role_arn("other")))
    given = {"StackName": "s", "TemplateBody": template(Q=queue()), "RoleARN": role}
    message = enforcing.denied_as(caller, "cloudformation", "CreateStack", **given)
    assert f"is not authorized to perform: iam:PassRole on resource: {role}" in message
    named = {"ChangeSetName": "c", "ChangeSetType": "CREATE"}
    enforcing.denied_as(caller, "cloudformation", "CreateChangeSet", **named, **given)
    enforcing.call("cloudformation", "CreateStack", StackName="s", TemplateBody=template(Q=queue()))
    enforcing.settle()
    for operation in ("DeleteStack", "UpdateStack", "RollbackStack", "ContinueUpdateRollback"):
        enforcing.denied_as(caller, "cloudformation", operation, StackName="s", RoleARN=role)


def test_the_role_of_a_change_set_looks_for_what_it_imports(enforcing: EnforcingHarness) -> None:
    """The caller may read neither the log groups nor the parameter in the name of one."""
    role = enforcing.role("deploys", CLOUDFORMATION, allow("logs:*"), allow("ssm:*"))
    caller = enforcing.role("caller", PEOPLE, STACKS, allow("iam:PassRole", role))
    enforcing.call("ssm", "PutParameter", Name="/mine", Value="mine", Type="String")
    enforcing.call("logs", "CreateLogGroup", logGroupName="mine")
    properties = {"LogGroupName": "{{resolve:ssm:/mine}}"}
    text = template(L={"Type": "AWS::Logs::LogGroup", "Properties": properties, "DeletionPolicy": "Retain"})
    named = {"StackName": "s", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": text}
    given = {**named, "RoleARN": role, "ImportExistingResources": True}
    key = enforcing.call_as(caller, "cloudformation", "CreateChangeSet", **given)["Id"]
    (change,) = enforcing.call("cloudformation", "DescribeChangeSet", ChangeSetName=key)["Changes"]
    assert change["ResourceChange"]["Action"] == "Import"


def test_a_stack_s_role_must_trust_cloudformation(enforcing: EnforcingHarness) -> None:
    role = enforcing.role("deploys", SCHEDULER, allow("*"))
    refused = enforcing.expect_error(
        "CreateStack", "cloudformation", StackName="s", TemplateBody=template(Q=queue()), RoleARN=role
    )
    assert refused == ("ValidationError", f"Role {role} is invalid or cannot be assumed")


def test_the_trust_policy_of_a_stack_s_role_may_name_the_stack(enforcing: EnforcingHarness) -> None:
    """AWS recommends the condition against the confused deputy, and it holds already when the stack is created."""
    role = enforcing.role("deploys", CLOUDFORMATION, allow("*"))
    principal = {"Effect": "Allow", "Principal": {"Service": CLOUDFORMATION}, "Action": "sts:AssumeRole"}
    for name, status in (("other", None), ("s", "CREATE_COMPLETE")):
        source = {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/*"}}
        text = document({**principal, "Condition": source})
        enforcing.iam("UpdateAssumeRolePolicy", RoleName="deploys", PolicyDocument=text)
        given = {"StackName": "s", "TemplateBody": template(Q=queue()), "RoleARN": role}
        if status is None:
            enforcing.expect_error("CreateStack", "cloudformation", **given)
        else:
            enforcing.call("cloudformation", "CreateStack", **given)
            enforcing.settle()
            assert state(enforcing) == status


def test_who_detects_drift_reads_the_resources(enforcing: EnforcingHarness) -> None:
    """And not the caller of the stack's last operation."""
    enforcing.call("cloudformation", "CreateStack", StackName="s", TemplateBody=template(Q=queue()))
    enforcing.settle()
    caller = enforcing.role("caller", PEOPLE, STACKS)
    enforcing.call_as(caller, "cloudformation", "DetectStackDrift", StackName="s")
    drifts = enforcing.call("cloudformation", "DescribeStackResourceDrifts", StackName="s")["StackResourceDrifts"]
    assert [each["StackResourceDriftStatus"] for each in drifts] == ["UNKNOWN"]
    enforcing.call("cloudformation", "DetectStackDrift", StackName="s")
    enforcing.settle()
    drifts = enforcing.call("cloudformation", "DescribeStackResourceDrifts", StackName="s")["StackResourceDrifts"]
    assert [each["StackResourceDriftStatus"] for each in drifts] == ["IN_SYNC"]


def test_a_resource_passes_its_role_under_the_role_of_the_stack(enforcing: EnforcingHarness) -> None:
    target = enforcing.role("starts", SCHEDULER)
    schedule = {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "Name": "nightly",
            "ScheduleExpression": "rate(1 day)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t", "RoleArn": target},
        },
    }
    role = enforcing.role("deploys", CLOUDFORMATION, allow("scheduler:*"))
    given = {"StackName": "s", "TemplateBody": template(S=schedule), "RoleARN": role, "OnFailure": "DELETE"}
    key = enforcing.call("cloudformation", "CreateStack", **given)["StackId"]
    enforcing.settle()
    assert f"is not authorized to perform: iam:PassRole on resource: {target}" in failures(enforcing, key)[0]
    passing = allow("iam:PassRole", target, StringEquals={"iam:PassedToService": SCHEDULER})
    enforcing.put_policy("deploys", allow("scheduler:*"), passing)
    enforcing.call("cloudformation", "CreateStack", **given)
    enforcing.settle()
    assert state(enforcing) == "CREATE_COMPLETE"


@pytest.mark.parametrize("reference", ["{{resolve:ssm:token}}", "{{resolve:secretsmanager:secret}}"])
def test_a_template_reads_no_value_that_its_caller_may_not_read(enforcing: EnforcingHarness, reference: str) -> None:
    """Otherwise a role that may create stacks could read every secret."""
    enforcing.call("ssm", "PutParameter", Name="token", Value="hidden", Type="String")
    enforcing.call("secretsmanager", "CreateSecret", Name="secret", SecretString="hidden")
    caller = enforcing.role("caller", PEOPLE, STACKS, allow("sqs:*"))
    text = template(
        Q={"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q", "Tags": [{"Key": "a", "Value": reference}]}}
    )
    assert create_as(enforcing, caller, text) == "ROLLBACK_COMPLETE"
    assert "is not authorized to perform: s" in failures(enforcing)[0]


def test_a_parameter_of_ssm_and_a_template_s_address_need_the_caller(enforcing: EnforcingHarness) -> None:
    enforcing.call("ssm", "PutParameter", Name="token", Value="hidden", Type="String")
    enforcing.call("s3", "CreateBucket", Bucket="bucket")
    enforcing.call("s3", "PutObject", Bucket="bucket", Key="t.json", Body=template(Q=queue()).encode())
    caller = enforcing.role("caller", PEOPLE, STACKS, allow("sqs:*"))
    parameters = {"P": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "token"}}
    text = dumps({"Parameters": parameters, "Resources": {"Q": queue()}, "Outputs": {"O": {"Value": {"Ref": "P"}}}})
    url = "https://bucket.s3.amazonaws.com/t.json"
    for given in ({"TemplateBody": text}, {"TemplateURL": url}):
        for operation in ("CreateStack", "ValidateTemplate", "GetTemplateSummary"):
            if operation != "CreateStack" and "TemplateBody" in given:
                continue
            params = {**given, "StackName": "s"} if operation == "CreateStack" else given
            with pytest.raises(AwsError) as error:
                enforcing.call_as(caller, "cloudformation", operation, **params)
            assert "Unable to fetch parameters" in error.value.message or "s3:GetObject" in error.value.message
    enforcing.put_policy("caller", STACKS, allow("sqs:*"), allow("s3:GetObject", "arn:aws:s3:::bucket/*"))
    enforcing.call_as(caller, "cloudformation", "CreateStack", StackName="s", TemplateURL=url)
    assert state(enforcing) == "CREATE_COMPLETE"


def test_a_nested_stack_has_the_caller_of_its_parent(enforcing: EnforcingHarness) -> None:
    enforcing.call("s3", "CreateBucket", Bucket="bucket")
    enforcing.call("s3", "PutObject", Bucket="bucket", Key="t.json", Body=template(Q=queue()).encode())
    url = "https://bucket.s3.amazonaws.com/t.json"
    nested = template(N={"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}})
    reads = allow("s3:GetObject")
    caller = enforcing.role("caller", PEOPLE, STACKS, reads)
    assert create_as(enforcing, caller, nested) == "ROLLBACK_COMPLETE"
    assert "was not successfully created" in failures(enforcing)[0]
    enforcing.call("cloudformation", "DeleteStack", StackName="s")
    enforcing.settle()
    own = allow("cloudformation:*", f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/s/*")
    enforcing.put_policy("caller", own, reads, allow("sqs:*"))
    assert create_as(enforcing, caller, nested) == "ROLLBACK_COMPLETE"
    assert "is not authorized to perform: cloudformation:CreateStack on resource" in failures(enforcing)[0]
    enforcing.call("cloudformation", "DeleteStack", StackName="s")
    enforcing.settle()
    enforcing.put_policy("caller", STACKS, reads, allow("sqs:*"))
    assert create_as(enforcing, caller, nested) == "CREATE_COMPLETE"


def test_who_executes_a_change_set_decides(enforcing: EnforcingHarness) -> None:
    author = enforcing.role("author", PEOPLE, STACKS, allow("sqs:*"))
    caller = enforcing.role("caller", PEOPLE, STACKS)
    given = {"StackName": "s", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": template(Q=queue())}
    enforcing.call_as(author, "cloudformation", "CreateChangeSet", **given)
    enforcing.call_as(caller, "cloudformation", "ExecuteChangeSet", StackName="s", ChangeSetName="c")
    assert state(enforcing) == "ROLLBACK_COMPLETE"


def test_a_stack_that_a_key_of_the_account_deploys_is_not_limited(enforcing: EnforcingHarness) -> None:
    """Also after a caller with a role has failed to change it."""
    enforcing.call("cloudformation", "CreateStack", StackName="s", TemplateBody=template(Q=queue()))
    enforcing.settle()
    caller = enforcing.role("caller", PEOPLE, STACKS)
    changed = template(Q=queue(), R=queue("r"))
    enforcing.call_as(caller, "cloudformation", "UpdateStack", StackName="s", TemplateBody=changed)
    assert state(enforcing) == "UPDATE_ROLLBACK_COMPLETE"
    enforcing.call("cloudformation", "UpdateStack", StackName="s", TemplateBody=changed)
    enforcing.settle()
    assert state(enforcing) == "UPDATE_COMPLETE"


def test_a_policy_may_require_that_a_call_comes_from_cloudformation(enforcing: EnforcingHarness) -> None:
    """aws:CalledVia has the services that call for a caller; a role of the stack is not called via anything."""
    called = {"ForAnyValue:StringEquals": {"aws:CalledVia": [CLOUDFORMATION]}, "Bool": {"aws:ViaAWSService": "true"}}
    caller = enforcing.role("caller", PEOPLE, STACKS, allow("sqs:*", **called))
    enforcing.denied_as(caller, "sqs", "CreateQueue", QueueName="q")
    assert create_as(enforcing, caller, template(Q=queue())) == "CREATE_COMPLETE"
    role = enforcing.role("deploys", CLOUDFORMATION, allow("sqs:*", **called))
    enforcing.call("cloudformation", "CreateStack", StackName="t", TemplateBody=template(Q=queue("r")), RoleARN=role)
    enforcing.settle()
    assert state(enforcing, "t") == "ROLLBACK_COMPLETE"


def test_policies_of_a_session_limit_the_stack_that_it_creates(enforcing: EnforcingHarness) -> None:
    from_boundary = document(allow(["cloudformation:*", "sns:*"]))
    bound = enforcing.iam("CreatePolicy", PolicyName="bound", PolicyDocument=from_boundary)["Policy"]["Arn"]
    caller = enforcing.role("caller", PEOPLE, allow("*"))
    enforcing.iam("PutRolePermissionsBoundary", RoleName="caller", PermissionsBoundary=bound)
    assert create_as(enforcing, caller, template(Q=queue())) == "ROLLBACK_COMPLETE"
    assert "because no permissions boundary allows" in failures(enforcing)[0]
