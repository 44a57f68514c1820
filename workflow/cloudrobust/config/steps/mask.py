"""Parameters of the mask: its methods, and how they combine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from ..base import Part
from ..file_names import Template, fields
from .common import Share

TYPICAL_SUN = 60.0
"""Zenith angle in degrees up to which shadows are followed beyond the parcels; a morning pass at 48° N
exceeds it from mid-October to the end of February. What then lies beyond the margin is named in the mask's log."""


def _one_or_several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


StepNames = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_several, json_schema_input_type=str | list[str]),
    Field(min_length=1),
]
"""Names of steps, of which one may be written without a list."""


class _MaskMethod(Part):
    dilate: float = Field(
        0.0, ge=0, le=1000, description="Metres by which what this method finds grows, before methods are combined."
    )

    def reads(self, level: str) -> set[str]:
        """Levels of the products that are read to mask scenes of `level`."""
        return {level}

    @property
    def reach(self) -> float:
        """Metres from which a pixel can be influenced, besides the growing by `dilate`."""
        return 0.0


class SceneClasses(_MaskMethod):
    """Pixels whose scene classification (SCL of L2A) is listed."""

    do: Literal["scl"] = "scl"
    classes: tuple[Annotated[int, Field(ge=0, le=11)], ...] = Field(
        (0, 1, 3, 8, 9, 10, 11), min_length=1, description="SCL classes that are masked (0 and 1 hold no data)."
    )

    def reads(self, level: str) -> set[str]:  # noqa: ARG002
        return {"L2A"}


class CloudProbability(_MaskMethod):
    """Pixels whose cloud probability by ESA's processor Sen2Cor (MSK_CLDPRB of L2A) is high."""

    do: Literal["probability"] = "probability"
    threshold: Share = Field(0.4, description="Probability, 0 to 1, above which a pixel is masked.")

    def reads(self, level: str) -> set[str]:  # noqa: ARG002
        return {"L2A"}


class Cloudless(_MaskMethod):
    """Pixels that s2cloudless takes for cloud; it needs L1C and serves L2A through the same acquisition's L1C."""

    do: Literal["s2cloudless"] = "s2cloudless"
    threshold: Share = Field(0.4, description="Probability, 0 to 1, above which a pixel is masked.")
    resolution: Literal[10, 20, 60] = Field(60, description="Metres of the grid that probabilities are computed on.")
    average: float = Field(
        240.0,
        ge=0,
        le=2000,
        description="Radius in metres over which probabilities are averaged first, to whole pixels; 0 for none.",
    )
    dilate: float = Field(
        120.0, ge=0, le=1000, description="Metres by which clouds grow, to whole pixels of `resolution`."
    )

    @property
    def reach(self) -> float:
        """The disk of the averaging, rounded up to a pixel of its grid."""
        return self.average + self.resolution

    def reads(self, level: str) -> set[str]:  # noqa: ARG002
        return {"L1C"}


class ParcelTest(Part):
    """Parcels whose mean spectrum (L1C) s2cloudless takes for cloud; needs no pixels, stands after the averaging."""

    do: Literal["parcel"] = "parcel"
    threshold: Share = Field(0.4, description="Probability, 0 to 1, above which a parcel's date is masked.")

    def reads(self, level: str) -> set[str]:  # noqa: ARG002
        """Levels of the series that are read."""
        return {"L1C"}


CloudsName = Literal["scl", "probability", "s2cloudless"]
Clouds = Annotated[SceneClasses | CloudProbability | Cloudless, Field(discriminator="do")]


