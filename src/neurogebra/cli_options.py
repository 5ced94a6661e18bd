"""What the commands of every family share: exit codes and options."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import typer

DIVERGED: Final = 1
REFUSED: Final = 2
INTERRUPTED: Final = 130

AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON object and nothing else.")
]
