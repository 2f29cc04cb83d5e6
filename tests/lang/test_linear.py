"""Matching hostile text takes linear time: each match runs in a process with a limit of processor time.

The limit is on processor time, so that a loaded machine does not change the result. A linear match needs a small part
of the limit, and a match that backtracks would never end.
"""

import resource
import subprocess
import sys

import pytest

SECONDS = 30

HOSTILE = {
    "StringMatches": """
from lamplighter.lang.wildcard import compile_pieces, split_wildcard
assert not compile_pieces(split_wildcard("*a" * 2000 + "*b"))("a" * 262_144)
assert not compile_pieces(split_wildcard("*" + "a" * 100_000 + "b*"))("a" * 262_144)
""",
    "a policy of IAM": """
from lamplighter.lang.iam_policy.text_patterns import matches_pattern
assert not matches_pattern("*a" * 500 + "b", "a" * 10_000)
assert not matches_pattern("*a?" * 500 + "b", "a" * 10_000)
""",
    "a stack policy": """
from lamplighter.services.cloudformation.stacks.stack_policy import denied_reason
policy = '{"Statement": [{"Effect": "Allow", "Action": "Update:*", "Resource": "%s"}]}' % ("*a" * 500 + "b")
assert denied_reason(policy, "Update:Modify", "a" * 10_000, "AWS::SQS::Queue")
""",
    "an event pattern": """
from lamplighter.lang.event_pattern.wildcard import InvalidWildcard, compile_wildcard
for text in ("*a" * 2_000, "*" + "ab" * 100_000, "*a*b*c*d*e" * 400, "*".join("abcdefghij" * 20_000)):
    try:
        compile_wildcard(text)("a" * 262_144)
    except InvalidWildcard:
        pass
""",
    "a filter of JSONPath": """
from lamplighter.lang.jsonpath.queries import compile_query
assert compile_query("$[?(@ =~ /^(a+)+$/)]")(["a" * 40 + "b", "a" * 200_000 + "b"]) == []
""",
    "the text of a path": """
from lamplighter.lang.jsonpath.queries import compile_query
from lamplighter.lang.jsonpath.paths import PathError, compile_path
for text in ("$['" + chr(92) + "'" * 100_000, "$[?(@ nin [ " * 800, "$" + "[" * 9_000, "$." + "a.b" * 90_000 + "["):
    try:
        compile_path(text)
    except PathError:
        pass
""",
    "AllowedPattern": """
from lamplighter.lang.regex import compile_java
assert not compile_java("^(a+)+$").fullmatch("a" * 4_000 + "b")
""",
    "a pattern of a log": """
from lamplighter.lang.log_pattern.terms import compile_regex, compile_wildcards
from lamplighter.services.ecs.logs.multiline import compile_pattern
assert not compile_regex("^a*a*a*a*a*a*b$")("a" * 100_000)
assert not compile_wildcards("*a" * 400 + "b")("a" * 262_144)
assert not compile_pattern("^(a+)+$")("a" * 100_000 + "b")
""",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_matching_hostile_text_ends_in_bounded_time(text: str) -> None:
    def limit_processor_time() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))

    result = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, preexec_fn=limit_processor_time
    )
    assert result.returncode == 0, result.stderr
