"""The command `hotline` as a process of its own: started, read line by line, stopped by signals."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMAND = (sys.executable, "-m", "hotline")
_QUIET = {
    name: value for name, value in os.environ.items() if not name.startswith(("HOTLINE_", "LC_", "LANG"))
}


def environment(**more: str) -> dict[str, str]:
    """The tests' environment without what would change the command's language or settings."""
    return {**_QUIET, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **more}


def run(
    place: Path, *arguments: str, given: str = "", deadline: float = 90, **env: str
) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `hotline ARGUMENTS` in the directory `place`."""
    ended = subprocess.run(
        [*COMMAND, *arguments],
        cwd=place,
        env=environment(**env),
        input=given,
        capture_output=True,
        text=True,
        timeout=deadline,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


class Running:
    """A command that runs until it is stopped."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, name="command's output")
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def line(self, part: str, deadline: float = 90) -> str:
        """The next line with `part` in it. Fails when the output ends before, or time is up."""
        end = time.monotonic() + deadline
        while True:
            try:
                line = self._lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(
                    f"no line with {part!r} within {deadline} s; said: {self.said}"
                ) from None
            if line is None:
                raise AssertionError(f"ended without a line with {part!r}; said: {self.said}")
            self.said.append(line)
            if part in line:
                return line

    def stop(self, number: signal.Signals = signal.SIGTERM, deadline: float = 30) -> int:
        """Sends the signal and gives the exit code."""
        self._process.send_signal(number)
        return self._process.wait(deadline)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        while not self._lines.empty():
            if (line := self._lines.get()) is not None:
                self.said.append(line)


@contextmanager
def running(place: Path, *arguments: str, **env: str) -> Iterator[Running]:
    """`hotline ARGUMENTS` running in `place`, standard error and output as one; killed if it is left over."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=place,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    command = Running(process)
    try:
        yield command
    finally:
        command.close()
