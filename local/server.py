"""The server process of the embedded cloud: ministack with the adapters, on a socket that the parent process bound.

`local.cloud` starts it, with the environment that `local.environments.server` describes.
"""

import argparse
import asyncio
import logging
import os
import signal
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config

from local import engine
from local.environments import UNKIND
from local.processes import functions
from local.processes.jobs import JobStore
from local.services import (
    admin_paths,
    alarms,
    buckets,
    dashboards,
    dead_letters,
    firehose,
    log_pipeline,
    metric_math,
    sagemaker,
    strictness,
    templates,
    unkindness,
    workflows,
)

_KEEP_ALIVE_SECONDS = 75


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=int, required=True, help="descriptor of the bound listening socket")
    parser.add_argument("--home", type=Path, required=True)
    arguments = parser.parse_args()
    jobs = install(arguments.home)
    try:
        asyncio.run(_serve(arguments.socket, jobs))
    except BaseException:
        logging.getLogger(__name__).exception("the server died")
        os._exit(1)


def install(home: Path) -> JobStore:
    """Install every adapter into ministack."""
    jobs = JobStore(home / "jobs")
    service = sagemaker.install(jobs)
    workflows.install(service)
    buckets.install()
    functions.install(home / "runtime")
    dead_letters.install()
    templates.install()
    alarms.install()
    dashboards.install()
    metric_math.install()
    # A deployed API may have its own route at /health.
    engine.HEALTH_PATHS.replace(("/_ministack/health",))
    log_pipeline.install()
    firehose.install()
    strictness.install()
    admin_paths.install()
    if os.environ.get(UNKIND):
        unkindness.install()
    return jobs


async def _serve(socket: int, jobs: JobStore) -> None:
    config = Config()
    config.bind = [f"fd://{socket}"]
    config.certfile = os.environ["MINISTACK_SSL_CERT"]
    config.keyfile = os.environ["MINISTACK_SSL_KEY"]
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    config.graceful_timeout = 0.5
    config.loglevel = "WARNING"
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, ending.set)
    alarms.evaluate_periodically()
    serving = asyncio.create_task(serve(engine.APP.get(), config, shutdown_trigger=_never))
    await asyncio.wait([serving, asyncio.create_task(ending.wait())], return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    await asyncio.to_thread(jobs.stop_all)
    await asyncio.to_thread(engine.RESET_WORKERS)
    # Does not wait for open connections and ministack's worker threads: all state is in memory and ends here.
    os._exit(0)


async def _never() -> None:
    """A shutdown trigger that never fires: hypercorn's shutdown waits for clients that keep a connection open."""
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
