"""The manual is built without a warning, has every page, and loads nothing from other hosts."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lamplighter.base.json_text import Json
from tests.docs.pages import DOCS, README, ROOT, pages

ZENSICAL = Path(sys.executable).parent / "zensical"
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_LOADED = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//[^>]*>""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does, beside the repository's own `site`."""
    folder = tmp_path_factory.mktemp("manual")
    shutil.copytree(DOCS, folder / "docs")
    (folder / "mkdocs.yml").write_text((ROOT / "mkdocs.yml").read_text())
    made = subprocess.run([ZENSICAL, "build", "--strict"], cwd=folder, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / "site"


def test_the_manual_is_built_without_a_warning(site: Path) -> None:
    built = {str(each.relative_to(site).with_suffix(".md")) for each in site.rglob("*.html")} - {"404.md"}
    assert built == {str(each.relative_to(DOCS)) for each in DOCS.rglob("*.md")}


def test_the_site_loads_nothing_from_other_hosts(site: Path) -> None:
    found = {
        each for file in site.rglob("*.html") for each in _LOADED.findall(file.read_text()) if "canonical" not in each
    }
    assert found == set()


def test_the_navigation_has_every_page_once() -> None:
    listed = list(nav_pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    assert sorted(listed) == sorted(str(each.relative_to(DOCS)) for each in DOCS.rglob("*.md"))


def nav_pages(entry: Json) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    for each in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ():
        yield from nav_pages(each)


def test_every_link_to_a_file_leads_to_one() -> None:
    """The build checks the links within the manual; this includes those of the README and to other files."""
    broken = [
        f"{page.name}: {target}"
        for page in pages()
        for target in _LINK.findall(page.text)
        if "://" not in target and not target.startswith(("#", "mailto:"))
        if not ((ROOT / page.name).parent / target.partition("#")[0]).exists()
    ]
    assert broken == []


def test_the_readme_is_one_screen() -> None:
    assert README.read_text().count("\n") <= 90
