"""The loader: layers in their order, origins, and everything that is wrong at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xrouter.config.check import findings
from xrouter.config.load import Loaded, load
from xrouter.config.model import Config
from xrouter.config.secret import Secret
from xrouter.errors import ConfigError

SECRET = "hunter2-hunter2-hunter2-hunter2"
NAMES = ("openai", "groq", "openai_compatible")


def read(
    folder: Path, *, toml: str = "", dotenv: str = "", environ: dict[str, str] | None = None, **flags: object
) -> Loaded:
    """Load with these layers; `folder` is the working directory and holds config.toml."""
    (folder / ".env").write_text(dotenv)
    (folder / "config.toml").write_text(toml)
    return load(environ=environ or {}, cwd=folder, config_file=folder / "config.toml", flags=flags, providers=NAMES)


def wrong(folder: Path, *, toml: str = "", dotenv: str = "", environ: dict[str, str] | None = None) -> list[str]:
    """The findings of settings that cannot be loaded."""
    with pytest.raises(ConfigError) as caught:
        read(folder, toml=toml, dotenv=dotenv, environ=environ)
    return list(caught.value.findings)


def test_nothing_given_is_the_defaults(tmp_path: Path) -> None:
    """Without any layer every setting is its default and says so."""
    loaded = load(environ={"XDG_CONFIG_HOME": str(tmp_path)}, cwd=tmp_path)

    assert loaded.config == Config()
    assert set(loaded.origins.values()) == {"default"}
    assert (loaded.path, loaded.exists) == (tmp_path / "xrouter/config.toml", False)


def test_each_layer_counts_before_the_one_below(tmp_path: Path) -> None:
    """Defaults, config.toml, .env, environment, flags: the later one wins, and each value knows where it is from."""
    loaded = read(
        tmp_path,
        toml="[server]\nport = 1\nhost = '127.0.0.1'\nmax_body_bytes = 5\ndrain_timeout_ms = 6",
        dotenv="PORT=2\nMAX_BODY_BYTES=7\nDRAIN_TIMEOUT_MS=8",
        environ={"PORT": "3", "DRAIN_TIMEOUT_MS": "9"},
        port=4,
        host=None,
    )

    server = loaded.config.server
    assert (server.host, server.max_body_bytes, server.drain_timeout_ms, server.port) == ("127.0.0.1", 7, 9, 4)
    assert loaded.origins["server.host"] == str(tmp_path / "config.toml")
    assert loaded.origins["server.max_body_bytes"] == ".env: MAX_BODY_BYTES"
    assert loaded.origins["server.drain_timeout_ms"] == "environment: DRAIN_TIMEOUT_MS"
    assert loaded.origins["server.port"] == "flag --port"


def test_flags_are_named_by_parameter(tmp_path: Path) -> None:
    """A flag's text is read as a variable's would be; what is wrong with it is said by the flag's own name."""
    assert read(tmp_path, log_level="DEBUG").config.logging.level == "debug"
    assert read(tmp_path, port="81").config.server.port == 81
    with pytest.raises(ConfigError, match=r'^--log-level is "loud"; it must be one of debug, info, warn, error'):
        read(tmp_path, log_level="loud")


def test_an_empty_variable_is_none(tmp_path: Path) -> None:
    """An empty value, or one of blanks, means that the variable is not set."""
    assert read(tmp_path, toml="[server]\nport = 1", environ={"PORT": " "}, dotenv="PORT=").config.server.port == 1


def test_every_kind_of_text_is_read(tmp_path: Path) -> None:
    """Numbers, yes and no, words, JSON objects, keys and plain texts of the environment get their types."""
    environ = {
        "PORT": " 8080 ",
        "LOG_TO_FILE": "On",
        "LOG_LEVEL": "WARNING",
        "ROUTER_API_KEY": SECRET,
        "FRONTIER_BASE_URL": "https://api.openai.com",
        "FRONTIER_PROVIDER": "OpenAI",
        "FRONTIER_HEADERS": '{"X-Team": "red"}',
        "CLASSIFIER_KEEP_ALIVE_MS": "0",
    }

    config = read(tmp_path, environ=environ).config

    assert (config.server.port, config.server.api_key) == (8080, Secret(SECRET))
    assert (config.logging.to_file, config.logging.level) == (True, "warn")
    assert (config.tiers.frontier.provider, config.tiers.frontier.headers) == ("openai", {"X-Team": "red"})
    assert config.classifier.keep_alive_ms == 0


