"""Build the JSONata expressions with the texts of the alerts that a run sends itself (pattern 3).

Guarantees the words and the layout of this engine's own alerts (`services/alerts/alert_text.py`), and that no
expression fails because of what a job or a user wrote.
"""

from lamplighter.base.json_text import dumps
from lamplighter.jobs.machine.expressions import FAILED_TASK_VARIABLE, expression
from lamplighter.jobs.machine.local_times import define_local_time, zone_document
from lamplighter.jobs.names import CONSOLE, OPTIONS, placeholder
from lamplighter.runs.ecs_tasks import KILLED_EXIT_CODES, START_FAILURE
from lamplighter.runs.failure_reasons import ESSENTIAL_CONTAINER_EXITED
from lamplighter.runs.failure_words import EXIT_CODE_MEANINGS, OUT_OF_MEMORY, SHORT_MEANINGS, TASK_FAILED
from lamplighter.runs.job_machine import ATTEMPT_VARIABLE, LAMPLIGHTER_KEY, MAIN_CONTAINER
from lamplighter.runs.printable_text import MAX_SUBJECT_LENGTH

MAX_REASON_LENGTH = 2_000
_ISO_TIME = r"/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$/"
SCHEDULED = f"""(
    $slot := $string($states.context.Execution.Input.{LAMPLIGHTER_KEY}.scheduled);
    $contains($slot, {_ISO_TIME}) ? $toMillis($slot) : 0
  )"""
"""JSONata for the slot of a run in milliseconds since the epoch, or 0 if it was started for no slot."""
STARTED = "$toMillis($states.context.Execution.StartTime)"
"""JSONata for the start of a run in milliseconds since the epoch."""
DEFINE_DURATION = """$two := function($n) { $formatNumber($n, '00') };
  $duration := function($ms) { (
    $seconds := $round($ms / 1000);
    $seconds < 60 ? $seconds & ' s'
      : $seconds < 3600 ? $floor($seconds / 60) & ' min ' & $two($seconds % 60) & ' s'
      : $floor($seconds / 3600) & ' h ' & $two($floor($seconds % 3600 / 60)) & ' min'
  ) };"""
"""JSONata that defines the function `$duration`: it formats milliseconds like `runs/durations.py`, in whole seconds."""

DEFINE_SUBJECT = f"""$subject := function($text, $end) {{ (
    $clean := $replace($text, /[^ -~]/, '?');
    $room := {MAX_SUBJECT_LENGTH} - $length($end);
    ($length($clean) > $room ? $substring($clean, 0, $room - 3) & '...' : $clean) & $end
  ) }};"""
"""JSONata that defines the function `$subject`: it makes a subject as `to_subject` of `runs/printable_text.py` does."""
TIME_LINES = """(
    $redriven := $exists($redrive) and $redrive != '';
    $start := $redriven ? $toMillis($redrive) : $states.input.began;
    ($redriven ? 'Redriven:  ' : 'Started:   ') & $local($start) & '\\n' &
    'Ended:     ' & $local($states.input.ended) & '\\n' &
    'Duration:  ' & $duration($states.input.ended - $start) & '\\n'
  )"""
"""JSONata for the times of a run that ended. Those of a redriven run are the times of its last part, which began at the
time in the variable `$redrive`; that is empty for other runs."""


def failure_subject(job: str, prefix: str, timeout: str, *, shows_attempts: bool) -> str:
    """Return the subject of the alert about the failure in the variable `$failure`."""
    return expression(f"""(
  {_define_headline(job, prefix, timeout, shows_attempts=shows_attempts)}
  {DEFINE_SUBJECT}
  $subject($headline, $end)
)""")


