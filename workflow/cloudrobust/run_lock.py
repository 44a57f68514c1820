"""The lock that Snakemake leaves behind when a whole run is killed: taken away where its owner is provably gone.

Snakemake's locks do not say whose they are. So each run puts its name into a folder beside them before Snakemake
locks, and takes it out at its end. If the folder of locks is not empty and every run named beside it is dead, nobody
holds them.
"""

from __future__ import annotations

from pathlib import Path

from . import process

OWNERS = "cloudrobust-runs"


def announce(folder: Path) -> str | None:
    """Note this run in Snakemake's folder (`.snakemake`); remove locks that nobody holds.

    Returns
    -------
    One sentence about a lock of an earlier run, None if there is none.
    """
    owners, locks = folder / OWNERS, folder / "locks"
    held = sorted(locks.glob("*.lock")) if locks.is_dir() else []
    known = sorted(owners.iterdir()) if owners.is_dir() else []
    dead = [owner for owner in known if process.provably_dead(owner.name)]
    sentence = None
    if held and known and len(dead) == len(known):
        for lock in held:
            lock.unlink(missing_ok=True)
        sentence = "the last run was killed; its lock is removed and this run continues where it stopped"
    elif held and len(dead) < len(known):
        alive = next(owner.name for owner in known if owner not in dead).split("~")
        sentence = (
            f"another run (process {alive[1]} on {alive[0]}) seems to work in this folder; wait for it, or if it is "
            "gone, call: snakemake --unlock"
        )
    elif held:
        sentence = "an earlier run left its lock; if none is running in this folder, call: snakemake --unlock"
    if not held or len(dead) == len(known):
        for owner in dead:
            owner.unlink(missing_ok=True)
    owners.mkdir(parents=True, exist_ok=True)
    (owners / process.name()).touch()
    return sentence


def leave(folder: Path) -> None:
    """Take this run's note away."""
    (folder / OWNERS / process.name()).unlink(missing_ok=True)
