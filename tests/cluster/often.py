"""Snakemake, asking Slurm for the state of its jobs every second: `python tests/cluster/often.py ARGUMENT…`.

The plugin waits ten seconds longer each time that no job has ended, so on a small study most of the time would be
waiting. Nothing else is changed, and the jobs themselves call Snakemake as it is.
"""

from __future__ import annotations

import snakemake_executor_plugin_slurm as plugin
from snakemake.cli import main


def second(_executor: object, _wanted: float = 1) -> int:
    """Always one."""
    return 1


plugin.Executor.next_seconds_between_status_checks = property(second, second)

if __name__ == "__main__":
    main()
