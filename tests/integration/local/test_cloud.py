"""The embedded cloud starts clean, refuses a port in use, and leaves nothing running."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request

import psutil
import pytest

from local.cloud import EmbeddedCloud
from local.errors import CloudError, CloudNotRunning
from local.running import environment_of_running


def processes_of(home):
    """Every process of the cloud in `home`: its folder is in the environment or arguments of each."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(home) in word for word in words):
            found.append(process)
    return found


# Starts a cloud with a job and a function in it, and waits.
_OWNER = """
import sys
from pathlib import Path
import signal
# A shell's background job ignores Ctrl-C, and so would all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, sys.argv[1])
from account import Account
from local.cloud import EmbeddedCloud
with EmbeddedCloud(Path(sys.argv[2])) as cloud:
    aws = Account(cloud)
    aws.invoke(aws.function("def handle(event, context):\\n    return 1"))
    aws.client("sagemaker").create_processing_job(
        ProcessingJobName="asleep",
        RoleArn=aws.role(),
        AppSpecification={"ImageUri": "an/image:1", "ContainerEntrypoint": ["bash", "-c", "sleep 600 & sleep 600"]},
        ProcessingResources={"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}},
    )
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def owner(tmp_path, checkout):
    """A process that owns a cloud in `tmp_path`, with a job and a function running."""
    process = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(checkout / "tests" / "integration"), str(tmp_path / "cloud")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=checkout,
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_nothing_survives_the_process_that_started_the_cloud(owner, tmp_path, eventually, ending):
    eventually(lambda: any("sleep" in process.name() for process in processes_of(tmp_path)))
    running = [process for process in processes_of(tmp_path) if process.pid != owner.pid]
    kinds = {word for process in running for word in process.cmdline()}
    assert {"local.server", "local.mlflow_app", "sleep", "600"} <= kinds
    assert any("launch.py" in word for word in kinds)  # the function
    owner.send_signal(ending)
    owner.wait(timeout=30)
    eventually(lambda: not psutil.wait_procs(running, timeout=0)[1])
    assert processes_of(tmp_path) == []


def test_a_second_cloud_has_a_port_and_a_state_of_its_own_and_stops_without_a_trace(cloud, aws, tmp_path):
    aws.client("s3").create_bucket(Bucket="only-in-the-first")
    with EmbeddedCloud(tmp_path / "cloud") as second:
        assert second.endpoint != cloud.endpoint
        assert type(aws)(second).client("s3").list_buckets()["Buckets"] == []
        assert processes_of(tmp_path)
        with pytest.raises(CloudError, match="already runs in"):
            EmbeddedCloud(tmp_path / "cloud").start()
    assert processes_of(tmp_path) == []
    second.stop()


def test_a_port_in_use_is_named_with_the_remedy(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CloudError, match=rf"Port {port} is in use .* choose another port or none"):
            EmbeddedCloud(tmp_path / "cloud", port=port).start()
    assert processes_of(tmp_path) == []


def test_a_server_that_dies_is_reported_with_the_end_of_its_log(tmp_path, monkeypatch):
    monkeypatch.setattr("local.environments.mlflow", lambda _: {"PATH": "", "MLFLOW_PORT": "no number"})
    monkeypatch.setattr("local.environments.server", lambda **_: {"PATH": ""})
    with pytest.raises(CloudError, match=r"did not start. The end of .*server.log:\n(.*\n)*.*KeyError"):
        EmbeddedCloud(tmp_path / "cloud").start()
    assert processes_of(tmp_path) == []


def test_the_environment_of_a_running_cloud_is_found_by_its_home(cloud):
    environment = environment_of_running(cloud.home)
    assert environment == cloud.environment()
    assert environment["AWS_ENDPOINT_URL"] == cloud.endpoint
    assert environment["MLFLOW_TRACKING_URI"] == cloud.tracking_uri


def test_without_a_running_cloud_the_message_says_how_to_start_one(cloud, tmp_path):
    with pytest.raises(CloudNotRunning, match="Start it with: make up"):
        environment_of_running(tmp_path)
    record = json.loads((cloud.home / "cloud.json").read_text())
    (tmp_path / "cloud.json").write_text(json.dumps({**record, "endpoint": "https://localhost:1"}))
    with pytest.raises(CloudNotRunning):
        environment_of_running(tmp_path)


def test_it_listens_on_the_loopback_interface_only(cloud):
    listening = {
        connection.laddr.ip
        for process in processes_of(cloud.home)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_mlflow_accepts_its_clients_and_serves_artifacts_from_the_clouds_home(cloud):
    request = urllib.request.Request(
        f"{cloud.tracking_uri}/api/2.0/mlflow/experiments/create",
        data=json.dumps({"name": "houses"}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        identifier = json.loads(response.read())["experiment_id"]
    url = f"{cloud.tracking_uri}/api/2.0/mlflow-artifacts/artifacts/{identifier}/card.md"
    with urllib.request.urlopen(urllib.request.Request(url, data=b"card", method="PUT"), timeout=30):
        pass
    assert (cloud.home / "mlflow" / "artifacts" / identifier / "card.md").read_bytes() == b"card"


def test_a_server_that_has_died_is_named_with_what_to_do(tmp_path):
    with EmbeddedCloud(tmp_path / "cloud") as cloud:
        cloud.raise_if_dead()
        # The child of its leash, which without it would be nobody's.
        [server] = psutil.Process(cloud._server.pid).children()
        server.kill()
        cloud._server.wait()

        with pytest.raises(CloudError) as error:
            cloud.raise_if_dead()

    assert "The embedded cloud's server has ended with exit code" in str(error.value)
    assert "make up" in str(error.value)


@pytest.mark.parametrize(
    "path", ["/_ministack/reset", "/_ministack/config", "/_localstack/state/reset", "/_ministack/x"]
)
def test_nobody_can_wipe_the_cloud_by_a_path_of_the_engine(aws, path):
    bucket = aws.bucket()
    context = ssl.create_default_context(cafile=str(aws.cloud.ca_file))

    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(aws.cloud.endpoint + path, data=b"{}", context=context)

    assert aws.client("s3").head_bucket(Bucket=bucket)
