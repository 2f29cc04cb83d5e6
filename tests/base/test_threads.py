"""Run work in a thread and return its result or raise its error; the garbage collector is paused meanwhile."""

import gc

import pytest

from lamplighter.base.threads import run_in_thread


async def test_the_result_is_returned_and_the_garbage_collector_is_paused_meanwhile() -> None:
    assert await run_in_thread(gc.isenabled) is False
    assert gc.isenabled()


async def test_an_error_is_raised_and_the_garbage_collector_is_enabled_again() -> None:
    def fails() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await run_in_thread(fails)
    assert gc.isenabled()


async def test_a_disabled_garbage_collector_stays_disabled() -> None:
    gc.disable()
    try:
        await run_in_thread(lambda: None)
        assert not gc.isenabled()
    finally:
        gc.enable()
