"""What tests of more than one folder use."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

_CHECKOUT = Path(__file__).resolve().parents[1]
# Folders whose tests share what takes long to make: a deployed cloud, an embedded cloud, the templates.
_SHARING = (
    "tests/end_to_end/deployed/training",
    "tests/end_to_end/deployed/in_use",
    "tests/counterparts/protocols",
    "tests/counterparts/orchestrators",
    "tests/end_to_end/feature_store",
    "tests/end_to_end/renewing",
    "tests/integration/local",
    "tests/infrastructure",
)
# Whose tests share nothing and take minutes each: at the end of a run, one process would be left alone with them.
_APART = "tests/repository/test_benchmarks.py"
# What deploys, trains, builds or installs again and again, for `make test-long`; but for what a user does first.
_LONG = (
    "tests/end_to_end/",
    "tests/infrastructure/packages/",
    "tests/integration/cli/",
    "tests/integration/local/",
    "tests/integration/training/",
    _APART,
)
_FIRST = "tests/end_to_end/deployed/in_use/test_story.py"
_DEADLINE_SECONDS = 30.0
_ROWS = b"a,b\n1,2\n"

# A busy machine takes longer for one case than for another. What is too slow stands in benchmarks/.
hypothesis.settings.register_profile("evergreen", deadline=None)
hypothesis.settings.load_profile("evergreen")

# For these processes and all that they start: where others run beside them, threads of OpenMP take twice the time by
# waiting for each other. Results are the same with any number of them.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def _of_aws() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


_CALLERS_OWN = _of_aws()


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Any]], Any]:
    """Asks until the answer is true, for what AWS's API itself makes one ask for."""

    def ask(question: Callable[[], Any], *, seconds: float = _DEADLINE_SECONDS) -> Any:
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            assert time.monotonic() < deadline, f"not so within {seconds:g} s"
            time.sleep(0.05)
        return answer

    return ask


@pytest.fixture(scope="session")
def checkout() -> Path:
    return _CHECKOUT


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(_LONG) and not item.nodeid.startswith(_FIRST):
            item.add_marker("long")


class _Rooms(LoadScopeScheduling):
    """Tests of one file stay together when they run side by side, and so do those of a folder that shares something."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(f"{_APART}::"):
            return nodeid
        return next((folder for folder in _SHARING if nodeid.startswith(f"{folder}/")), nodeid.partition("::")[0])


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests of a deployed cloud wait for what it does a third of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return _Rooms(config, log)


@pytest.fixture(scope="module", autouse=True)
def _no_cloud_is_left_to_others() -> Iterator[None]:
    """Fails where a module, or what it has made for the session, leaves its cloud's address to those that come next."""
    yield
    assert _of_aws() == _CALLERS_OWN


@pytest.fixture
def tables(tmp_path):
    """A folder of three files, two of which are the same, in an order that DVC does not take them in."""
    folder = tmp_path / "houses"
    (folder / "2001").mkdir(parents=True)
    (folder / "b.csv").write_bytes(_ROWS)
    (folder / "2001" / 'é "x".csv').write_bytes(b"a,b\n3,4\n")
    (folder / "B.csv").write_bytes(_ROWS)
    return folder
