"""Starts the AWS Lambda runtime client with a function's search path only."""

import os
import sys

# sys.path[0] is this script's folder.
sys.path[:] = [*os.environ["BENCHMARK_PATH"].split(os.pathsep), *sys.path[1:]]
sys.argv = ["awslambdaric", os.environ["_HANDLER"]]

from awslambdaric.__main__ import main  # noqa: E402 - the search path must be set first

main(sys.argv)
