"""The thread that hands gathered lines on when nobody else does."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Sequence

from neurogebra.observatory.sinks.ndjson_file import LogFile

EVERY = 1.0  # seconds that a line waits at the most


class Clerk:
    """Writes what some files have gathered every `every` seconds, once it was woken.

    The thread ends with `stop`, and soon after the files are forgotten. What it cannot write is
    raised by the next line that a file is given.
    """

    def __init__(self, files: Iterable[LogFile], every: float = EVERY) -> None:
        self._files = [weakref.ref(file) for file in files]
        self._every, self._over = every, threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Begin, if nobody has."""
        if self._thread is None:
            given = (self._files, self._every, self._over)
            thread = threading.Thread(target=_write, args=given, name="logs", daemon=True)
            self._thread = thread
            thread.start()

    def stop(self) -> None:
        """End, and wait for it."""
        self._over.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()


def _write(files: Sequence[weakref.ref[LogFile]], every: float, over: threading.Event) -> None:
    while not over.wait(every):
        left = [file for file in (known() for known in files) if file is not None]
        if not left:
            return
        for file in left:
            file.tend()
        del left, file
