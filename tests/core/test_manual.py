"""The manual's pages: links lead somewhere, pictures are there and small, and operators that are named exist."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LARGEST = 300_000  # bytes of a picture
OPERATORS = set(re.findall(r'bl_idname = "veduta\.(\w+)"', "\n".join(file.read_text("utf-8") for file in (ROOT / "blender_addon").rglob("*.py"))))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert not [link for link in links if "://" not in link and not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_operators_that_are_named_exist(page):
    named = set(re.findall(r"bpy\.ops\.veduta\.(\w+)", page.read_text("utf-8")))
    if page.parent.name == "docs" and page.name == "README.md":  # its last column
        named |= set(re.findall(r"`(\w+)`", page.read_text("utf-8")))
        assert len(named) > 30
    assert named <= OPERATORS


def test_every_page_is_reached_from_the_first():
    first = (ROOT / "docs" / "README.md").read_text("utf-8")
    assert not [page.name for page in PAGES[1:] if page.name != "README.md" and f"({page.name}" not in first]


def test_pictures_are_small():
    large = {file.name for file in (ROOT / "docs" / "images").iterdir() if file.stat().st_size > LARGEST}
    assert large <= {"render.png"}, "README's render alone is kept at full quality"
