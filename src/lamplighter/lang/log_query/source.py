"""Read the command SOURCE, which selects the log groups of a query by the beginnings of their names and their class.

`SOURCE logGroups(namePrefix: ['/batch/'], class: ['STANDARD'], accountIdentifiers: ['123456789012'])`: each keyword is
optional. Data sources are not read. See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Source.html.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.lang.log_query.scanner import QueryError, Scanner

MAX_PREFIXES, MAX_ACCOUNTS = 5, 20
CLASSES = ("STANDARD", "INFREQUENT_ACCESS")
_KEYWORDS: Mapping[str, str] = {
    "nameprefix": "prefixes",
    "class": "classes",
    "loggroupclass": "classes",
    "accountidentifier": "accounts",
    "accountidentifiers": "accounts",
}


@dataclass(frozen=True, slots=True)
class Source:
    """The log groups of a query; an empty sequence of prefixes or accounts selects all."""

    prefixes: Sequence[str] = ()
    classes: Sequence[str] = ("STANDARD",)
    accounts: Sequence[str] = ()

    def selects(self, account: str, log_class: str) -> bool:
        """Return whether a log group with one of the prefixes belongs to the query."""
        return (not self.accounts or account in self.accounts) and log_class in self.classes


def read_source(scanner: Scanner) -> Source:
    """Read what follows the word SOURCE. Raises `QueryError`."""
    scanner.expect("loggroups")
    scanner.expect("(")
    found: dict[str, Sequence[str]] = {}
    while scanner.peek().word != ")":
        if found:
            scanner.expect(",")
        token = scanner.take()
        member = _KEYWORDS.get(token.word)
        if member is None or member in found:
            raise QueryError(f"unexpected symbol found '{token.text[:40]}'", token.start, token.end)
        scanner.expect(":")
        found[member] = _read_texts(scanner, _CHECKS[member])
    scanner.expect(")")
    return Source(**found)


def _read_texts(scanner: Scanner, check: Callable[[Sequence[str]], str]) -> Sequence[str]:
    """Read a text, or texts in brackets."""
    start, texts = scanner.peek().start, list[str]()
    if scanner.accept("["):
        while not scanner.accept("]"):
            if texts:
                scanner.expect(",")
            texts.append(_read_text(scanner))
    else:
        texts.append(_read_text(scanner))
    if reason := check(texts):
        raise QueryError(reason, start, scanner.end)
    return texts


def _read_text(scanner: Scanner) -> str:
    if scanner.peek().kind != "text":
        raise scanner.error("a text in quotation marks is missing")
    return scanner.take().text


def _check_classes(texts: Sequence[str]) -> str:
    return "" if texts and set(texts) <= set(CLASSES) else f"a class is one of {', '.join(CLASSES)}"


def _limit(most: int, name: str) -> Callable[[Sequence[str]], str]:
    return lambda texts: f"at most {most} {name} are possible" if len(texts) > most else ""


_CHECKS: Mapping[str, Callable[[Sequence[str]], str]] = {
    "prefixes": _limit(MAX_PREFIXES, "prefixes"),
    "accounts": _limit(MAX_ACCOUNTS, "accounts"),
    "classes": _check_classes,
}
