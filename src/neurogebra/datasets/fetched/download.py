"""One address into one file: HTTP only, bounded while it streams, with the reason if it fails."""

from __future__ import annotations

import errno
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol
from urllib.parse import urljoin, urlsplit

from neurogebra.datasets.fetched.checks import Tally, is_page
from neurogebra.errors import MissingExtra

CHUNK: Final = 1 << 16
TIMEOUT: Final = (10.0, 60.0)  # seconds to connect, and between two pieces
MAX_HOPS: Final = 5
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Writable(Protocol):
    """What bytes can be written into."""

    def write(self, data: bytes, /) -> object:
        """Write one piece."""


class Failed(Exception):
    """An address that did not give the file: the reason, in a few words."""


class NoRoom(Exception):
    """A disk that takes no more: the reason, in a few words."""


class Sink:
    """A file that counts and hashes what is written into it, up to a limit in bytes.

    Raises Failed for more than the limit and for a web page, NoRoom where the disk refuses.
    """

    def __init__(self, file: Writable, limit: int, seen: Callable[[int], None]) -> None:
        self.tally = Tally()
        self._file, self._limit, self._seen = file, limit, seen

    def write(self, data: bytes) -> int:
        """Write one piece."""
        if not self.tally.size and is_page(data):
            raise Failed("a web page came instead of the data")
        if self.tally.size + len(data) > self._limit:
            raise Failed(f"more than the {self._limit:,} bytes that may come")
        self._put(data)
        self.tally.add(data)
        self._seen(len(data))
        return len(data)

    def flush(self) -> None:
        """Nothing: the file is flushed once, at its end."""

    def _put(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise no_room(error) from error


def no_room(error: OSError) -> NoRoom:
    """The reason why a file cannot be written."""
    return NoRoom("the disk is full" if error.errno in _FULL else str(error.strerror))


def get(url: str, sink: Sink) -> None:
    """Stream what lies at an address into a sink; Failed with the reason.

    At most MAX_HOPS redirections are followed, to http and https, and never from https to http.
    Raises MissingExtra without pooch.
    """
    check_scheme(url)
    pooch = _pooch()
    problems = importlib.import_module("requests.exceptions")
    http = pooch.HTTPDownloader(
        progressbar=False,
        chunk_size=CHUNK,
        timeout=TIMEOUT,
        headers={"Accept-Encoding": "identity"},  # the hash is that of the bytes as they lie
        hooks={"response": _guard()},
    )
    try:
        http(url, sink, None)
    except problems.HTTPError as e:
        raise Failed(f"HTTP {e.response.status_code} {e.response.reason}".rstrip()) from e
    except problems.Timeout as e:
        raise Failed("no answer in time") from e
    except problems.ChunkedEncodingError as e:
        raise Failed(f"the connection broke after {sink.tally.size:,} bytes") from e
    except problems.ConnectionError as e:
        broke = f"the connection broke after {sink.tally.size:,} bytes"
        raise Failed(broke if sink.tally.size else "no connection") from e
    except problems.RequestException as e:
        raise Failed(f"refused by the HTTP library: {type(e).__name__}") from e


def check_scheme(url: str, secure: bool = False) -> None:
    """Refuse an address that is not http or https, or with `secure` not https."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Failed("not an http or https address")
    if secure and parts.scheme != "https":
        raise Failed("led from https to http")


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr while a file comes, where stderr is a terminal; give it counts of bytes."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TransferSpeedColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(title, total=total)
        yield lambda count: shown.advance(task, count)


def _guard() -> Callable[..., None]:
    hops = 0

    def look(response: Any, *_: Any, **__: Any) -> None:
        nonlocal hops
        if not response.is_redirect:
            return
        hops += 1
        if hops > MAX_HOPS:
            raise Failed(f"more than {MAX_HOPS} redirections")
        secure = urlsplit(response.url).scheme == "https"
        check_scheme(urljoin(response.url, response.headers["location"]), secure)

    return look


def _pooch() -> Any:
    try:
        return importlib.import_module("pooch")
    except ModuleNotFoundError as e:
        raise MissingExtra("pooch", "data", "downloading a data set") from e
