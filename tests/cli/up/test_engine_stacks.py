"""Stacks are brought to what a template says, whatever an earlier try has left of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.cli.up.engine_stacks import EngineStacks, ResourceChange, StackFailed
from tests.engine_harness import CALLER
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, queue

BAD = queue(DelaySeconds=99_999)


class Bringer(CloudFormationHarness):
    """An office whose stacks are brought to templates."""

    def bring(self, text: str, *, ours: bool = False) -> list[ResourceChange]:
        """Bring the stack to a template, however long it takes."""
        bringing = self._loops[-1].create_task(
            EngineStacks(self.engine, CALLER).apply("stack", text, {}, from_job_file=ours)
        )
        while not bringing.done():
            self.settle()
            self.advance(50)
        return bringing.result()

    def leave(self, status: str, resource: str = "UPDATE_COMPLETE") -> None:
        """Let the stack be in a state that is hard to come by."""
        self.crash()
        self.damage("UPDATE stacks SET status = ?, previous = plan", status)
        self.damage("UPDATE stack_resources SET status = ?", resource)
        self.up()


@pytest.fixture
def bringer(tmp_path: Path) -> Iterator[Bringer]:
    made = Bringer(tmp_path / "data")
    made.up()
    yield made
    made.close()


def test_a_stack_is_made_then_changed_and_what_became_of_each_resource_is_told(bringer: Bringer) -> None:
    def told(text: str) -> list[tuple[str, str]]:
        return [(step.logical, step.status) for step in bringer.bring(text)]

    assert told(body(A=queue(QueueName="a"))) == [("A", "CREATE_COMPLETE")]
    assert told(body(A=queue(QueueName="a"))) == []
    assert told(body(A=queue(QueueName="a", DelaySeconds=1), B=queue())) == [
        ("A", "UPDATE_COMPLETE"), ("B", "CREATE_COMPLETE"),
    ]  # fmt: skip
    assert told(body(B=queue())) == [("A", "DELETE_COMPLETE")]


def test_what_cannot_be_made_is_told_in_few_words_and_what_was_there_stays(bringer: Bringer) -> None:
    bringer.bring(body(A=queue(QueueName="a")))
    with pytest.raises(StackFailed) as caught:
        bringer.bring(body(A=queue(QueueName="a", DelaySeconds=5), B=BAD))
    assert str(caught.value).startswith("B: ")
    assert "RequestToken" not in str(caught.value)
    assert bringer.state() == "UPDATE_ROLLBACK_COMPLETE"
    bringer.bring(body(A=queue(QueueName="a", DelaySeconds=5)))
    assert bringer.state() == "UPDATE_COMPLETE"


def test_a_template_that_makes_no_sense_is_told(bringer: Bringer) -> None:
    with pytest.raises(StackFailed, match="Unresolved resource dependencies"):
        bringer.bring(body(A=queue(QueueName={"Ref": "Nobody"})))


def test_what_could_not_be_made_at_all_is_made_by_the_next_try(bringer: Bringer) -> None:
    with pytest.raises(StackFailed):
        bringer.bring(body(B=BAD))
    assert bringer.state() == "ROLLBACK_COMPLETE"
    bringer.bring(body(A=queue(QueueName="a")))
    assert (bringer.state(), bringer.queues()) == ("CREATE_COMPLETE", ["a"])


@pytest.mark.parametrize("status", ["ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_stack_that_got_stuck_on_its_way_out_is_made_anew(bringer: Bringer, status: str) -> None:
    bringer.bring(body(A=queue(QueueName="a")))
    bringer.leave(status)
    bringer.bring(body(B=queue(QueueName="b")))
    assert (bringer.state(), bringer.queues()) == ("CREATE_COMPLETE", ["b"])


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED", "CREATE_FAILED"])
def test_a_stack_that_got_stuck_in_a_change_is_brought_back_and_changed(bringer: Bringer, status: str) -> None:
    bringer.bring(body(A=queue(QueueName="a")))
    bringer.leave(status, "UPDATE_FAILED")
    bringer.bring(body(A=queue(QueueName="a", DelaySeconds=1), B=queue(QueueName="b")))
    assert (bringer.state(), sorted(bringer.queues())) == ("UPDATE_COMPLETE", ["a", "b"])


def test_one_under_way_is_waited_for(bringer: Bringer) -> None:
    bringer.cloudformation("CreateStack", StackName="stack", TemplateBody=body(A=queue(QueueName="a")))
    bringer.bring(body(A=queue(QueueName="a"), B=queue(QueueName="b")))
    assert (bringer.state(), sorted(bringer.queues())) == ("UPDATE_COMPLETE", ["a", "b"])


def test_one_that_was_killed_half_way_is_waited_for_and_brought_on(bringer: Bringer) -> None:
    many = {f"Q{number}": queue(QueueName=f"q{number}") for number in range(12)}
    bringer.cloudformation("CreateStack", StackName="stack", TemplateBody=body(**many))
    bringer.restart()
    bringer.bring(body(**many, A=queue(QueueName="a")))
    assert (bringer.state(), len(bringer.queues())) == ("UPDATE_COMPLETE", 13)


def test_a_stack_that_was_not_made_of_a_job_file_is_left_alone(bringer: Bringer) -> None:
    bringer.bring(body(A=queue(QueueName="a")))
    with pytest.raises(StackFailed, match="was not created from a job file"):
        bringer.bring(body(B=queue(QueueName="b")), ours=True)
    assert bringer.queues() == ["a"]
