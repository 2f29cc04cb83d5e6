"""Translate jsonatapy's messages about failed expressions into AWS's words.

AWS shows the messages of JSONata's own implementation (https://github.com/jsonata-js/jsonata, `errorCodes`), and other
messages, without a code, if an evaluation exceeds a limit. Accepts any text: a message for which there is no rule stays
as it is.
"""

import re

STACK_OVERFLOW = (
    "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive."
)
TIMEOUT = "Expression evaluation timeout: Check for infinite loop"
MEMORY_EXCEEDED = "Expression evaluation memory limit exceeded: Check for excessive memory usage"

LIMIT_MESSAGES = {"D1011": STACK_OVERFLOW, "D1012": TIMEOUT, "D2014": MEMORY_EXCEEDED, "D2015": MEMORY_EXCEEDED}
"""AWS's messages for exceeded limits, by jsonatapy's code."""

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
"""The symbols of the language, by jsonatapy's names."""

_NAMES = "|".join(sorted(SYMBOLS, key=len, reverse=True))
_TOKEN = rf'(?:{_NAMES}|(?:Identifier|String|Variable)\("[^"]*"\)|Number\([^)]*\))'
_SYNTAX = re.compile(rf"(?P<before>(?:^|Expected |got |symbol |error: ))(?P<token>{_TOKEN})(?=$|,| )")

PLURAL_TYPES = {
    "Array": "arrays", "Boolean": "booleans", "Function": "functions", "Number": "numbers", "Object": "objects",
    "String": "strings",
}  # fmt: skip
"""JSONata's words for the items that an array must have, by jsonatapy's names."""
REWRITES = [
    (
        re.compile("Left operand of range operator .*"),
        "The left side of the range operator (..) must evaluate to an integer",
    ),
    (
        re.compile("Right operand of range operator .*"),
        "The right side of the range operator (..) must evaluate to an integer",
    ),
    (re.compile("Pattern cannot be empty"), "Second argument of replace function cannot be an empty string"),
    (re.compile("(Third argument of split function must) be a positive number"), r"\1 evaluate to a positive number"),
    (
        re.compile("Radix must be between 2 and 36, got (.*)"),
        r"The radix of the formatBase function must be between 2 and 36.  It was given \1",
    ),
    (re.compile(r"(Instead it matched more\.) \(\d+ values\)"), r"\1"),
    (
        re.compile("Attempting to invoke string function with non-finite number: .*"),
        "Attempting to invoke string function on Infinity or NaN",
    ),
    (re.compile(r"(Attempted to invoke a non-function): .*"), r"\1"),
    (re.compile(r"Cannot convert '(.*)' to number"), r'Unable to cast value to a number: "\1"'),
    (re.compile(r"(The \w+ side of the) ([^\s\"]+) (operator must .*)"), r'\1 "\2" \3'),
    (re.compile(r"(Argument \d+ of function) \$?(\w+) (does not match|must be an array)"), r'\1 "\2" \3'),
]

_CODE_AND_TEXT = re.compile(
    r"(?:Parse error: )?(?:Invalid syntax: )?(?:host function raised \w+: )?(?:([A-Z]\d{4}): )?(.*)", re.DOTALL
)


_FUNCTION_CALL = re.compile(r"\$(\w+)\s*\(")
_COMPARISON = re.compile(r"[<>]=?")
_ARGUMENT = re.compile(r"Argument (\d+) must be .*")
_ARRAY = re.compile(r"Argument (\d+) must be an array of (\w+)")
_COUNT = re.compile(r"Argument count mismatch: expected (\d+), got (\d+)")


def aws_message(message: str, expression: str = "") -> tuple[str, str]:
    """Return the code, empty if AWS shows none, and the message without it.

    Some messages of jsonatapy omit details, such as the called function. They are taken from the expression if it has
    only one candidate.
    """
    match = _CODE_AND_TEXT.fullmatch(message)
    code, text = (match[1] or "", match[2]) if match else ("", message)
    if code in LIMIT_MESSAGES:
        return "", LIMIT_MESSAGES[code]
    if code.startswith("S"):
        return code, _SYNTAX.sub(lambda found: found["before"] + _symbol(found["token"]), text)
    for pattern, replacement in REWRITES:
        text = pattern.sub(replacement, text)
    return code, _add_details(code, text, expression)


def _add_details(code: str, text: str, expression: str) -> str:
    """Complete a message with details from the expression."""
    if code in ("T0410", "T0412"):
        names = set(_FUNCTION_CALL.findall(expression))
        return _argument_message(text, names.pop()) if len(names) == 1 else text
    if code == "T2010":
        operators = set(_COMPARISON.findall(expression))
        if len(operators) == 1:
            return (
                f'The expressions either side of operator "{operators.pop()}" must evaluate to numeric or string values'
            )
    return text


def _argument_message(text: str, name: str) -> str:
    if array := _ARRAY.fullmatch(text):
        return f'Argument {array[1]} of function "{name}" must be an array of "{PLURAL_TYPES.get(array[2], array[2])}"'
    if argument := _ARGUMENT.fullmatch(text):
        return f'Argument {argument[1]} of function "{name}" does not match function signature'
    if count := _COUNT.fullmatch(text):
        wrong = min(int(count[1]), int(count[2])) + 1
        return f'Argument {wrong} of function "{name}" does not match function signature'
    return text


def _symbol(token: str) -> str:
    if token in SYMBOLS:
        return f'"{SYMBOLS[token]}"'
    kind, _, inside = token[:-1].partition("(")
    return inside.removesuffix(".0") if kind == "Number" else inside
