"""What tests of more than one folder use."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_CHECKOUT = Path(__file__).resolve().parents[1]
# Folders whose tests share what takes long to make: a deployed cloud, an embedded cloud, the templates.
_SHARING = ("tests/end_to_end/deployed", "tests/integration/local", "tests/infrastructure")
_DEADLINE_SECONDS = 30.0
_ROWS = b"a,b\n1,2\n"


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


# Before xdist looks at the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one file stay together when they run side by side, and so do those of a folder that shares something."""
    for item in items:
        file = item.path.relative_to(_CHECKOUT).as_posix()
        group = next((folder for folder in _SHARING if file.startswith(f"{folder}/")), file)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture
def tables(tmp_path):
    """A folder of three files, two of which are the same, in an order that DVC does not take them in."""
    folder = tmp_path / "houses"
    (folder / "2001").mkdir(parents=True)
    (folder / "b.csv").write_bytes(_ROWS)
    (folder / "2001" / 'é "x".csv').write_bytes(b"a,b\n3,4\n")
    (folder / "B.csv").write_bytes(_ROWS)
    return folder