def test_everything_that_toml_can_say(tmp_path: Path) -> None:
    """Tables, lists of tables, prices, a body and providers are read; numbers may be whole where a price is meant."""
    config = read(
        tmp_path,
        toml="""
        [[server.keys]]
        name = "laptop"
        key = "k-1"
        [server]
        allowed_hosts = ["router.lan"]
        [tiers.cheap]
        base_url = "http://127.0.0.1:1"
        input_price = 1
        output_price = 2.5
        body = { chat_template_kwargs = { enable_thinking = false } }
        [providers."my.groq"]
        base_url = "https://api.groq.com"
        """,
    ).config

    assert [(key.name, key.key) for key in config.server.keys] == [("laptop", Secret("k-1"))]
    assert config.server.allowed_hosts == ("router.lan",)
    assert (config.tiers.cheap.input_price, config.tiers.cheap.output_price) == (1.0, 2.5)
    assert config.tiers.cheap.body == {"chat_template_kwargs": {"enable_thinking": False}}
    assert config.providers["my.groq"].base_url == "https://api.groq.com"


def test_foreign_variables_are_left_alone(tmp_path: Path) -> None:
    """What is not ours, in the environment or in .env, is neither read nor exported nor an error."""
    loaded = read(tmp_path, dotenv="PORTS=x\nDATABASE_URL=$HOME\nbroken line", environ={"TERM": "dumb"})

    assert loaded.config == Config()