class Shadow(_MaskMethod):
    """Cloud shadow: by scene classification, or where clouds of some height would throw it away from the sun."""

    do: Literal["shadow"] = "shadow"
    by: Literal["scl", "projection"] = Field("scl", description="SCL class 3, or projection of a cloud mask.")
    clouds: tuple[Clouds, ...] = Field(
        (), description="Methods that find the clouds that are projected, any of them; [] is s2cloudless."
    )
    heights: tuple[Annotated[float, Field(ge=0, le=20000)], Annotated[float, Field(ge=0, le=20000)]] = Field(
        (200.0, 4000.0), description="Lowest and highest cloud in metres above ground (projection)."
    )
    dark: float | None = Field(
        0.15,
        gt=0,
        le=1,
        description="Only pixels with a lower near infrared (B8A) reflectance are shadow; null takes all (projection).",
    )

    @field_validator("clouds", mode="before", json_schema_input_type=CloudsName | list[CloudsName | Clouds])
    @classmethod
    def _names_alone(cls, value: Any) -> Any:
        return _named(value)

    @model_validator(mode="after")
    def _fits_together(self) -> Shadow:
        if self.heights[0] > self.heights[1]:
            raise ValueError(
                f"heights {self.heights[0]:g} to {self.heights[1]:g} descend; write the lowest cloud first"
            )
        given = sorted(self.model_fields_set & {"clouds", "heights", "dark"})
        if self.by == "scl" and given:
            raise ValueError(f"{given[0]} belongs to by: projection; write that too, or remove {given[0]}")
        return self

    def reads(self, level: str) -> set[str]:
        if self.by == "scl":
            return {"L2A"}
        return {level}.union(*(clouds.reads(level) for clouds in self.casters))

    @property
    def reach(self) -> float:
        """What the clouds' own methods reach, and the longest shadow under a sun at the zenith angle `TYPICAL_SUN`."""
        if self.by == "scl":
            return 0.0
        clouds = max(clouds.reach + clouds.dilate for clouds in self.casters)
        return clouds + self.heights[1] * math.tan(math.radians(TYPICAL_SUN))

    @property
    def casters(self) -> tuple[SceneClasses | CloudProbability | Cloudless, ...]:
        """The methods that find the clouds."""
        return self.clouds or (Cloudless(),)

    @model_serializer(mode="wrap")
    def _what_counts(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content = handler(self)
        if self.by == "scl":
            return {key: content[key] for key in ("do", "by", "dilate")}
        return content | {"clouds": [clouds.model_dump(mode="json") for clouds in self.casters]}


class Snow(_MaskMethod):
    """Snow: by scene classification, or by the snow index of green and short-wave infrared."""

    do: Literal["snow"] = "snow"
    by: Literal["scl", "ndsi"] = Field("scl", description="SCL class 11, or the index NDSI of B03 and B11.")
    ndsi: float = Field(0.4, gt=-1, lt=1, description="NDSI above which a pixel is snow (ndsi).")
    near_infrared: Share = Field(0.11, description="B8A reflectance that snow exceeds, as water does not (ndsi).")

    def reads(self, level: str) -> set[str]:
        return {"L2A"} if self.by == "scl" else {level}


class TrueSky(_MaskMethod):
    """Pixels under a cloud or in its shadow, by the truth that the simulator writes; for experiments."""

    do: Literal["truth"] = "truth"
    classes: tuple[Literal[1, 2, 3, 4], ...] = Field(
        (1, 2, 3), min_length=1, description="True classes: 1 thin cloud, 2 thick cloud, 3 shadow, 4 snow."
    )


class MaskRaster(_MaskMethod):
    """Pixels that a raster from elsewhere hides: one file a scene, found by the scene's time, on any grid."""

    do: Literal["raster"] = "raster"
    folder: Path = Field(description="Folder that holds the files.")
    pattern: Template = Field(
        description="Template of the file names: {time:%Y%m%d} stands for the scene's time, {level} and {tile} for "
        "what they say, * for anything. With / it looks into folders."
    )
    band: int = Field(1, ge=1, description="Number of the band in the file, from 1.")
    hide: tuple[int, ...] = Field((), description="Values that are masked.")
    bits: tuple[Annotated[int, Field(ge=0, le=62)], ...] = Field(
        (),
        description="Bits, from 0, of which any one that is set masks a pixel; [1, 2] are the clouds of FORCE's QAI.",
    )
    above: float | None = Field(None, description="Masked are values above this, as of a raster of probabilities.")
    missing: Literal["fail", "clear", "hide"] = Field(
        "fail", description="Where a scene has no file: fail, take the whole scene as clear, or hide it."
    )
    nodata: Literal["hide", "clear"] = Field(
        "hide", description="What counts where the file has no data, or ends before the scene does."
    )

    @model_validator(mode="after")
    def _says_what_to_hide(self) -> MaskRaster:
        if not self.hide and not self.bits and self.above is None:
            raise ValueError("write what is hidden: values (hide: [1]), bits (bits: [1, 2]) or above: 0.4")
        if "band" in fields(self.pattern):
            raise ValueError("pattern: a mask belongs to all bands; take {band} out of it")
        return self


class _OfSteps(Part):
    """A method that changes what other mask steps do to whole dates of parcels; for experiments."""

    seed: int = Field(0, ge=0, description="Seed of the draws; each parcel draws for itself, by its id.")

    def reads(self, level: str) -> set[str]:
        """Levels that are read besides the series of the other mask steps: only its own."""
        return {level}


class RandomDates(_OfSteps):
    """As many dates of each parcel as other mask steps remove, but drawn at random: a placebo; works on series."""

    do: Literal["random"] = "random"
    like: StepNames = Field(description="Names of the mask steps, in their order, in whose place it stands.")
    within: Literal["series", "month"] = Field(
        "series", description="Remove as many from the whole series, or from each calendar month."
    )


class WithErrors(_OfSteps):
    """What other mask steps do, with errors added to whole dates of parcels; works on series."""

    do: Literal["degraded"] = "degraded"
    of: StepNames = Field(description="Names of the mask steps, in their order, in whose place it stands.")
    omission: Share = Field(0.0, description="Probability that a date that they remove is kept, clouds and all.")
    commission: Share = Field(0.0, description="Probability that a date that they keep is removed.")


MethodName = Literal["scl", "probability", "s2cloudless", "parcel", "shadow", "snow", "truth", "raster"]
AnyMethod = (
    SceneClasses
    | CloudProbability
    | Cloudless
    | ParcelTest
    | Shadow
    | Snow
    | TrueSky
    | MaskRaster
    | RandomDates
    | WithErrors
)
MaskMethod = Annotated[AnyMethod, Field(discriminator="do")]
ON_SERIES = (ParcelTest, RandomDates, WithErrors)
"""Methods that work on the parcels' series rather than on scenes."""


class Mask(Part):
    """Mask of clouds, shadow and snow: what it finds counts as not observed."""

    do: Literal["mask"] = "mask"
    method: MethodName = Field(
        "scl", description="One method with its defaults; several, or their parameters, go under `methods`."
    )
    classes: tuple[Annotated[int, Field(ge=0, le=11)], ...] = Field(
        (0, 1, 3, 8, 9, 10, 11), min_length=1, description="SCL classes that are masked (method scl)."
    )
    methods: tuple[MaskMethod, ...] = Field((), description="Methods by name, or with parameters as {do: name, …}.")
    combine: Literal["any", "all"] = Field("any", description="A pixel is masked if any, or if all, of them find it.")
    dilate: float = Field(0.0, ge=0, le=1000, description="Metres by which the masked area grows on every side.")
    minimum_clear: Share = Field(
        0.5, description="A parcel clear by a smaller share than this counts as not observed on that date."
    )
    borrow: bool = Field(
        False,
        description="Mask L1C, too, by the layers that only L2A has, those of the same acquisition; both levels are "
        "then fetched.",
    )

    @field_validator("methods", mode="before", json_schema_input_type=MethodName | list[MethodName | MaskMethod])
    @classmethod
    def _names_alone(cls, value: Any) -> Any:
        return _named(value)

    @model_validator(mode="before")
    @classmethod
    def _one_way_of_writing(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        if values.get("method") == "raster" and not values.get("methods"):
            # The one method that nobody uses with its defaults: its keys may stand beside it.
            own = {key: value for key, value in values.items() if key in _OF_RASTER}
            rest = {key: value for key, value in values.items() if key not in (*own, "method")}
            values = {**rest, "methods": [{"do": "raster", **own}]}
        if not values.get("methods"):
            return values
        for key in ("method", "classes"):
            if key in values:
                raise ValueError(f"{key} and methods are both given; write it as one of methods, {{do: name, …}}")
        methods = _named(values["methods"])
        first = methods[0] if isinstance(methods, Sequence) else None
        name = first.get("do") if isinstance(first, Mapping) else getattr(first, "do", None)
        return {**values, "methods": methods} | ({"method": name} if name in _METHODS else {})

    @model_validator(mode="after")
    def _fits_together(self) -> Mask:
        if "classes" in self.model_fields_set and self.method != "scl":
            raise ValueError(f"classes belong to method scl, not to {self.method}; remove one of them")
        names = [method.do for method in self.resolved]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"method {twice} occurs twice; give the second a mask step of its own")
        alone = next((method.do for method in self.resolved if isinstance(method, ON_SERIES)), None)
        if alone is not None and len(names) > 1:
            raise ValueError(f"method {alone} works on the parcels' series; give it a mask step of its own")
        if alone is not None and self.dilate:
            raise ValueError(f"method {alone} sees no pixels that could grow; remove dilate")
        return self

    @property
    def resolved(self) -> tuple[AnyMethod, ...]:
        """The methods, whichever way they were written."""
        if self.methods:
            return self.methods
        if self.method == "scl":
            return (SceneClasses(classes=self.classes),)
        return (_METHODS[self.method](),)

    @property
    def on_parcels(self) -> bool:
        """Whether it works on the parcels' series rather than on scenes."""
        return any(isinstance(method, ON_SERIES) for method in self.resolved)

    @property
    def tests_spectra(self) -> bool:
        """Whether it looks at the parcels' mean spectra at L1C."""
        return any(isinstance(method, ParcelTest) for method in self.resolved)

    @property
    def stands_for(self) -> tuple[str, ...]:
        """Names of the mask steps whose place it takes, where its method needs to know what they remove."""
        method = self.resolved[0]
        return method.like if isinstance(method, RandomDates) else method.of if isinstance(method, WithErrors) else ()

    @property
    def needs_truth(self) -> bool:
        """Whether it looks at what only the simulator knows."""
        return any(isinstance(method, TrueSky) for method in self.resolved)

    @property
    def reach(self) -> float:
        """Metres around the parcels that are looked at to mask them, under a sun as for `Shadow.reach`."""
        pixels = [method for method in self.resolved if not isinstance(method, ON_SERIES)]
        return self.dilate + max(method.reach + method.dilate for method in pixels) if pixels else 0.0

    def reads(self, level: str) -> set[str]:
        """Levels that are read to mask a chain of `level`: its own, or the other one's as well or instead."""
        found: set[str] = set()
        return found.union(*(method.reads(level) for method in self.resolved))

    def problem(self, level: str, name: str) -> str | None:
        """Why this mask, called `name`, is impossible on a chain of `level`; None if it is possible."""
        for method in self.resolved:
            if level == "L1C" and "L2A" in method.reads(level) and not self.borrow:
                layer = "cloud probability" if method.do == "probability" else "scene classification"
                return f"L1C has no {layer} for mask {name!r}; use level L2A or another method"
        return None

    @model_serializer(mode="wrap")
    def _resolved_form(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content = handler(self)
        methods = [method.model_dump(mode="json") for method in self.resolved]
        if len(methods) == 1:
            content["combine"] = "any"
        # Named only where it is set: the form of other masks stays what it was before there was such a key.
        kept = ("do", "combine", "dilate", "minimum_clear", *(("borrow",) if self.borrow else ()))
        return {key: content[key] for key in kept} | {"methods": methods}


_METHODS: dict[str, Any] = {
    "scl": SceneClasses,
    "probability": CloudProbability,
    "s2cloudless": Cloudless,
    "parcel": ParcelTest,
    "shadow": Shadow,
    "snow": Snow,
    "truth": TrueSky,
    "raster": MaskRaster,
}
_OF_RASTER = frozenset(MaskRaster.model_fields) - {"do", "dilate"}


def _named(value: Any) -> Any:
    """Methods, of which names stand for those with their defaults, as a list with all written out."""
    if isinstance(value, str | Mapping):
        value = [value]
    if not isinstance(value, list | tuple):
        return value
    return [{"do": item} if isinstance(item, str) else item for item in value]
