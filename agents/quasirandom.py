"""Quasirandom search: scrambled Sobol points, which fill the space more evenly than random ones.

A baseline between random search and a grid (J. Bergstra and Y. Bengio, "Random Search for Hyper-Parameter
Optimization", JMLR 13, 2012, section 4.3): every parameter, and many pairs of them, are covered evenly from the first
points on. The points are those of I. Sobol, 1967, with the direction numbers of S. Joe and F. Kuo (SIAM J. Sci. Comput.
30, 2008), randomised by a linear matrix scramble and a digital shift (J. Matousek, J. Complexity 14, 1998), as scipy
makes them. ArchGym (ISCA 2023) has no such searcher.

A point becomes a design through `UnitCubeView`: each coordinate is divided evenly among the values that its parameter
can still take. So where constraints bind, evenly spread points are not evenly spread designs: values that few designs
have come as often as those that many have. Real parameters take the coordinate itself.

Points are drawn in blocks of a power of two, which keeps their balance, and designs already proposed or told are
skipped. Once a block brings hardly anything new, what the points reach is used up, and fresh random designs follow
until the space has been proposed. Results are not used. Any number of objectives; at most 21201 parameters (scipy's
direction numbers). Nothing to tune.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, ClassVar

from archgym.agent import Hyperparameter, Problem, Told
from archgym.design_keys import Codes
from archgym.errors import ConfigError, MissingExtra
from archgym.rounds import RoundAgent
from archgym.seeding import generator
from archgym.views.unit_cube import UnitCubeView

BLOCK = 256
"""Points drawn at a time: a power of two."""
DRY = BLOCK // 16
"""A block with fewer new designs than this is the last one."""


class QuasirandomAgent(RoundAgent):
    """Scrambled Sobol points, each design once."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType({})

    def __init__(self, problem: Problem, *, seed: int) -> None:
        """`MissingExtra` without scipy; `ConfigError` for more parameters than Sobol points have coordinates."""
        sobol = _sobol()
        if problem.space.d > sobol.MAXDIM:
            raise ConfigError(
                f"agent 'quasirandom': expected at most {sobol.MAXDIM} parameters, got {problem.space.d}; "
                "use agent 'random'"
            )
        super().__init__("quasirandom", problem, seed=seed)
        self._view = UnitCubeView(problem.space)
        self._points = sobol(problem.space.d, scramble=True, rng=generator(seed, "agent", "quasirandom", "points"))
        self._dry = False

    def _propose(self) -> Codes:
        if not self._dry:
            rows = self._view.decode_checked(self._points.random(BLOCK)).codes
            new = rows[self._novelty.first_of_new(rows)]
            self._dry = len(new) < DRY
            self._novelty.add(new)
            if len(new):
                return new
        return self._novelty.fresh(BLOCK)

    def _learn(self, results: Told, strangers: Told) -> None:
        self._novelty.add(strangers.designs.codes)


def _sobol() -> Any:
    try:
        return import_module("scipy.stats.qmc").Sobol
    except ImportError:
        raise MissingExtra("scipy", "bo", "agent 'quasirandom'") from None
