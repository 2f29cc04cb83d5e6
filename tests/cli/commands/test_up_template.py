"""`lamplighter up --template` runs an existing template unchanged."""

import json

from tests.cli.up_folder import UpFolder
from tests.services.cloudformation.cloudformation_harness import template


def test_a_cdk_template_is_deployed_and_unsimulated_resources_are_reported(home: UpFolder) -> None:
    file = home.folder / "App.template.json"
    file.write_text(template("cdk/ScheduledMachine.template.json"))
    home.up("--template", str(file))
    home.wait_for_line("the stack App is up")
    home.wait_for_line("not simulated here:")
    assert "2 of them" in home.wait_for_line("AWS::EC2::Subnet:") or "AWS::EC2::Subnet: " in home.wait_for_line(
        "AWS::EC2::Subnet:"
    )
    assert not [line for line in home.lines if "AWS::Scheduler::Schedule" in line]
    assert home.describe_stack("App")["StackStatus"] == "CREATE_COMPLETE"


def test_a_template_is_watched_and_runs_of_its_machines_are_logged(home: UpFolder) -> None:
    file = home.folder / "Night.yaml"
    file.write_text(machine_template("first"))
    home.up("--template", str(file), "--parameters", "Word=said")
    home.wait_for_line("the stack Night is up")
    arn = home.sfn.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    assert home.ended(home.start(arn))["output"] == '"first said"'
    home.wait_for_line("steps: succeeded")
    before = len(home.lines)
    file.write_text(machine_template("second"))
    home.wait_for_line("the stack Night is up: 1 resource was created or changed", before)
    assert home.ended(home.start(arn))["output"] == '"second said"'
    file.write_text("Resources: [")
    home.wait_for_line("is not applied: the jobs are unchanged")
    file.write_text(json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}))
    home.wait_for_line("no template has such a parameter")


def machine_template(word: str) -> str:
    state = {"Type": "Pass", "Result": f"{word} ${{Word}}", "End": True}
    definition = json.dumps({"StartAt": "A", "States": {"A": state}})
    role = "arn:aws:iam::123456789012:role/r"
    properties = {"StateMachineName": "steps", "RoleArn": role, "DefinitionString": {"Fn::Sub": definition}}
    resources = {"M": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}
    return json.dumps({"Parameters": {"Word": {"Type": "String"}}, "Resources": resources})
