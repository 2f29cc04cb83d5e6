"""Build the state machine of a job, in plain Amazon States Language that runs both on AWS and on this engine.

Guarantees one machine per job, and one order: start the check for lateness, handle earlier runs, run the job, send
alerts about a failure. Retries, timeout, deadline and overlap apply on both. A run with caught or classified failures
ends in a Fail state, where a redrive would continue. Start such a run anew (`lamplighter run`) instead of redriving it.
"""

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.machine import overlap_states, skip_alert, workflow
from lamplighter.jobs.machine.alert_states import FIRST_STATE, alert_states, has_late_alert, start_watch_state
from lamplighter.jobs.machine.attempt_states import StateGroup, attempt_states, prefix_states
from lamplighter.jobs.machine.platform import Platform
from lamplighter.runs.jobs.job_machine import SKIPPED_STATE, WATCH_STATE, WORKFLOW_STATE


def build_definition(project: Project, name: str, platform: Platform = "aws") -> Json:
    """Return the definition of a job's state machine; the template replaces placeholders such as ${Cluster}."""
    job = project.jobs[name]
    document = (
        {"QueryLanguage": "JSONata"}
        if job.workflow is None
        else names.escape_placeholders(project.workflows[job.workflow])
    )
    caught = FIRST_STATE if job.notify.caught else None
    body = attempt_states(name, job, caught=caught) if job.workflow is None else StateGroup(WORKFLOW_STATE, {})
    around = _add_helper_states(project, name, body, platform)
    if job.workflow is not None:
        own = around.states if workflow.is_jsonata(document) else workflow.mark_jsonata(around.states)
        wrapped = workflow.wrap_workflow(project, document, caught)
        around = prefix_states(f"{name}: ", StateGroup(around.start, {WORKFLOW_STATE: wrapped, **own}))
    return {
        "Comment": names.escape_placeholders(job.description) or f"The job {name} of {project.prefix}",
        **({"QueryLanguage": "JSONata"} if workflow.is_jsonata(document) else {}),
        "StartAt": around.start,
        "States": around.states,
        **({} if job.deadline is None else {"TimeoutSeconds": job.deadline}),
    }


def _add_helper_states(project: Project, name: str, body: StateGroup, platform: Platform) -> StateGroup:
    """Return the job's states with those before it (lateness, overlap) and those after its failure (alerts)."""
    job = project.jobs[name]
    start, states = body.start, dict(body.states)
    if job.notify.caught:
        states |= alert_states(project, name)
    caught = FIRST_STATE if job.notify.caught else None
    alerts = skip_alert.skip_alert_states(project, name) if skip_alert.skip_channels(job) else {}
    others = overlap_states.overlap_states(job, start, caught, platform, next(iter(alerts), SKIPPED_STATE))
    if others is not None:
        start, states = others.start, others.states | alerts | states
    if has_late_alert(job):
        start, states = WATCH_STATE, {WATCH_STATE: start_watch_state(project, name, start)} | states
    return StateGroup(start, states)
