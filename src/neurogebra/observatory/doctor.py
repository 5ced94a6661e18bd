"""The sink that listens for trouble: rules over the events of one run, alerts, and a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from neurogebra.errors import BadValue
from neurogebra.observatory.diagnosis import Diagnosis, diagnose, is_finding
from neurogebra.observatory.events import (
    SEVERITIES,
    Alert,
    BatchEnd,
    EpochEnd,
    Event,
    LayerSeen,
    Level,
    Stamped,
    TrainEnd,
    TrainStart,
    Verdict,
)
from neurogebra.observatory.governor import Governor
from neurogebra.observatory.guard import PLENTY, Guard
from neurogebra.observatory.looks import Look
from neurogebra.observatory.pace import Pace
from neurogebra.observatory.rule import RARE
from neurogebra.observatory.rules import RULES, Context, Rule, Thresholds, examine

# The findings that a run was too short, which a verdict says in its own words.
SHORT = ("too_few_updates", "short_reach")
# The epochs that are examined of a run that has many more: what they cost grows with the curves.
EPOCHS = 40


class Asked:
    """Which of some rules may have something to say of an event."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._known: dict[tuple[type[Event], str, bool], tuple[Rule, ...]] = {}
        self.rare = tuple(rule for rule in rules if rule.site == RARE)

    def of(self, event: Event) -> tuple[Rule, ...]:
        """Return them: those of its kind, of an array those of its site."""
        seen = event if isinstance(event, LayerSeen) else None
        key = (type(event), seen.site, bool(seen.rare)) if seen else (type(event), "", False)
        found = self._known.get(key)
        if found is None:
            sites = ("", key[1], RARE) if key[2] else ("", key[1])
            own = (r for r in self._rules if issubclass(key[0], r.on) and r.site in sites)
            found = self._known[key] = tuple(own)
        return found


