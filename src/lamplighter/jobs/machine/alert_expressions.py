"""Build the JSONata expressions with the texts of the alerts about failed runs that AWS sends.

Guarantees the words and the layout of this engine's own alerts (`services/alerts/alert_text.py`), and that no
expression fails because of what a job or a user wrote.
"""

from dataclasses import dataclass

from lamplighter.base.json_text import dumps
from lamplighter.jobs.machine.expressions import FAILED_TASK_VARIABLE
from lamplighter.jobs.machine.local_times import define_local_time, zone_document
from lamplighter.jobs.names import CONSOLE, OPTIONS, placeholder
from lamplighter.runs.failures.failure_reasons import ESSENTIAL_CONTAINER_EXITED
from lamplighter.runs.failures.failure_words import EXIT_CODE_MEANINGS, OUT_OF_MEMORY, SHORT_MEANINGS, TASK_FAILED
from lamplighter.runs.jobs.job_machine import ATTEMPT_VARIABLE, LAMPLIGHTER_KEY, MAIN_CONTAINER
from lamplighter.runs.printable_text import MAX_SUBJECT_LENGTH
from lamplighter.runs.tasks.ecs_tasks import KILLED_EXIT_CODES, START_FAILURE

MAX_REASON_LENGTH = 2_000
ISO_TIME = r"/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$/"
"""JSONata for the pattern of an instant as Scheduler writes it."""


def slot_time(given: str) -> str:
    """Return JSONata for a run's slot in milliseconds since the epoch, or 0 if it was started for no slot.

    `given` is JSONata for the input of the run.
    """
    return f"""(
    $input := {given};
    $slot := $string($input.{LAMPLIGHTER_KEY}.scheduled);
    $contains($slot, {ISO_TIME}) ? $toMillis($slot) : 0
  )"""


SCHEDULED = slot_time("$states.context.Execution.Input")
TASK_ATTEMPT = f"[$task.Overrides.ContainerOverrides.Environment[Name = '{ATTEMPT_VARIABLE}'].Value][0]"
"""JSONata for the number of a task's attempt, as text; nothing if the task does not name it."""
STARTED = "$toMillis($states.context.Execution.StartTime)"
"""JSONata for the start of a run in milliseconds since the epoch."""
DEFINE_DURATION = """$two := function($n) { $formatNumber($n, '00') };
  $duration := function($ms) { (
    $seconds := $round($ms / 1000);
    $seconds < 60 ? $seconds & ' s'
      : $seconds < 3600 ? $floor($seconds / 60) & ' min ' & $two($seconds % 60) & ' s'
      : $floor($seconds / 3600) & ' h ' & $two($floor($seconds % 3600 / 60)) & ' min'
  ) };"""
"""JSONata that defines the function `$duration`: it formats milliseconds like `runs/history/durations.py`, in whole
seconds."""

DEFINE_SUBJECT = f"""$subject := function($text, $end) {{ (
    $clean := $replace($text, /[^ -~]/, '?');
    $room := {MAX_SUBJECT_LENGTH} - $length($end);
    ($length($clean) > $room ? $substring($clean, 0, $room - 3) & '...' : $clean) & $end
  ) }};"""
"""JSONata that defines the function `$subject`: it makes a subject as `to_subject` of `runs/printable_text.py` does."""

DEFINE_PRINTABLE = r"""$escapes := /\x1b(\[[0-?]*[ -\x2f]*[@-~]?|[\]PX^_][^\x07\x1b]*(\x07|\x1b\x5c)?|[ -\x2f]*[0-~]?)/;
  $printable := function($text) {
    $replace($replace($replace($text, $escapes, ''), /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/, ''),
      /[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/, ' ')
  };"""
"""JSONata that defines the function `$printable`: it cleans a line like `printable_line` of `runs/printable_text.py`.

SQS refuses a message with a control character, such as a colour in a line of a log, also in a dead-letter queue.
"""


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """What the alert about the failure in the variable `$failure` is made of: each is JSONata.

    The number of the last attempt is in the variable `$attempt`, the last lines of its log are in `$lines`.
    """

    headline: str
    """The words before the reason, such as "nightly failed: "."""
    again: str
    """The command that repeats the run, without the program's name and options: "run reports-nightly"."""
    project: str
    run: str
    """The ARN of the run."""
    timeout: str
    """The words for a time limit that was exceeded."""
    most: str
    """The job's number of attempts; 0 for a workflow."""
    zone: str
    """The document of the job's time zone."""
    scheduled: str
    """Milliseconds since the epoch, or 0."""
    times: str
    """The lines with start, end and duration."""


def time_lines(began: str, ended: str) -> str:
    """Return JSONata for the times of a run that ended; `began` and `ended` are milliseconds since the epoch.

    Those of a redriven run are the times of its last part, which began at the time in the variable `$redrive`; that is
    empty for other runs.
    """
    return f"""(
    $redriven := $exists($redrive) and $redrive != '';
    $start := $redriven ? $toMillis($redrive) : {began};
    ($redriven ? 'Redriven:  ' : 'Started:   ') & $local($start) & '\\n' &
    'Ended:     ' & $local({ended}) & '\\n' &
    'Duration:  ' & $duration({ended} - $start) & '\\n'
  )"""


