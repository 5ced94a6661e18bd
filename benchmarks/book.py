"""The book's speed beside NumPy written by hand, numexpr and JAX, interleaved in one run.

Run: python benchmarks/book.py [--rounds 60] [--out FILE]
     (pip install scipy numexpr jax)
Every task runs once a round. Ratios are medians over rounds of (our time / the other's time),
both taken in the same round.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

from neurogebra import MathForge
from neurogebra.core import blocks
from neurogebra.core.evaluate import function

SIZE = 1_000_000
FIRST = "from neurogebra import MathForge; MathForge().get('relu').eval(x=5)"
Task = Callable[[], object]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    return parser.parse_args()


def by_hand() -> dict[str, Callable[..., object]]:
    """What a user of NumPy writes: the definition, without care for overflow."""
    from scipy.special import erf  # NumPy has none

    return {
        "relu": lambda x: np.maximum(x, 0),
        "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "tanh": np.tanh,
        "softplus": lambda x: np.log1p(np.exp(x)),
        "swish": lambda x: x / (1 + np.exp(-x)),
        "elu": lambda x: np.where(x > 0, x, np.exp(x) - 1),
        "gelu": lambda x: 0.5 * x * (1 + erf(x / np.sqrt(2))),
        "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
        "mse": lambda y, p: np.mean((y - p) ** 2),
        "mae": lambda y, p: np.mean(np.abs(y - p)),
        "huber": lambda y, p: np.mean(
            np.where(np.abs(y - p) <= 1, 0.5 * (y - p) ** 2, np.abs(y - p) - 0.5)
        ),
        "log_cosh": lambda y, p: np.mean(np.log(np.cosh(p - y))),
        "normal_pdf": lambda x: np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi),
    }


GOALS = dict.fromkeys(("gelu", "mish", "huber", "log_cosh"), 0.5)


def numexprs() -> dict[str, str]:
    return {
        "sigmoid": "1 / (1 + exp(-x))",
        "softplus": "log1p(exp(x))",
        "swish": "x / (1 + exp(-x))",
        "mish": "x * tanh(log1p(exp(x)))",
        "mse": "sum((y - p) ** 2)",
        "huber": "sum(where(abs(y - p) <= 1, 0.5 * (y - p) ** 2, abs(y - p) - 0.5))",
        "log_cosh": "sum(log(cosh(p - y)))",
    }


def jaxes() -> dict[str, Callable[..., object]]:
    import jax
    import jax.numpy as jnp

    return {
        "sigmoid": jax.nn.sigmoid,
        "softplus": jax.nn.softplus,
        "swish": jax.nn.silu,
        "gelu": lambda x: jax.nn.gelu(x, approximate=False),
        "mish": jax.nn.mish,
        "mse": lambda y, p: jnp.mean((y - p) ** 2),
        "huber": lambda y, p: jnp.mean(
            jnp.where(jnp.abs(y - p) <= 1, 0.5 * (y - p) ** 2, jnp.abs(y - p) - 0.5)
        ),
        "log_cosh": lambda y, p: jnp.mean(jnp.logaddexp(p - y, y - p) - jnp.log(2.0)),
    }


def seconds(task: Task) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def beside(tasks: dict[str, Task], rounds: int) -> dict[str, float]:
    """Return our median time in ms, and by task the median of our time over its in a round."""
    for task in tasks.values():
        task()
    times = [{name: seconds(task) for name, task in tasks.items()} for _ in range(rounds)]
    ours = statistics.median(t["ours"] for t in times)
    ratios = {name: statistics.median(t["ours"] / t[name] for t in times) for name in tasks}
    return {"ms": ours * 1e3, **ratios}


def fused(rounds: int) -> list[str]:
    """Return the lines about a million numbers."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(0.0, 3.0, SIZE), rng.normal(size=SIZE)
    peers = _peers(x, y)
    forge = MathForge()
    lines = [
        f"{'10⁶ float64':14}{'ours ms':>9}{'/ NumPy':>9}{'/ numexpr':>11}{'/ JAX jit':>11}   goals"
    ]
    for name, hand in by_hand().items():
        expression = forge.get(name)
        values = dict(zip(expression.inputs, (x, y), strict=False))
        tasks: dict[str, Task] = {
            "ours": lambda e=expression, v=values: e.eval(**v),
            "NumPy": lambda h=hand, v=values: h(*v.values()),
            **{peer: made[name] for peer, made in peers.items() if name in made},
        }
        with np.errstate(all="ignore"):
            found = beside(tasks, rounds)
        goal = GOALS.get(name, 1.0)
        met = found["NumPy"] <= goal and all(found.get(p, 0) <= 1.5 for p in peers)
        ratios = [f"{found[p]:.2f}" if p in found else "" for p in ("NumPy", "numexpr", "JAX")]
        lines.append(
            f"{name:14}{found['ms']:9.2f}{ratios[0]:>9}{ratios[1]:>11}{ratios[2]:>11}   "
            f"<= {goal:.1f} and 1.5 {'met' if met else 'MISSED'}"
        )
    return lines


