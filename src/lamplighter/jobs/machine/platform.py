"""Name the platforms for which a template is made."""

from typing import Literal

Platform = Literal["aws", "here"]
"""AWS, or this engine ("here")."""
