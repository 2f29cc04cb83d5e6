"""Frames on disk: what one step replaced is replaced there, too."""

import sqlite3

from lamplighter.asl.execution.messages import TaskSucceeded
from lamplighter.base.json_text import Json
from lamplighter.services.states.tables.frames import dump_counters, load, save
from lamplighter.store.db import CommitSignals, Tx
from lamplighter.store.migrate import migrate
from tests.asl.simulated_execution import fresh, play

TASK: Json = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask", "End": True}


def counted(number: int, target: str, default: str) -> Json:
    return {
        "Type": "Choice",
        "Choices": [{"Variable": "$turn", "NumericEquals": number, "Next": target}],
        "Default": default,
    }


def test_a_map_that_runs_again_within_one_step_leaves_no_result_of_its_first_turn() -> None:
    """The first turn's last answer gathers the Map, loops back to it, and finishes its first item: one step."""
    first = {"Variable": "$$.Map.Item.Index", "NumericEquals": 0, "Next": "Quick"}
    processor = {
        "StartAt": "Turn",
        "States": {
            "Turn": counted(1, "Index", "Work"),
            "Index": {"Type": "Choice", "Choices": [first], "Default": "Work"},
            "Quick": {"Type": "Pass", "Result": "second turn", "End": True},
            "Work": TASK,
        },
    }
    night = play(
        {
            "Begin": {"Type": "Pass", "Assign": {"turn": 0}, "Next": "Each"},
            "Each": {
                "Type": "Map",
                "ItemsPath": "$$.Execution.Input",
                "ItemProcessor": processor,
                "Next": "Again",
            },
            "Again": {"Type": "Pass", "Assign": {"turn.$": "States.MathAdd($turn, 1)"}, "Next": "Test"},
            "Test": counted(1, "Each", "Done"),
            "Done": {"Type": "Succeed"},
        },
        ["a", "b"],
    )
    for _ in range(2):
        night.tell(TaskSucceeded(*next(iter(night.work)), "first turn"))
    assert night.execution.results == {1: {0: '"second turn"'}}
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    tx = Tx(connection, CommitSignals())
    for scene in night.scenes:
        save(tx, 1, scene.before, scene.step.execution)
    assert load(tx, 1, fresh(night.execution), dump_counters(night.execution)) == night.execution
    connection.close()
