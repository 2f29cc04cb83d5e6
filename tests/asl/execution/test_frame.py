"""Frames on disk equal the frames in memory after each step."""

import sqlite3

from lamplighter.asl.execution.messages import TaskSucceeded
from lamplighter.base.json_text import Json
from lamplighter.services.states.tables.frames import dump_counters, load, save
from lamplighter.store.db import CommitSignals, Tx
from lamplighter.store.migrate import migrate
from tests.asl.simulated_execution import simulate, without_progress

TASK: Json = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask", "End": True}


def choice_by_turn(number: int, target: str, default: str) -> Json:
    return {
        "Type": "Choice",
        "Choices": [{"Variable": "$turn", "NumericEquals": number, "Next": target}],
        "Default": default,
    }


def test_a_map_that_runs_again_within_one_step_keeps_no_result_of_its_first_run() -> None:
    """The last answer of the first run ends the Map, loops back to it and finishes its first item, in one step."""
    first = {"Variable": "$$.Map.Item.Index", "NumericEquals": 0, "Next": "Quick"}
    processor = {
        "StartAt": "Turn",
        "States": {
            "Turn": choice_by_turn(1, "Index", "Work"),
            "Index": {"Type": "Choice", "Choices": [first], "Default": "Work"},
            "Quick": {"Type": "Pass", "Result": "second turn", "End": True},
            "Work": TASK,
        },
    }
    simulated = simulate(
        {
            "Begin": {"Type": "Pass", "Assign": {"turn": 0}, "Next": "Each"},
            "Each": {
                "Type": "Map",
                "ItemsPath": "$$.Execution.Input",
                "ItemProcessor": processor,
                "Next": "Again",
            },
            "Again": {"Type": "Pass", "Assign": {"turn.$": "States.MathAdd($turn, 1)"}, "Next": "Test"},
            "Test": choice_by_turn(1, "Each", "Done"),
            "Done": {"Type": "Succeed"},
        },
        ["a", "b"],
    )
    for _ in range(2):
        simulated.send(TaskSucceeded(*next(iter(simulated.tasks)), "first turn"))
    assert simulated.execution.results == {1: {0: '"second turn"'}}
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    tx = Tx(connection, CommitSignals())
    for recorded in simulated.steps:
        save(tx, 1, recorded.before, recorded.step.execution)
    assert load(tx, 1, without_progress(simulated.execution), dump_counters(simulated.execution)) == simulated.execution
    connection.close()
