"""The preprocessing steps' parameters: one class a kind of step, documented where it is defined."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .aggregate import Aggregate
from .bands import Bands
from .common import DAY
from .composite import Composite
from .custom import Custom
from .index import Index
from .interpolate import Interpolate
from .mask import (
    Cloudless,
    CloudProbability,
    Mask,
    MaskMethod,
    MaskRaster,
    ParcelTest,
    RandomDates,
    SceneClasses,
    Shadow,
    Snow,
    TrueSky,
    WithErrors,
)
from .normalise import Normalise
from .select import Select
from .smooth import Smooth

AnyStep = Select | Mask | Interpolate | Composite | Smooth | Index | Normalise | Bands | Aggregate | Custom
Step = Annotated[AnyStep, Field(discriminator="do")]

KINDS = (Select, Mask, Interpolate, Composite, Smooth, Index, Normalise, Bands, Aggregate, Custom)
METHODS = (
    SceneClasses,
    CloudProbability,
    Cloudless,
    ParcelTest,
    Shadow,
    Snow,
    TrueSky,
    MaskRaster,
    RandomDates,
    WithErrors,
)
"""Every class of parameters, for the documentation."""

__all__ = [
    "DAY",
    "KINDS",
    "METHODS",
    "Aggregate",
    "AnyStep",
    "Bands",
    "CloudProbability",
    "Cloudless",
    "Composite",
    "Custom",
    "Index",
    "Interpolate",
    "Mask",
    "MaskMethod",
    "MaskRaster",
    "Normalise",
    "ParcelTest",
    "RandomDates",
    "SceneClasses",
    "Select",
    "Shadow",
    "Smooth",
    "Snow",
    "Step",
    "TrueSky",
    "WithErrors",
]
