"""The environment names and how their text is read."""

from __future__ import annotations

import pytest

from xrouter.config.envmap import FLAGS, NAMES, VARIABLES, flag, table, whole, word
from xrouter.config.schema import settings


def test_every_name_is_a_setting() -> None:
    """No environment name and no flag points to a setting that is none."""
    assert {setting for setting, _ in VARIABLES.values()} <= set(settings())
    assert set(FLAGS.values()) <= set(settings())


def test_no_setting_has_two_names() -> None:
    """Each setting has one environment name at most, so that an error can name it."""
    assert len(NAMES) == len(VARIABLES)


def test_the_names_of_the_contract_are_there() -> None:
    """The documented names exist, tier by tier."""
    of_tiers = {
        f"{tier}_{name}"
        for tier in ("CHEAP", "MEDIUM", "FRONTIER")
        for name in ("BASE_URL", "API_KEY", "MODEL", "PROVIDER", "HEADERS", "DEPLOYMENT", "API_VERSION")
    }
    others = (
        "HOST PORT ROUTER_API_KEY LOG_LEVEL LOG_TO_FILE LOG_DIR CLASSIFIER_ENABLED CLASSIFIER_KIND CLASSIFIER_BASE_URL "
        "CLASSIFIER_API_KEY CLASSIFIER_MODEL CLASSIFIER_SYSTEM_PROMPT CLASSIFIER_TIMEOUT_MS CLASSIFIER_FORCE_STREAM "
        "CLASSIFIER_WARMUP CLASSIFIER_WARMUP_DELAY_MS CLASSIFIER_KEEP_ALIVE_MS CLASSIFIER_LOADING_RETRY_MS "
        "CLASSIFIER_LOADING_MAX_RETRIES ROUTING_PROFILE REDIS_URL UPSTREAM_CONNECT_TIMEOUT_MS "
        "UPSTREAM_FIRST_BYTE_TIMEOUT_MS UPSTREAM_IDLE_TIMEOUT_MS CLIENT_HEADER_TIMEOUT_MS CLIENT_BODY_TIMEOUT_MS "
        "MAX_BODY_BYTES DRAIN_TIMEOUT_MS"
    )

    assert set(VARIABLES) == of_tiers | set(others.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", True), ("Yes", True), ("on", True), ("TRUE", True), ("0", False), ("no", False), ("Off", False), ("2", "2")],
)
def test_yes_and_no(text: str, expected: object) -> None:
    """The usual words are read in any case; others stay as they are, to be refused by name."""
    assert flag(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("10", 10), ("-1", -1), ("1_0", "1_0"), ("\u0661", "\u0661"), ("1.0", "1.0")]
)
def test_whole_numbers(text: str, expected: object) -> None:
    """ASCII digits with a sign are a number; what only Python takes for one is not."""
    assert whole(text) == expected


def test_words_and_tables() -> None:
    """Words lose their case, `warning` is `warn`, and broken JSON stays a text."""
    assert word("WARNING") == "warn"
    assert table('{"A": "b"}') == {"A": "b"}
    assert table("{A: b}") == "{A: b}"
