"""Build the states with which a supporting machine finds the job that an event is about, and what it must know of it.

One rule of a project starts the machine for all jobs, because a bus of EventBridge has 300 rules. So the machine has a
table: the facts of each job, where jobs with the same facts share them. Guarantees that an event of another project,
whose names may begin with the same words, has no effect. See
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.machine.expressions import expression
from lamplighter.jobs.machine.supporting_machines import choose

FAILED_ALARM, NOT_STARTED_ALARM = "-failed", "-did-not-start"
"""The ends of the names of a job's alarms; the job's name is before them."""


def find_job_states(prefix: str, facts: Mapping[str, Json], follower: str) -> dict[str, Json]:
    """Return the states that add a job's facts to the machine's input, and go on with `follower`.

    The input has `run`, the ARN of a run, `group`, that of a task, or `alarm`, the name of an alarm. The facts
    are those of `facts`, and `job`, `name` (of its state machine), `machine` (the machine's ARN) and `project`.
    """
    kinds = {dumps(each): each for each in facts.values()}
    index = {text: at for at, text in enumerate(kinds)}
    job = f"""(
  $name := $exists($states.input.run) ? $split($states.input.run, ':')[6]
    : $exists($states.input.group) ? $substringAfter($states.input.group, 'family:')
    : $replace($states.input.alarm, /({FAILED_ALARM}|{NOT_STARTED_ALARM})$/, '');
  $contains($name, /^{prefix}-/) ? $substringAfter($name, '{prefix}-') : ''
)"""
    known = f"""$merge([$states.input, $kinds[$lookup($jobs, $job)], {{
    'job': $job, 'name': '{prefix}-' & $job, 'project': '{prefix}',
    'machine': $replace($states.context.StateMachine.Id, /[^:]*$/, '{prefix}-' & $job)
  }}])"""
    return {
        "Find the job": {
            "Type": "Pass",
            "Assign": {
                "jobs": {name: index[dumps(each)] for name, each in facts.items()},
                "kinds": list(kinds.values()),
                "job": expression(job),
            },
            "Next": "Known?",
        },
        "Known?": choose("$exists($lookup($jobs, $job))", "Read its facts", "Not ours"),
        "Not ours": {"Type": "Succeed"},
        "Read its facts": {"Type": "Pass", "Output": expression(known), "Next": follower},
    }
