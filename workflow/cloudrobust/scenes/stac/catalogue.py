"""Asking a STAC API, patiently and strictly."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from pystac_client import Client
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from pystac_client.warnings import strict

from ...errors import InputError
from ..area import Area
from ..failures import JobFailure, Refused, Trouble
from ..remote.download import answer
from ..remote.retry import Gate, Patience, patiently
from .presets import Preset

LONGEST_DATATAKE = timedelta(hours=2)
"""Longer than any datatake: by so much a tile's own sensing time may lie after the datatake's start."""

PAGE = 100
"""Items asked for at once."""


class PatientIO(StacApiIO):
    """pystac-client's requests with this project's retries, and answers that are what they must be.

    What pystac-client takes for an empty page (an error page in JSON with status 200, say) is an error here.
    """

    def __init__(self, patience: Patience) -> None:
        super().__init__(timeout=patience.timeout, max_retries=None)
        self.patience, self.gate = patience, Gate()

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """Text of the answer, which is a JSON object; see `StacApiIO.request`."""
        verb = (method or "GET").upper()
        body = {"json": parameters} if verb == "POST" else {"params": parameters or {}}

        def ask() -> str:
            # by our own timeout, not self.timeout, which Client.open sets back to none
            text = answer(partial(self.session.request, verb, href, headers=headers, **body), self.patience)
            try:
                content = json.loads(text)
            except ValueError as error:
                raise Trouble("the catalogue answers with something else than JSON") from error
            if not isinstance(content, dict) or (verb == "POST" and not isinstance(content.get("features"), list)):
                raise Trouble("the catalogue answers with something else than a list of scenes")
            return text.decode()

        try:
            return patiently(ask, self.patience, self.gate, what="catalogue")
        except Refused as refused:
            raise JobFailure(f"source.url: {href.partition('?')[0]}: {refused.reason}") from refused


class Catalogue:
    """The scenes of a STAC API.

    Parameters
    ----------
    preset: its address and names.
    patience: waits and attempts.

    Raises
    ------
    InputError
        If it can't be reached, or does not filter by properties.
    """

    def __init__(self, preset: Preset, patience: Patience) -> None:
        self.preset = preset
        self.client = Client.open(preset.url, stac_io=PatientIO(patience))
        if not self.client.conforms_to("QUERY"):
            # without it, every scene of the world would be listed, silently
            raise InputError(
                f"source.url: the API at {preset.url} does not filter by properties (conformance class QUERY of "
                "STAC API); use another"
            )

    def items(
        self,
        level: str,
        tile: str,
        period: tuple[date, date] | None = None,
        area: Area | None = None,
        max_cloud_cover: float = 100.0,
        most: int | None = None,
    ) -> list[dict[str, Any]]:
        """Items of a tile, as the API gives them.

        Parameters
        ----------
        level: L1C or L2A.
        tile: MGRS tile.
        period: first and last day of the datatake's start; items of a few hours more may be among the results.
        area: scenes that did not see the parcels are left out.
        max_cloud_cover: percent.
        most: stop after so many.
        """
        if level not in self.preset.collections:
            raise InputError(
                f"source.preset: the catalogue at {self.preset.url} has no {level}; use another source for it, or name "
                "a collection under source.collections"
            )
        key, prefix = self.preset.tile
        query: dict[str, Any] = {key: {"eq": f"{prefix}{tile}"}}
        if max_cloud_cover < 100:
            query["eo:cloud_cover"] = {"lte": max_cloud_cover}
        if period is not None:
            first = datetime.combine(period[0], datetime.min.time())
            last = datetime.combine(period[1], datetime.max.time()) + LONGEST_DATATAKE
        try:
            with strict():
                search = self.client.search(
                    collections=[self.preset.collections[level]],
                    datetime=f"{first.isoformat()}Z/{last.isoformat(timespec='seconds')}Z" if period else None,
                    bbox=area.outline().bounds if area is not None and not area.empty else None,
                    query=query,
                    limit=PAGE if most is None else most,
                    max_items=most,
                )
                return list(search.items_as_dicts())
        except APIError as error:
            raise JobFailure(f"source.url: {self.preset.url}: {error}") from error
