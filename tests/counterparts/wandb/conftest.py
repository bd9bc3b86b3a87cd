"""openwandb, a server of W&B's protocol."""

import os
import socket
import subprocess
import time

import pytest

from cli.aws.target import CHECKOUT

OPENWANDB = CHECKOUT / ".venv-integrations" / "openwandb" / "bin" / "openwandb"


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def server(tmp_path, port):
    """A server of W&B's protocol; gives its address and the folder that it keeps runs in."""
    folder = tmp_path / "server"
    command = [OPENWANDB, "serve", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--data-dir", folder]
    with (
        (tmp_path / "server.log").open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "HOME": str(tmp_path)}) as process,
    ):
        try:
            deadline = time.monotonic() + 60
            while not _listens(port):
                assert process.poll() is None, (tmp_path / "server.log").read_text()[-2000:]
                assert time.monotonic() < deadline, "the server does not listen"
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}", folder
        finally:
            process.terminate()


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
