"""List the pages of the manual that are made from the program, with their present text."""

from pathlib import Path

from tests.docs.pages import DOCS
from tests.docs.reference import aws_coverage, commands, job_file_keys, own_operations


def made_pages() -> dict[Path, str]:
    """Return the text that each made page must have."""
    manual = DOCS / "manual"
    return {
        manual / "job-file.md": job_file_keys.page_text(),
        manual / "commands.md": commands.page_text(),
        manual / "aws-coverage.md": aws_coverage.page_text(),
        DOCS / "design" / "own-operations.md": own_operations.page_text(),
    }
