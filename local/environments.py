"""Environments of the cloud's processes. They inherit only the variables that are named here."""

import os
import sys
from pathlib import Path

from evergreen import names

# Every process of the cloud inherits these: places of programs, temporary files and libraries, and thread counts.
_INHERITED = ("HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "USER", "TZ")
_INHERITED_PREFIXES = ("LC_", "OPENBLAS_", "OMP_", "MKL_")

# The root user of the cloud's only account: ministack identifies it by this key.
ROOT_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

# The address and the certificate authority of the cloud: botocore reads the first two, the standard library the third.
_CLOUD = ("AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "SSL_CERT_FILE")

# Set in the environment that a cloud is started in: see services/unkindness.py.
UNKIND = "EVERGREEN_UNKIND"
# The same, see services/quotas.py.
QUOTAS = "EVERGREEN_QUOTAS"


def base() -> dict[str, str]:
    """The environment that servers, jobs and functions start from; this interpreter's folder is first in PATH."""
    kept = {
        name: value for name, value in os.environ.items() if name in _INHERITED or name.startswith(_INHERITED_PREFIXES)
    }
    path = os.environ.get("PATH", os.defpath)
    return {**kept, "PATH": os.pathsep.join([str(Path(sys.executable).parent), path])}


def server(*, port: int, region: str, home: Path, authority: Path, certificate: Path, key: Path) -> dict[str, str]:
    """Settings of ministack, which reads them at import, and of the adapters."""
    temporary = home / "tmp"
    return {
        **base(),
        # Unpacked functions and other temporary files, deleted with the rest of the cloud's state.
        "TMPDIR": str(temporary),
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(certificate),
        "MINISTACK_SSL_KEY": str(key),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": region,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "LAMBDA_EXECUTOR": "local",
        # What is kept is kept by local/state, all at one moment.
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
        "STATE_DIR": str(temporary / "state"),
        "S3_DATA_DIR": str(temporary / "s3"),
        # Servers that are not used.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # Docker is never used, even if it is installed.
        "DOCKER_HOST": f"unix://{temporary}/no-docker.sock",
        "LOG_LEVEL": "INFO",
        **{name: os.environ[name] for name in (UNKIND, QUOTAS) if os.environ.get(name)},
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": f"https://localhost:{port}",
        "AWS_CA_BUNDLE": str(authority),
        "SSL_CERT_FILE": str(authority),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def mlflow(home: Path) -> dict[str, str]:
    """Settings of the MLflow server."""
    return {
        **base(),
        "TMPDIR": str(home / "tmp"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        # MLflow's background jobs, such as scheduled scorers, would start three more processes.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }


def workload(credentials: dict[str, str], *, region: str) -> dict[str, str]:
    """For a job or a function: the cloud's address, and credentials. To be called in the server's process.

    Args:
        region: of the job or the function, which may be another than the one that the server was started for.
    """
    return {
        **base(),
        **{name: os.environ[name] for name in _CLOUD},
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Jobs share this machine's processors: threads of OpenMP that wait for each other by spinning take them from
        # the others, and a training takes five times as long. Results are the same.
        "OMP_WAIT_POLICY": "PASSIVE",
        **credentials,
    }


def client(*, endpoint: str, region: str, authority: str, tracking_uri: str) -> dict[str, str]:
    """For the CDK CLI, boto3 and the evergreen command."""
    no_proxy = ",".join(filter(None, [os.environ.get("NO_PROXY"), "localhost,127.0.0.1,.localhost"]))
    return {
        **ROOT_CREDENTIALS,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CA_BUNDLE": authority,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NODE_EXTRA_CA_CERTS": authority,
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        # The CLI otherwise asks the npm registry for its newest version.
        "CDK_DISABLE_VERSION_CHECK": "1",
        names.TRACKING_URI: tracking_uri,
        # That of another server, in the caller's environment.
        names.TRACKING_SECRET: "",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
