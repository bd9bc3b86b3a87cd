"""A function without a feature store: it loads nothing of one, whatever it is asked."""

import json
import subprocess
import sys

from tests.integration.functions.predict import serving

# Predicts, answers every other route, and refuses entities; prints what of ours is loaded then, and the statuses.
PROGRAM = """
import importlib.util, json, sys
from functions.predict import handler
spec = importlib.util.spec_from_file_location("serving", sys.argv[2])
serving = importlib.util.module_from_spec(spec)
spec.loader.exec_module(serving)
handler.models = serving.FakeModels
asked = [("POST /predict", body) for body in json.loads(sys.argv[1])]
asked += [(route, "") for route in ("GET /model", "GET /openapi.json", "GET /health")]
statuses = [
    handler.handler({"routeKey": route, "body": json.dumps(body), "headers": {}}, serving.CONTEXT)["statusCode"]
    for route, body in asked
]
print(json.dumps([statuses, sorted(sys.modules)]))
"""


def test_neither_reading_nor_joining_is_loaded(checkout):
    bodies = [
        {"features": serving.ROW},
        {"instances": [serving.ROW]},
        {"entities": {"city": "Austin"}, "features": serving.ROW},
    ]
    variables = {"POWERTOOLS_SERVICE_NAME": "predict", "POWERTOOLS_METRICS_NAMESPACE": "Evergreen/dev", "PATH": ""}
    command = [sys.executable, "-c", PROGRAM, json.dumps(bodies), serving.__file__]
    ran = subprocess.run(command, cwd=checkout, env=variables, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
    statuses, modules = json.loads(ran.stdout.splitlines()[-1])
    assert statuses == [200, 200, 400, 200, 200, 200]
    assert not [name for name in modules if "feature_store" in name or "online_store" in name]
    assert "functions.predict.joining" not in modules
    assert "functions.predict.openapi_entities" not in modules
