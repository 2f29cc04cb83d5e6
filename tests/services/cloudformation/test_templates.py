"""Templates that somebody has already come up here unchanged."""

from tests.services.cloudformation.office import Office, template

IAM = ["CAPABILITY_IAM"]


def test_a_scheduled_fargate_task_of_the_cdk_comes_up(office: Office) -> None:
    office.create(template("cdk_scheduled_fargate.json"), Capabilities=IAM)
    assert office.state() == "CREATE_COMPLETE", office.reasons()


def test_a_schedule_of_the_cdk_that_starts_a_state_machine_comes_up(office: Office) -> None:
    office.create(template("cdk_scheduled_machine.json"), Capabilities=IAM)
    assert office.state() == "CREATE_COMPLETE", office.reasons()