def test_a_dotenv_is_read_as_it_is(tmp_path: Path) -> None:
    """Quotes, `export` and comments are understood, other variables are not put in, and a BOM is skipped."""
    dotenv = "\ufeffexport PORT='81' # mine\nCLASSIFIER_SYSTEM_PROMPT=\"say ${HOME}\"\n"

    config = read(tmp_path, dotenv=dotenv).config

    assert (config.server.port, config.classifier.system_prompt) == (81, "say ${HOME}")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("PORT", "abc", 'PORT is "abc"; it must be a whole number from 1 to 65535 (environment)'),
        ("PORT", "0", "PORT is 0; it must be a whole number from 1 to 65535 (environment)"),
        ("PORT", "99999", "PORT is 99999; it must be a whole number from 1 to 65535 (environment)"),
        ("MAX_BODY_BYTES", "0", "MAX_BODY_BYTES is 0; it must be a whole number of bytes from 1 to"),
        (
            "CLASSIFIER_TIMEOUT_MS",
            "-1",
            "CLASSIFIER_TIMEOUT_MS is -1; it must be a whole number of milliseconds from 0",
        ),
        ("CLASSIFIER_ENABLED", "perhaps", 'CLASSIFIER_ENABLED is "perhaps"; it must be true or false (environment)'),
        ("LOG_LEVEL", "loud", 'LOG_LEVEL is "loud"; it must be one of debug, info, warn, error (environment)'),
        ("CLASSIFIER_KIND", "x", 'CLASSIFIER_KIND is "x"; it must be one of auto, llm, embedded, hybrid (environment)'),
        ("ROUTING_PROFILE", "x", 'ROUTING_PROFILE is "x"; it must be one of save, balanced, quality (environment)'),
        (
            "CHEAP_PROVIDER",
            "groqq",
            'CHEAP_PROVIDER is "groqq"; it must be one of auto, openai, groq, openai_compatible',
        ),
        ("HOST", "http://x", 'HOST is "http://x"; it must be a host name or an IP address'),
        ("FRONTIER_BASE_URL", "api.openai.com", "FRONTIER_BASE_URL cannot be used; it must be an http:// or https://"),
        ("FRONTIER_BASE_URL", "htps://x/y", 'FRONTIER_BASE_URL is "htps://x"; it must be an http:// or https://'),
        ("FRONTIER_BASE_URL", "http://", "FRONTIER_BASE_URL"),
        ("FRONTIER_BASE_URL", "http://h:99999", "FRONTIER_BASE_URL"),
        ("FRONTIER_BASE_URL", "http://a b", "FRONTIER_BASE_URL"),
        ("FRONTIER_BASE_URL", "http://x\\@api.openai.com", "FRONTIER_BASE_URL"),
        ("FRONTIER_HEADERS", "{A: b}", "FRONTIER_HEADERS cannot be used; it must be a table of header names and texts"),
        ("FRONTIER_HEADERS", '{"A": 1}', "FRONTIER_HEADERS"),
        ("FRONTIER_HEADERS", '{"A\\n": "b"}', "FRONTIER_HEADERS"),
        ("FRONTIER_HEADERS", '{"A": "b\\r\\nX: c"}', "FRONTIER_HEADERS"),
        ("FRONTIER_HEADERS", '{"A": "b", "a": "c"}', "FRONTIER_HEADERS"),
        ("FRONTIER_HEADERS", '{"Content-Length": "1"}', "FRONTIER_HEADERS"),
        ("FRONTIER_API_KEY", "two words", "FRONTIER_API_KEY cannot be a key"),
        (
            "REDIS_URL",
            "localhost:6379",
            "REDIS_URL cannot be used; it must be a redis://, rediss:// or unix:// address",
        ),
        ("CHEAP_MODEL", "a\x07b", 'CHEAP_MODEL is "a?b"; it must be a text'),
    ],
)
def test_a_wrong_variable_is_named_with_what_it_must_be(
    tmp_path: Path, variable: str, value: str, message: str
) -> None:
    """One wrong value is one finding: the name, the value where it is no secret, what it must be, and where it is."""
    findings = wrong(tmp_path, environ={variable: value})

    assert len(findings) == 1
    assert findings[0].startswith(message)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[server]\nprot = 1", "server.prot is not a setting ({file}); did you mean server.port?"),
        ("[frontier]\nbase_url = 'x'", "frontier is not a setting ({file}); did you mean tiers.frontier?"),
        ("base_url = 'x'", "base_url is not a setting ({file}); did you mean"),
        ("zzz = 1", "zzz is not a setting ({file})"),
        ("[providers.x]\nkey = 'y'", "providers.x.key is not a setting ({file})"),
        ("server = 1", "server must be a table, written [server] ({file})"),
        ("providers = 1", "providers must hold tables, such as [providers.groq] ({file})"),
        ("[server]\nport = '1'", 'server.port is "1"; it must be a whole number from 1 to 65535 ({file})'),
        ("[server]\nport = true", "server.port is true; it must be a whole number from 1 to 65535 ({file})"),
        ("[server]\nport = 1e400", "server.port is inf; it must be a whole number from 1 to 65535 ({file})"),
        ("[logging]\nto_file = 'yes'", 'logging.to_file is "yes"; it must be true or false ({file})'),
        ("[tiers.cheap]\ninput_price = -1", "tiers.cheap.input_price is -1; it must be a price"),
        ("[tiers.cheap]\ninput_price = nan", "tiers.cheap.input_price is nan; it must be a price"),
        ("[tiers.cheap]\nmodel = ''", 'tiers.cheap.model is ""; it must be a text'),
        ("[tiers.cheap]\napi_key = 1", "tiers.cheap.api_key cannot be used; it must be a text"),
        ("[tiers.cheap]\nbody = { stream = false }", "tiers.cheap.body cannot be used; it must be a table without"),
        (
            "[tiers.cheap]\nuse = 'grok'\n[providers.groq]\nprovider = 'groq'",
            'tiers.cheap.use is "grok", and there is no',
        ),
        ("[[server.keys]]\nname = 'a'", "server.keys cannot be used; it must be a list of tables"),
        ("[upstream]\nca_file = '/nowhere.pem'", "upstream.ca_file is"),
        ("[server\nport = 1", "{file} is not valid TOML: Expected ']' at the end of a table declaration (at line 1"),
        ("x = " + "[" * 3000, "{file} is not valid TOML"),
    ],
)
def test_a_wrong_key_of_the_file_is_named(tmp_path: Path, toml: str, message: str) -> None:
    """What is wrong in config.toml is named with its place, and a key that is none with the nearest that is."""
    findings = wrong(tmp_path, toml=toml)

    assert len(findings) == 1
    assert findings[0].startswith(message.format(file=tmp_path / "config.toml"))


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Every layer is looked through before anything is raised."""
    findings = wrong(
        tmp_path,
        toml="[server]\nprot = 1\n[tiers.cheap]\napi_key = 'env:NOT_THERE'",
        dotenv="LOG_LEVEL=loud",
        environ={"PORT": "abc", "CHEAP_HEADERS": "{"},
    )

    assert [finding.split()[0] for finding in findings] == [
        "server.prot",
        "LOG_LEVEL",
        "PORT",
        "CHEAP_HEADERS",
        "tiers.cheap.api_key",
    ]


@pytest.mark.parametrize("named_by", ["flag", "variable"])
def test_a_named_file_must_exist(tmp_path: Path, named_by: str) -> None:
    """A file that --config or XROUTER_CONFIG names and that is not there is an error, other than the usual one."""
    missing = tmp_path / "mine.toml"
    config_file, environ = (missing, {}) if named_by == "flag" else (None, {"XROUTER_CONFIG": str(missing)})

    with pytest.raises(ConfigError, match=r"mine\.toml does not exist"):
        load(environ=environ, cwd=tmp_path, config_file=config_file)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A folder in the file's place, and bytes that are no text, are findings; a folder called .env is none."""
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    (tmp_path / ".env").mkdir()

    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(environ={}, cwd=tmp_path, config_file=tmp_path)
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load(environ={}, cwd=tmp_path, config_file=tmp_path / "bytes.toml")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FRONTIER_BASE_URL", f"https://user:{SECRET}@api.openai.com"),
        ("FRONTIER_BASE_URL", SECRET),
        ("FRONTIER_BASE_URL", f"https://a b/?key={SECRET}"),
        ("FRONTIER_API_KEY", f"{SECRET} {SECRET}"),
        ("FRONTIER_HEADERS", f'{{"Authorization": "{SECRET}\\n"}}'),
        ("ROUTER_API_KEY", f"{SECRET}\x01"),
        ("REDIS_URL", f"http://:{SECRET}@host"),
        ("CHEAP_PROVIDER", SECRET),
        ("PORT", SECRET),
        ("HOST", f"{SECRET}/"),
    ],
)
@pytest.mark.parametrize("layer", ["environment", ".env"])
def test_no_error_shows_a_secret(tmp_path: Path, variable: str, value: str, layer: str) -> None:
    """A wrong value that is, holds or may be a key is not repeated."""
    line = f"{variable}='{value}'"
    findings = wrong(tmp_path, environ={variable: value}) if layer == "environment" else wrong(tmp_path, dotenv=line)

    assert SECRET not in "\n".join(findings)
    assert variable in findings[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["PORT", "HOST", "CHEAP_BASE_URL", "CHEAP_HEADERS", "REDIS_URL", "LOG_TO_FILE"]), value=...)
