"""The way to the console: rich renderables in, and on screens without Unicode, ASCII out."""

from __future__ import annotations

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from neurogebra.observatory.render.formula import ascii_math

# Green: healthy; yellow: a warning; red: danger; magenta: formulas; blue: information.
GREEN, YELLOW, RED, MAGENTA, BLUE = "green", "yellow", "red", "magenta", "bright_blue"
DIM = "dim"


class Screen:
    """A console that prints whole lines; `live`: it is a terminal that can redraw a bar.

    A console that cannot encode mathematics gets it spelt in ASCII instead of an error.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, markup=False, emoji=False)
        self.live = self.console.is_interactive and not self.console.is_jupyter
        self._plain = _knows_only_ascii(self.console.encoding)

    @property
    def only_ascii(self) -> bool:
        """Whether mathematics and blocks have to be spelt in ASCII."""
        return self._plain

    @property
    def width(self) -> int:
        """The columns there are."""
        return self.console.width

    def show(self, *renderables: RenderableType, indent: int = 0) -> None:
        """Print each renderable; a `Text` goes out as one line where nobody redraws."""
        for renderable in renderables:
            if self.live and not self._plain:
                shifted = Padding(renderable, (0, 0, 0, indent)) if indent else renderable
                self.console.print(shifted)
                continue
            whole = Text("\n").join(self._lines(renderable, indent))  # to print takes long
            self.console.print(whole, soft_wrap=True)

    def show_pair(self, head: Text, rest: Text) -> None:
        """Print two texts as one line where there is room for it or nobody redraws."""
        if self.live and head.cell_len + rest.cell_len + 2 > self.width:
            self.show(head)
            self.show(rest, indent=4)
        else:
            self.show(head + Text("  ") + rest)

    def _lines(self, renderable: RenderableType, indent: int) -> list[Text]:
        """Lay out as lines that keep their colours and end where their words do."""
        if isinstance(renderable, Text) and not self._plain and "\n" not in renderable.plain:
            line = Text(" " * indent) + renderable
            line.rstrip()
            return [line]
        with self.console.capture() as captured:
            self.console.print(renderable, soft_wrap=isinstance(renderable, Text))
        written = ascii_math(captured.get()) if self._plain else captured.get()
        lines = [Text(" " * indent) + line for line in Text.from_ansi(written).split("\n")]
        for line in lines:
            line.rstrip()
        return lines or [Text()]


def _knows_only_ascii(encoding: str) -> bool:
    try:
        "∂ŷ → σ·δᵀ ⊙ √ ≥ ━".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return True
    return False
