"""The figures show the data they claim to show, and are saved where and only where they may be."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from archgym.curves import best_so_far
from archgym.errors import ConfigError, MissingExtra, UnknownName
from archgym.plots import convergence, pareto

pytest.importorskip("matplotlib")


def run_of(n: int, *, run_id: str = "run-1", agent: str = "genetic", seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    latency, power = 40 + 60 * rng.lognormal(0, 0.7, n), 0.15 + 0.5 * rng.random(n)
    lost, late = rng.random(n) < 0.05, rng.random(n) < 0.1
    latency[lost] = power[lost] = np.nan
    return pd.DataFrame(
        {
            "run_id": run_id,
            "agent": agent,
            "index": np.arange(n),
            "status": np.where(lost, "FAILED", "OK"),
            "violation": np.where(lost, np.inf, np.where(late, 0.2, 0.0)),
            "duplicate": rng.random(n) < 0.1,
            "metric.latency": latency,
            "metric.power": power,
            "score.latency": np.where(lost, np.inf, latency),
        }
    )


def test_convergence_draws_best_so_far_against_unique_evaluations(tmp_path: Path) -> None:
    table = run_of(300)
    figure = convergence(table, tmp_path / "c.png", unit="ns", reference=90.0)
    line, reference, *_ = figure.axes[0].get_lines()
    best = best_so_far(table)
    assert np.array_equal(line.get_xdata(), np.arange(1, len(best) + 1))
    assert np.array_equal(line.get_ydata(), best, equal_nan=True)
    assert set(np.asarray(reference.get_ydata())) == {90.0}
    assert figure.axes[0].get_xlabel() == "unique evaluations"
    assert figure.axes[0].get_ylabel() == "best latency (ns)"


def test_convergence_draws_a_line_for_each_run_and_names_each_agent_once(tmp_path: Path) -> None:
    runs = [run_of(50, run_id=f"{agent}-{i}", agent=agent, seed=i) for agent in ("genetic", "random") for i in (1, 2)]
    figure = convergence(pd.concat(runs), tmp_path / "c.png")
    lines = figure.axes[0].get_lines()
    assert len(lines) == 4
    assert len({line.get_color() for line in lines}) == 2
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["genetic", "random"]


@pytest.mark.parametrize(("first", "scale"), [(100.0, "linear"), (1e6, "log")])
def test_convergence_is_logarithmic_only_over_a_wide_span(tmp_path: Path, first: float, scale: str) -> None:
    table = run_of(4).assign(status="OK", violation=0.0, duplicate=False)
    table["score.latency"] = [first, 50.0, 40.0, 30.0]
    assert convergence(table, tmp_path / "c.png").axes[0].get_yscale() == scale


def front_by_definition(points: np.ndarray, signs: tuple[int, int]) -> set[tuple[float, float]]:
    signed = points * signs
    kept = [p for p, s in zip(points, signed, strict=True) if not ((signed <= s).all(1) & (signed < s).any(1)).any()]
    return {(float(x), float(y)) for x, y in kept}


@pytest.mark.parametrize("way", ["lower", "higher"])
def test_pareto_draws_the_non_dominated_feasible_samples_as_a_step_line(tmp_path: Path, way: str) -> None:
    table = run_of(300)
    figure = pareto(table, tmp_path / "p.png", "latency", "power", better=(way, "lower"))  # type: ignore[arg-type]
    line = figure.axes[0].get_lines()[0]
    good = table[(table["status"] == "OK") & (table["violation"] == 0)]
    points = good[["metric.latency", "metric.power"]].to_numpy()
    expected = front_by_definition(points, (1 if way == "lower" else -1, 1))
    assert set(zip(line.get_xdata(), line.get_ydata(), strict=True)) == expected
    assert np.all(np.diff(np.asarray(line.get_xdata(), float)) >= 0)
    assert line.get_drawstyle() == ("steps-post" if way == "lower" else "steps-pre")


def test_pareto_marks_default_best_and_infeasible(tmp_path: Path) -> None:
    table = run_of(300)
    figure = pareto(
        table, tmp_path / "p.png", "latency", "power", x_unit="ns", y_unit="W", default=(90.0, 0.4), title="a task"
    )
    axes = figure.axes[0]
    marked = {str(line.get_label()): line for line in axes.get_lines()}
    assert [*marked["default design"].get_xdata(), *marked["default design"].get_ydata()] == [90.0, 0.4]
    good = table[(table["status"] == "OK") & (table["violation"] == 0)]
    best = good.loc[good["score.latency"].idxmin()]
    assert [*marked["best design"].get_xdata()] == [best["metric.latency"]]
    lost = int(table["metric.latency"].isna().sum())
    note = marked.pop(f"(not drawn: {lost} without a value)")
    assert note.get_xdata().size == 0
    assert len({line.get_marker() for line in marked.values()}) == 3
    crosses = next(c for c in axes.collections if str(c.get_label()).startswith("infeasible"))
    assert len(crosses.get_offsets()) == ((table["status"] == "OK") & (table["violation"] > 0)).sum()
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title("left")) == ("latency (ns)", "power", "a task")
    assert axes.yaxis.get_major_formatter()(0.25) == "250 mW"


def test_pareto_is_logarithmic_in_a_metric_that_spans_decades(tmp_path: Path) -> None:
    table = run_of(300)
    narrow = table.assign(**{"metric.latency": np.linspace(10, 20, len(table))})
    wide = table.assign(**{"metric.latency": np.exp(np.linspace(0, 9, len(table)))})
    assert pareto(narrow, tmp_path / "a.png", "latency", "power").axes[0].get_xscale() == "linear"
    assert pareto(wide, tmp_path / "b.png", "latency", "power").axes[0].get_xscale() == "log"


def test_pareto_without_any_feasible_sample_still_draws(tmp_path: Path) -> None:
    table = run_of(20).assign(status="FAILED", violation=np.inf)
    table[["metric.latency", "metric.power"]] = np.nan
    pareto(table, tmp_path / "p.png", "latency", "power")
    assert (tmp_path / "p.png").stat().st_size > 0


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")])
def test_format_follows_the_suffix_and_equal_data_gives_equal_files(tmp_path: Path, suffix: str, magic: bytes) -> None:
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    convergence(run_of(30), first)
    convergence(run_of(30), second)
    assert first.read_bytes().startswith(magic)
    assert first.read_bytes() == second.read_bytes()


def test_existing_file_is_kept_unless_asked(tmp_path: Path) -> None:
    out = tmp_path / "c.png"
    out.write_text("precious")
    with pytest.raises(ConfigError, match=r"c\.png: the file exists"):
        convergence(run_of(30), out)
    assert out.read_text() == "precious"
    convergence(run_of(30), out, overwrite=True)
    assert out.read_bytes().startswith(b"\x89PNG")


def test_unknown_format_and_unknown_metric_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected a figure ending in \.png, \.pdf, \.svg, got \.jpg"):
        convergence(run_of(30), tmp_path / "c.jpg")
    with pytest.raises(UnknownName, match="did you mean 'latency'"):
        pareto(run_of(30), tmp_path / "p.png", "latencies", "power")
    assert not list(tmp_path.iterdir())


def test_missing_matplotlib_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r'pip install "archgym\[report\]"'):
        convergence(run_of(30), tmp_path / "c.png")


def test_the_global_state_of_matplotlib_is_left_alone(tmp_path: Path) -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    convergence(run_of(30), tmp_path / "c.png")
    assert dict(mpl.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
