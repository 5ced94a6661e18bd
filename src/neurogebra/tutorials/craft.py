"""NeuroCraft: MathForge for learners, which greets, explains and shows what it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from neurogebra.core.expression import Expression
from neurogebra.core.forge import MathForge
from neurogebra.errors import BadValue
from neurogebra.registry import near

_GREETING = (
    "NeuroCraft: {count} formulas to look up, evaluate, differentiate and join.\n"
    'Begin with craft.get("relu", explain=True), craft.search("loss") or craft.tutorial().'
)
_MOST_TOLD = 10


class NeuroCraft:
    """The formulas of the book with words beside them.

    educational_mode: greet, and print what `get(explain=True)`, `search` and `tutorial` find;
    without it nothing is printed, and everything is returned as before.
    """

    def __init__(self, educational_mode: bool = True) -> None:
        self.educational_mode = educational_mode
        self.forge = MathForge()
        self._say(_GREETING.format(count=len(self.forge.list_all())))

    def _say(self, text: str) -> None:
        if self.educational_mode:
            print(text)  # noqa: T201

    def get(
        self, name: str, params: Mapping[str, Any] | None = None, explain: bool = False
    ) -> Expression:
        """Return a formula, and explain it if asked; UnknownName says what was meant."""
        found = self.forge.get(name, params)
        if explain:
            self._say(found.explain())
        return found

    def search(
        self, query: str, category: str | None = None, show_details: bool = True
    ) -> list[str]:
        """Return the names that answer a query, best first, and show what they are."""
        allowed = set(self.forge.list_all(category))
        names = [n for n in self.forge.search(query) if n in allowed]
        if show_details:
            told = names[:_MOST_TOLD]
            lines = [f"{n}: {self.forge.get(n).metadata.get('description', '')}" for n in told]
            lines += [f"… and {len(names) - len(told)} more"] if len(names) > len(told) else []
            self._say("\n".join(lines) or f"nothing answers {query!r}; search('') lists all")
        return names

    def list_all(self, category: str | None = None) -> list[str]:
        """Return every name, or those of one category."""
        return self.forge.list_all(category)

    def register(self, name: str, expr: Expression | str) -> None:
        """Add a formula of your own."""
        self.forge.register(name, expr)

    def compose(self, text: str) -> Expression:
        """Return the arithmetic of formulas that a text describes."""
        return self.forge.compose(text)

    def compare(self, names: Sequence[str]) -> str:
        """Return a table of formulas side by side."""
        return self.forge.compare(names)

    def quick_activation(self, name: str = "relu") -> Expression:
        """Return an activation; UnknownName for anything else."""
        return self._of("activation", name)

    def quick_loss(self, name: str = "mse") -> Expression:
        """Return a loss; UnknownName for anything else."""
        return self._of("loss", name)

    def _of(self, category: str, name: str) -> Expression:
        found = self.forge.get(name)
        kind = found.metadata.get("category")
        if kind != category:
            close = near(name, self.forge.list_all(category), 1)
            hint = f"did you mean {close[0]!r}?" if close else f"it is one of {kind}"
            raise BadValue("name", f"the name of an {category}", name, hint)
        return found

    def tutorial(self, topic: str | None = None) -> list[str]:
        """Step through one topic: show lines to type with what they give; None lists topics."""
        if topic is None:
            lines = [f"{name}: {title}" for name, (title, _) in _TOPICS.items()]
        elif topic in _TOPICS:
            title, steps = _TOPICS[topic]
            lines = [title, *(f">>> {code}\n{show(self.forge)}" for code, show in steps)]
        else:
            hint = next(iter(near(topic, _TOPICS)), "")
            expected = f"one of {', '.join(_TOPICS)}"
            raise BadValue("topic", expected, topic, hint and f"did you mean {hint!r}?")
        self._say("\n".join(lines))
        return lines


Step = tuple[str, Callable[[MathForge], Any]]

# What is shown is what the line gives: each is computed when the topic is.
_TOPICS: dict[str, tuple[str, tuple[Step, ...]]] = {
    "formulas": (
        "A formula is looked up, read and evaluated.",
        (
            ('forge.get("relu")', lambda f: f.get("relu")),
            ('forge.get("relu").eval(x=-3)', lambda f: f.get("relu").eval(x=-3)),
            ('forge.get("sigmoid").formula', lambda f: f.get("sigmoid").formula),
        ),
    ),
    "gradients": (
        "A derivative is a formula too.",
        (
            ('forge.get("tanh").gradient("x")', lambda f: f.get("tanh").gradient("x")),
            (
                'forge.get("tanh").gradient("x").eval(x=0)',
                lambda f: f.get("tanh").gradient("x").eval(x=0),
            ),
        ),
    ),
    "composition": (
        "Formulas are joined by arithmetic.",
        (
            ('forge.compose("0.7*mse + 0.3*mae")', lambda f: f.compose("0.7*mse + 0.3*mae")),
            (
                'forge.compose("0.7*mse + 0.3*mae").eval(y=1.0, y_pred=0.8)',
                lambda f: f.compose("0.7*mse + 0.3*mae").eval(y=1.0, y_pred=0.8),
            ),
        ),
    ),
}
