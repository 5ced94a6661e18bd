"""Write docs/derivations.md: functions of arrays and their derivatives, as they are derived.

Run: python tools/derivations.py [--check] from the root of the checkout. With --check nothing is
written; the exit code is 1 where the page is not what would be written.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neurogebra.core.derivation import Derivation, derive

PAGE = Path(__file__).parents[1] / "docs" / "derivations.md"


@dataclass(frozen=True)
class Entry:
    """One function: its text, the shapes of its names, what it is differentiated by.

    second: names for which the Hessian times a vector is written too. note: a sentence.
    """

    title: str
    text: str
    shapes: Mapping[str, tuple[str | int, ...]]
    by: tuple[str, ...]
    second: tuple[str, ...] = ()
    note: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def derivations(self) -> list[Derivation]:
        """Return everything that is derived for this entry."""
        firsts = [derive(self.text, by, self.shapes, values=self.values) for by in self.by]
        names = [(by, "v" if "v" not in self.shapes else "h") for by in self.second]
        return firsts + [
            derive(self.text, by, self.shapes, v=v.upper() if len(self.shapes[by]) > 1 else v)
            for by, v in names
        ]


_LINEAR = {"X": ("n", "d"), "w": ("d",), "y": ("n",)}
_LOGITS = "(matmul(X, W) + b)"
_SCORES = "(matmul(U, transpose(V)) / tau)"
_AWAY = "(x - mu)"
_ATTENTION = "sum(G * matmul(softmax(matmul(Q, transpose(K)) / sqrt(d_k)), V))"

ENTRIES = (
    Entry("Least squares", "mean((matmul(X, w) - y)**2)", _LINEAR, ("w", "X"), ("w",)),
    Entry("Ridge regression", "mean((matmul(X, w) - y)**2) + lambda_ * dot(w, w)",
          {**_LINEAR, "lambda_": ()}, ("w",), ("w",)),
    Entry("Logistic regression", "mean(softplus(-y * matmul(X, w)))", _LINEAR, ("w",), ("w",),
          "The labels y are −1 or 1."),
    Entry("Softmax cross-entropy",
          f"mean(logsumexp({_LOGITS}, -1) - sum(Y * {_LOGITS}, -1))",
          {"X": ("n", "d"), "W": ("d", "k"), "b": ("k",), "Y": ("n", "k")}, ("W", "b"),
          note="Every row of Y is the wanted distribution."),
    Entry("Log-sum-exp", "logsumexp(x)", {"x": ("n",)}, ("x",), ("x",)),
    Entry("Softmax, weighted", "sum(g * softmax(x))", {"g": ("n",), "x": ("n",)}, ("x",)),
    Entry("Sum of absolute values", "sum(abs(x))", {"x": ("n",)}, ("x",)),
    Entry("Length of a vector", "norm(x)", {"x": ("n",)}, ("x",), ("x",)),
    Entry("Frobenius norm", "norm(A)", {"A": ("m", "n")}, ("A",)),
    Entry("Nuclear norm", "sum(singular_values(A))", {"A": ("m", "n")}, ("A",),
          note="A = U diag(σ) Vᵀ is the singular value decomposition."),
    Entry("Quadratic form", "dot(x, matmul(A, x)) / 2 - dot(b, x)",
          {"A": ("n", "n"), "b": ("n",), "x": ("n",)}, ("x", "A"), ("x",)),
    Entry("Bilinear form", "dot(x, matmul(A, y))",
          {"A": ("m", "n"), "x": ("m",), "y": ("n",)}, ("x", "y", "A")),
    Entry("Rayleigh quotient", "dot(x, matmul(A, x)) / dot(x, x)",
          {"A": ("n", "n"), "x": ("n",)}, ("x",)),
    Entry("Trace of a product", "trace(matmul(A, B))",
          {"A": ("m", "n"), "B": ("n", "m")}, ("A", "B")),
    Entry("Trace of a quadratic form", "trace(matmul(transpose(X), matmul(A, X)))",
          {"A": ("n", "n"), "X": ("n", "d")}, ("X",), ("X",)),
    Entry("Log-determinant", "logdet(A)", {"A": ("n", "n")}, ("A",), ("A",)),
    Entry("Determinant", "det(A)", {"A": ("n", "n")}, ("A",),
          note="cof(A) is the matrix of cofactors, det(A) A⁻ᵀ where A has an inverse."),
    Entry("Inverse, weighted", "sum(G * inverse(A))",
          {"A": ("n", "n"), "G": ("n", "n")}, ("A",)),
    Entry("Solution of a linear system", "dot(c, solve(A, b))",
          {"A": ("n", "n"), "b": ("n",), "c": ("n",)}, ("b", "A")),
    Entry("Gaussian log-likelihood",
          f"-(dot({_AWAY}, solve(S, {_AWAY})) + logdet(S) + size(x) * log(2 * pi)) / 2",
          {"S": ("d", "d"), "mu": ("d",), "x": ("d",)}, ("mu", "S"),
          note="S is taken for any matrix; of a symmetric one S⁻ᵀ is S⁻¹."),
    Entry("Mahalanobis distance", f"sqrt(dot({_AWAY}, solve(S, {_AWAY})))",
          {"S": ("d", "d"), "mu": ("d",), "x": ("d",)}, ("x",)),
    Entry("Marginal likelihood of a Gaussian process",
          "(dot(y, solve(K + s * eye_like(K), y)) + logdet(K + s * eye_like(K))) / 2",
          {"K": ("n", "n"), "y": ("n",), "s": ()}, ("K", "s"),
          note="The negative logarithm, but for a constant; s is the variance of the noise."),
    Entry("Network of two layers", "mean((matmul(tanh(matmul(X, W) + b), u) - y)**2)",
          {"X": ("n", "d"), "W": ("d", "k"), "b": ("k",), "u": ("k",), "y": ("n",)},
          ("u", "b", "W"), ("u",)),
    Entry("Chain of rectified products",
          "sum(G * matmul(relu(matmul(relu(matmul(X, A)), B)), C))",
          {"X": ("n", "d"), "A": ("d", "k"), "B": ("k", "m"), "C": ("m", "p"),
           "G": ("n", "p")}, ("C", "B", "A")),
    Entry("Attention", _ATTENTION,
          {"Q": ("m", "d"), "K": ("n", "d"), "V": ("n", "k"), "G": ("m", "k"), "d_k": ()},
          ("V", "Q", "K"), note="G is what arrives from above."),
    Entry("Layer norm",
          "sum(G * (gamma * (X - mean(X, -1, 1)) / sqrt(var(X, -1, 1) + epsilon) + beta))",
          {"G": ("n", "d"), "X": ("n", "d"), "gamma": ("d",), "beta": ("d",), "epsilon": ()},
          ("beta", "gamma", "X")),
    Entry("RMS norm", "sum(G * (gamma * X / sqrt(mean(X**2, -1, 1) + epsilon)))",
          {"G": ("n", "d"), "X": ("n", "d"), "gamma": ("d",), "epsilon": ()}, ("gamma", "X")),
    Entry("Batch norm",
          "sum(G * (gamma * (X - mean(X, 0, 1)) / sqrt(var(X, 0, 1) + epsilon) + beta))",
          {"G": ("n", "d"), "X": ("n", "d"), "gamma": ("d",), "beta": ("d",), "epsilon": ()},
          ("gamma", "X")),
    Entry("Convolution", "mean((matmul(windows(x, 0, 3), k) - y)**2)",
          {"x": (9,), "k": (3,), "y": (7,)}, ("k", "x"), ("k",),
          "windows(x) has a row for every place of the kernel; fold adds rows back into place."),
    Entry("Max pooling", "sum(g * amax(windows(x, 0, 2, 2), -1))",
          {"x": (8,), "g": (4,)}, ("x",), note="A tie is shared evenly."),
    Entry("Cosine similarity", "dot(a, b) / (norm(a) * norm(b))",
          {"a": ("n",), "b": ("n",)}, ("a",)),
    Entry("Divergence of two softmaxes",
          "sum(softmax(x) * (log_softmax(x) - log_softmax(z)))",
          {"x": ("n",), "z": ("n",)}, ("z", "x")),
    Entry("InfoNCE", f"mean(logsumexp({_SCORES}, -1) - diagonal{_SCORES})",
          {"U": ("n", "d"), "V": ("n", "d"), "tau": ()}, ("U", "V")),
    Entry("Variance", "var(x)", {"x": ("n",)}, ("x",), ("x",)),
    Entry("Dropout mask", "mean((matmul(M * X, w) - y)**2)", {**_LINEAR, "M": ("n", "d")},
          ("w", "X")),
    Entry("Best outer product", "sum((A - outer(u, z))**2) / 2",
          {"A": ("m", "n"), "u": ("m",), "z": ("n",)}, ("u", "z"), ("u",)),
    Entry("Matrix factorisation",
          "sum((A - matmul(U, transpose(V)))**2) / 2 + lambda_ * (sum(U**2) + sum(V**2)) / 2",
          {"A": ("m", "n"), "U": ("m", "k"), "V": ("n", "k"), "lambda_": ()}, ("U", "V")),
    Entry("Running sum", "sum(g * cumsum(x))", {"g": ("n",), "x": ("n",)}, ("x",)),
)  # fmt: skip

_HEAD = """# Derivations

