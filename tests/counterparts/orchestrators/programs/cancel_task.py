"""Runs an operator as a worker does, and kills it as Airflow does: on_kill while it waits; prints what became of it."""

import asyncio
import json
import sys
import threading
import time
from types import SimpleNamespace

from evergreen_airflow.operators import TrainOperator
from evergreen_airflow.triggers import TrainingTrigger

given = json.load(sys.stdin)
ended = []


def wait(operator: TrainOperator, run: str) -> None:
    instance = SimpleNamespace(dag_id="cancelled", task_id="train", run_id=run, map_index=-1)
    try:
        ended.append(operator.execute({"ti": instance}))
    except RuntimeError as error:
        ended.append(str(error))


def begun(run: str) -> tuple[TrainOperator, threading.Thread]:
    operator = TrainOperator(task_id="train", settings=given["settings"])
    worker = threading.Thread(target=wait, args=(operator, run))
    worker.start()
    while not operator._execution and worker.is_alive():
        time.sleep(0.1)
    return operator, worker


operator, worker = begun("in a worker")
operator.on_kill()
worker.join()
operator, worker = begun("in the triggerer")
asyncio.run(TrainingTrigger(operator._execution, "", 1.0, stops=True).on_kill())
worker.join()
print(json.dumps(ended))
