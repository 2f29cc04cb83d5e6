"""Run a Task: start its work once for each attempt, limit its time, and process its outcome.

See https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error

from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.model import Resource, Task
from lamplighter.asl.execution import history
from lamplighter.asl.execution.error_handling import handle_error
from lamplighter.asl.execution.frame import Execution, Phase
from lamplighter.asl.execution.messages import (
    CallAnswer,
    FollowTask,
    Heartbeat,
    StartTask,
    TaskFailed,
    TaskStarted,
    TaskSubmitted,
    TaskSucceeded,
)
from lamplighter.asl.execution.state_errors import HEARTBEAT_TIMEOUT, TIMEOUT, runtime_error
from lamplighter.asl.execution.step import MutableFrame, StepBuilder
from lamplighter.asl.execution.transitions import checked_text, complete_state
from lamplighter.base.json_text import Json


def schedule_task(run: StepBuilder, path: MutableFrame, state: Task) -> None:
    """Start an attempt: evaluate the parameters, add the history events, and make the call or command it."""
    number = run.next_number()
    path.number, path.submitted = number, False
    if state.resource.pattern or state.resource.kind == "activity":
        path.token = make_task_token(run.execution, path.id, number, run.world.uuid())
    scope = run.scope(path)
    parameters = state.arguments(scope)
    if state.added_parameters:
        if not isinstance(parameters, dict):
            raise runtime_error("The parameters of a service integration must be an object.")
        parameters = {**parameters, **state.added_parameters}
    text = checked_text(state, parameters)
    refusal = run.refusal_reason(state.resource, parameters)
    if refusal is not None:
        raise runtime_error(refusal)
    timeout, heartbeat = _time_limits(state, scope)
    role = state.role(scope) if state.role is not None else None
    _add_scheduled_events(run, path, state, text, timeout, heartbeat, role)
    path.phase = Phase.WORKING
    task = StartTask(path.id, number, state.resource, parameters, path.token, role)
    answer = run.make_call(task)
    if answer is None:
        run.commands.append(task)
    elif not isinstance(answer.event, TaskSubmitted):
        run.answers.append(answer.event)
        return
    if state.resource.kind != "activity":
        _set_timers(run, path, timeout, heartbeat)
    if answer is not None:
        _submit_answered_task(run, path, state, answer)


def _submit_answered_task(run: StepBuilder, path: MutableFrame, state: Task, answer: CallAnswer) -> None:
    """Record that the call has returned within the step; the work continues."""
    if answer.names:
        run.commands.append(FollowTask(path.id, path.number, answer.names))
    assert isinstance(answer.event, TaskSubmitted)
    task_submitted(run, path, state, answer.event)


def _time_limits(state: Task, scope: Scope) -> tuple[int | None, int | None]:
    """Return TimeoutSeconds and HeartbeatSeconds; each is None if the state does not limit it."""
    timeout = state.timeout(scope) if state.timeout is not None else None
    heartbeat = state.heartbeat(scope) if state.heartbeat is not None else None
    return timeout, heartbeat


def _set_timers(run: StepBuilder, path: MutableFrame, timeout: int | None, heartbeat: int | None) -> None:
    if timeout is not None:
        path.timeout = run.set_timer(path, timeout * 1000)
    if heartbeat is not None:
        path.beat = heartbeat
        path.heartbeat = run.set_timer(path, heartbeat * 1000)


def _add_scheduled_events(
    run: StepBuilder,
    path: MutableFrame,
    state: Task,
    text: str,
    timeout: int | None,
    heartbeat: int | None,
    role: str | None,
) -> None:
    run.history_characters += len(text)
    resource = state.resource
    details = history.work_scheduled(resource, run.execution.region, text, timeout, heartbeat, role)
    path.previous = run.add_event(path.previous, f"{_work_type(resource)}Scheduled", details)
    if resource.kind != "activity":  # the work of an activity has not started before a worker receives it
        started = None if resource.kind == "lambda" else history.task_details(resource)
        path.previous = run.add_event(path.previous, f"{_work_type(resource)}Started", started)


def make_task_token(execution: Execution, frame: int, number: int, secret: str) -> str:
    """Return a task token: it contains the execution, frame and number of the work, and cannot be guessed."""
    return urlsafe_b64encode(f"{execution.arn} {frame} {number} {secret}".encode()).decode()


def parse_task_token(text: str) -> tuple[str, int, int] | None:
    """Return the execution's ARN, the frame and the number in a task token, or None if the token is invalid."""
    try:
        arn, frame, number, _secret = urlsafe_b64decode(text.encode()).decode().split(" ")
        return arn, int(frame), int(number)
    except (ValueError, Base64Error):
        return None