def failure_text(job: str, prefix: str, timeout: str, *, most: int | None, zone: str) -> str:
    """Return the text of the alert about the failure in the variable `$failure`.

    `most` is the job's number of attempts, None for a workflow; `timeout` describes a timeout.
    """
    attempt = "''" if most is None else _attempt_line(most)
    meanings = dumps({str(code): words for code, words in EXIT_CODE_MEANINGS.items()})
    return expression(f"""(
  {_define_headline(job, prefix, timeout, shows_attempts=most is not None)}
  {define_local_time(dumps(zone_document(zone)))}
  {DEFINE_DURATION}
  $scheduled := {SCHEDULED};
  $began := {STARTED};
  $now := $toMillis($states.context.State.EnteredTime);
  $detail := $exists($code) ? $lookup({meanings}, $string($code));
  $headline & $end & '\\n\\n' &
  ($contains($headline, $reason) or ($exists($code) and $reason = {dumps(ESSENTIAL_CONTAINER_EXITED)})
    ? '' : 'Reason:    ' & $reason & '\\n') &
  ($exists($code) ? 'Exit code: ' & $string($code) & ($exists($detail) ? ': ' & $detail : '') & '\\n' : '') &
  ($exists($step) ? 'Step:      ' & $step & '\\n' : '') &
  {attempt} &
  ($scheduled > 0 ? 'Scheduled: ' & $local($scheduled) & '\\n' : '') &
  'Started:   ' & $local($began) & '\\n' &
  'Ended:     ' & $local($now) & '\\n' &
  'Duration:  ' & $duration($now - $began) & '\\n' &
  'Project:   {prefix}\\n' &
  'Look at:   {placeholder(CONSOLE)}' & $states.context.Execution.Id & '\\n' &
  'Run again: lamplighter run {prefix}-{job}{placeholder(OPTIONS)}\\n' &
  ($count($lines) > 0 ? '\\nLast lines:\\n' & $join($lines.('  ' & $ & '\\n')) : '')
)""")


def _attempt_line(most: int) -> str:
    return f"($attempt > 0 ? 'Attempt:   ' & $string($attempt) & ($attempt <= {most} ? ' of {most}' : '') & '\\n' : '')"


def _define_headline(job: str, prefix: str, timeout: str, *, shows_attempts: bool) -> str:
    """Return JSONata that defines `$code`, `$reason`, `$step`, `$headline` and its last words `$end`.

    A container's code counts if the container failed, that of the job's own container before those of sidecars. If a
    container could not start, the others were stopped, and no code counts.
    """
    short = dumps({str(code): words for code, words in SHORT_MEANINGS.items()})
    end = "$attempt > 1 ? ' after ' & $string($attempt) & ' attempts' : ''" if shows_attempts else "''"
    step = "" if shows_attempts else f"$step := {_step(prefix)};"
    return f"""{FAILED_TASK_VARIABLE}
  $code := $not($task.StopCode = '{START_FAILURE}') ? [
    $task.Containers[Name = '{MAIN_CONTAINER}' and ExitCode != 0].ExitCode,
    $task.Containers[ExitCode != 0 and $not(ExitCode in {dumps(list(KILLED_EXIT_CODES))})].ExitCode
  ][0];
  $reason := $exists($task.StoppedReason)
    ? $join($distinct([$task.StoppedReason, $task.Containers.Reason]), '; ')
    : $failure.Error = 'States.Timeout' ? {dumps(timeout)}
    : $exists($failure.Cause) and $string($failure.Cause) != ''
      ? $substring($string($failure.Cause), 0, {MAX_REASON_LENGTH}) : 'no cause is known';
  $short := $exists($code) ? $lookup({short}, $string($code));
  $number := 'exit code ' & $string($code);
  $why := $failure.Error = 'States.Timeout' ? {dumps(timeout)}
    : $exists($short)
      ? $short & ($contains($reason, '{OUT_OF_MEMORY}') ? ', out of memory' : '') & ' (' & $number & ')'
    : $exists($code) ? $number
    : $failure.Error = '{TASK_FAILED}' ? $reason : $failure.Error & ': ' & $reason;
  {step}
  $headline := {dumps(f"{job} failed: ")} & $replace($why, /[\\r\\n\\t]+/, ' ');
  $end := {end};"""


def _step(prefix: str) -> str:
    """Return JSONata for the failed job of a workflow and its attempt, as far as the cause names them."""
    return f"""$exists($task.Group) ? (
    $tried := $task.Overrides.ContainerOverrides.Environment[Name = '{ATTEMPT_VARIABLE}'].Value;
    'job ' & $substringAfter($task.Group, 'family:{prefix}-') & ($exists($tried) ? ', attempt ' & $tried[0] : '')
  )"""
