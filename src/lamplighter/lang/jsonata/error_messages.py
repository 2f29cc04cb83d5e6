"""Translate errors of jlens and of our own functions into AWS's words.

AWS shows the messages of JSONata's own implementation (https://github.com/jsonata-js/jsonata, `errorCodes`), as jlens
does too, and other messages, without a code, if an evaluation exceeds a limit. Accepts any text: a message for which
there is no rule stays as it is.
"""

import re

STACK_OVERFLOW = (
    "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive."
)
TIMEOUT = "Expression evaluation timeout: Check for infinite loop"
MEMORY_EXCEEDED = "Expression evaluation memory limit exceeded: Check for excessive memory usage"

LIMIT_MESSAGES = {"D1011": STACK_OVERFLOW, "D1012": TIMEOUT, "D2014": MEMORY_EXCEEDED, "U1001": MEMORY_EXCEEDED}
"""AWS's messages for exceeded limits, by the code of JSONata or jlens."""

_CODE = re.compile(r"([A-Z]\d{4}): (.*)", re.DOTALL)
_WHOLE_NUMBER = re.compile(r"(?<=[ ,])(-?\d+)\.0$")


def evaluation_message(code: str, message: str) -> tuple[str, str]:
    """Return the code, empty if AWS shows none, and the message for a failed evaluation."""
    if code in LIMIT_MESSAGES:
        return "", LIMIT_MESSAGES[code]
    return code, _shorten_number(message)


def syntax_message(code: str, message: str) -> tuple[str, str]:
    """Return the code and the message for a text that is not an expression."""
    return code, _shorten_number(message)


def function_message(text: str) -> tuple[str, str]:
    """Return the code and the message of an error of one of our own functions, which may begin with a code."""
    match = _CODE.fullmatch(text)
    return evaluation_message(match[1], match[2]) if match else ("", text)


def _shorten_number(message: str) -> str:
    # jlens writes the number 3 of an expression as 3.0.
    return _WHOLE_NUMBER.sub(r"\1", message)
