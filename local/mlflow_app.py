"""The process of the cloud's MLflow server, on a socket that the parent process bound.

`mlflow server` would be two processes, each of which imports all of MLflow: one that prepares the database and watches,
and one that serves. This is both in one, and so in half the time.
"""

import argparse
import os
from pathlib import Path

# What `mlflow server` tells the process that serves. https://github.com/mlflow/mlflow/blob/master/mlflow/server
_STORE = "_MLFLOW_SERVER_FILE_STORE"
_ROOT = "_MLFLOW_SERVER_ARTIFACT_ROOT"
_ARTIFACTS = "_MLFLOW_SERVER_ARTIFACT_DESTINATION"
_SERVES_ARTIFACTS = "_MLFLOW_SERVER_SERVE_ARTIFACTS"
# Clients send their artifacts to the server.
_BY_THE_SERVER = "mlflow-artifacts:/"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=int, required=True, help="descriptor of the bound listening socket")
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--artifacts", type=Path, required=True)
    arguments = parser.parse_args()
    store = f"sqlite:///{arguments.database}"
    os.environ |= {
        _STORE: store,
        _ROOT: _BY_THE_SERVER,
        _ARTIFACTS: str(arguments.artifacts),
        _SERVES_ARTIFACTS: "true",
    }
    # MLflow looks for uvicorn, and reads the variables, when it is imported.
    import uvicorn
    from mlflow.server import handlers

    handlers.initialize_backend_stores(store, default_artifact_root=_BY_THE_SERVER)
    uvicorn.run("mlflow.server.fastapi_app:app", fd=arguments.socket)


if __name__ == "__main__":
    main()
