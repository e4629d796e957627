"""The checks of conftest.py are checked: each kind of leak fails a test, in a run of pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]

INNER = """
import asyncio, logging, socket, subprocess, sys, threading, time, warnings
import pytest

kept = []

async def test_task():
    kept.append(asyncio.create_task(asyncio.sleep(60), name="forgotten"))

async def test_unhandled():
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)

async def test_unseen():
    async def fail():
        raise OSError("unseen")
    task = asyncio.create_task(fail())
    await asyncio.wait([task])

def test_thread():
    threading.Thread(target=time.sleep, args=(3,), name="forgotten").start()

def test_socket():
    kept.append(socket.socket())

def test_file(tmp_path):
    kept.append((tmp_path / "x").open("w"))

def test_child():
    kept.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3)"]))

def test_log(canary):
    logging.getLogger("relay.x").debug("token %s", canary)

def test_traceback(canary):
    try:
        raise OSError(canary)
    except OSError:
        logging.getLogger("streams").warning("no", exc_info=True)

def test_output(canary):
    print(canary)

def test_warning():
    warnings.warn("hm")

@pytest.fixture(scope="module")
def shared():
    with socket.socket() as held:
        yield held

async def test_clean_task():
    kept.append(asyncio.create_task(asyncio.sleep(0.05)))

def test_clean_shared(shared):
    assert shared.fileno() > 0

def test_clean_after():
    with socket.socket():
        logging.getLogger("relay").info("no secret")
"""

EXPECTED = {
    "task": "still running: <Task pending name='forgotten'",
    "unhandled": "ZeroDivisionError",
    "unseen": "Task exception was never retrieved: OSError('unseen')",
    "thread": "left behind: thread forgotten",
    "socket": "left behind: descriptor",
    "file": "left behind: descriptor",
    "child": "left behind: child process",
    "log": "a secret reached the log",
    "traceback": "a secret reached the log",
    "output": "a secret reached the output",
    "warning": "UserWarning: hm",
}


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What pytest said of each inner test; the empty text where it passed."""
    place = tmp_path_factory.mktemp("inner")
    (place / "test_inner.py").write_text(INNER)
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", str(place), "-p", "no:cacheprovider", "-p", "tests.conftest"),
            *(
                "-c",
                str(ROOT / "pyproject.toml"),
                "--rootdir",
                str(place),
                f"--junitxml={place / 'said.xml'}",
            ),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    said: dict[str, str] = {}
    for case in ElementTree.parse(place / "said.xml").iter("testcase"):
        name = case.attrib["name"].removeprefix("test_")
        texts = [
            f"{fault.get('message')}\n{fault.text}" for fault in (*case.iter("failure"), *case.iter("error"))
        ]
        said[name] = said.get(name, "") + "\n".join(texts)
    return said


@pytest.mark.parametrize("kind", EXPECTED)
def test_a_leak_fails(faults: dict[str, str], kind: str) -> None:
    assert EXPECTED[kind] in faults[kind]


@pytest.mark.parametrize("kind", ["clean_task", "clean_shared", "clean_after"])
def test_what_ends_and_what_is_shared_is_no_leak(faults: dict[str, str], kind: str) -> None:
    assert faults[kind] == ""
