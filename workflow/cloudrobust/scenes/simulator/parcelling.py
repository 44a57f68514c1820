"""Cutting land into fields: recursive subdivision of polygons, and the awkward shapes among the fields.

Farmland is divided the way it was in history, by halving: the largest piece is cut across its long side until
there are as many pieces as wanted (the recursive subdivision that procedural city and field models use, for
example Vanegas et al. 2012, Comput. Graph. Forum 31:681-690). Random weights make the pieces uneven.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

FAR = 1e5  # longer than any landscape
SLIVER = 300.0  # m²; smaller pieces, and those thinner than NARROW on average, are left to the field margin
NARROW = 10.0  # m


def polygons(geometry: BaseGeometry) -> list[Polygon]:
    """The polygons of any geometry that are worth a field: neither tiny nor very thin."""
    parts = [p for p in shapely.get_parts(geometry) if isinstance(p, Polygon)]
    return [p for p in parts if p.area > SLIVER and 2 * p.area / p.length > NARROW]


def halves(polygon: Polygon, rng: np.random.Generator, gap: float = 0.0) -> list[Polygon]:
    """Cut a polygon across the long side of its smallest rectangle, roughly in the middle, leaving a gap in metres."""
    corners = np.asarray(shapely.minimum_rotated_rectangle(polygon).exterior.coords)[:3]
    sides = np.diff(corners, axis=0)
    longest = int(np.argmax(np.hypot(*sides.T)))
    along = sides[longest] / np.hypot(*sides[longest])
    turn = rng.normal(0, 0.06)
    along = np.array(
        [along[0] * math.cos(turn) - along[1] * math.sin(turn), along[0] * math.sin(turn) + along[1] * math.cos(turn)]
    )
    across = np.array([-along[1], along[0]])
    at = corners[longest] + sides[longest] * rng.uniform(0.32, 0.68)
    side = Polygon(
        [at + across * FAR, at - across * FAR, at - across * FAR + along * FAR, at + across * FAR + along * FAR]
    )
    one, other = polygon.intersection(side), polygon.difference(side)
    if gap > 0:
        strip = LineString([at + across * FAR, at - across * FAR]).buffer(gap / 2)
        one, other = one.difference(strip), other.difference(strip)
    return polygons(one) + polygons(other)


def blocks(land: Iterable[Polygon], area: float, gap: float, rng: np.random.Generator) -> list[Polygon]:
    """Cut land into blocks of at most `area` m², with farm tracks of width `gap` between them."""
    todo, done = list(land), []
    while todo:
        piece = todo.pop()
        if piece.area <= area * rng.uniform(0.6, 1.4):
            done.append(piece)
        else:
            todo += halves(piece, rng, gap)
    return done


def parcels(land: Iterable[Polygon], count: int, rng: np.random.Generator) -> list[Polygon]:
    """Cut blocks into `count` uneven parcels (more if there are more blocks)."""
    order = 0
    queue: list[tuple[float, int, Polygon, float]] = []

    def push(piece: Polygon, wish: float) -> None:
        nonlocal order
        heapq.heappush(queue, (-piece.area / wish, order, piece, wish))
        order += 1

    for piece in land:
        push(piece, rng.lognormal(0, 0.5))
    while queue and len(queue) < count and queue[0][2].area > 4 * SLIVER:
        _, _, piece, wish = heapq.heappop(queue)
        for part in halves(piece, rng):
            push(part, float(np.clip(wish * rng.lognormal(0, 0.35), 0.3, 3.0)))
    return [piece for _, _, piece, _ in sorted(queue, key=lambda item: item[1])]


def corner_cut(polygon: Polygon, rng: np.random.Generator) -> tuple[Polygon, Polygon] | None:
    """An L-shaped parcel and the corner that it lacks; None where the polygon does not allow it."""
    quarters = [half for part in halves(polygon, rng) for half in halves(part, rng)]
    if len(quarters) != 4:
        return None
    rest = shapely.union_all(quarters[1:])
    return (rest, quarters[0]) if isinstance(rest, Polygon) else None


def holed(polygon: Polygon, rng: np.random.Generator) -> tuple[Polygon, Polygon] | None:
    """A parcel with a hole (a copse, a pond, a farmyard) and the hole; None where there is no room for one."""
    radius = rng.uniform(16, 28)
    # a margin wide enough for the parcel to stay one piece after it is shrunk
    room = polygon.buffer(-(radius + 30))
    if room.is_empty:
        return None
    hole = Point(room.representative_point()).buffer(radius, quad_segs=3)
    return polygon.difference(hole), hole


def allotments(polygon: Polygon, count: int, area: float, rng: np.random.Generator) -> list[Polygon]:
    """Cut `count` tiny parcels of at most `area` m² off a polygon; the rest follows in larger pieces."""
    tiny: list[Polygon] = []
    rest = [polygon]
    while rest and len(tiny) < count:
        piece = rest.pop()
        if piece.area <= area:
            tiny.append(piece)
        else:
            rest += sorted(halves(piece, rng), key=lambda p: -p.area)
    return tiny + rest