def test_any_text_is_taken_or_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    """Whatever a variable holds, it is a valid setting or one finding that names it; nothing else is raised."""
    findings: tuple[str, ...] = (name,)
    try:
        load(environ={name: value, "XDG_CONFIG_HOME": str(tmp_path)}, cwd=tmp_path)
    except ConfigError as error:
        findings = error.findings
    assert [finding.startswith(name) for finding in findings] == [True]


def test_what_is_wrong_and_what_is_missing_come_together(tmp_path: Path) -> None:
    """One round: a setting that cannot be read does not hide that others are missing, and is not called missing too."""
    environ = {"PORT": "abc", "CHEAP_BASE_URL": "ftp://cheap.example", "XDG_CONFIG_HOME": str(tmp_path)}
    with pytest.raises(ConfigError) as raised:
        load(environ=environ, cwd=tmp_path, config_file=None, check=findings)
    names = [finding.partition(" ")[0] for finding in raised.value.findings]
    assert sorted(names[:4]) == ["CHEAP_BASE_URL", "FRONTIER_BASE_URL", "MEDIUM_BASE_URL", "PORT"]
    assert names.count("CHEAP_BASE_URL") == 1


@pytest.mark.parametrize(
    ("file_url", "taken"),
    [("https://ours.example/v1", False), ("https://theirs.example/v1", True), (None, True)],
)
def test_a_dotenv_that_moves_a_tier_gets_no_key_of_the_environment(
    tmp_path: Path, file_url: str | None, *, taken: bool
) -> None:
    """The key in the environment was meant for the address of config.toml, where that names another one."""
    loaded = read(
        tmp_path,
        toml=f'[tiers.frontier]\nbase_url = "{file_url}"\n' if file_url else "",
        dotenv="FRONTIER_BASE_URL=https://theirs.example/v1\n",
        environ={"FRONTIER_API_KEY": SECRET},
    )
    assert loaded.config.tiers.frontier.api_key == (Secret(SECRET) if taken else None)
    assert SECRET not in loaded.origins["tiers.frontier.api_key"]
