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
    def width(self) -> int:
        """The columns there are."""
        return self.console.width

    def show(self, *renderables: RenderableType, indent: int = 0) -> None:
        """Print each renderable; a `Text` goes out as one line where nobody redraws."""
        if not self._plain:
            self._print(renderables, indent)
            return
        with self.console.capture() as captured:
            self._print(renderables, indent)
        self.console.file.write(ascii_math(captured.get()))

    def show_pair(self, head: Text, rest: Text) -> None:
        """Print two texts as one line where there is room for it or nobody redraws."""
        if self.live and head.cell_len + rest.cell_len + 2 > self.width:
            self.show(head)
            self.show(rest, indent=4)
        else:
            self.show(head + Text("  ") + rest)

    def _print(self, renderables: tuple[RenderableType, ...], indent: int) -> None:
        for renderable in renderables:
            if isinstance(renderable, Text) and not self.live:
                self.console.print(Text(" " * indent) + renderable, soft_wrap=True)
            else:
                self.console.print(Padding(renderable, (0, 0, 0, indent)))


def _knows_only_ascii(encoding: str) -> bool:
    try:
        "∂ŷ → σ·δᵀ ⊙ √ ≥ ━".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return True
    return False