def own_facts(job: str, prefix: str, timeout: str, *, most: int, zone: str) -> AlertFacts:
    """Return the facts of a run's alert about itself."""
    return AlertFacts(
        dumps(f"{job} failed: "),
        dumps(f"run {prefix}-{job}"),
        dumps(prefix),
        "$states.context.Execution.Id",
        dumps(timeout),
        str(most),
        dumps(zone_document(zone)),
        SCHEDULED,
        time_lines(STARTED, "$toMillis($states.context.State.EnteredTime)"),
    )


def failure_subject(facts: AlertFacts) -> str:
    """Return JSONata for the subject of the alert about the failure in the variable `$failure`."""
    return f"""(
  {_define_headline(facts)}
  {DEFINE_SUBJECT}
  $subject($headline, $end)
)"""


def failure_text(facts: AlertFacts) -> str:
    """Return JSONata for the text of the alert about the failure in the variable `$failure`."""
    meanings = dumps({str(code): words for code, words in EXIT_CODE_MEANINGS.items()})
    return f"""(
  {_define_headline(facts)}
  {define_local_time(facts.zone)}
  {DEFINE_DURATION}
  $scheduled := {facts.scheduled};
  $detail := $exists($code) ? $lookup({meanings}, $string($code));
  $headline & $end & '\\n\\n' &
  ($contains($headline, $reason) or ($exists($code) and $reason = {dumps(ESSENTIAL_CONTAINER_EXITED)})
    ? '' : 'Reason:    ' & $printable($reason) & '\\n') &
  ($exists($code) ? 'Exit code: ' & $string($code) & ($exists($detail) ? ': ' & $detail : '') & '\\n' : '') &
  ($exists($step) ? 'Step:      ' & $step & '\\n' : '') &
  ($most > 0 and $attempt > 0
    ? 'Attempt:   ' & $string($attempt) & ($attempt <= $most ? ' of ' & $string($most) : '') & '\\n' : '') &
  ($scheduled > 0 ? 'Scheduled: ' & $local($scheduled) & '\\n' : '') &
  {facts.times} &
  'Project:   ' & {facts.project} & '\\n' &
  'Look at:   {placeholder(CONSOLE)}' & {facts.run} & '\\n' &
  'Run again: lamplighter ' & {facts.again} & '{placeholder(OPTIONS)}\\n' &
  ($count($lines) > 0 ? '\\nLast lines:\\n' & $join($lines.('  ' & $printable($) & '\\n')) : '')
)"""


def _define_headline(facts: AlertFacts) -> str:
    """Return JSONata that defines `$code`, `$reason`, `$most`, `$step`, `$headline` and its last words `$end`.

    A container's code counts if the container failed, that of the job's own container before those of sidecars. If a
    container could not start, the others were stopped, and no code counts. The step of a workflow is the failed job and
    its attempt, as far as the cause names them.
    """
    short = dumps({str(code): words for code, words in SHORT_MEANINGS.items()})
    return f"""{FAILED_TASK_VARIABLE}
  {DEFINE_PRINTABLE}
  $code := $not($task.StopCode = '{START_FAILURE}') ? [
    $task.Containers[Name = '{MAIN_CONTAINER}' and ExitCode != 0].ExitCode,
    $task.Containers[ExitCode != 0 and $not(ExitCode in {dumps(list(KILLED_EXIT_CODES))})].ExitCode
  ][0];
  $limit := {facts.timeout};
  $reason := $exists($task.StoppedReason)
    ? $join($distinct([$task.StoppedReason, $task.Containers.Reason]), '; ')
    : $failure.Error = 'States.Timeout' ? $limit
    : $exists($failure.Cause) and $string($failure.Cause) != ''
      ? $substring($string($failure.Cause), 0, {MAX_REASON_LENGTH}) : 'no cause is known';
  $short := $exists($code) ? $lookup({short}, $string($code));
  $number := 'exit code ' & $string($code);
  $why := $failure.Error = 'States.Timeout' ? $limit
    : $exists($short)
      ? $short & ($contains($reason, '{OUT_OF_MEMORY}') ? ', out of memory' : '') & ' (' & $number & ')'
    : $exists($code) ? $number
    : $failure.Error = '{TASK_FAILED}' ? $reason : $failure.Error & ': ' & $reason;
  $most := {facts.most};
  $step := $most = 0 and $exists($task.Group) ? (
    $tried := {TASK_ATTEMPT};
    'job ' & $substringAfter($task.Group, 'family:' & {facts.project} & '-')
      & ($exists($tried) ? ', attempt ' & $tried : '')
  );
  $headline := {facts.headline} & $printable($replace($why, /[\\r\\n\\t]+/, ' '));
  $end := $most > 0 and $attempt > 1 ? ' after ' & $string($attempt) & ' attempts' : '';"""
