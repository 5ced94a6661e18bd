"""How well the doctor finds faults: programs with one fault each, and their healthy twins.

Run: python benchmarks/diagnosis.py [CASES.json] [--seeds 0 1 2] [--jitter 0.3] [--only TEXT]
     [--held-out | --development] [--limit-steps 10000] [--out FILE]
CASES.json: a list of programs in the form of ../shared/faults/cases.json, the default. A finding
is an alert above "info". Detected: a faulty run with a finding; false alarm: a healthy run with
one; some twins do not learn on some seeds, and are also left out of a second figure. A
program that the library refuses before its first step is detected by that refusal and
marked so; one that cannot be built is not detected. Epochs are cut where a run would be longer
than --limit-steps updates. Every third case was held out of the first rules; later
ones were mended on all cases, with other seeds than those they are judged on.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fault_programs import Program, Unbuildable, play, programs

from neurogebra.errors import NeurogebraError
from neurogebra.observatory.diagnosis import Diagnosis, is_finding
from neurogebra.observatory.events import EpochEnd, Event, TrainStart

CASES = Path(__file__).parents[2] / "shared" / "faults" / "cases.json"
EARLY = 0.2
LEARNED = 0.3
# What a refusal names, by a word of its sentence.
REFUSALS = {
    ".axis": "wrong_activation_axis",
    ".activation": "wrong_hidden_activation",
    "crossentropy": "wrong_loss",
}


@dataclass
class Result:
    """What came of one run."""

    program: Program
    primary: str
    accepted: tuple[str, ...]
    held: bool
    found: bool = False
    refused: str = ""
    unbuilt: str = ""
    when: float = 1.0  # share of the budget at the first finding
    learned: bool = True  # whether it ended clearly better than a guess
    named: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    seconds: float = 0.0


def measure(case: dict[str, Any], program: Program, held: bool, limit: int) -> Result:
    """Run one program and say what the doctor found."""
    result = Result(program, case["primary_label"] or "", tuple(case["fault_labels"]), held)
    begun = time.perf_counter()
    try:
        events, doctor = play(program, limit)
    except Unbuildable as error:
        result.unbuilt = str(error)
    except NeurogebraError as error:
        result.refused, result.found, result.when = str(error), True, 0.0
        result.named = [next((c for word, c in REFUSALS.items() if word in str(error)), "unknown")]
    else:
        _fill(result, events, doctor.alerts, doctor.diagnosis())
    result.seconds = time.perf_counter() - begun
    return result


def _fill(result: Result, events: list[Event], alerts: list[Any], found: Diagnosis) -> None:
    start = next(e for e in events if isinstance(e, TrainStart))
    planned = max(1, start.epochs * start.batches)
    steps = [a.step for a in alerts if is_finding(a)]
    result.found = bool(steps)
    result.when = min(steps) / planned if steps else 1.0
    result.named = [cause.name for cause in found.causes]
    result.learned = _learned(events, start)
    told = dict.fromkeys(a.rule if is_finding(a) else a.rule + "*" for a in alerts)
    result.rules = list(told)


def _learned(events: list[Event], start: TrainStart) -> bool:
    """Say whether a run ended by LEARNED of the way from a guess to perfection, on unseen rows."""
    last = next((e.metrics for e in reversed(events) if isinstance(e, EpochEnd)), {})
    known = {**start.run["facts"], **start.run["baseline"]}
    if "val_accuracy" in last:
        guess = known.get("majority", known.get("largest", 0.5))
        return bool(last["val_accuracy"] > guess + LEARNED * (1 - guess))
    return bool(last.get("val_loss", float("inf")) < (1 - LEARNED) * known.get("trivial_loss", 0.0))


def line(r: Result) -> str:
    """Return one run as a line; rules with a star gave advice only."""
    kind = "faulty" if r.program.faulty else "twin"
    if r.unbuilt:
        what = f"not built: {r.unbuilt}"
    elif r.refused:
        what = f"refused: {r.refused[:70]}"
    else:
        what = f"{', '.join(r.named) or '-'} <- {', '.join(r.rules) or '-'}"
    marks = ""
    if r.program.faulty:
        marks = ("" if r.found else "MISSED ") + ("" if r.primary in r.named else "cause? ")
    elif r.found:
        marks = "FALSE "
    marks += "" if r.program.faulty or r.learned else "(twin did not learn) "
    held = "held" if r.held else "dev "
    at = f"{r.when:4.0%}" if r.found else "    "
    return f"{r.program.case:38}{held} {r.program.seed} {kind:7}{at} {marks}{what}"


def share(hits: int, of: int) -> str:
    """Return a share with its counts."""
    return f"{hits / of:6.1%} ({hits}/{of})" if of else "     - (0/0)"


def summary(title: str, results: Sequence[Result]) -> Iterator[str]:
    """Yield the head figures of some runs."""
    faulty = [r for r in results if r.program.faulty]
    healthy = [r for r in results if not r.program.faulty]
    named = [(r, name) for r in faulty for name in r.named]
    yield f"{title}: {len(faulty)} faulty runs, {len(healthy)} healthy ones"
    yield f"  detected               {share(sum(r.found for r in faulty), len(faulty))}"
    early = sum(r.found and r.when <= EARLY for r in faulty)
    yield f"  within {EARLY:.0%} of budget   {share(early, len(faulty))}"
    yield f"  false alarms           {share(sum(r.found for r in healthy), len(healthy))}"
    sound = [r for r in healthy if r.learned]
    yield f"    of twins that learned  {share(sum(r.found for r in sound), len(sound))}"
    primary = sum(r.primary in r.named for r in faulty)
    yield f"  primary cause named    {share(primary, len(faulty))}"
    first = sum(bool(r.named) and r.named[0] in r.accepted for r in faulty)
    yield f"  first cause accepted   {share(first, len(faulty))}"
    right = sum(name in r.accepted for r, name in named)
    yield f"  precision of causes    {share(right, len(named))}"
    refused = sum(bool(r.refused) for r in faulty)
    unbuilt = sum(bool(r.unbuilt) for r in faulty)
    yield f"  of these refused before the first step: {refused}; not built: {unbuilt}"


def per_rule(results: Sequence[Result]) -> Iterator[str]:
    """Yield how many runs each rule fired in; a star: advice only."""
    hits: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for r in results:
        hits[r.program.faulty].update(r.rules)
    yield f"{'rule (runs in which it fired)':34}{'faulty':>8}{'healthy':>9}"
    for name in sorted({*hits[True], *hits[False]}):
        yield f"  {name:32}{hits[True][name]:8}{hits[False][name]:9}"


def report(results: Sequence[Result], *, lines: bool) -> Iterator[str]:
    """Yield the whole table."""
    if lines:
        yield from map(line, results)
        yield ""
    groups = {"Development cases": False, "Held-out cases": True}
    for title, held in groups.items():
        some = [r for r in results if r.held == held]
        if some:
            yield from (*summary(title, some), "")
    yield from (*summary("All cases", results), "")
    yield from per_rule(results)
    yield f"{sum(r.seconds for r in results):.0f} s"


def _options() -> argparse.Namespace:
    about, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="?", type=Path, default=CASES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--jitter", type=float, default=0.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--limit-steps", type=int, default=10_000)
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--development", action="store_true")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def main() -> None:
    """Run the cases and print the table."""
    options = _options()
    cases = json.loads(options.cases.read_text(encoding="utf-8"))
    results = []
    for i, case in enumerate(cases):
        held = i % 3 == 2
        unwanted = options.development if held else options.held_out
        if unwanted or options.only not in case["id"]:
            continue
        for seed in options.seeds:
            for program in programs(case, seed, options.jitter):
                results.append(measure(case, program, held, options.limit_steps))
                print(line(results[-1]), flush=True)
    head = f"seeds {options.seeds}, jitter ±{options.jitter:.0%}, {options.cases.name}"
    text = "\n".join([head, "", *report(results, lines=options.out is not None)])
    print("\n" + "\n".join(text.splitlines()[-60:]) if options.out else "\n" + text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
