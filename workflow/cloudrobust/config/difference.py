"""Experiments that split the difference: branches between raw and preprocessed, placebos, ceilings, mask errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from .base import Part
from .sources import Level
from .steps import Composite, Interpolate, Mask, Select, Step

Rate = Annotated[float, Field(gt=0, lt=1)]
PLACEBO, TRUE_SKY, TRUE_GROUND, AGAINST = "placebo", "true-sky", "true-ground", "mask"
BORROWED = "borrowed"
RATES = ("omission", "commission")
RAW, PREPROCESSED = "raw", "preprocessed"
"""Names of the two compared branches among the experiments."""


class Difference(Part):
    """Which models and errors of masks explain the difference; `snakemake explain_difference` computes it."""

    models: tuple[str, ...] = Field(
        (), description="Names of models; [] takes TempCNN and the random forest, those of them that the study has."
    )
    seeds: tuple[int, ...] = Field((), description="Seeds that are trained; [] takes those of `training`.")
    omission: tuple[Rate, ...] = Field(
        (0.1, 0.25, 0.5), description="Shares of the cloudy dates of parcels that a mask misses, to train under."
    )
    commission: tuple[Rate, ...] = Field(
        (0.1, 0.25, 0.5), description="Shares of the clear dates of parcels that a mask removes, to train under."
    )
    against: Literal["scl", "probability", "s2cloudless"] | None = Field(
        "s2cloudless", description="A second mask method that is set against the study's own; null for none."
    )
    seed: int = Field(0, ge=0, description="Seed of the drawn dates of placebo and errors.")
    resamples: int = Field(2000, ge=100, description="Bootstrap samples behind each confidence interval.")
    confidence: float = Field(0.95, gt=0, lt=1, description="Coverage that the confidence intervals aim at.")
    in_report: bool = Field(False, description="Whether the explanation belongs to the report, and runs with it.")


@dataclass(frozen=True)
class Chain:
    """A level and steps: what a branch is."""

    level: Level
    steps: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The chain as a path."""
        return "/".join((self.level, *self.steps))


@dataclass(frozen=True)
class Bar:
    """One difference of scores, `of` - `against`, by the names of branches.

    Attributes
    ----------
    name
        What is done, for a figure's label.
    of, against
        Names of branches.
    group
        "path" for the bars that add up from raw to preprocessed, "beside" for the others.
    says
        A sentence on what the bar means.
    """

    name: str
    of: str
    against: str
    group: Literal["path", "beside"]
    says: str


@dataclass(frozen=True)
class Plan:
    """All experiments of a study.

    Attributes
    ----------
    branches
        Every branch that is trained, by name; the compared ones among them are called raw and preprocessed.
    bars
        Differences of the scores of two of them.
    curves
        (kind of error, rate, branch), the rate 0 included.
    base
        What the errors are added to: "the true sky" or "the study's own mask".
    masks
        Series after each mask that is judged, by the mask's name.
    reference
        Name among `masks` of what the others are judged by; None where there is nothing.
    unmasked
        Series before the masks.
    notes
        Sentences on what is left out, and why.
    """

    branches: dict[str, Chain] = field(default_factory=dict)
    bars: tuple[Bar, ...] = ()
    curves: tuple[tuple[str, float, str], ...] = ()
    base: str = ""
    masks: dict[str, str] = field(default_factory=dict)
    reference: str | None = None
    unmasked: str | None = None
    notes: tuple[str, ...] = ()


def rate_name(kind: str, rate: float) -> str:
    """Name of the step, and of the branch, with errors of a rate: `omission-25`, `omission-2-5`."""
    return f"{kind}-{100 * rate:g}".replace(".", "-")


