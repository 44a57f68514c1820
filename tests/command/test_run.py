"""A run as people see it, from what Snakemake prints."""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
from pathlib import Path

import pytest

from cloudrobust.command import main, parser, run
from cloudrobust.command.progress import IGNORED, STAGES, Progress, stage_of

ROOT = Path(__file__).resolve().parents[2]

BEGIN = """\
Building DAG of jobs...
Job stats:
job                 count
----------------  -------
fetch_scenes            4
mask_scenes             2
train                   2
evaluate                1
all                     1
total                  10

Select jobs to execute...
"""
JOB = """\
[Sat Nov 28 08:38:04 2026]
rule {rule}:
    output: results/x
    jobid: {number}
    wildcards: tile=32UPU
"""
DONE = """\
Finished jobid: {number} (Rule: {rule})
1 of 10 steps (10%) done
"""


class Clock:
    """Time that stands until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def feed(progress: Progress, text: str, **words: object) -> None:
    for line in text.format(**words).splitlines(keepends=True):
        progress.read(line)


def test_stages_fill_and_the_rest_is_estimated(tmp_path: Path) -> None:
    clock = Clock()
    progress = Progress(tmp_path, clock)
    assert progress.line(0.0) == ""
    assert progress.remaining(0.0) is None
    feed(progress, BEGIN)
    assert sum(progress.planned.values()) == 9
    for number in (1, 2):
        feed(progress, JOB, rule="fetch_scenes", number=number)
    clock.now = 10.0
    for number in (1, 2):
        feed(progress, DONE, rule="fetch_scenes", number=number)
    # Two at a time, ten seconds each, and nothing known of the others: 7 jobs are left.
    assert progress.remaining(10.0) == pytest.approx(7 * 10 / 2)
    assert progress.line(10.0) == " 22%  scenes 2/4  series 0/2  training 0/2  answer 0/1  10 s so far, about 35 s left"
    feed(progress, JOB, rule="train", number=7)
    block = progress.block(10.0)
    assert block[0].startswith("scenes   ████████████░░░░")
    assert block[2].endswith("train")
    assert len(block) == 5


def test_earlier_benchmarks_tell_how_long_a_rule_takes(tmp_path: Path) -> None:
    for name, seconds in (("train/a", 100), ("train/b", 300), ("fetch_scenes/a", 10)):
        file = tmp_path / f"{name}.tsv"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"s\tcpu_time\n{seconds}\t1\n")
    progress = Progress(tmp_path, Clock())
    feed(progress, BEGIN)
    # 2 trainings of 200 s, 4 fetches of 10 s, and 3 jobs of other rules with the mean of both rules.
    assert progress.remaining(0.0) == pytest.approx(2 * 200 + 4 * 10 + 3 * 105)


def test_what_matters_at_the_end_is_said(tmp_path: Path) -> None:
    progress = Progress(tmp_path, Clock())
    feed(progress, BEGIN)
    feed(progress, "Error in rule train:\nerror: train: no parcel\nerror: train: no parcel\nTrying to restart job 7.\n")
    feed(progress, "lost: train (Slurm job 3) took too long\n")
    feed(progress, "10 of 10 steps (100%) done\nThe answer\n\nWhere the time went\nComplete log(s): /a/b.log\nafter\n")
    assert progress.said == [
        "error: train: no parcel", "lost: train (Slurm job 3) took too long", "The answer", "", "Where the time went",
    ]  # fmt: skip
    assert (progress.log, progress.failed, progress.again) == ("/a/b.log", 1, 1)
    assert progress.line(0.0).endswith("1 failed, 1 tried again")


def test_every_rule_with_a_stage_exists() -> None:
    import re

    text = "".join(file.read_text() for file in (ROOT / "rules").glob("*.smk"))
    there = set(re.findall(r"^ *rule (\w+):", text, re.M)) | set(re.findall(r"^ *use rule \w+ as (\w+)", text, re.M))
    assert {rule for rules in STAGES.values() for rule in rules} <= there
    assert set(IGNORED) - {"all"} <= there
    assert stage_of("write_page") == "answer"


def test_a_terminal_is_drawn_anew_and_a_file_gets_lines(tmp_path: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, again in ((Terminal(), True), (io.StringIO(), False)):
        screen = run.Screen(Progress(tmp_path, Clock()), stream)
        for line in BEGIN.splitlines(keepends=True):
            screen.note(line)
        screen._draw()
        screen._draw()
        assert ("\x1b[5F" in stream.getvalue()) == again
        assert "scenes" in stream.getvalue()


def test_the_call_is_what_a_user_would_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    given = parser().parse_args(
        ["run", "valley.yaml", "--cores", "4", "--profile", "profiles/slurm", "--target", "ablation"]
    )
    assert run.command(given)[3:] == [
        "--cores", "4", "--configfile", "valley.yaml", "--workflow-profile", "profiles/slurm", "--", "ablation",
    ]  # fmt: skip
    plain = parser().parse_args(["run"])
    assert run.command(plain)[3:] == ["--cores", "all"]
    dry = parser().parse_args(["run", "--dry-run", "--target", "ablation"])
    assert run.command(dry)[3:] == ["--cores", "all", "--dry-run", "--", "ablation"]
    monkeypatch.chdir(tmp_path)
    assert run.command(plain)[3:] == ["--cores", "all", "--snakefile", str(ROOT / "Snakefile")]


def test_output_and_status_are_those_of_snakemake(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = f"import sys; sys.stderr.write({BEGIN + 'error: train: no parcel in test'!r} + chr(10)); sys.exit(3)"
    monkeypatch.setattr(run, "command", lambda _: [sys.executable, "-c", script])
    given = argparse.Namespace(config=[ROOT / "config.yaml"], verbose=False, dry_run=False)
    assert run.run(given) == 3
    said = capsys.readouterr()
    assert "error: train: no parcel in test" in said.out
    assert "The run failed" in said.err


def test_the_report_is_found_or_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "valley.yaml").write_text((ROOT / "config.yaml").read_text())
    assert main(["report", "valley.yaml"]) == 1
    assert "run the study first: cloudrobust run valley.yaml" in capsys.readouterr().err
    page = tmp_path / "results" / "valley" / "report" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p>")
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    assert main(["report", "valley.yaml", "--open"]) == 0
    assert opened == [page.as_uri()]


def test_help_is_quick_and_names_every_command() -> None:
    code = (
        "import sys, cloudrobust.command as command; command.parser()\n"
        "print([name for name in ('torch', 'rasterio', 'geopandas') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "workflow", capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
    words = parser().format_help()
    assert all(name in words for name in ("init", "check", "run", "report", "doctor", "pool"))
