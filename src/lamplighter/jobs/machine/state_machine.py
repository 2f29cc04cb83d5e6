"""A job as a state machine: what was said of it, in plain Amazon States Language that runs on AWS and here alike.

Promises one machine for each job, and one order: have it watched, mind the others, run it, tell of a failure. Retries,
timeout, deadline and overlap hold wherever it runs. A run that was caught or judged ends in a Fail state, and a redrive
goes on from there: such a run is begun anew (`lamplighter run`) rather than redriven.
"""

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.machine import overlap_states, workflow
from lamplighter.jobs.machine.alert_states import FIRST, alert_states, has_late_alert, watch_state
from lamplighter.jobs.machine.attempt_states import StateGroup, attempt_states, prefix_states

WATCH_STATE, WORKFLOW_STATE = "Watch", "Workflow"


def build_definition(project: Project, name: str) -> Json:
    """The definition of a job's state machine; places like ${Cluster} are the template's to fill in."""
    job = project.jobs[name]
    document = (
        {"QueryLanguage": "JSONata"}
        if job.workflow is None
        else names.escape_placeholders(project.workflows[job.workflow])
    )
    caught = FIRST if job.notify.caught else None
    body = attempt_states(name, job, caught=caught) if job.workflow is None else StateGroup(WORKFLOW_STATE, {})
    around = _around(project, name, body)
    if job.workflow is not None:
        own = around.states if workflow.is_jsonata(document) else workflow.mark_jsonata(around.states)
        whole = workflow.wrap_workflow(project, document, caught)
        around = prefix_states(f"{name}: ", StateGroup(around.start, {WORKFLOW_STATE: whole, **own}))
    return {
        "Comment": names.escape_placeholders(job.description) or f"The job {name} of {project.prefix}",
        **({"QueryLanguage": "JSONata"} if workflow.is_jsonata(document) else {}),
        "StartAt": around.start,
        "States": around.states,
        **({} if job.deadline is None else {"TimeoutSeconds": job.deadline}),
    }


def _around(project: Project, name: str, body: StateGroup) -> StateGroup:
    """What comes before a job and after its failure."""
    job = project.jobs[name]
    start, states = body.start, dict(body.states)
    if job.notify.caught:
        states |= alert_states(project, name, counted=job.workflow is None)
    others = overlap_states.overlap_states(job, start, FIRST if job.notify.caught else None)
    if others is not None:
        start, states = others.start, others.states | states
    if has_late_alert(job):
        start, states = WATCH_STATE, {WATCH_STATE: watch_state(project, name, start)} | states
    return StateGroup(start, states)