class Doctor:
    """Examines every event of one run and publishes each alert once per rule and layer.

    rules: a mapping of rows, or rows. sample_every: ask for the layers in one update of so
    many (0: never; layers that others ask for are used all the same). samples: how many looks
    at the layers a run of known length gets, a third of them in its first fifth (0: none).
    window: how many of the latest losses and sightings of an array the rules may remember.
    After `thresholds.rearm` updates a rule may speak of the same layer again. governor: whose
    budget the looks and single updates that it asks for keep to (see `Pace`); None for all.
    plenty: the looks of a run after which not each is examined (see `Guard`; 0: each is). Of
    the others only what is not finite, and gradients that may explode.
    """

    name = "doctor"
    hears = Level.EXPERT
    scores = False  # the loss is all that is asked of an update

    def __init__(
        self,
        publish: Callable[[Event], None],
        thresholds: Thresholds | None = None,
        rules: Mapping[str, Rule] | Iterable[Rule] = RULES,
        sample_every: int = 0,
        window: int = 64,
        samples: int = 60,
        governor: Governor | None = None,
        plenty: int = PLENTY,
    ) -> None:
        self.thresholds = thresholds or Thresholds()
        self.alerts: list[Alert] = []
        self._publish = publish
        self._rules = tuple(rules.values() if isinstance(rules, Mapping) else rules)
        self._losses = tuple(r for r in self._rules if issubclass(BatchEnd, r.on))
        self._asked = Asked(self._rules)
        self._context = Context(warmup=self.thresholds.warmup, window=window)
        needs_layers = any(LayerSeen in rule.on for rule in self._rules)
        self._every = _checked(sample_every) * needs_layers
        self._pace = Pace(samples * needs_layers, governor)
        self._told: dict[tuple[str, str], int] = {}
        self._guard = Guard(self._context, self.thresholds, plenty)
        self._left: EpochEnd | None = None  # the latest epoch, where it was only taken in

    @property
    def level(self) -> Level:
        """What the next update is asked for: the batches always, the layers when sampled.

        Within a budget the batches are those that are not `quiet`.
        """
        if self.looks or (self._every and self._step % self._every == 0 and self._pace.affords()):
            return Level.EXPERT
        return Level.BASIC if self._pace.limited else Level.DETAILED

    @property
    def looks(self) -> bool:
        """Whether the layers are to be looked at in the next update."""
        return self._pace.looks(self._step)

    @property
    def quiet(self) -> int:
        """How many updates from here it need not hear of."""
        return self._pace.quiet(self._step)

    @property
    def _step(self) -> int:
        """The updates made, of which the latest may not have been told."""
        governor = self._pace.governor
        return max(self._context.step, governor.step if governor else 0)

    def handle(self, stamped: Stamped) -> None:
        """Examine one event."""
        event = stamped.event
        if isinstance(event, BatchEnd):
            self._hear(event)
            return
        if isinstance(event, LayerSeen):
            self._pace.looked(event.step, self._context.planned)
            if not self._guard.lets(event):
                self._keep(event)
                return
        elif isinstance(event, EpochEnd):
            self._left = None if _is_turn(event, self._context.start) else event
        elif isinstance(event, TrainStart):
            self._pace.start(event.resumed_step)
        elif isinstance(event, TrainEnd) and self._left is not None:
            for rule in self._asked.of(self._left):
                self._tell(rule.check(self._left, self._context, self.thresholds))
        resumed = isinstance(event, TrainStart) and event.resumed_step and self._context.start
        if resumed or event is self._left:  # the first was examined when the run began
            self._context.see(event)
            return
        for alert in examine(event, self._context, self._asked.of(event), self.thresholds):
            self._tell(alert)

    @property
    def late(self) -> bool:
        """Whether it may hear of updates a moment later: where it knows of them in time."""
        return self._pace.governor is not None and not self._pace.limited

    def passes_over(self, look: Look) -> bool:
        """Whether nothing of a look alarms, and it is one of many that are not examined.

        It then counts as looked at.
        """
        if look.rare or not self._guard.is_calm(look):
            return False
        self._pace.looked(look.step, self._context.planned)
        return True

    def handle_look(self, seq: int, time: float, look: Look) -> None:
        """Examine a look, or of one among many what alarms."""
        if self.passes_over(look):
            return
        for i, event in enumerate(look.events):
            self.handle(Stamped(seq + i, time, event))

    def close(self) -> None:
        """There is nothing to let go."""

    def verdict(self) -> Verdict:
        """Return the health of the run so far, with its causes, the most severe first."""
        found = list(filter(is_finding, self.alerts))
        if not self._judged and all(alert.rule in SHORT for alert in found):
            return _too_short(self._context.step, self.thresholds.min_updates)
        return _verdict(found, self._rules)

    def diagnosis(self) -> Diagnosis:
        """Return the causes of what is wrong so far, the likeliest first."""
        return diagnose(self.alerts, self._rules, judged=self._judged)

    @property
    def _judged(self) -> bool:
        return self._context.step >= self.thresholds.min_updates

    def _hear(self, event: BatchEnd) -> None:
        """Examine an update: in as few words as there are, as each may be told."""
        context = self._context
        self._pace.heard(event.step, context.planned)
        context.see(event)
        for rule in self._losses:
            if rule.when(event, context, self.thresholds) is not None:
                self._tell(rule.check(event, context, self.thresholds))

    def _keep(self, event: LayerSeen) -> None:
        """Take in of an array that is not examined what is taken now and then, and judge that."""
        if event.rare:
            self._context.keep(event)
            for rule in self._asked.rare:
                self._tell(rule.check(event, self._context, self.thresholds))

    def _tell(self, alert: Alert | None) -> None:
        if alert is None:
            return
        key = (alert.rule, alert.layer)
        told = self._told.get(key)
        if told is not None and alert.step - told < self.thresholds.rearm:
            return
        self._told[key] = alert.step
        self.alerts.append(alert)
        if alert.severity != SEVERITIES[0]:
            self._pace.suspect(alert.step)
            self._guard.alarm(alert.step)
        self._publish(alert)


def _is_turn(event: EpochEnd, start: TrainStart | None) -> bool:
    """Whether an epoch is examined: of very many not each, but the first ones and the last."""
    epochs = start.epochs if start else 0
    every = max(1, epochs // EPOCHS)
    return event.epoch < EPOCHS // 4 or event.epoch % every == 0 or event.epoch + 1 == epochs


def _checked(sample_every: int) -> int:
    if sample_every < 0:
        raise BadValue("sample_every", "int ≥ 0", sample_every)
    return sample_every


def _too_short(step: int, least: int) -> Verdict:
    return Verdict(
        status="not enough evidence",
        summary=f"{step} updates are too few to judge a run; it takes {least}.",
    )


def _verdict(found: list[Alert], rules: Iterable[Rule]) -> Verdict:
    causes = rank(found, rules)
    if not causes:
        return Verdict(status="healthy", summary="No health rule fired.")
    worst = max(SEVERITIES.index(a.severity) for a in found)
    first = next(a for a in found if a.rule == causes[0])
    return Verdict(
        status="unhealthy" if worst >= SEVERITIES.index("danger") else "warning",
        summary=first.message + (f" ({first.advice[0]})" if first.advice else ""),
        causes=causes,
    )


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
