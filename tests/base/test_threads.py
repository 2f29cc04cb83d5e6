"""Work in a thread: its result or its error, and the collector at work again afterwards."""

import gc

import pytest

from lamplighter.base.threads import run_in_thread


async def test_the_result_comes_back_and_the_collector_paused_meanwhile() -> None:
    assert await run_in_thread(gc.isenabled) is False
    assert gc.isenabled()


async def test_an_error_comes_back_and_the_collector_goes_on() -> None:
    def fails() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await run_in_thread(fails)
    assert gc.isenabled()


async def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        await run_in_thread(lambda: None)
        assert not gc.isenabled()
    finally:
        gc.enable()
