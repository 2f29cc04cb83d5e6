"""`lamplighter up --template`: what somebody has already runs here, unchanged."""

import json

from tests.cli.up_folder import UpFolder
from tests.services.cloudformation.cloudformation_harness import template


def test_a_template_of_the_cdk_comes_up_and_says_what_of_it_has_no_effect_here(home: UpFolder) -> None:
    file = home.folder / "App.template.json"
    file.write_text(template("cdk/ScheduledMachine.template.json"))
    home.up("--template", str(file))
    home.says("the stack App is up")
    home.says("not simulated here:")
    assert "2 of them" in home.says("AWS::EC2::Subnet:") or "AWS::EC2::Subnet: " in home.says("AWS::EC2::Subnet:")
    assert not [line for line in home.lines if "AWS::Scheduler::Schedule" in line]
    assert home.stack("App")["StackStatus"] == "CREATE_COMPLETE"


def test_a_template_is_watched_and_its_machines_are_told_of(home: UpFolder) -> None:
    file = home.folder / "Night.yaml"
    file.write_text(machine("first"))
    home.up("--template", str(file), "--parameters", "Word=said")
    home.says("the stack Night is up")
    arn = home.sfn.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    assert home.ended(home.start(arn))["output"] == '"first said"'
    home.says("steps: succeeded")
    before = len(home.lines)
    file.write_text(machine("second"))
    home.says("the stack Night is up: 1 resources", before)
    assert home.ended(home.start(arn))["output"] == '"second said"'
    file.write_text("Resources: [")
    home.says("is not applied: the jobs are unchanged")
    file.write_text(json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}))
    home.says("no template has such a parameter")


def machine(word: str) -> str:
    state = {"Type": "Pass", "Result": f"{word} ${{Word}}", "End": True}
    definition = json.dumps({"StartAt": "A", "States": {"A": state}})
    role = "arn:aws:iam::123456789012:role/r"
    properties = {"StateMachineName": "steps", "RoleArn": role, "DefinitionString": {"Fn::Sub": definition}}
    resources = {"M": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}
    return json.dumps({"Parameters": {"Word": {"Type": "String"}}, "Resources": resources})