Functions of arrays and their derivatives. No formula on this page was typed: each is what
`neurogebra.core.derivation.derive` gives for the text beside it, by
`python tools/derivations.py`. Try your own:

```python
from neurogebra.core.derivation import derive

found = derive("mean((matmul(X, w) - y)**2)", "w", {"X": ("n", "d"), "w": ("d",), "y": ("n",)})
assert found.latex() == r"\\nabla_{w} f = \\frac{2}{n} X^\\top (X w - y)"
```

What is derived is tested at random values: it agrees with the automatic differentiation of
PyTorch to 1e-9, with central differences to 1e-5, and a Hessian–vector product with PyTorch
differentiating twice to 1e-8 (`tests/core/test_array_calculus.py`).

$\\odot$ is the product element by element; a row or a number is spread where it meets more rows,
as in NumPy. $\\mathbf{1}$ is 1 in every place. In a matrix $i$ counts rows and $j$ columns:
$\\sum_{j}$ adds up every row. $A^{\\odot 2}$ squares every element.
"""


def page() -> str:
    """Return the page."""
    parts = [_HEAD]
    for number, entry in enumerate(ENTRIES, 1):
        found = entry.derivations()
        shapes = ", ".join(f"{n}: {_shape(s)}" for n, s in entry.shapes.items())
        lines = [f"## {number}. {entry.title}", "", f"`{entry.text}`", "", shapes + "."]
        lines += ["", entry.note] if entry.note else []
        for formula in (found[0].function(), *(d.latex() for d in found)):
            lines += ["", "$$", formula.replace(r" \\ ", " \\\\\n"), "$$"]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _shape(sizes: tuple[str | int, ...]) -> str:
    return " × ".join(map(str, sizes)) if sizes else "a number"


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is as it would be written."""
    if arguments not in ([], ["--check"]):
        print("usage: python tools/derivations.py [--check]", file=sys.stderr)
        return 2
    text = page()
    if not arguments:
        PAGE.write_text(text, "utf-8")
        return 0
    fresh = PAGE.exists() and PAGE.read_text("utf-8") == text
    if not fresh:
        print("docs/derivations.md is stale: run python tools/derivations.py", file=sys.stderr)
    return 0 if fresh else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
