"""What the documents claim, where a program can tell."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.processes import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("bench/*.md")])
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#([^)]*))?\)")


def _reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("configuration.md", "configuration"),
        ("providers.md", "providers"),
        ("dialects.md", "dialects"),
        ("cli.md", "commands"),
    ],
)
def test_references_are_of_today(name: str, function: str) -> None:
    """The reference pages are what the code writes now."""
    assert (ROOT / "docs" / name).read_text() == getattr(_reference(), function)()


def test_proofs_are_there() -> None:
    """Whatever tests the providers' page names exist."""
    named = set(re.findall(r"`(tests/[^`]+)`", (ROOT / "docs" / "providers.md").read_text()))
    assert named
    assert all(list(ROOT.glob(pattern)) for pattern in named)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """Each link to a file of the project finds it, and the heading that it names."""
    for target, heading in _LINK.findall(document.read_text()):
        page = document.parent / target
        assert page.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
            assert heading in [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles]
