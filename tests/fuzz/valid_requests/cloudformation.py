"""Valid requests of CloudFormation."""

from lamplighter.base.json_text import Json
from tests.fuzz.known_texts import TEMPLATES

STACK: Json = {"StackName": "a"}
CHANGE: Json = {**STACK, "ChangeSetName": "a"}

BEGIN: list[tuple[str, Json]] = [
    ("ValidateTemplate", {"TemplateBody": TEMPLATES[0]}),
    ("GetTemplateSummary", {"TemplateBody": TEMPLATES[2]}),
    ("CreateStack", {**STACK, "TemplateBody": TEMPLATES[0]}),
    ("DescribeStacks", STACK),
    ("DescribeStackEvents", STACK),
    ("DescribeEvents", STACK),
    ("DescribeStackResources", STACK),
    ("DescribeStackResource", {**STACK, "LogicalResourceId": "Queue"}),
    ("ListStackResources", STACK),
    ("ListStacks", {}),
    ("GetTemplate", STACK),
    (
        "SetStackPolicy",
        {
            **STACK,
            "StackPolicyBody": '{"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"}]}',
        },
    ),
    ("GetStackPolicy", STACK),
    ("UpdateStack", {**STACK, "TemplateBody": TEMPLATES[1]}),
    ("CreateChangeSet", {**CHANGE, "TemplateBody": TEMPLATES[2]}),
    ("DescribeChangeSet", CHANGE),
    ("ListChangeSets", STACK),
    ("ExecuteChangeSet", CHANGE),
    ("ListExports", {}),
    ("CreateChangeSet", {**STACK, "ChangeSetName": "b", "TemplateBody": TEMPLATES[0]}),
    ("DetectStackDrift", STACK),
    ("DescribeStackDriftDetectionStatus", {"StackDriftDetectionId": "${stackdriftdetectionid}"}),
    ("DescribeStackResourceDrifts", STACK),
    ("DetectStackResourceDrift", {**STACK, "LogicalResourceId": "Topic"}),
    ("UpdateTerminationProtection", {**STACK, "EnableTerminationProtection": False}),
]
END: list[tuple[str, Json]] = [
    ("DeleteChangeSet", {**STACK, "ChangeSetName": "b"}),
    ("DeleteStack", STACK),
]