def with_experimental_steps(values: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with the steps that its experiments need, beside its own.

    What is wrong with the configuration itself is left for its own checks to say.

    Raises
    ------
    ValueError
        If it has a step of the same name that is another one; the message is a sentence.
    """
    wanted, steps, branches = (values.get(key) for key in ("explain_difference", "steps", "branches"))
    if wanted is None or not isinstance(branches, Mapping):
        return dict(values)
    made = dict(steps) if isinstance(steps, Mapping) else {}
    try:
        settings = Difference.model_validate(wanted)
        comparison = values.get("comparison") or {}
        raw, preprocessed = (branches[comparison.get(name, name)] for name in (RAW, PREPROCESSED))
        own = {name: _parsed(made[name]) for name in preprocessed.get("steps", ())}
        source = values.get("source") or {}
        simulated = (source.get("kind") if isinstance(source, Mapping) else None) == "simulator"
        brought = _experimental(settings, own, str(raw["level"]), simulated)
    except (KeyError, TypeError, AttributeError, ValidationError):
        return dict(values)
    for name, step in brought.items():
        if name in made and _parsed(made[name]) != _parsed(step):
            raise ValueError(f"steps.{name}: explain_difference brings a step of this name; rename yours")
        made[name] = step
    return {**values, "steps": made}


def _parsed(step: Any) -> Any:
    return TypeAdapter(Step).validate_python(step)


def _experimental(settings: Difference, own: Mapping[str, Any], raw: str, simulated: bool) -> dict[str, Any]:
    """The steps that the experiments add, by name, as a configuration writes them."""
    masks = {name: step for name, step in own.items() if isinstance(step, Mask)}
    clear = max((step.minimum_clear for step in masks.values()), default=0.5)
    made: dict[str, Any] = {}
    for name, mask in masks.items():
        if mask.problem(raw, name) is not None:
            made[f"{name}-{BORROWED}"] = mask.model_dump(mode="json") | {"borrow": True}
    if masks:
        borrowed = [f"{name}-{BORROWED}" if f"{name}-{BORROWED}" in made else name for name in masks]
        for name, like in ((PLACEBO, list(masks)), (f"{PLACEBO}-{BORROWED}", borrowed)):
            made[name] = {"do": "mask", "methods": [{"do": "random", "like": like, "seed": settings.seed}]}
        if simulated:
            made[TRUE_SKY] = {"do": "mask", "method": "truth", "minimum_clear": clear}
        of = [TRUE_SKY] if simulated else list(masks)
        for kind in RATES:
            for rate in getattr(settings, kind):
                method = {"do": "degraded", "of": of, kind: rate, "seed": settings.seed}
                made[rate_name(kind, rate)] = {"do": "mask", "methods": [method]}
        if settings.against is not None:
            made[f"{AGAINST}-{settings.against}"] = {"do": "mask", "method": settings.against, "minimum_clear": clear}
    even = [step for step in own.values() if isinstance(step, Interpolate | Composite)]
    if simulated and even:
        every = even[0].every if isinstance(even[0], Interpolate) else "14d"
        made[TRUE_GROUND] = {"do": "interpolate", "method": "truth", "every": every}
    return made


def planned(
    settings: Difference,
    raw: Chain,
    preprocessed: Chain,
    steps: Mapping[str, Any],
    problem: Callable[[Chain], str | None],
) -> Plan:
    """The experiments of a study.

    Parameters
    ----------
    settings
        What is asked for.
    raw, preprocessed
        The compared branches.
    steps
        The study's steps by name, those of `with_experimental_steps` included.
    problem
        Says why a chain is impossible, or None.
    """
    return _Planner(settings, raw, preprocessed, steps, problem).plan()


class _Planner:
    def __init__(
        self,
        settings: Difference,
        raw: Chain,
        preprocessed: Chain,
        steps: Mapping[str, Any],
        problem: Callable[[Chain], str | None],
    ) -> None:
        self.settings, self.raw, self.whole, self.steps, self.problem = settings, raw, preprocessed, steps, problem
        self.branches: dict[str, Chain] = {RAW: raw, PREPROCESSED: preprocessed}
        self.bars: list[Bar] = []
        self.notes: list[str] = []
        self.masks = self._of(Mask)
        self.even = self._of(Interpolate, Composite)

    def _of(self, *kinds: type) -> tuple[str, ...]:
        return tuple(name for name in self.whole.steps if isinstance(self.steps[name], kinds))

    def plan(self) -> Plan:
        self._path()
        sky = self._ceilings()
        curves, base = self._curves(sky)
        masks, reference, unmasked = self._judged(sky)
        return Plan(
            self.branches, tuple(self.bars), curves, base, masks, reference, unmasked, tuple(dict.fromkeys(self.notes))
        )

    def _add(self, name: str, chain: Chain) -> str | None:
        """The name under which a chain is trained: that of an equal one, or `name`; None if it is impossible."""
        for known, other in self.branches.items():
            if other.path == chain.path:
                return known
        if any(step not in self.steps for step in chain.steps):
            return None
        reason = self.problem(chain)
        if reason is not None:
            self.notes.append(f"Left out: {name} ({chain.path}), because {reason}.")
            return None
        self.branches[name] = chain
        return name

    def _kept(self, names: tuple[str, ...], level: Level, replaced: Mapping[str, str] | None = None) -> Chain:
        """The preprocessed branch's steps among `names`, in its order, at a level, with some replaced."""
        kept = [step for step in self.whole.steps if step in names]
        return Chain(level, tuple((replaced or {}).get(step, step) for step in kept))

    def _instead(self, names: tuple[str, ...], new: str | None, of: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Steps of the preprocessed branch (or `of`), with `new` in the place of the first of `names`."""
        made: list[str] = []
        for step in self.whole.steps if of is None else of:
            if step not in names:
                made.append(step)
            elif new is not None and new not in made:
                made.append(new)
        return tuple(made)

    def _path(self) -> None:
        """The bars that add up: one part of preprocessing after another."""
        selects = self._of(Select)
        borrowed = {name: f"{name}-{BORROWED}" for name in self.masks if f"{name}-{BORROWED}" in self.steps}
        low = self._kept(selects, self.raw.level)
        placebo = f"{PLACEBO}-{BORROWED}"
        masked = self._kept(selects + self.masks, self.raw.level, borrowed)
        stages = [("selected", "season selected", low, "Only the selected days are left.")]
        if self.masks:
            fewer = self._instead(tuple(borrowed.get(name, name) for name in self.masks), placebo, masked.steps)
            stages += [
                (
                    "placebo",
                    "fewer dates",
                    Chain(self.raw.level, fewer),
                    "Of each parcel as many dates are removed as the mask removes, drawn at random.",
                ),
                ("masked", "clouds gone", masked, "The same number of dates is removed, but those under cloud."),
            ]
        stages += [
            (
                "corrected",
                "atmosphere corrected",
                self._kept(selects + self.masks, self.whole.level),
                f"{self.whole.level} in place of {self.raw.level}.",
            ),
            (
                "even",
                "equal dates",
                self._kept(selects + self.masks + self.even, self.whole.level),
                "Dates are filled in so that they are equally spaced.",
            ),
            (PREPROCESSED, "other steps", self.whole, "All other steps of the preprocessed branch."),
        ]
        before, waiting = RAW, []
        for name, label, chain, says in stages:
            here = self._add(name, chain)
            if here == before:
                continue
            waiting.append((label, says))
            if here is None:
                continue
            labels, sentences = zip(*waiting, strict=True)
            self.bars.append(Bar(" + ".join(labels), here, before, "path", " ".join(sentences)))
            before, waiting = here, []

    def _beside(self, name: str, of: str | None, against: str | None, says: str) -> None:
        if of is not None and against is not None and of != against:
            self.bars.append(Bar(name, of, against, "beside", says))

    def _ceilings(self) -> str | None:
        """The bars beside the path; returns the branch under the true sky."""
        level, whole = self.whole.level, PREPROCESSED
        sky = self._add(TRUE_SKY, Chain(level, self._instead(self.masks, TRUE_SKY))) if self.masks else None
        if self.masks:
            drawn = self._add("placebo-even", Chain(level, self._instead(self.masks, PLACEBO)))
            without = self._add("unmasked", Chain(level, self._instead(self.masks, None)))
            self._beside(
                "mask instead of placebo", whole, drawn,
                "The preprocessed branch against itself with as many dates removed at random in place of its mask.",
            )  # fmt: skip
            self._beside(
                "mask instead of none", whole, without, "The preprocessed branch against itself without its mask."
            )
        self._beside(
            "true sky instead of mask", sky, whole, "The true sky as mask: what the study's mask loses on the way."
        )
        if self.settings.against is not None and self.masks:
            other = self._add(
                f"{AGAINST}-{self.settings.against}",
                Chain(level, self._instead(self.masks, f"{AGAINST}-{self.settings.against}")),
            )
            label = (
                f"{'true sky' if sky else self.settings.against} instead of {self.settings.against if sky else 'mask'}"
            )
            says = (
                f"The true sky as mask against the mask {self.settings.against}: what that loses on the way."
                if sky
                else f"The mask {self.settings.against} in place of the study's own."
            )
            first, second = (sky, other) if sky else (other, whole)
            self._beside(label, first, second, says)
        if self.even:
            bare = self._instead(self.masks, None)
            ground = self._add(TRUE_GROUND, Chain(level, self._instead(self.even, TRUE_GROUND, bare)))
            self._beside(
                "true sky and true ground", ground, whole,
                "The true sky as mask and the true ground as interpolation: the most that preprocessing could give "
                "beyond what it gives.",
            )  # fmt: skip
        if sky and self.even:
            kept = self._of(Select) + self.masks
            uneven = self._kept(kept, level)
            even = self._kept(kept + self.even, level)
            filled, gaps = (
                self._add(name, Chain(level, self._instead(self.masks, TRUE_SKY, chain.steps)))
                for name, chain in (("true-sky-even", even), ("true-sky-uneven", uneven))
            )
            self._beside(
                "equal dates alone, true sky", filled, gaps,
                "What filling in does by itself where the mask is the true sky.",
            )  # fmt: skip
        return sky

    def _curves(self, sky: str | None) -> tuple[tuple[tuple[str, float, str], ...], str]:
        if not self.masks:
            self.notes.append("The preprocessed branch has no mask, so there are no curves of mask errors.")
            return (), ""
        found = []
        for kind in RATES:
            found.append((kind, 0.0, sky or PREPROCESSED))
            for rate in sorted(getattr(self.settings, kind)):
                step = rate_name(kind, rate)
                name = self._add(step, Chain(self.whole.level, self._instead(self.masks, step)))
                if name is not None:
                    found.append((kind, rate, name))
        return tuple(found), "the true sky" if sky else "the study's own mask"

    def _judged(self, sky: str | None) -> tuple[dict[str, str], str | None, str | None]:
        """Series after every mask, what they are judged by, and the series before them."""
        if not self.masks:
            return {}, None, None
        first = self.whole.steps.index(self.masks[0])
        before = Chain(self.whole.level, self.whole.steps[:first])
        last = max(self.whole.steps.index(name) for name in self.masks)
        names = {"+".join(self.masks): self.whole.steps[first : last + 1]}
        other = f"{AGAINST}-{self.settings.against}"
        if other in self.branches:
            names[str(self.settings.against)] = (other,)
        if sky:
            names["truth"] = (TRUE_SKY,)
        if any(isinstance(self.steps[name], Interpolate | Composite) for name in self.whole.steps[:last]):
            self.notes.append("Dates are filled in before the mask, so its errors cannot be counted.")
            return {}, None, None
        reference = "truth" if sky else list(names)[1] if len(names) > 1 else None
        chains = {name: Chain(before.level, (*before.steps, *steps)).path for name, steps in names.items()}
        return chains, reference, before.path
