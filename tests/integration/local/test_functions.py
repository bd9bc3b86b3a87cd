"""Lambda functions in the embedded cloud run as strictly as on AWS."""

import json
from pathlib import Path


def test_a_function_runs_on_the_aws_runtime_client(aws):
    function = aws.function("import sys\ndef handle(event, context):\n    return sorted(sys.modules)")
    modules, error = aws.invoke(function)
    assert error is None
    assert "awslambdaric.bootstrap" in modules


def test_a_function_of_a_busy_machine_has_a_minute_to_start(aws):
    """Lambda's ten seconds are for its own machines."""
    function = aws.function("import time\ntime.sleep(11)\ndef handle(event, context):\n    return 1")

    assert aws.invoke(function) == (1, None)


def test_a_package_that_is_not_in_the_zip_cannot_be_imported(aws):
    function = aws.function("import boto3\ndef handle(event, context):\n    return 1")
    answer, error = aws.invoke(function)
    assert error == "Unhandled"
    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'boto3'" in answer["errorMessage"]


def test_the_repository_itself_cannot_be_imported(aws):
    function = aws.function("import evergreen\ndef handle(event, context):\n    return 1")
    answer, _ = aws.invoke(function)
    assert "No module named 'evergreen'" in answer["errorMessage"]


def test_the_error_type_is_the_name_of_the_exception(aws):
    function = aws.function(
        "class CandidateRefused(Exception): pass\ndef handle(event, context):\n    raise CandidateRefused('too weak')"
    )
    answer, error = aws.invoke(function)
    assert error == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("CandidateRefused", "too weak")


def test_a_function_sees_only_its_own_environment(aws):
    function = aws.function("import os\ndef handle(event, context):\n    return dict(os.environ)", LOG_LEVEL="INFO")
    environment, _ = aws.invoke(function)
    assert environment["LOG_LEVEL"] == "INFO"  # which the server has too
    assert environment["AWS_ENDPOINT_URL"] == aws.cloud.endpoint
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == function
    assert not [name for name in environment if name.startswith(("MINISTACK", "AUTH", "PYTEST", "VIRTUAL_ENV"))]


_GET = """
import http.client, os, ssl
from urllib.parse import urlsplit
def handle(event, context):
    address = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    connection = http.client.HTTPSConnection(address.hostname, address.port, context=ssl.create_default_context())
    connection.request("GET", "/_ministack/health")
    return connection.getresponse().status
"""


def test_the_standard_library_trusts_the_endpoint_inside_a_function(aws):
    assert aws.invoke(aws.function(_GET)) == (200, None)


def test_every_line_of_an_invocation_is_in_its_log_when_the_answer_comes(aws):
    function = aws.function(
        "import sys\ndef handle(event, context):\n    print('first')\n    print('last', file=sys.stderr)"
    )
    for _ in range(5):
        aws.invoke(function)
    messages = aws.messages(f"/aws/lambda/{function}")
    assert (messages.count("first"), messages.count("last")) == (5, 5)


_COUNTER = """
import os, threading, time
count = 0
def run():
    global count
    while True:
        count += 1
        time.sleep(0.001)
def handle(event, context):
    if not count:
        threading.Thread(target=run, daemon=True).start()
    before = count
    while count < before + 5:
        time.sleep(0.001)
    return os.getpid()
"""


def test_between_two_invocations_a_function_stands_still_with_all_its_threads(aws, eventually):
    function = aws.function(_COUNTER)

    def state(process):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]

    first, error = aws.invoke(function)
    assert error is None
    eventually(lambda: state(first) == "T")
    # It goes on where it stood, in the same process.
    again, error = aws.invoke(function)
    assert (again, error) == (first, None)
    eventually(lambda: state(first) == "T")


def test_a_slow_function_ends_at_its_timeout(aws):
    function = aws.function("import time\ndef handle(event, context):\n    time.sleep(30)", timeout=1)
    answer, error = aws.invoke(function)
    assert error == "Unhandled"
    assert "timed out after 1.00 seconds" in json.dumps(answer)


def test_an_answer_that_is_longer_than_lambda_takes_is_an_error(aws):
    function = aws.function("def handle(event, context):\n    return 'x' * event['length']")

    assert aws.invoke(function, {"length": 6_000_000})[1] is None
    answer, error = aws.invoke(function, {"length": 6_300_000})
    assert error == "Unhandled"
    assert answer["errorType"] == "Function.ResponseSizeTooLarge"
