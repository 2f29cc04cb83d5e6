"""Read the user's own templates, from CDK, SAM, Copilot or written by hand: each becomes a stack, unchanged.

Guarantees that an unreadable template, or a parameter that does not fit, is reported before any resource is created.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.cli.up.stack_plan import StackOrigin, StackPlan
from lamplighter.lang.template.parameters import resolve_values
from lamplighter.lang.template.text import TemplateError, parse_text

TEMPLATE_SUFFIXES = (".json", ".yaml", ".yml", ".template")


class InvalidTemplate(LamplighterError):
    """A file or a parameter that cannot be used for a stack."""


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """A source that reads templates."""

    paths: tuple[Path, ...]
    parameters: Mapping[str, str]

    @property
    def display_name(self) -> str:
        """See `StackSource.display_name`."""
        return ", ".join(map(str, self.paths))

    @property
    def origin(self) -> None:
        """See `StackSource.origin`: the user's own templates get no mark."""
        return None

    def is_owner_of(self, stack: str, origin: StackOrigin | None) -> bool:
        """See `StackSource.is_owner_of`: a stack without a mark is recognised by its name."""
        return origin is None and stack in map(stack_name, self.paths)

    @property
    def folder(self) -> Path:
        """See `StackSource.folder`."""
        return self.paths[0].absolute().parent

    def read_plans(self) -> list[StackPlan]:
        """See `StackSource.read_plans`; raises `InvalidTemplate`."""
        found = [self._plan(path) for path in self.paths]
        names = [plan.stack for plan in found]
        for path, name in zip(self.paths, names, strict=True):
            if names.count(name) > 1:
                raise InvalidTemplate(f"{path}: two of these files have the same stack name {name}: rename one of them")
        unused = set(self.parameters) - {name for plan in found for name in plan.parameters}
        if unused:
            raise InvalidTemplate(f"--parameters {', '.join(sorted(unused))}: no template has such a parameter")
        return found

    def files(self) -> set[Path]:
        """See `StackSource.files`."""
        return set(self.paths)

    def _plan(self, path: Path) -> StackPlan:
        try:
            text = path.read_text("utf-8-sig")
            document = parse_text(text)
            declared = document.get("Parameters") or {} if isinstance(document, dict) else {}
            given = {name: value for name, value in self.parameters.items() if name in declared}
            resolve_values(declared, given)
        except OSError as error:
            raise InvalidTemplate(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
        except UnicodeDecodeError:
            raise InvalidTemplate(f"{path} is not UTF-8") from None
        except TemplateError as error:
            raise InvalidTemplate(f"{path}: {error.message}{_hint(error.message)}") from None
        except (TypeError, AttributeError):
            raise InvalidTemplate(f"{path}: this is not a CloudFormation template") from None
        return StackPlan(stack_name(path), text, given)


def _hint(message: str) -> str:
    return ": use --parameters NAME=VALUE" if "must have values" in message else ""


def stack_name(path: Path) -> str:
    """Return the name of the stack of a template file: cdk.out/App.template.json is App."""
    name = path.name
    while name.endswith(TEMPLATE_SUFFIXES):
        name = name.rpartition(".")[0]
    name = re.sub("[^A-Za-z0-9]+", "-", name).strip("-")[:128]
    return name if name[:1].isalpha() else f"stack-{name}".rstrip("-")


def parse_parameter_values(given: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Parse the values of `--parameters`, each of the form NAME=VALUE; raise `InvalidTemplate` for any other."""
    for each in given:
        name, sign, value = each.partition("=")
        if not sign or not name:
            raise InvalidTemplate(f"--parameters {each}: use NAME=VALUE")
        yield name, value
