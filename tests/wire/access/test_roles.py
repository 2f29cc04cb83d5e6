"""Roles: what each operation of an engine needs."""

from pathlib import Path

import pytest

from lamplighter.bus import Operation
from lamplighter.engine.config import EngineConfig, RuntimeChoice
from lamplighter.engine.engine import Engine
from lamplighter.wire.access import roles
from lamplighter.wire.access.roles import Role, needed_role, overrides_job
from tests.engine_harness import EngineHarness

HARMLESS = ("Count", "Describe", "Find", "Filter", "Get", "Latest", "List", "Measure", "Peek", "Search")
"""The first words of the names of operations that only read."""
ALSO_HARMLESS = {
    *("HeadBucket", "HeadObject"),
    "CheckIfPhoneNumberIsOptedOut",
    *("TestEventPattern", "TestMetricFilter", "ValidateStateMachineDefinition"),
    *("SimulateCustomPolicy", "SimulatePrincipalPolicy"),
    *("AssumeRoleWithWebIdentity", "DecodeAuthorizationMessage"),  # always refused
}
"""Operations that read under another name, or compute something from their parameters alone."""


@pytest.fixture
def operations(tmp_path: Path) -> list[tuple[str, str, Operation]]:
    """All operations of an engine."""
    with EngineHarness.running(tmp_path / "data") as harness:
        services = harness.engine.services
        return [
            (name, each, dict(found.operations)[each]) for name, found in services.items() for each in found.operations
        ]


def test_each_role_includes_the_ones_before_it() -> None:
    assert [[mine.allows(needed) for needed in Role] for mine in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_look_is_enough_only_for_operations_whose_names_say_that_they_read(
    operations: list[tuple[str, str, Operation]],
) -> None:
    """A new operation that reads and has another name, or has an effect, must be decided here."""
    assert len(operations) > 150
    allowed = {
        name
        for service, name, entry in operations
        if needed_role(service, name, only_reads=entry.write is None) is Role.LOOK
    }
    assert {each for each in allowed if not each.startswith(HARMLESS)} == ALSO_HARMLESS
    assert not allowed & {"ReceiveMessage", "GetActivityTask", "StartSyncExecution", "TestState"}


def test_the_listed_operations_exist(operations: list[tuple[str, str, Operation]]) -> None:
    known = {(service, name) for service, name, _ in operations}
    for table in (roles.DATA_OPERATIONS, roles.RUN_OPERATIONS, roles.UNSAFE_READS):
        assert {(service, name) for service, names in table.items() for name in names} <= known


@pytest.mark.parametrize(
    ("service", "operation", "role"),
    [
        ("states", "StartExecution", Role.RUN), ("states", "StopExecution", Role.RUN),
        ("states", "RedriveExecution", Role.RUN), ("ecs", "StopTask", Role.RUN), ("sqs", "SendMessage", Role.RUN),
        ("ecs", "RunTask", Role.CHANGE), ("sqs", "PurgeQueue", Role.CHANGE), ("sns", "Subscribe", Role.CHANGE),
        ("scheduler", "UpdateSchedule", Role.CHANGE), ("states", "CreateStateMachine", Role.CHANGE),
        ("new", "Thing", Role.CHANGE),
    ],
)  # fmt: skip
def test_what_writes_needs_change_unless_it_only_uses_what_is_there(service: str, operation: str, role: Role) -> None:
    assert needed_role(service, operation, only_reads=False) is role


@pytest.mark.parametrize(
    ("given", "overrides"),
    [
        ('{"night": 1}', False),
        ("[1]", False),
        ('{"deep": {"lamplighter": {"command": ["x"]}}}', False),
        ('{"lamplighter": {"command": ["x"]}}', True),
        ('{"\\u006camplighter": {"environment": {}}}', True),
        ('[[1, {"night": 2}], []]', False),
        ('[{"lamplighter": {"command": ["x"]}}]', True),  # JSONata reads a key of the objects in an array, too
        ('[1, [[{"night": 2}, {"lamplighter": {"command": ["x"]}}]]]', True),
        ("not JSON", True),
    ],
)
def test_an_input_that_overrides_the_command_of_a_job_is_recognized(given: str, overrides: bool) -> None:
    assert overrides_job("states", "StartExecution", {"input": given}) == overrides
    assert overrides_job("states", "StartSyncExecution", {"input": given}) == overrides
    assert not overrides_job("sqs", "SendMessage", {"input": given})


def test_an_engine_says_which_operations_only_read(tmp_path: Path) -> None:
    config = EngineConfig(data_directory=tmp_path / "data", runtime=RuntimeChoice.PROCESS)
    with EngineHarness.running(config.data_directory) as harness:
        engine: Engine = harness.engine
        assert harness.run(engine.bus.only_reads("sqs", "ListQueues"))  # loads the service first
        assert not harness.run(engine.bus.only_reads("sqs", "PurgeQueue"))
