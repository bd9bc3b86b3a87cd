"""Runs a DAG by Airflow's own dag.test(); prints the state, tries and XCom of each task."""

import importlib
import json
import sys

given = json.load(sys.stdin)
run = importlib.import_module(given["module"]).dag.test(run_conf=given["params"])
tasks = {}
for instance in run.get_task_instances():
    value = None
    if instance.state == "success" and instance.task_id in given["values"]:
        value = instance.xcom_pull(task_ids=instance.task_id)
    tasks[instance.task_id] = {"state": instance.state, "tries": instance.try_number, "value": value}
print(json.dumps({"state": run.state, "tasks": tasks}))
