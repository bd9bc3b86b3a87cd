import pytest

from cli.metrics_export.reading import Reader
from tests.unit.metrics_export.fake_stack import FakeStack


@pytest.fixture
def stack():
    return FakeStack()


@pytest.fixture
def told():
    return []


@pytest.fixture
def reader(stack, told):
    return Reader(stack, told.append, lambda: stack.now)


@pytest.fixture
def begun(stack, reader):
    """The reader after its first two reads, which look at other things than those that follow."""
    for _ in range(2):
        reader.read()
        stack.pass_minutes(1)
    return reader
