"""The server process of the embedded cloud: ministack with the adapters, on a socket that the parent process bound.

`local.cloud` starts it, with the environment that `local.environments.server` describes.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config

from local import engine
from local.environments import UNKIND
from local.lock import HomeLock
from local.processes import functions
from local.processes.jobs import JobStore
from local.services import (
    admin_paths,
    alarms,
    buckets,
    cloudwatch,
    dead_letters,
    definitions,
    firehose,
    log_groups,
    log_pipeline,
    metric_math,
    quotas,
    routes,
    sagemaker,
    strictness,
    templates,
    unkindness,
    workflows,
)
from local.state.contents import Contents
from local.state.folder import NOT_SAVED, STATE, UNREADABLE, StateError
from local.state.saver import Saver

_KEEP_ALIVE_SECONDS = 75


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=int, required=True, help="descriptor of the bound listening socket")
    parser.add_argument("--lock", type=int, required=True, help="descriptor of the lock of the cloud's home")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--keep", type=json.loads, help="keep the state, with these facts")
    parser.add_argument("--save-seconds", type=float, help="between two saves of the state")
    arguments = parser.parse_args()
    HomeLock.join(arguments.lock)
    cloud = install(arguments.home)
    saver = None
    if arguments.keep:
        contents = Contents(arguments.home, cloud.sagemaker)
        saver = Saver(arguments.home / STATE, contents, facts=arguments.keep, settle=cloud.settle)
        try:
            saver.restore()
        except StateError as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(UNREADABLE)
        except Exception:  # ministack's services do not say what they make of a state that they do not know.
            logging.getLogger(__name__).exception("the state was not restored")
            sys.exit(UNREADABLE)
    try:
        asyncio.run(_serve(arguments.socket, cloud, saver, arguments.save_seconds))
    except BaseException:
        logging.getLogger(__name__).exception("the server died")
        os._exit(1)


@dataclass(frozen=True)
class Installed:
    """What the server needs of the adapters.

    Attributes:
        settle: brings to its destination what is on its way between two services.
    """

    jobs: JobStore
    sagemaker: sagemaker.SageMaker
    settle: Callable[[], None]


def install(home: Path) -> Installed:
    """Install every adapter into ministack."""
    jobs = JobStore(home / "jobs")
    service = sagemaker.install(jobs)
    workflows.install(service)
    definitions.install()
    quotas.install()
    buckets.install()
    functions.install(home / "runtime")
    dead_letters.install()
    templates.install()
    alarms.install()
    cloudwatch.install()
    log_groups.install()
    routes.install()
    metric_math.install()
    # A deployed API may have its own route at /health.
    engine.HEALTH_PATHS.replace(("/_ministack/health",))
    await_deliveries = log_pipeline.install()
    flush = firehose.install()
    strictness.install()
    admin_paths.install()
    if os.environ.get(UNKIND):
        unkindness.install()

    def settle() -> None:
        await_deliveries()
        flush()

    return Installed(jobs, service, settle)


async def _serve(socket: int, cloud: Installed, saver: Saver | None, save_seconds: float) -> None:
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
    if saver:
        saver.save_periodically(save_seconds)
        going_on = asyncio.create_task(_go_on(saver))
        going_on.add_done_callback(lambda task: task.result())
    await asyncio.wait([serving, asyncio.create_task(ending.wait())], return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    # Before anything is stopped: what runs now is ended, and told to have been, by the next start.
    problem = await asyncio.to_thread(saver.save_at_stop) if saver else ""
    await asyncio.to_thread(cloud.jobs.stop_all)
    await asyncio.to_thread(engine.RESET_WORKERS)
    # Does not wait for open connections and ministack's worker threads: all state is saved, or ends here.
    if problem:
        sys.stderr.write(f"{problem}\n")
        os._exit(NOT_SAVED)
    os._exit(0)


async def _go_on(saver: Saver) -> None:
    """Once the services can call each other, end what ran when the state was saved."""
    while engine.MAIN_LOOP.get() is None:
        await asyncio.sleep(0.05)
    await asyncio.to_thread(saver.abort_interrupted)


async def _never() -> None:
    """A shutdown trigger that never fires: hypercorn's shutdown waits for clients that keep a connection open."""
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
