"""Product names: the compact naming convention of Sentinel-2 products.

MMM_MSIXXX_YYYYMMDDHHMMSS_Nxxyy_ROOO_Txxxxx_<discriminator>.SAFE (ESA, Sentinel-2 User Guide,
"Naming convention", products since 6 December 2016).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

STAMP = "%Y%m%dT%H%M%S"
_COMPACT = re.compile(
    r"(?P<platform>S2[A-Z])_MSI(?P<level>L1C|L2A)_(?P<time>\d{8}T\d{6})_N(?P<baseline>\d{4})"
    r"_R(?P<orbit>\d{3})_T(?P<tile>\d{2}[A-Z]{3})_(?P<discriminator>\d{8}T\d{6})(\.SAFE)?"
)


@dataclass(frozen=True)
class ProductName:
    """The parts of a compact product name; `time` and `discriminator` are naive UTC, to the second."""

    platform: str
    level: str
    time: datetime
    baseline: str
    orbit: int
    tile: str
    discriminator: datetime

    @classmethod
    def parse(cls, name: str) -> ProductName | None:
        """The parts of `name` (with or without `.SAFE`); None if it does not follow the compact convention."""
        match = _COMPACT.fullmatch(name)
        if match is None:
            return None
        try:
            time, discriminator = (datetime.strptime(match[part], STAMP) for part in ("time", "discriminator"))
        except ValueError:
            return None  # shaped like a name, but of no moment in time
        return cls(
            platform=match["platform"],
            level=match["level"],
            time=time,
            baseline=f"{match['baseline'][:2]}.{match['baseline'][2:]}",
            orbit=int(match["orbit"]),
            tile=match["tile"],
            discriminator=discriminator,
        )

    def __str__(self) -> str:
        return (
            f"{self.platform}_MSI{self.level}_{self.time:{STAMP}}_N{self.baseline.replace('.', '')}"
            f"_R{self.orbit:03d}_T{self.tile}_{self.discriminator:{STAMP}}"
        )
