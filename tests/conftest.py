"""What holds for every test: it leaves nothing running or open, no loop is left with an unhandled exception,
and no secret reaches a log or the output. A test that breaks this fails, whatever it asserts.

Beside the usual fixtures there is `canary`, a password to look for. `tests/support/` has what they share.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from typing import Any

import hypothesis
import pytest
import uvloop

from streams.heap import set_aside
from tests.support import leaks
from tests.support.canary import CANARY, CanaryHandler

# How long an example takes says something about the machine only; pytest-timeout ends what hangs.
hypothesis.settings.register_profile("hotline", deadline=None)
hypothesis.settings.load_profile("hotline")

_TASK_PATIENCE_S = 1.0
_ROOMS = ("config", "streams", "relay", "hotline", "uvicorn")
_before = pytest.StashKey[leaks.Snapshot]()
_shared = pytest.StashKey[leaks.Snapshot]()


@pytest.fixture
def canary() -> str:
    """A secret that fails the test when it appears in a log or in the output."""
    return CANARY


@pytest.fixture(autouse=True)
def _no_secret_in_the_log() -> Iterator[None]:
    handler = CanaryHandler()
    root = logging.getLogger()
    root.addHandler(handler)
    levels = {name: logging.getLogger(name).level for name in _ROOMS}
    for name in _ROOMS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    if handler.caught:
        pytest.fail("a secret reached the log: " + "; ".join(handler.caught))


@pytest.fixture(autouse=True)
def _no_task_left(request: pytest.FixtureRequest) -> None:
    """For asynchronous tests: set up before, so torn down after, every other fixture of the test's loop."""
    if inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        request.getfixturevalue("_loop_watch")


@pytest.fixture
async def _loop_watch() -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    unhandled: list[str] = []

    def note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        unhandled.append(f"{context['message']}: {context.get('exception')!r}")

    loop.set_exception_handler(note)
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:
        _, left = await asyncio.wait(left, timeout=_TASK_PATIENCE_S)
    gc.collect()  # a task that failed unseen says so when it is collected
    await asyncio.sleep(0)
    faults = [f"still running: {task!r}" for task in left] + unhandled
    if faults:
        pytest.fail("the loop is not as it was: " + "; ".join(faults))


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run on the loop that the service runs on."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_collection_finish() -> None:
    """What is imported stays for good. The collections after each test, which find what was left behind, need
    not go through that again: it took a third of the time of the whole run. And what runs here is held up by
    the collector no more than the service is, which does the same."""
    set_aside()
    uvloop.new_event_loop().close()  # the first one opens a pipe for signals that stays open for good


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """What a fixture of a wider scope than one test opens is no leak of the test that asked for it first."""
    if fixturedef.scope == "function":
        return (yield)
    before = leaks.take()
    result = yield
    opened = leaks.take().without(before)
    stash = request.session.stash
    stash[_shared] = stash.get(_shared, leaks.EMPTY).with_(opened)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    item.stash[_before] = leaks.take()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    result = yield
    if _shares_fixtures(item):
        return (
            result  # they may open what they like while they live; `leaks` in a test of theirs looks closer
        )
    known = item.stash[_before].with_(item.session.stash.get(_shared, leaks.EMPTY))
    left = leaks.left_over(known)
    if left:
        pytest.fail(f"left behind: {left}")
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if any(CANARY in content for title, content in report.sections if "log" not in title):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: a secret reached the output"
    return report


def _shares_fixtures(item: pytest.Item) -> bool:
    """Whether the test uses a fixture of ours that outlives it."""
    fixtures = getattr(item, "_fixtureinfo", None)
    if fixtures is None:
        return False
    return any(
        definition.scope != "function" and definition.func.__module__.startswith("tests.")
        for definitions in fixtures.name2fixturedefs.values()
        for definition in definitions
    )
