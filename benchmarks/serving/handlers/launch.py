"""Starts the AWS Lambda runtime client with the search path of a function, and no other."""

import os
import sys

# sys.path[0] is this script's folder.
sys.path[:] = [*os.environ["BENCHMARK_PATH"].split(os.pathsep), *sys.path[1:]]
sys.argv = ["awslambdaric", os.environ["_HANDLER"]]

from awslambdaric.__main__ import main  # noqa: E402 - only now can it be found

main(sys.argv)
