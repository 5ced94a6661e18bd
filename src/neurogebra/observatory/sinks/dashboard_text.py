"""Text and heads of tables that no browser acts on, for every part of the dashboard."""

from __future__ import annotations

from html import escape

from neurogebra.observatory.events import SEVERITIES
from neurogebra.observatory.render.text import inert

MARKS = {"ok": "✓", "info": "i", "warning": "!", "danger": "!!", "critical": "✕", "idle": "?"}


def text(value: object, limit: int = 500) -> str:
    """Return any value as text that no browser acts on."""
    return escape(inert(value, limit))


def head(*columns: tuple[str, str]) -> str:
    """Return the head cells of a table: (title, class)."""
    return "".join(f'<th scope="col" class="{c}">{text(name, 60)}</th>' for name, c in columns)


def severity(word: str) -> str:
    """Return a known severity; an unknown one is shown as information."""
    return word if word in SEVERITIES else "info"
