"""A DAG: once a day, train if somebody has brought new data; check for drift if the model was promoted; tell of it."""

from datetime import datetime, timedelta

from airflow.sdk import DAG, task
from evergreen_airflow.operators import CheckDriftOperator, TrainOperator
from evergreen_airflow.sensors import NewDataSensor

with DAG(
    "evergreen_training",
    schedule="@daily",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    # Without a value, the champion's model.toml.
    params={"environment": "dev", "settings": ""},
) as dag:
    new_data = NewDataSensor(
        task_id="new_data",
        environment="{{ params.environment }}",
        # What came before the last successful run began, it has trained on.
        since="{{ prev_start_date_success or '' }}",
        deferrable=True,
        timeout=12 * 3600,
        # A day without new data is no failure: all that follows is skipped.
        soft_fail=True,
    )
    # Starts and waits in one task, so that a retry after a failed training starts another.
    train = TrainOperator(
        task_id="train",
        environment="{{ params.environment }}",
        settings="{{ params.settings }}",
        data=new_data.output,
        deferrable=True,
        poll_seconds=5,
        retries=2,
        retry_delay=timedelta(seconds=5),
    )

    @task.branch
    def is_promoted(decision: dict) -> str:
        return "check" if decision["promote"] else "notify"

    check = CheckDriftOperator(task_id="check", environment="{{ params.environment }}")

    @task(trigger_rule="none_failed_min_one_success")
    def notify(decision: dict) -> str:
        """Put your own channel here; the stack's SNS topic has told the same."""
        words = f"{decision['version']} was {'promoted' if decision['promote'] else 'rejected'}: {decision['reason']}"
        print(words)
        return words

    told = notify(train.output)
    is_promoted(train.output) >> [check, told]
    check >> told
