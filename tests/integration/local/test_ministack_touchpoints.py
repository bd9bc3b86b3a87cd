"""The private parts of ministack that our adapters rely on are still there, as we call them."""

import inspect

import pytest

from local import engine


@pytest.mark.parametrize("touchpoint", engine.all_touchpoints(), ids=lambda point: f"{point.module}.{point.name}")
def test_the_installed_ministack_still_has(touchpoint):
    assert touchpoint.problem() is None


def test_a_touchpoint_that_is_gone_or_changed_is_named():
    assert "ministack.app.no_such is gone" in engine.Touchpoint("app", "no_such").problem()
    changed = engine.Touchpoint("core.responses", "get_region", ("somewhere",))
    assert "ministack.core.responses.get_region takes ()" in changed.problem()


@pytest.mark.parametrize(
    "method",
    [
        "_build_handler_class",
        "_pump_output",
        "_drain_stderr",
        "_drain_stderr_bounded",
        "_await_init",
        "_spawn",
        "invoke",
    ],
)
def test_the_worker_for_custom_runtimes_still_has_the_methods_that_ours_overrides(method):
    assert inspect.isfunction(getattr(engine.PROVIDED_WORKER.get(), method))