def _peers(x: np.ndarray, y: np.ndarray) -> dict[str, dict[str, Task]]:
    """Return numexpr's and JAX's tasks by formula, where they are installed."""
    found: dict[str, dict[str, Task]] = {}
    given = {"x": x, "y": y, "p": x}
    losses = ("mse", "huber", "log_cosh")
    with contextlib.suppress(ImportError):
        import numexpr

        numexpr.set_num_threads(blocks.threads())
        found["numexpr"] = {
            n: lambda t=text, v=({"y": x, "p": y} if n in losses else given): numexpr.evaluate(t, v)
            for n, text in numexprs().items()
        }
    with contextlib.suppress(ImportError):
        import jax

        jax.config.update("jax_enable_x64", True)
        on = [jax.device_put(a) for a in (x, y)]
        found["JAX"] = {}
        for name, f in jaxes().items():
            run = jax.jit(f)
            args = on if name in losses else on[:1]
            found["JAX"][name] = lambda r=run, a=args: r(*a).block_until_ready()
    return found


def memory() -> str:
    """Return the line about the memory of a fused formula, in multiples of its input."""
    x = np.random.default_rng(0).normal(size=SIZE)
    worst = 0.0
    for name in ("gelu", "mish", "swish", "elu"):
        expression = MathForge().get(name)
        expression.eval(x=x)
        tracemalloc.start()
        expression.eval(x=x)
        worst = max(worst, tracemalloc.get_traced_memory()[1] / x.nbytes)
        tracemalloc.stop()
    return verdict("memory of a fused formula / its input", worst, 2.0)


def start(rounds: int) -> str:
    """Return the line about a new process up to a first value, beside one that imports NumPy."""

    with tempfile.TemporaryDirectory() as folder:  # for bytecode, which an installation has
        known = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
        known["PYTHONPYCACHEPREFIX"] = folder

        def run(text: str) -> Task:
            command = [sys.executable, "-c", text]
            return lambda: subprocess.run(command, check=True, env=known)

        found = beside({"ours": run(FIRST), "NumPy": run("import numpy")}, rounds)
    return verdict("new process to a first value / import numpy", found["NumPy"], 1.6)


def scalar() -> list[str]:
    """Return the lines about one number: what `eval` adds to the compiled function, and `get`."""
    forge, times = MathForge(), 20_000
    relu = forge.get("gelu")
    compiled = function(relu.maths.runs, ("x",), arrays=False)
    over = []
    for _ in range(9):
        ours = seconds(lambda: [relu.eval(x=0.5) for _ in range(times)])
        bare = seconds(lambda: [compiled((0.5,)) for _ in range(times)])
        over.append((ours - bare) / times * 1e6)
    gets = [seconds(lambda: [forge.get("gelu") for _ in range(1000)]) for _ in range(9)]
    return [
        verdict("scalar eval over the compiled function, µs", statistics.median(over), 1.0),
        verdict("forge.get, µs", statistics.median(gets) * 1e3, 50.0),
    ]


def verdict(what: str, found: float, goal: float) -> str:
    return f"{what:48}{found:8.2f}   <= {goal:g} {'met' if found <= goal else 'MISSED'}"


def main() -> None:
    options = arguments()
    about = (
        f"{blocks.threads()} thread(s), {options.rounds} rounds; numpy {np.__version__}, "
        f"python {sys.version.split()[0]}"
    )
    lines = [about, *fused(options.rounds), memory(), *scalar(), start(min(options.rounds, 15))]
    text = "\n".join(lines)
    print(text)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
