"""What is saved, and when."""

import pytest

from local.state.folder import StateFolder
from local.state.saver import Saver


class Contents:
    """A state that is another one each time."""

    saved = 0

    def collect(self):
        self.saved += 1
        return {"saved": self.saved}

    def database(self):
        return b""


@pytest.fixture
def saver(tmp_path):
    return Saver(tmp_path, Contents(), facts={}, settle=lambda: None)


def test_what_changes_while_the_cloud_is_being_stopped_is_not_saved(saver, tmp_path):
    saver.save()
    assert saver.save_at_stop() == ""

    saver.save()

    folder = StateFolder(tmp_path)
    assert folder.manifest().at_stop
    assert folder.load(folder.manifest()) == {"saved": 2}


def test_after_a_last_save_that_failed_the_state_is_saved_as_before(saver, tmp_path, monkeypatch):
    monkeypatch.setattr(Contents, "database", lambda _self: 1 / 0)
    assert "ZeroDivisionError" in saver.save_at_stop()
    monkeypatch.undo()

    saver.save()

    assert not StateFolder(tmp_path).manifest().at_stop
