"""The sink that listens for trouble: rules over the events of one run, alerts, and a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from neurogebra.errors import BadValue
from neurogebra.observatory.diagnosis import Diagnosis, diagnose, is_finding
from neurogebra.observatory.events import (
    SEVERITIES,
    Alert,
    Event,
    LayerSeen,
    Level,
    Stamped,
    TrainStart,
    Verdict,
)
from neurogebra.observatory.rules import RULES, Context, Rule, Thresholds, examine

# The finding that a run was too short, which a verdict says in its own words.
SHORT = "too_few_updates"
# The part of a run in which layers are looked at more often.
EARLY = 0.2
# The first updates, which are all looked at.
FIRST = 5


class Doctor:
    """Examines every event of one run and publishes each alert once per rule and layer.

    rules: a mapping of rows, or rows. sample_every: ask for the layers in one update of so
    many (0: never; layers that others ask for are used all the same). samples: how many looks
    at the layers a run of known length gets, a third of them in its first fifth (0: none).
    window: how many of the latest losses and sightings of an array the rules may remember.
    After `thresholds.rearm` updates a rule may speak of the same layer again.
    """

    name = "doctor"
    hears = Level.EXPERT

    def __init__(
        self,
        publish: Callable[[Event], None],
        thresholds: Thresholds | None = None,
        rules: Mapping[str, Rule] | Iterable[Rule] = RULES,
        sample_every: int = 0,
        window: int = 64,
        samples: int = 60,
    ) -> None:
        if sample_every < 0:
            raise BadValue("sample_every", "int ≥ 0", sample_every)
        self.thresholds = thresholds or Thresholds()
        self.alerts: list[Alert] = []
        self._publish = publish
        self._rules = tuple(rules.values() if isinstance(rules, Mapping) else rules)
        self._by_event: dict[type[Event], tuple[Rule, ...]] = {}
        self._context = Context(warmup=self.thresholds.warmup, window=window)
        self._every, self._samples, self._due = sample_every, samples, 0
        self._told: dict[tuple[str, str], int] = {}

    @property
    def level(self) -> Level:
        """What the next update is asked for: the batches always, the layers when sampled."""
        if self._every and self._needs_layers and self._context.step % self._every == 0:
            return Level.EXPERT
        return Level.EXPERT if self.looks else Level.DETAILED

    @property
    def looks(self) -> bool:
        """Whether the layers are to be looked at in the next update."""
        return bool(self._samples and self._needs_layers) and self._context.step + 1 >= self._due

    def handle(self, stamped: Stamped) -> None:
        """Examine one event."""
        event = stamped.event
        kind = type(event)
        if self._samples and isinstance(event, LayerSeen) and event.step >= self._due:
            self._due = event.step + self._stride()
        if isinstance(event, TrainStart) and event.resumed_step and self._context.start:
            self._context.see(event)  # it was examined when the run began
            return
        if kind not in self._by_event:
            self._by_event[kind] = tuple(r for r in self._rules if issubclass(kind, r.on))
        for alert in examine(event, self._context, self._by_event[kind], self.thresholds):
            self._tell(alert)

    def close(self) -> None:
        """There is nothing to let go."""

    def verdict(self) -> Verdict:
        """Return the health of the run so far, with its causes, the most severe first."""
        found = [alert for alert in self.alerts if is_finding(alert)]
        if not self._judged and all(alert.rule == SHORT for alert in found):
            return Verdict(
                status="not enough evidence",
                summary=f"{self._context.step} updates are too few to judge a run; "
                f"it takes {self.thresholds.min_updates}.",
            )
        causes = rank(found, self._rules)
        if not causes:
            return Verdict(status="healthy", summary="No health rule fired.")
        worst = max(SEVERITIES.index(a.severity) for a in found)
        first = next(a for a in found if a.rule == causes[0])
        return Verdict(
            status="unhealthy" if worst >= SEVERITIES.index("danger") else "warning",
            summary=first.message + (f" ({first.advice[0]})" if first.advice else ""),
            causes=causes,
        )

    def diagnosis(self) -> Diagnosis:
        """Return the causes of what is wrong so far, the likeliest first."""
        return diagnose(self.alerts, self._rules, judged=self._judged)

    @property
    def _judged(self) -> bool:
        return self._context.step >= self.thresholds.min_updates

    def _stride(self) -> int:
        """Return the updates until the next look: few at first, then many."""
        planned = self._context.planned
        if not planned:
            return max(1, self._context.step // 10)
        if self._context.step < FIRST:
            return 1
        often = self._context.done < EARLY
        share = EARLY * 3 if often else (1 - EARLY) * 1.5
        return max(1, int(planned * share / self._samples))

    @property
    def _needs_layers(self) -> bool:
        return any(LayerSeen in rule.on for rule in self._rules)

    def _tell(self, alert: Alert) -> None:
        key = (alert.rule, alert.layer)
        told = self._told.get(key)
        if told is not None and alert.step - told < self.thresholds.rearm:
            return
        self._told[key] = alert.step
        self.alerts.append(alert)
        self._publish(alert)


def rank(alerts: Iterable[Alert], rules: Iterable[Rule]) -> tuple[str, ...]:
    """Return the names of the rules that fired, the likeliest cause first.

    A rule that explains others is as severe as the worst of them; among equals what nothing
    else explains comes first, then what was seen earlier.
    """
    fired = list(dict.fromkeys(alert.rule for alert in alerts))
    own = {a.rule: SEVERITIES.index(a.severity) for a in alerts}
    explains = {r.name: [n for n in r.explains if n in own] for r in rules if r.name in own}

    def weight(name: str) -> tuple[int, bool]:
        severity = max([own[name], *(own[n] for n in explains.get(name, ()))])
        return -severity, any(name in others for others in explains.values())

    return tuple(sorted(fired, key=weight))
