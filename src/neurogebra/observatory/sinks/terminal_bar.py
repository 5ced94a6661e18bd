"""The bar of a run: epochs, time left, the newest scores; below it, an epoch's steps."""

from __future__ import annotations

from time import monotonic

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID
from rich.table import Column
from rich.text import Text

from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN, Screen

# A step may take less than a tenth of a millisecond, and a redraw takes several of them.
_PAUSE = 0.1


class Bar:
    """A bar from epoch `first` to `epochs`, and one for the steps when `steps` is asked for."""

    def __init__(self, screen: Screen, *, first: int, epochs: int, steps: bool) -> None:
        self._epochs, self._first = epochs, first
        self._stepped, self._turned = 0.0, 0.0
        self._progress = Progress(
            _Field("label", no_wrap=True),
            BarColumn(None, complete_style=BLUE, finished_style=GREEN, style="grey35"),
            _Time(),
            _Field("values", no_wrap=True),
            console=screen.console,
            expand=True,
            auto_refresh=False,
        )
        label, idle = self._label(first), Text("")
        self._run = self._progress.add_task("", total=epochs - first, label=label, values=idle)
        self._steps: TaskID | None = None
        if steps:
            self._steps = self._progress.add_task("", label=idle, values=idle, rate=idle)

    @property
    def drawn(self) -> Progress:
        """The bar as it stands, for whoever draws it."""
        return self._progress

    def step_is_due(self, *, look: bool = False) -> bool:
        """Return whether the last redraw of a step is long enough ago; look: none is made yet."""
        now = monotonic()
        if self._steps is None or now - self._stepped < _PAUSE:
            return False
        self._stepped = self._stepped if look else now
        return True

    def epoch_is_due(self) -> bool:
        """Return whether the last redraw of an epoch is long enough ago."""
        now = monotonic()
        if now - self._turned < _PAUSE:
            return False
        self._turned = now
        return True

    def step(self, epoch: int, batch: int, batches: int, *, rate: Text, values: Text) -> None:
        """Move to the end of step `batch` of `epoch`."""
        whole = f"/{batches}" if batches else ""  # of batches nobody has counted yet
        label = Text(f"step {batch + 1:>{len(str(batches))}}{whole}", DIM)
        if self._steps is not None:
            self._progress.update(
                self._steps,
                total=batches or None,
                completed=batch + 1,
                label=label,
                rate=rate,
                values=values,
            )
        done = epoch - self._first + ((batch + 1) / batches if batches else 0.0)
        self._progress.update(self._run, completed=done)

    def epoch(self, epoch: int, values: Text) -> None:
        """Move to the end of `epoch`, with its scores."""
        done, label = epoch + 1 - self._first, self._label(epoch + 1)
        self._progress.update(self._run, completed=done, label=label, values=values)

    def close(self, epoch: int) -> None:
        """Leave the bar at the end of `epoch` (-1: none ended), without the one for the steps."""
        if self._steps is not None:
            self._progress.update(self._steps, visible=False)
        if epoch >= 0:
            self.epoch(epoch, Text(""))
        self._progress.stop_task(self._run)

    def _label(self, done: int) -> Text:
        return Text(f"epoch {done:>{len(str(self._epochs))}}/{self._epochs}", BLUE)


class _Field(ProgressColumn):
    """A cell that shows one prepared `Text` of its task."""

    def __init__(self, name: str, *, no_wrap: bool) -> None:
        super().__init__(Column(no_wrap=no_wrap, overflow="ellipsis"))
        self._name = name

    def render(self, task: Task) -> Text:
        text: Text = task.fields[self._name]
        return text


class _Time(ProgressColumn):
    """The time that is left, or was taken; of steps, the rate they were given."""

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True))

    def render(self, task: Task) -> Text:
        if (rate := task.fields.get("rate")) is not None:
            return rate if isinstance(rate, Text) else Text(str(rate))
        passed = task.finished_time if task.finished_time is not None else task.elapsed
        if task.finished or task.stop_time is not None:
            return Text(f"in {_clock(passed or 0.0)}", DIM)
        if not passed or not task.completed or not task.total:
            return Text("eta -:--", DIM)
        return Text(f"eta {_clock(passed * (task.total - task.completed) / task.completed)}", DIM)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
