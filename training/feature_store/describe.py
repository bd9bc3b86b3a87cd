"""Writes a feature service as data: python -O -m training.feature_store.describe --service NAME --output FILE."""

import argparse
from pathlib import Path

from training.feature_store import definitions, program
from training.feature_store.description import describe


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.feature_store.describe", description=__doc__)
    parser.add_argument("--definitions", type=Path, default=Path("features"), help="their folder")
    parser.add_argument("--service", required=True, help="the name of the feature service")
    parser.add_argument("--output", type=Path, required=True, help="JSON of evergreen.feature_store.views")
    given = parser.parse_args()
    service = describe(definitions.read(given.definitions), given.service)
    with program.whole(given.output) as file:
        file.write_text(service.to_json())


if __name__ == "__main__":
    program.run(main)
