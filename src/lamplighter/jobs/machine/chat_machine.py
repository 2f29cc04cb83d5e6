r"""Define the machine that formats an alert for a chat service on AWS, as `runs/chat_formats.py` does on this engine.

It is an Express workflow, which a pipe calls with a message of the channel's queue: {service, project, body}, where
body is SNS's notification. Its output is the body of the request to the service. A pipe passes an array if its target
takes batches, and else the record alone; the output has the same form. An alarm of CloudWatch is JSON: its description
becomes the headline. See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html.
"""

from lamplighter.base.chat_services import DISCORD, PAGERDUTY, POST, SLACK, TEAMS
from lamplighter.base.json_text import Json
from lamplighter.jobs.machine.expressions import expression
from lamplighter.runs import chat_formats as formats

_MESSAGE = rf"""
  $in := $type($states.input) = 'array' ? $states.input[0] : $states.input;
  $body := $type($in.body) = 'string' ? $parse($in.body) : $in.body;
  $given := $string($body.Message);
  $alarm := $contains($given, /^\{{"AlarmName"/) ? $parse($given);
  $raw := $exists($alarm)
    ? $alarm.AlarmDescription & '\n\nReason:    ' & $alarm.NewStateReason & '\nAlarm:     ' & $alarm.AlarmName
    : $given;
  $plain := $join($map($split($replace($raw, /^[ \t\r\n]+|[ \t\r\n]+$/, ''), '\n'), function($line) {{
    $contains($line, /^".*"$/) ? $replace($substring($line, 1, $length($line) - 2), '\\"', '"') : $line
  }}), '\n');
  $headline := $substringBefore($plain, '\n');
  $rest := $contains($plain, '\n') ? '\n' & $substringAfter($plain, '\n') : '\n';
  $heading := '\n\nLast lines:\n';
  $facts := $split($substringBefore($rest, $heading), '\n')[$not($contains($, /^{formats.EMPTY_FACT.pattern}$/))];
  $details := $replace($join([$facts], '\n'), /^\n+|\n+$/, '');
  $log := $contains($rest, $heading) ? $substringAfter($rest, $heading) : '';
  $link := $match($details, /Look at: +(https?:\/\/[^ \n]+)/)[0].groups[0];
  $named := $match($details, /Project: +([^ \n]+)/)[0].groups[0];
  $owner := $exists($named) ? $named : $in.project;
  $subject := $replace($substringBefore($headline, ' '), /:$/, '');
  $key := $contains($headline, /{formats.DOCKER.pattern}/) ? 'docker' : $owner & '-' & $subject;
  $resolved := $contains($headline, /{formats.RESOLVED.pattern}/);
  $severity := $contains($headline, /{formats.WARNING.pattern}/) ? 'warning' : 'error';
  $start := function($text, $most) {{ $substring($text, 0, $most) }};
  $end := function($text, $most) {{ $length($text) > $most ? $substring($text, $length($text) - $most) : $text }};
  $code := function($text) {{ $replace($text, '```', "'''") }};"""
_SLACK = f"""(
  $escape := function($text) {{
    $replace($replace($replace($text, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')
  }};
  $section := function($text) {{ {{'type': 'section', 'text': {{'type': 'mrkdwn', 'text': $text}}}} }};
  $title := $escape($headline);
  $most := {formats.MAX_SLACK_SECTION};
  $header := {{'type': 'plain_text', 'text': $start($title, {formats.MAX_SLACK_HEADER}), 'emoji': false}};
  {{
    'text': $start($title, $most),
    'blocks': [
      {{'type': 'header', 'text': $header}},
      $details != '' ? $section($start($escape($details), $most)),
      $log != '' ? $section('```\\n' & $end($escape($code($log)), $most) & '\\n```')
    ]
  }}
)"""
_TEAMS = f"""(
  $line := function($text, $more) {{
    $merge([{{'type': 'TextBlock', 'text': $text, 'wrap': true, 'spacing': 'None'}}, $more])
  }};
  $most := {formats.MAX_TEAMS_PART};
  $content := {{
    '$schema': 'http://adaptivecards.io/schemas/adaptive-card.json',
    'type': 'AdaptiveCard',
    'version': '1.4',
    'body': [
      $line($start($headline, {formats.MAX_HEADLINE}), {{'weight': 'Bolder', 'size': 'Medium'}}),
      $map($split($start($details, $most), '\\n')[$ != ''], function($each) {{ $line($each, {{}}) }}),
      $map($split($end($log, $most), '\\n')[$ != ''], function($each) {{ $line($each, {{'fontType': 'Monospace'}}) }})
    ]
  }};
  $actions := $exists($link)
    ? {{'actions': [{{'type': 'Action.OpenUrl', 'title': 'Look at it', 'url': $link}}]}} : {{}};
  {{
    'type': 'message',
    'attachments': [
      {{'contentType': 'application/vnd.microsoft.card.adaptive', 'content': $merge([$content, $actions])}}
    ]
  }}
)"""
_DISCORD = f"""(
  $most := {formats.MAX_DISCORD_PART};
  $embed := {{
    'title': $start($headline, {formats.MAX_HEADLINE}),
    'description': $start($details, $most) & ($log != '' ? '\\n```\\n' & $end($code($log), $most) & '\\n```' : ''),
    'color': $resolved ? {formats.GREEN} : {formats.RED}
  }};
  {{
    'embeds': [$merge([$embed, $exists($link) ? {{'url': $link}} : {{}}])],
    'allowed_mentions': {{'parse': []}}
  }}
)"""
_PAGERDUTY = f"""{{
  'event_action': $resolved ? 'resolve' : 'trigger',
  'dedup_key': $start($key, {formats.MAX_KEY}),
  'payload': {{
    'summary': $start($headline, {formats.MAX_HEADLINE}),
    'source': $owner,
    'severity': $severity,
    'custom_details': {{'alert': $start($plain, {formats.MAX_PAGERDUTY_TEXT})}}
  }},
  'links': [$exists($link) ? {{'href': $link, 'text': 'Look at it'}}]
}}"""
_POST = f"""{{
  'headline': $headline, 'details': $details, 'log': $log, 'link': $exists($link) ? $link : null, 'text': $plain,
  'key': $start($key, {formats.MAX_KEY}), 'project': $owner, 'resolved': $resolved, 'severity': $severity
}}"""
_DOCUMENTS = {SLACK: _SLACK, TEAMS: _TEAMS, DISCORD: _DISCORD, PAGERDUTY: _PAGERDUTY, POST: _POST}
_CHOSEN = "\n  : ".join(f"$in.service = '{service}' ? {document}" for service, document in _DOCUMENTS.items())
CHAT_OUTPUT = f"""({_MESSAGE}
  $document := {_CHOSEN};
  $type($states.input) = 'array' ? [$document] : $document
)"""
CHAT_DEFINITION: Json = {
    "Comment": "Formats an alert for a chat service.",
    "QueryLanguage": "JSONata",
    "StartAt": "Format",
    "States": {"Format": {"Type": "Pass", "Output": expression(CHAT_OUTPUT), "End": True}},
}
"""The definition of the machine. Its input has service, project and body."""
