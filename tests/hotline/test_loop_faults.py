"""Exceptions that nobody waited for are heard of."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import Any

import pytest

from hotline.loop_faults import LoopFaults


async def test_what_a_callback_raises_is_logged_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    others: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: others.append(context))
    faults = LoopFaults()

    def broken() -> None:
        raise RuntimeError("a library's fault")

    try:
        with faults.noted(loop):
            loop.call_soon(broken)
            await asyncio.sleep(0.01)
        assert faults.count == len(others) == 1
        assert "a library's fault" in caplog.text
        loop.call_soon(broken)
        await asyncio.sleep(0.01)
        assert faults.count == 1
        assert len(others) == 2
    finally:
        loop.set_exception_handler(before)


def test_an_interpreter_without_assertions_is_refused() -> None:
    ended = subprocess.run(
        [sys.executable, "-O", "-m", "hotline", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert ended.returncode == 1
    assert "PYTHONOPTIMIZE" in ended.stderr
