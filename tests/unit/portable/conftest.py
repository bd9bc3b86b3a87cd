import sys
import warnings

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def _alone():
    """One thread for the library, and none of its warnings of unknown categories or of few iterations."""
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        yield


def pytest_terminal_summary(terminalreporter):
    comparing = sys.modules.get("tests.unit.portable.comparing")
    if comparing is None or not comparing.ROWS:
        return
    total = sum(comparing.ROWS.values())
    terminalreporter.write_line(f"portable against scikit-learn: {total:,} rows in all")
    for kind, rows in sorted(comparing.ROWS.items()):
        terminalreporter.write_line(f"  {kind:32} {rows:>9,} rows x {comparing.FITTED[kind]} fitted")
