"""A DAG that starts a training in one task, and waits for it in two others, each in its way."""

from datetime import datetime

from airflow.sdk import DAG
from evergreen_airflow.operators import TrainOperator
from evergreen_airflow.sensors import TrainingSensor

with DAG("waiting", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, params={"settings": ""}) as dag:
    start = TrainOperator(task_id="start", settings="{{ params.settings }}", wait_for_completion=False)
    TrainingSensor(task_id="deferred", execution=start.output, deferrable=True, poke_interval=1)
    TrainingSensor(task_id="poking", execution=start.output, poke_interval=1)
