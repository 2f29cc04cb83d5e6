"""What jsonatapy says of a failed expression, in the words that AWS uses.

AWS shows the messages of JSONata's own implementations (https://github.com/jsonata-js/jsonata, `errorCodes`), and other
words, without a code, where an evaluation meets a bound. Promises a code and a message for any text; what no rule knows
stays as it is.
"""

import re

STACK = "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive."
TIME = "Expression evaluation timeout: Check for infinite loop"
MEMORY = "Expression evaluation memory limit exceeded: Check for excessive memory usage"

BOUNDS = {"D1011": STACK, "D1012": TIME, "D2014": MEMORY, "D2015": MEMORY}
"""By jsonatapy's code: what AWS says when a bound is met."""

SYMBOLS = {
    "Ampersand": "&",
    "At": "@",
    "Caret": "^",
    "Colon": ":",
    "ColonEqual": ":=",
    "Comma": ",",
    "Dot": ".",
    "DotDot": "..",
    "Equal": "=",
    "False": "false",
    "GreaterThan": ">",
    "GreaterThanOrEqual": ">=",
    "Hash": "#",
    "LeftBrace": "{",
    "LeftBracket": "[",
    "LeftParen": "(",
    "LessThan": "<",
    "LessThanOrEqual": "<=",
    "Minus": "-",
    "NotEqual": "!=",
    "Null": "null",
    "Percent": "%",
    "Pipe": "|",
    "Plus": "+",
    "Question": "?",
    "RightBrace": "}",
    "RightBracket": "]",
    "RightParen": ")",
    "Semicolon": ";",
    "Slash": "/",
    "Star": "*",
    "TildeArrow": "~>",
    "True": "true",
}
"""How jsonatapy names the symbols of the language."""

_NAMES = "|".join(sorted(SYMBOLS, key=len, reverse=True))
_TOKEN = rf'(?:{_NAMES}|(?:Identifier|String|Variable)\("[^"]*"\)|Number\([^)]*\))'
_SYNTAX = re.compile(rf"(?P<before>(?:^|Expected |got |symbol |error: ))(?P<token>{_TOKEN})(?=$|,| )")

REWORDED = [
    (re.compile(r"(Attempted to invoke a non-function): .*"), r"\1"),
    (re.compile(r"Cannot convert '(.*)' to number"), r'Unable to cast value to a number: "\1"'),
    (re.compile(r"(The \w+ side of the) ([^\s\"]+) (operator must .*)"), r'\1 "\2" \3'),
    (re.compile(r"(Argument \d+ of function) \$?(\w+) (does not match|must be an array)"), r'\1 "\2" \3'),
]

_CODED = re.compile(
    r"(?:Parse error: )?(?:Invalid syntax: )?(?:host function raised \w+: )?(?:([A-Z]\d{4}): )?(.*)", re.DOTALL
)


def worded(message: str) -> tuple[str, str]:
    """The code, empty where AWS gives none, and the message without it."""
    match = _CODED.fullmatch(message)
    code, text = (match[1] or "", match[2]) if match else ("", message)
    if code in BOUNDS:
        return "", BOUNDS[code]
    if code.startswith("S"):
        return code, _SYNTAX.sub(lambda found: found["before"] + _symbol(found["token"]), text)
    for pattern, replacement in REWORDED:
        text = pattern.sub(replacement, text)
    return code, text


def _symbol(token: str) -> str:
    if token in SYMBOLS:
        return f'"{SYMBOLS[token]}"'
    kind, _, inside = token[:-1].partition("(")
    return inside.removesuffix(".0") if kind == "Number" else inside
