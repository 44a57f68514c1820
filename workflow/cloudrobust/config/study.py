"""The whole configuration of a study, and the rules that hold between its parts."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from .ablation import Ablation
from .base import Part
from .dask import Dask
from .datasets import DatasetSource
from .design import Cell, Design, crossed
from .difference import Chain, Difference, Plan, planned, with_experimental_steps
from .evaluation import Evaluation, Robustness
from .file_names import fields
from .finished import FinishedSource
from .in_season import InSeason
from .learning_curve import LearningCurve
from .models import Boosted, Forest, Model
from .outputs import BEST, Explanations, Page, Prediction
from .presets import PresetBranch, expanded
from .prices import Prices
from .protocols import written_out
from .published import Published
from .required_scenes import margin_around, needed_days
from .sources import Level, Parcels, RastersSource, RemoteSource, SimulatorSource, Source, Split
from .spelling import nearest
from .steps import AnyStep, Interpolate, Mask, Select, Step
from .steps import chain as order
from .training import Training
from .tuning import Tuning, with_hyperparameters
from .tuning import problems as tuning_problems

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
NAME = r"^[a-z][a-z0-9-]*$"
Name = Annotated[str, StringConstraints(pattern=NAME)]
TILE = r"^[A-Za-z0-9]+$"
MGRS_TILE = r"\d{2}[A-Z]{3}"
Tile = Annotated[str, StringConstraints(pattern=TILE)]


YEARS = 50
"""A period of more years is a slip of the pen: no satellite has measured for so long."""


class Period(Part):
    """First and last day of the study."""

    start: dt.date = Field(description="First day, YYYY-MM-DD, included.")
    end: dt.date = Field(description="Last day, YYYY-MM-DD, included.")

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.end < self.start:
            raise ValueError(f"end {self.end} lies before start {self.start}; swap them")
        if self.end.year - self.start.year > YEARS:
            raise ValueError(f"{self.start} to {self.end} is more than {YEARS} years; write the seasons of your study")
        return self


class Branch(Part):
    """A level and an ordered list of steps."""

    level: Level = Field(description="L1C (top of atmosphere) or L2A (bottom of atmosphere).")
    steps: tuple[str, ...] = Field((), description="Names of steps, in the order in which they are applied.")

    @property
    def chain(self) -> str:
        """The branch as a path, for example `L2A/season/clear/biweekly`."""
        return "/".join((self.level, *self.steps))


class Comparison(Part):
    """Which branches are set against each other; the difference is preprocessed - raw."""

    raw: str = Field("raw", description="Name of the raw branch.")
    preprocessed: str = Field("preprocessed", description="Name of the preprocessed branch.")
    margin: float = Field(
        0.01,
        gt=0,
        lt=1,
        description="Difference of accuracy that would matter to you: .01 is one field in a hundred. Preprocessing "
        "that surely gains less does not pay.",
    )


class Pictures(Part):
    """What is drawn besides the tables."""

    parcel: str | None = Field(None, description="Id of the parcel shown in pictures; by default a typical one.")
    chip: float = Field(480.0, gt=0, description="Side of an image chip in metres.")


def _with_grid(values: dict[str, Any]) -> dict[str, Any]:
    """`values` with the one grid of a source of rasters as the tile, where none is named."""
    source = values.get("source")
    if not isinstance(source, dict) or source.get("kind") != "rasters" or values.get("tiles"):
        return values
    return values if "{tile}" in str(source.get("pattern")) else {**values, "tiles": [source.get("tile", "grid")]}


class Study(Part):
    """One study: from scenes and parcels to the comparison of branches."""

    title: str = Field("cloudrobust", description="Shown on tables and figures.")
    results: Path = Field(
        Path("results"),
        description="Folder for everything that is computed; by default results for config.yaml, and results/valley "
        "for a file valley.yaml.",
    )
    period: Period = Field(description="First and last day of the scenes.")
    source: Source = Field(description="Where scenes, or finished series, come from.")
    tiles: tuple[Tile, ...] = Field(
        (),
        description="MGRS tiles, for example 32UPU; finished series have none, and rasters the names of their grids.",
    )
    parcels: Parcels = Field(Parcels(), description="The fields and what makes one usable.")
    split: Split = Field(Split(), description="Train, validation and test.")
    steps: dict[Name, Step] = Field(default_factory=dict, description="Steps by the names that branches use.")
    branches: dict[Name, Branch] = Field(
        min_length=1, description="Branches by name, each a level and steps or a preset."
    )
    models: dict[Name, Model] = Field(
        min_length=1,
        description="Models by name; the key do gives the kind. `false` leaves out one that another file names.",
    )
    protocol: Literal["cloudrobust", "study-2019"] = Field(
        "cloudrobust",
        description="How networks are trained: until they have converged, or as in the study of 2019, whose values of "
        "the other keys are written out for you (docs/training.md).",
    )
    training: Training = Field(Training(), description="What all networks share in training.")
    tuned: dict[str, dict[str, dict[str, Any]]] = Field(
        default_factory=dict,
        description="Hyperparameters that a model has in one branch, by branch and model; `tune` writes such a file.",
    )
    tuning: Tuning = Field(Tuning(), description="The search for hyperparameters.")
    comparison: Comparison = Field(Comparison(), description="The two branches that are set against each other.")
    ablation: Ablation | None = Field(None, description="Factors whose effects are told apart, see docs/ablation.md.")
    explain_difference: Difference | None = Field(
        None, description="Experiments that split the difference, see docs/difference.md."
    )
    learning_curve: LearningCurve = Field(LearningCurve(), description="How the branches do with fewer labels.")
    pictures: Pictures = Field(Pictures(), description="What is drawn besides the tables.")
    evaluation: Evaluation = Field(Evaluation(), description="How sure the comparison is; other splits.")
    robustness: Robustness = Field(Robustness(), description="How the trained models bear clouds.")
    in_season: InSeason = Field(InSeason(), description="Answers before the season ends.")
    explanations: Explanations = Field(Explanations(), description="How the networks are explained.")
    prediction: Prediction = Field(Prediction(), description="What is made of the predictions; other parcels.")
    page: Page = Field(Page(), description="The report's page.")
    prices: Prices = Field(Prices(), description="What a core hour, a gigabyte and so on cost.")
    published: Published | None = Field(None, description="Published figures to put beside the study's own.")
    # Left out of the canonical form: where work is done is no part of what a study computes.
    dask: Dask | None = Field(
        None, exclude=True, description="Where blocks of pixels are computed; by default on the job's own threads."
    )

    @model_validator(mode="before")
    @classmethod
    def _presets_written_out(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return with_experimental_steps(expanded(written_out(_with_grid(values))))

    @field_validator("branches", mode="before", json_schema_input_type=dict[Name, Branch | PresetBranch])
    @classmethod
    def _or_presets(cls, value: Any) -> Any:
        return value

    @field_validator("models", mode="before")
    @classmethod
    def _name_is_the_default_kind(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        left = {name: model for name, model in value.items() if model is not False}
        return {n: {"do": n, **(m or {})} if isinstance(m, dict) or m is None else m for n, m in left.items()}

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Study:
        for problem in self._problems():
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterator[str]:
        finished = self.has_finished_series
        if finished and self.tiles:
            yield "tiles: a source of finished series has no tiles; remove the key"
        if not finished and not self.tiles:
            yield "tiles: name at least one MGRS tile, for example 32UPU"
        yield from self._tile_problems()
        if isinstance(self.source, SimulatorSource) and len(self.tiles) > 1:
            yield "tiles: the simulator makes one landscape; name one tile"
        if isinstance(self.source, SimulatorSource) and self.parcels.layer is not None:
            yield "parcels.layer: the simulator's parcels have one layer; remove the key"
        if not finished and not isinstance(self.source, SimulatorSource) and self.parcels.file is None:
            yield "parcels.file: name the vector file with your parcels"
        if finished and self.parcels.file is not None:
            yield "parcels.file: a source of finished series brings its own parcels; remove the key"
        if isinstance(self.source, DatasetSource):
            yield from self._dataset_problems()
        for name, branch in self.branches.items():
            yield from (f"branches.{name}.{key}: {sentence}" for key, sentence in self._branch_problems(branch))
        for metric, model, branch_name, _ in self.published.figures() if self.published is not None else ():
            if model not in self.models:
                yield f"published.{metric}: unknown model {model!r}{nearest(model, self.models)}"
            elif branch_name not in self.branches:
                where = f"published.{metric}.{model}"
                yield f"{where}: unknown branch {branch_name!r}{nearest(branch_name, self.branches)}"
        for name in self.explanations.in_report or ():
            if name not in self.models:
                yield f"explanations.in_report: unknown model {name!r}{nearest(name, self.models)}"
            elif isinstance(self.models[name], Forest | Boosted):
                yield f"explanations.in_report: {name!r} is made of trees, which have no gradients; name networks"
        for name in self.evaluation.models or ():
            if name not in self.models:
                yield f"evaluation.models: unknown model {name!r}{nearest(name, self.models)}"
        yield from self._prediction_problems(self.prediction)
        yield from self._in_season_problems()
        yield from tuning_problems(self.tuning, self.tuned, self.models, self.branches)
        for key in ("raw", "preprocessed"):
            branch_name = getattr(self.comparison, key)
            if branch_name not in self.branches:
                yield f"comparison.{key}: unknown branch {branch_name!r}{nearest(branch_name, self.branches)}"
        if self.ablation is not None:
            yield from self._ablation_problems(self.ablation)
        trained = {"explain_difference": self.explain_difference, "learning_curve": self.learning_curve}
        for key, part in trained.items():
            for name in part.models if part is not None else ():
                if name not in self.models:
                    yield f"{key}.models: unknown model {name!r}{nearest(name, self.models)}"

    def _tile_problems(self) -> Iterator[str]:
        if not isinstance(self.source, RastersSource):
            for position, tile in enumerate(self.tiles):
                if not re.fullmatch(MGRS_TILE, tile):
                    yield f"tiles[{position}]: {tile!r} does not fit; write an MGRS tile like 32UPU"
        elif "tile" not in fields(self.source.pattern) and self.tiles != (self.source.tile,):
            yield f"tiles: the files have one grid, {self.source.tile!r}; remove the key"

    def _prediction_problems(self, prediction: Prediction) -> Iterator[str]:
        for name in prediction.models if isinstance(prediction.models, tuple) else ():
            if name not in self.models:
                yield f"prediction.models: unknown model {name!r}{nearest(name, self.models)}"
        for name in prediction.branches or ():
            if name not in self.branches:
                yield f"prediction.branches: unknown branch {name!r}{nearest(name, self.branches)}"
        if BEST in self.models:
            yield f"models.{BEST}: this word stands for the best model (prediction.models); call the model otherwise"
        if self.split.validation + 1 / prediction.folds >= 1:
            yield (
                f"prediction.folds: {prediction.folds} folds and split.validation {self.split.validation} leave "
                "nothing to train on; make more folds, or the validation part smaller"
            )

    def _dataset_problems(self) -> Iterator[str]:
        if self.parcels.classes is not None:
            yield "parcels.classes: the data set brings its class mapping; name it in source.classes"
        if self.prediction.file is not None:
            yield "prediction.file: a published data set has no other parcels; remove the key"
        if self.split.method == "column" and self.split.column != "part":
            yield f"split.column: {self.split.column!r} does not fit; write part, the data set's own split"

    def _branch_problems(self, branch: Branch) -> Iterator[tuple[str, str]]:
        """What is wrong with a branch: the key below it, and a sentence."""
        if isinstance(self.source, FinishedSource) and branch.level not in self.source.brings():
            held = " and ".join(self.source.brings())
            yield "level", f"the source holds {held}; a branch of {branch.level} needs scenes"
            return
        if len(set(branch.steps)) < len(branch.steps):
            yield "steps", "a step occurs twice; give the second its own name under steps"
        for position, step_name in enumerate(branch.steps):
            if step_name not in self.steps:
                yield f"steps[{position}]", f"unknown step {step_name!r}{nearest(step_name, self.steps)}"
                return
        finished = self.has_finished_series
        yield from self._experiment_problems(branch)
        chain_steps = [self.steps[name] for name in branch.steps]
        found = order.problems(branch.level, branch.steps, chain_steps, self._bands(branch.level), finished)
        yield from ((f"steps[{position}]", sentence) for position, sentence in found)
        if not self.selected(branch.chain):
            period = f"{self.period.start} to {self.period.end}"
            yield "steps", f"the selected window and the period {period} do not meet; change one of them"

    def _experiment_problems(self, branch: Branch) -> Iterator[tuple[str, str]]:
        """What is wrong with steps that only experiments have: they look at the truth, or at what other masks do."""
        for position, name in enumerate(branch.steps):
            step, where = self.steps[name], f"steps[{position}]"
            if (
                isinstance(step, Mask | Interpolate)
                and step.needs_truth
                and not isinstance(self.source, SimulatorSource)
            ):
                yield (
                    where,
                    f"{step.do} {name!r} looks at the truth, which only the simulator knows; use another method",
                )
            for other in step.stands_for if isinstance(step, Mask) else ():
                if other not in self.steps:
                    yield where, f"mask {name!r} names the unknown step {other!r}{nearest(other, self.steps)}"
                    return
                named = self.steps[other]
                if not isinstance(named, Mask) or named.stands_for:
                    yield (
                        where,
                        f"mask {name!r} names {other!r}, which is no mask that finds clouds; name one that does",
                    )
                    return
        for reference in self._references(branch):
            first = next(self._branch_problems(reference), None)
            if first is not None:
                yield "steps", f"{first[1]} (it is named by the mask {branch.steps[len(reference.steps) - 1]!r})"

    def _references(self, branch: Branch) -> list[Branch]:
        """What the masks of a branch that stand for others are compared with: branches that end in those others."""
        return [
            Branch(level=branch.level, steps=(*branch.steps[:number], *step.stands_for))
            for number, step in enumerate(map(self.steps.get, branch.steps))
            if isinstance(step, Mask) and step.stands_for
        ]

    def _in_season_problems(self) -> Iterator[str]:
        for key, names in (("models", self.models), ("branches", self.branches)):
            for name in getattr(self.in_season, key) or ():
                if name not in names:
                    yield f"in_season.{key}: unknown {key[:-2] if key == 'branches' else key[:-1]} {name!r}" + nearest(
                        name, names
                    )
        for end in self.in_season.ends:
            if not self.period.start <= end <= self.period.end:
                yield f"in_season.ends: {end} lies outside the period {self.period.start} to {self.period.end}"

    def _ablation_problems(self, ablation: Ablation) -> Iterator[str]:
        for factor in ablation.factors:
            for one in factor.levels:
                for step_name in one.steps:
                    if step_name not in self.steps:
                        where = f"ablation.factors.{factor.name}.{one.name}"
                        yield f"{where}: unknown step {step_name!r}{nearest(step_name, self.steps)}"
                        return
        for name in ablation.models:
            if name not in self.models:
                yield f"ablation.models: unknown model {name!r}{nearest(name, self.models)}"
        try:
            _ = self.design
        except ValueError as error:
            yield f"ablation: {error}"

    # -- what follows from the configuration ------------------------------------------------

    def model(self, branch: str, name: str) -> Model:
        """A model with the hyperparameters that it has in a branch."""
        return with_hyperparameters(self.models[name], self.tuned.get(branch, {}).get(name, {}))

    @property
    def answering_models(self) -> tuple[str, ...]:
        """Whose answers are taken away: names of models, or "best"."""
        wanted = self.prediction.models
        return (BEST,) if wanted == BEST else tuple(self.models) if wanted == "all" else tuple(dict.fromkeys(wanted))

    @property
    def answering_branches(self) -> tuple[str, ...]:
        """The branches whose models answer every parcel."""
        compared = (self.comparison.raw, self.comparison.preprocessed)
        return tuple(dict.fromkeys(self.prediction.branches or compared))

    def extra_trainings(self) -> str:
        """A sentence on how many trainings cross-prediction adds to those of the study."""
        seeds, folds = min(self.prediction.seeds, len(self.training.seeds)), self.prediction.folds
        models, branches = len(self.answering_models), len(self.answering_branches)
        own = len(self.branches) * len(self.models) * len(self.training.seeds)
        which = "the best model" if self.answering_models == (BEST,) else ", ".join(self.answering_models)
        return (
            f"answers out of fold: {folds * branches * models * seeds} trainings ({folds} folds x {branches} branches "
            f"x {which} x {seeds} seed{'s' if seeds > 1 else ''}) beside the study's own {own}; prediction.models, "
            ".folds and .seeds decide"
        )

    def candidates(self, answering: str) -> tuple[str, ...]:
        """The models that can stand behind a name of `answering_models`."""
        return tuple(self.models) if answering == BEST else (answering,)

    def prefixes(self, chain: str) -> list[str]:
        """`chain` and every shorter prefix of it, longest first: L2A/a/b, L2A/a, L2A."""
        words = chain.split("/")
        return ["/".join(words[:n]) for n in range(len(words), 0, -1)]

    @property
    def has_finished_series(self) -> bool:
        """Whether the source brings finished series, so that there are no scenes and no pixels."""
        return isinstance(self.source, FinishedSource)

    def _bands(self, level: Level) -> tuple[str, ...]:
        """Bands that the source has at a level; L2A has no B10."""
        if isinstance(self.source, FinishedSource):
            return self.source.brings()[level]
        held: Sequence[str] = BANDS
        if isinstance(self.source, RastersSource) and self.source.bands is not None:
            held = self.source.bands
        return tuple(band for band in BANDS if band in held and (level == "L1C" or band != "B10"))

    @cached_property
    def design(self) -> Design:
        """The combinations of the ablation's factors; none without an ablation."""
        if self.ablation is None:
            return Design((), ())

        def problem(cell: Cell) -> str | None:
            branch = Branch(level=cell.level, steps=cell.steps)
            return next((sentence for _, sentence in self._branch_problems(branch)), None)

        held = tuple(self.source.brings()) if isinstance(self.source, FinishedSource) else ("L2A",)
        return crossed(self.ablation, self.ablation.level or held[-1], problem)

    @cached_property
    def ablated(self) -> dict[str, Branch]:
        """The branches of the ablation by name; they are not part of the comparison."""
        return {cell.name: Branch(level=cell.level, steps=cell.steps) for cell in self.design.cells}

    @cached_property
    def experiments(self) -> Plan:
        """What splits the difference; nothing where the configuration does not ask for it."""
        if self.explain_difference is None:
            return Plan()

        def problem(chain: Chain) -> str | None:
            branch = Branch(level=chain.level, steps=chain.steps)
            return next((sentence for _, sentence in self._branch_problems(branch)), None)

        compared = (self.branches[name] for name in (self.comparison.raw, self.comparison.preprocessed))
        raw, preprocessed = (Chain(branch.level, branch.steps) for branch in compared)
        return planned(self.explain_difference, raw, preprocessed, self.steps, problem)

    @cached_property
    def explained(self) -> dict[str, Branch]:
        """The branches of the experiments by name; they are not part of the comparison."""
        chains = self.experiments.branches
        return {name: Branch(level=chain.level, steps=chain.steps) for name, chain in chains.items()}

    @cached_property
    def every_branch(self) -> tuple[Branch, ...]:
        """All branches: the compared ones, those of ablation and experiments, and what their masks compare with."""
        own = (*self.branches.values(), *self.ablated.values(), *self.explained.values())
        return (*own, *(reference for branch in own for reference in self._references(branch)))

    def reference_chain(self, chain: str) -> str | None:
        """The chain that the last step of `chain` compares with, where it is a mask that stands for others."""
        step, before = self.step_of(chain), chain.rpartition("/")[0]
        return "/".join((before, *step.stands_for)) if isinstance(step, Mask) and step.stands_for else None

    @cached_property
    def stages(self) -> dict[str, order.Stage]:
        """Where each prefix of each branch lives. One that is a series in any branch is a series."""
        found: dict[str, order.Stage] = {}
        for branch in self.every_branch:
            along = order.stages([self.steps[name] for name in branch.steps], self.has_finished_series)
            for prefix, stage in zip(reversed(self.prefixes(branch.chain)), along, strict=True):
                if found.get(prefix) in (None, "pixels"):
                    found[prefix] = stage
        return found

    @cached_property
    def chains(self) -> list[str]:
        """Every prefix of every branch, also of the ablation's, that is a series of its own, sorted.

        Steps on pixels before an aggregate step leave nothing of their own: they are worked on block by block.
        """
        return sorted(chain for chain, stage in self.stages.items() if stage != "pixels")

    def step_of(self, chain: str) -> AnyStep | None:
        """The last step of a chain; None for a bare level."""
        words = chain.split("/")
        return self.steps[words[-1]] if len(words) > 1 else None

    def works_on_pixels(self, chain: str) -> bool:
        """Whether every step of `chain` selects or masks scenes, so that parcels are averaged after it."""
        return self.stages.get(chain, "series" if self.has_finished_series else "scenes") == "scenes"

    @cached_property
    def needed(self) -> dict[str, frozenset[dt.date]]:
        """By level, the days whose scenes some branch (any of `every_branch`) needs; others are not fetched."""
        return needed_days(self, self.every_branch)

    @cached_property
    def compared_months(self) -> dict[str, list[str]]:
        """By level, the calendar months whose scenes the branches that are compared need."""
        days = needed_days(self, self.branches.values())
        return {level: sorted({f"{day:%Y-%m}" for day in days[level]}) for level in sorted(days)}

    @cached_property
    def fetched(self) -> Source:
        """The source as the scenes are fetched from it: with its margin filled in, where it has one."""
        if not isinstance(self.source, RemoteSource) or self.source.margin is not None:
            return self.source
        return self.source.model_copy(update={"margin": margin_around(self)})

    def season_ends(self, branch: str) -> list[dt.date]:
        """The last known days at which a branch's models are asked: those named, or every so many days.

        The first lies within the season of the preprocessed branch, the last is the last day of the branch's own.
        """
        if self.in_season.ends:
            return sorted(set(self.in_season.ends))
        step = dt.timedelta(self.in_season.every)
        end = min(self.selected(self.branches[self.comparison.preprocessed].chain)) + step
        last = max(self.selected(self.branches[branch].chain))
        ends = []
        while end < last:
            ends.append(end)
            end += step
        return [*ends, last]

    def days(self, chain: str) -> list[dt.date]:
        """The days that `chain` can have scenes of: those that its selections leave, and that some branch needs."""
        needed = self.needed.get(chain.split("/")[0], frozenset())
        return [day for day in self.selected(chain) if day in needed]

    def selected(self, chain: str) -> list[dt.date]:
        """The days that the selections of `chain` leave of the period (which may span several years)."""
        days = [self.period.start + dt.timedelta(n) for n in range((self.period.end - self.period.start).days + 1)]
        for name in chain.split("/")[1:]:
            step = self.steps[name]
            if isinstance(step, Select):
                days = [day for day in days if step.keeps(day)]
        return days

    def months(self, chain: str) -> list[str]:
        """Calendar months in which `chain` can have scenes, as YYYY-MM; empty if its selections leave no day."""
        return sorted({f"{day:%Y-%m}" for day in self.days(chain)})
