"""A running Prometheus server, and the tool that comes with it."""

import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.ports import listen

CHECKOUT = Path(__file__).resolve().parents[3]
FILES = CHECKOUT / "integrations" / "prometheus"
# Where make test-integrations puts it; see scripts/prometheus.sh.
_FETCHED = CHECKOUT / ".venv-integrations" / "prometheus" / "usr" / "bin"
_PATIENCE = 60
_OF_THE_TARGET = ("instance", "job", "environment")


def program(name: str) -> str:
    """The path of prometheus or promtool. The test is skipped where there is none."""
    found = shutil.which(name) or shutil.which(name, path=str(_FETCHED))
    if found is None:
        pytest.skip(f"there is no {name}: install Prometheus's package, or run make test-integrations on Debian")
    return found


def promtool(*words: str, text: str = "") -> None:
    """It must be content: it has other exit codes for what is wrong and for what is bad style."""
    answer = subprocess.run(
        [program("promtool"), *words], cwd=FILES, input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


class Server:
    """The HTTP API of a server."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, path: str, **parameters: str) -> Any:
        """
        Raises:
            urllib.error.HTTPError: the request is refused, as is an expression that cannot be parsed.
        """
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self._url}/api/v1/{path}?{query}", timeout=10) as answer:
            return json.loads(answer.read())["data"]

    def query(self, expression: str) -> dict[tuple[tuple[str, str], ...], float]:
        """The values of now, by their labels but for those of the target."""
        values = {}
        for found in self.get("query", query=expression)["result"]:
            labels = {name: value for name, value in found["metric"].items() if name not in _OF_THE_TARGET}
            values[tuple(sorted(labels.items()))] = float(found["value"][1])
        return values

    def value(self, expression: str) -> float | None:
        """The one value of now; None if there is none."""
        found = self.query(expression)
        assert len(found) <= 1, found
        return next(iter(found.values()), None)

    def await_value(self, expression: str, expected: float, *, seconds: float = _PATIENCE) -> None:
        eventually(lambda: self.value(expression) == pytest.approx(expected), expression, seconds)


def eventually(is_so: Callable[[], bool], what: str, seconds: float = _PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.5)


def free_port() -> int:
    with listen(None) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(folder: Path, target_port: int) -> Iterator[Server]:
    """The server with the configuration of this checkout, but that it looks each second."""
    config = yaml.safe_load((FILES / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(FILES / "rules.yml")]
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{target_port}"]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [
                program("prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    server = Server(f"http://127.0.0.1:{port}")
    try:
        eventually(lambda: process.poll() is None and _answers(server), "prometheus is up")
        yield server
    finally:
        process.terminate()
        process.wait(20)


def _answers(server: Server) -> bool:
    try:
        return bool(server.get("status/buildinfo"))
    except OSError:
        return False
