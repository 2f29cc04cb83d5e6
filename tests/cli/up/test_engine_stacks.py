"""Applying a template to a stack in any state that an earlier attempt left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import dumps
from lamplighter.cli.up.engine_stacks import EngineStacks, ResourceChange, StackFailed
from tests.engine_harness import CALLER
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue

BAD = queue(DelaySeconds=99_999)


class StackApplier(CloudFormationHarness):
    """An engine with CloudFormation that applies templates to a stack."""

    def apply(self, text: str, *, from_job_file: bool = False) -> list[ResourceChange]:
        """Apply a template to the stack, and let time pass until it ends."""
        task = self._loops[-1].create_task(
            EngineStacks(self.engine, CALLER).apply("stack", text, {}, from_job_file=from_job_file)
        )
        while not task.done():
            self.settle()
            self.advance(50)
        return task.result()

    def set_status(self, status: str, resource: str = "UPDATE_COMPLETE") -> None:
        """Put the stack into a status that is hard to reach."""
        self.crash()
        self.damage("UPDATE stacks SET status = ?, previous = plan", status)
        self.damage("UPDATE stack_resources SET status = ?", resource)
        self.up()


@pytest.fixture
def applier(tmp_path: Path) -> Iterator[StackApplier]:
    made = StackApplier(tmp_path / "data")
    made.up()
    yield made
    made.close()


def test_a_stack_is_created_and_updated_and_each_resource_s_result_is_returned(applier: StackApplier) -> None:
    def apply_statuses(text: str) -> list[tuple[str, str]]:
        return [(step.logical, step.status) for step in applier.apply(text)]

    assert apply_statuses(body(A=queue(QueueName="a"))) == [("A", "CREATE_COMPLETE")]
    assert apply_statuses(body(A=queue(QueueName="a"))) == []
    assert apply_statuses(body(A=queue(QueueName="a", DelaySeconds=1), B=queue())) == [
        ("A", "UPDATE_COMPLETE"), ("B", "CREATE_COMPLETE"),
    ]  # fmt: skip
    assert apply_statuses(body(B=queue())) == [("A", "DELETE_COMPLETE")]


def test_a_failed_update_is_reported_briefly_and_rolled_back(applier: StackApplier) -> None:
    applier.apply(body(A=queue(QueueName="a")))
    with pytest.raises(StackFailed) as caught:
        applier.apply(body(A=queue(QueueName="a", DelaySeconds=5), B=BAD))
    assert str(caught.value).startswith("B: ")
    assert "RequestToken" not in str(caught.value)
    assert applier.state() == "UPDATE_ROLLBACK_COMPLETE"
    applier.apply(body(A=queue(QueueName="a", DelaySeconds=5)))
    assert applier.state() == "UPDATE_COMPLETE"


def test_an_invalid_template_is_reported(applier: StackApplier) -> None:
    with pytest.raises(StackFailed, match="Unresolved resource dependencies"):
        applier.apply(body(A=queue(QueueName={"Ref": "Nobody"})))


def test_a_transform_that_fails_is_reported_with_its_reason(applier: StackApplier) -> None:
    """No resource has failed then, because there is none yet."""
    text = dumps({"Transform": "AWS::LanguageExtensions", "Resources": {"Fn::ForEach::Q": ["Q"]}})
    with pytest.raises(StackFailed, match=r"^Transform AWS::LanguageExtensions failed with: "):
        applier.apply(text)


def test_a_stack_that_could_not_be_created_is_created_by_the_next_attempt(applier: StackApplier) -> None:
    with pytest.raises(StackFailed):
        applier.apply(body(B=BAD))
    assert applier.state() == "ROLLBACK_COMPLETE"
    applier.apply(body(A=queue(QueueName="a")))
    assert (applier.state(), applier.queues()) == ("CREATE_COMPLETE", ["a"])


@pytest.mark.parametrize("status", ["ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_stack_that_is_stuck_in_deletion_or_rollback_is_recreated(applier: StackApplier, status: str) -> None:
    applier.apply(body(A=queue(QueueName="a")))
    applier.set_status(status)
    applier.apply(body(B=queue(QueueName="b")))
    assert (applier.state(), applier.queues()) == ("CREATE_COMPLETE", ["b"])


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED", "CREATE_FAILED"])
def test_a_stack_that_is_stuck_in_an_update_is_rolled_back_and_updated(applier: StackApplier, status: str) -> None:
    applier.apply(body(A=queue(QueueName="a")))
    applier.set_status(status, "UPDATE_FAILED")
    applier.apply(body(A=queue(QueueName="a", DelaySeconds=1), B=queue(QueueName="b")))
    assert (applier.state(), sorted(applier.queues())) == ("UPDATE_COMPLETE", ["a", "b"])


def test_an_operation_in_progress_is_waited_for(applier: StackApplier) -> None:
    applier.cloudformation("CreateStack", StackName="stack", TemplateBody=body(A=queue(QueueName="a")))
    applier.apply(body(A=queue(QueueName="a"), B=queue(QueueName="b")))
    assert (applier.state(), sorted(applier.queues())) == ("UPDATE_COMPLETE", ["a", "b"])


def test_an_operation_that_a_crash_interrupted_is_waited_for_and_then_updated(applier: StackApplier) -> None:
    many = {f"Q{number}": queue(QueueName=f"q{number}") for number in range(12)}
    applier.cloudformation("CreateStack", StackName="stack", TemplateBody=body(**many))
    applier.restart()
    applier.apply(body(**many, A=queue(QueueName="a")))
    assert (applier.state(), len(applier.queues())) == ("UPDATE_COMPLETE", 13)


def test_a_stack_that_was_not_created_from_a_job_file_is_left_unchanged(applier: StackApplier) -> None:
    applier.apply(body(A=queue(QueueName="a")))
    with pytest.raises(StackFailed, match="was not created from a job file"):
        applier.apply(body(B=queue(QueueName="b")), from_job_file=True)
    assert applier.queues() == ["a"]
