"""Valid requests of Step Functions."""

from lamplighter.base.json_text import Json
from tests.fuzz.known_texts import DEFINITIONS, ROLE
from tests.fuzz.valid_requests.place import STATES

MACHINE: Json = {"stateMachineArn": f"{STATES}:stateMachine:night"}
VERSION: Json = {"stateMachineVersionArn": f"{STATES}:stateMachine:night:1"}
ALIAS: Json = {"stateMachineAliasArn": f"{STATES}:stateMachine:night:live"}
ACTIVITY: Json = {"activityArn": f"{STATES}:activity:a"}
RUN: Json = {"executionArn": f"{STATES}:execution:waits:a"}
RESOURCE: Json = {"resourceArn": f"{STATES}:stateMachine:night"}
TOKEN: Json = {"taskToken": "${tasktoken}"}


def _start(machine: str, name: str, text: str = "{}") -> tuple[str, Json]:
    return "StartExecution", {"stateMachineArn": f"{STATES}:stateMachine:{machine}", "name": name, "input": text}


BEGIN: list[tuple[str, Json]] = [
    ("CreateActivity", {"name": "a"}),
    ("DescribeActivity", ACTIVITY),
    ("ListActivities", {}),
    *(
        ("CreateStateMachine", {"name": name, "definition": definition, "roleArn": ROLE, "publish": True})
        for name, definition in zip(("night", "waits", "fails", "asks", "maps", "runs"), DEFINITIONS, strict=True)
    ),
    ("CreateStateMachine", {"name": "quick", "definition": DEFINITIONS[0], "roleArn": ROLE, "type": "EXPRESS"}),
    ("DescribeStateMachine", MACHINE),
    ("ListStateMachines", {}),
    ("ListStateMachineVersions", MACHINE),
    ("CreateStateMachineAlias", {"name": "live", "routingConfiguration": [{**VERSION, "weight": 100}]}),
    ("DescribeStateMachineAlias", ALIAS),
    ("ListStateMachineAliases", MACHINE),
    ("UpdateStateMachineAlias", {**ALIAS, "description": "a"}),
    ("UpdateStateMachine", {**MACHINE, "definition": DEFINITIONS[1]}),
    ("PublishStateMachineVersion", MACHINE),
    ("ValidateStateMachineDefinition", {"definition": DEFINITIONS[0]}),
    ("TestState", {"definition": '{"Type":"Pass","End":true}', "input": "{}"}),
    _start("waits", "a"),
    ("ListExecutions", {"stateMachineArn": f"{STATES}:stateMachine:waits"}),
    ("DescribeExecution", RUN),
    ("DescribeStateMachineForExecution", RUN),
    ("GetExecutionHistory", RUN),
    ("StopExecution", RUN),
    ("RedriveExecution", RUN),
    ("StartSyncExecution", {"stateMachineArn": f"{STATES}:stateMachine:quick", "input": "{}"}),
    _start("asks", "a"),
    ("GetActivityTask", ACTIVITY),
    ("SendTaskHeartbeat", TOKEN),
    ("SendTaskSuccess", {**TOKEN, "output": "{}"}),
    _start("asks", "b"),
    ("GetActivityTask", ACTIVITY),
    ("SendTaskFailure", TOKEN),
    _start("maps", "a", '{"items":[1,2]}'),
    ("ListMapRuns", {"executionArn": f"{STATES}:execution:maps:a"}),
    ("DescribeMapRun", {"mapRunArn": "${maprunarn}"}),
    ("UpdateMapRun", {"mapRunArn": "${maprunarn}", "maxConcurrency": 1}),
    ("TagResource", {**RESOURCE, "tags": [{"key": "a", "value": "b"}]}),
    ("ListTagsForResource", RESOURCE),
]
END: list[tuple[str, Json]] = [
    ("UntagResource", {**RESOURCE, "tagKeys": ["a"]}),
    ("DeleteStateMachineAlias", ALIAS),
    ("DeleteStateMachineVersion", VERSION),
    ("DeleteStateMachine", MACHINE),
    ("DeleteActivity", ACTIVITY),
]