def task_started(run: StepBuilder, path: MutableFrame, state: Task, event: TaskStarted) -> None:
    """Record that a worker has received an activity's work; its time limits begin now.

    "For Activities, the count begins when GetActivityTask receives a token". If no worker ever receives the work, only
    the execution's timeout ends it:
    https://docs.aws.amazon.com/step-functions/latest/dg/troubleshooting-activities.html.
    """
    if state.resource.kind == "activity" and not path.submitted:
        path.submitted = True
        details = {"workerName": event.worker} if event.worker is not None else {}
        path.previous = run.add_event(path.previous, "ActivityStarted", details)
        _set_timers(run, path, *_time_limits(state, run.scope(path)))


def task_submitted(run: StepBuilder, path: MutableFrame, state: Task, event: TaskSubmitted) -> None:
    """Record that the call has returned; the work continues."""
    if path.submitted:
        return
    path.submitted = True
    details = history.output_details(checked_text(state, event.output))
    path.previous = run.add_event(path.previous, "TaskSubmitted", history.task_details(state.resource) | details)


def task_succeeded(run: StepBuilder, path: MutableFrame, state: Task, event: TaskSucceeded) -> None:
    """Record that the work has succeeded, and complete the state."""
    run.clear_wait(path)
    text = checked_text(state, event.output)
    _add_end_event(run, path, state, "Succeeded", history.output_details(text))
    complete_state(run, path, state, event.output, text)


def task_failed(run: StepBuilder, path: MutableFrame, state: Task, event: TaskFailed) -> None:
    """Record that the work has failed, and handle the error."""
    run.clear_wait(path)
    run.failed_attempts += 1
    _add_end_event(run, path, state, "Failed", history.failure_details(event.error, event.cause))
    handle_error(run, path, state, event.error, event.cause)


def task_timed_out(run: StepBuilder, path: MutableFrame, state: Task, number: int) -> None:
    """End work whose timeout or heartbeat timer has fired.

    AWS, recorded: the history reports a missed heartbeat as States.Timeout; Retry and Catch may name it
    States.HeartbeatTimeout.
    """
    handled_as = TIMEOUT if number == path.timeout else HEARTBEAT_TIMEOUT
    run.cancel_wait(path)
    run.failed_attempts += 1
    _add_end_event(run, path, state, "TimedOut", history.failure_details(TIMEOUT, None))
    handle_error(run, path, state, TIMEOUT, None, handled_as)


def task_heartbeat(run: StepBuilder, path: MutableFrame, _state: Task, _event: Heartbeat) -> None:
    """Restart the heartbeat timer."""
    if path.beat:
        _restart_heartbeat(run, path)


def _restart_heartbeat(run: StepBuilder, path: MutableFrame) -> None:
    timeout, path.timeout = path.timeout, 0
    heartbeat = path.beat
    run.clear_timers(path)
    path.timeout, path.beat = timeout, heartbeat
    path.heartbeat = run.set_timer(path, heartbeat * 1000)


def _add_end_event(run: StepBuilder, path: MutableFrame, state: Task, ending: str, details: Json) -> None:
    """Add the event that reports the end of an attempt."""
    work = _work_type(state.resource)
    if work == "Task":
        details = history.task_details(state.resource) | details
    path.previous = run.add_event(path.previous, f"{work}{ending}", details)


def _work_type(resource: Resource) -> str:
    """Return the word with which the types of the events about the work begin."""
    return {"activity": "Activity", "lambda": "LambdaFunction"}.get(resource.kind, "Task")
