"""Modules that are imported when they are first needed, because each takes a part of a second to import.

Promises one way to do so: `tests/architecture` finds the names of modules in the source, wherever they are texts, and
holds the layers for them as for any other import.
"""

import importlib
from types import ModuleType


def load_module(name: str) -> ModuleType:
    """Import a module by its full name, and return it."""
    return importlib.import_module(name)
