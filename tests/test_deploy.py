"""deploy/: the image and the composition.

No Docker engine is needed: the Dockerfile's own instructions are carried out one by one in an empty folder, with a
fresh virtual environment in the place of the base image's Python. What that cannot show is the base image itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import ROOT, free_port
from xrouter.config.envmap import VARIABLES

DOCKERFILE = ROOT / "deploy/Dockerfile"
COMPOSE = (ROOT / "deploy/docker-compose.yml").read_text()
NOBODY = 10001
_OF_THE_SYSTEM = ("bin", "dev", "etc", "lib", "proc", "sbin", "tmp", "usr")
_PATH = re.compile(rf"(?<![\w./-])/(?!(?:{'|'.join(_OF_THE_SYSTEM)})\b)(?=\w)")


class Image:
    """A folder in which a Dockerfile was carried out. Absolute paths of the image lie below `root`."""

    def __init__(self, folder: Path, python: str) -> None:
        self.root = folder / "root"
        self.user = self.healthcheck = ""
        self.entrypoint: list[str] = []
        self.volumes: list[str] = []
        self._folder = folder
        self._base = folder / "base"
        self._stage = ""
        subprocess.run([python, "-m", "venv", self._base], check=True)

    def build(self, dockerfile: str) -> None:
        """Carry out all instructions, in order."""
        lines = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", dockerfile))
        for line in filter(None, map(str.strip, lines.splitlines())):
            word, _, rest = line.partition(" ")
            getattr(self, f"do_{word.lower()}")(rest)

    def do_from(self, rest: str) -> None:
        """A stage begins with nothing; the one before stays aside for COPY --from."""
        assert rest.startswith("python:3.12-slim")
        if self._stage:
            self.root.rename(self._folder / self._stage)
        self._stage = rest.partition(" AS ")[2] or "last"
        self.root.mkdir()
        self.work, self.env = self.root, {"PATH": f"{self._base / 'bin'}:/usr/bin:/bin"}

    def do_workdir(self, rest: str) -> None:
        """Where the next instructions work."""
        self.work = self._inside(rest)
        self.work.mkdir(parents=True, exist_ok=True)

    def do_copy(self, rest: str) -> None:
        """From the context, as far as .dockerignore lets it through, or from an earlier stage."""
        *sources, target = shlex.split(rest)
        origin = ROOT
        if sources[0].startswith("--from="):
            origin = self._folder / sources.pop(0).partition("=")[2]
        else:
            assert set(sources) <= context(), "the .dockerignore keeps this from the engine"
        for source in sources:
            found, to = origin / source.lstrip("/"), self._inside(target)
            if found.is_dir():
                shutil.copytree(found, to, ignore=shutil.ignore_patterns("__pycache__"), symlinks=True)
            else:
                shutil.copy(found, to / found.name)

    def do_run(self, rest: str) -> None:
        """A command of the shell; only root can give files away, so for others that part is left out."""
        command = _PATH.sub(f"{self.root}/", rest)
        if os.geteuid() != 0:
            command = re.sub(r" -[og] \d+", "", command)
        (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
        outside = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
        subprocess.run(["sh", "-ec", command], cwd=self.work, env=outside | self.env, check=True)

    def do_env(self, rest: str) -> None:
        """Variables of the container. The base image's own Python is not on the PATH of what runs."""
        for pair in shlex.split(rest):
            name, _, value = pair.partition("=")
            self.env[name] = _PATH.sub(f"{self.root}/", value).replace(":$PATH", ":/usr/bin:/bin")

    def do_user(self, rest: str) -> None:
        """Who runs it."""
        self.user = rest

    def do_volume(self, rest: str) -> None:
        """What stays."""
        self.volumes.append(rest)

    def do_healthcheck(self, rest: str) -> None:
        """How the engine asks whether it is well."""
        self.healthcheck = rest.partition("CMD ")[2]

    def do_entrypoint(self, rest: str) -> None:
        """What runs."""
        self.entrypoint = json.loads(rest)

    def do_expose(self, rest: str) -> None:
        """Only a remark."""
        assert rest == "3000"

    def do_stopsignal(self, rest: str) -> None:
        """How the engine ends it."""
        assert rest == "SIGTERM"

    def start(self, command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
        """A process in the container, not as root where that can be."""
        whole = self.env | env
        program = shutil.which(command[0], path=whole["PATH"])
        assert program is not None
        assert program.startswith(str(self.root))
        lower = unprivileged() if may_run(program) else {}
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen([program, *command[1:]], cwd=self.work, env=whole, stdout=log, stderr=log, **lower)

    def log(self) -> str:
        """What its processes wrote."""
        return (self._folder / "log").read_text()

    def _inside(self, path: str) -> Path:
        return self.root / path.lstrip("/") if path.startswith("/") else self.work / path


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The image, built once."""
    with tempfile.TemporaryDirectory(prefix="xrouter-image-") as folder:
        Path(folder).chmod(0o755)
        built = Image(Path(folder), usable_python())
        built.build(DOCKERFILE.read_text())
        yield built


async def test_container_runs_is_healthy_and_ends_on_sigterm(image: Image) -> None:
    """The entrypoint serves as an unprivileged user, the health check sees it, and SIGTERM ends it with 0."""
    env = {
        "PORT": str(free_port()),
        "HOST": "127.0.0.1",  # what the key would make it listen on is 0.0.0.0: not on a developer's machine
        "ROUTER_API_KEY": "a-key-for-this-test",
        "CLASSIFIER_ENABLED": "false",
        "FRONTIER_BASE_URL": "http://127.0.0.1:9/v1",
        "FRONTIER_MODEL": "none",
    }
    router = image.start(image.entrypoint, env)
    try:
        async with asyncio.timeout(30):
            while await ends(image.start(json.loads(image.healthcheck), env)) != 0:
                assert router.poll() is None, image.log()
        router.send_signal(signal.SIGTERM)
        assert await ends(router) == 0, image.log()
    finally:
        router.kill()
    assert await ends(image.start(json.loads(image.healthcheck), env)) != 0
    assert "a-key-for-this-test" not in image.log()


def test_image_holds_the_router_and_no_sources(image: Image) -> None:
    """What runs is the installed package: no source tree, no pip, nothing of the build."""
    assert sorted(path.name for path in image.root.iterdir()) == ["opt", "var"]
    assert not list((image.root / "opt").rglob("site-packages/pip"))


def test_nobody_special_runs_it_and_its_state_is_in_the_volume(image: Image) -> None:
    """The user is a number other than root's, and its home, where all state lies, is the volume."""
    assert image.user == f"{NOBODY}:{NOBODY}"
    assert image.volumes == ["/var/lib/xrouter"]
    assert image.env["HOME"] == str(image.root / "var/lib/xrouter") == str(image.work)


def test_context_leaves_everything_else_at_home() -> None:
    """Neither .env nor .git, nor anything that is not built in, goes to the engine."""
    assert context() == {"pyproject.toml", "README.md", "LICENSE", "xrouter"}


def test_composition_asks_for_a_key_and_publishes_no_redis() -> None:
    """Without ROUTER_API_KEY it does not start; Redis is for the router alone; state and counters are volumes."""
    router, redis = services()["router"], services()["redis"]
    assert "ROUTER_API_KEY: ${ROUTER_API_KEY:?" in router
    assert "dockerfile: deploy/Dockerfile" in router
    assert "- state:/var/lib/xrouter" in router
    assert "REDIS_URL: redis://redis:6379/0" in router
    assert "ports:" not in redis
    assert "- counters:/data" in redis


def test_composition_passes_every_setting_on() -> None:
    """Each environment name of ours reaches the router, but for those that the container itself fixes."""
    named = set(re.findall(r"(?m)^      ([A-Z_]+):", services()["router"]))
    assert named == VARIABLES.keys() - {"HOST", "PORT", "LOG_TO_FILE", "LOG_DIR"}


@pytest.mark.parametrize(("key", "code"), [("k", 0), ("", 1)])
def test_composition_is_valid(key: str, code: int) -> None:
    """Where the client has the compose plug-in, it reads the file, and refuses it without a key."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no docker compose here; the tests above read the file as text")
    command = [docker, "compose", "-f", str(ROOT / "deploy/docker-compose.yml"), "config", "-q"]
    env = {"PATH": os.environ["PATH"], "ROUTER_API_KEY": key}
    ended = subprocess.run(command, env=env, capture_output=True, check=False)
    assert bool(ended.returncode) == bool(code), ended.stderr


def context() -> set[str]:
    """What .dockerignore lets through: nothing but the names behind an exclamation mark."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    return {line[1:] for line in lines if line.startswith("!")}


def services() -> dict[str, str]:
    """The text of each service of the composition."""
    block = COMPOSE.partition("\nservices:\n")[2].partition("\nvolumes:\n")[0]
    parts = re.split(r"(?m)^  (\w+):\n", block)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def usable_python() -> str:
    """A Python that an unprivileged user can run too: root's own may lie in a folder that is closed to others."""
    candidates = (os.path.realpath(sys.executable), "/usr/bin/python3", "/usr/local/bin/python3")
    return next((python for python in candidates if may_run(python)), sys.executable)


def may_run(program: str) -> bool:
    """Whether an unprivileged user can run that Python, or that script with its Python."""
    command = [program, "-c", "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"]
    if not Path(program).name.startswith("python"):
        command = [program, "--help"]
    try:
        return subprocess.run(command, capture_output=True, check=False, **unprivileged()).returncode == 0
    except OSError:
        return False


def unprivileged() -> dict[str, Any]:
    """For a process that root starts: another user, in no group of root's."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


async def ends(process: subprocess.Popen[bytes]) -> int:
    """Its exit code."""
    return await asyncio.to_thread(process.wait, 20)
