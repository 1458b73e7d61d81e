"""Names that stand for a part of the router."""

from __future__ import annotations

import pytest

from xrouter import plugins
from xrouter.dialects import openai
from xrouter.errors import ConfigError


def test_a_built_in_part_is_found() -> None:
    """A name of the table gives the part itself."""
    assert plugins.names("dialect")[0] == "openai"
    assert plugins.knows("dialect", "openai")
    assert plugins.load("dialect", "openai") is openai


def test_a_name_that_nobody_has_is_refused_by_name() -> None:
    """A missing part is an error that says which there are."""
    assert not plugins.knows("dialect", "klingon")
    with pytest.raises(ConfigError, match='there is no dialect "klingon"; there are: openai'):
        plugins.load("dialect", "klingon")
