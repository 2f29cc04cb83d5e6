"""Import objects when they are first needed, because some modules take a noticeable part of a second to import.

An object reference is written as in packaging's entry points: `package.module:name`. Guarantees one way to do this:
`tests/architecture` finds the references in string literals, checks that each object exists and that the layers allow
its import. See https://packaging.python.org/en/latest/specifications/entry-points/#data-model.
"""

import importlib
import importlib.util
from types import ModuleType
from typing import Any


def load_object(reference: str) -> Any:
    """Import an object by its reference, `package.module:name`, and return it."""
    module, _, name = reference.partition(":")
    return getattr(load_module(module), name)


def load_module(name: str) -> ModuleType:
    """Import a module by its full name and return it."""
    return importlib.import_module(name)


def is_installed(package: str) -> bool:
    """Return whether a package can be imported, without importing it: the libraries of extras may be missing."""
    return importlib.util.find_spec(package) is not None
