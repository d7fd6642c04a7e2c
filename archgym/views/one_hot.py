"""The space as scores per value, for models with a softmax head and for regressors that want indicator features."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archgym.errors import DesignError
from archgym.space import DesignBatch, DesignSpace


class OneHotView:
    """Points are ``(n, width)`` float64: one column per value, and for a `Real` one column in [0, 1]."""

    def __init__(self, space: DesignSpace) -> None:
        self.space = space
        ends = np.cumsum([parameter.size or 1 for parameter in space.parameters]).tolist()
        self.slices = tuple(slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True))
        """Per parameter: its columns."""
        self.width: int = ends[-1]
        self.labels = tuple(
            f"{parameter.name}={value}" if parameter.size is not None else parameter.name
            for parameter in space.parameters
            for value in parameter.values or (None,)
        )
        """Per column: ``PagePolicy=Open``."""

    def encode(self, batch: DesignBatch) -> NDArray[np.float64]:
        """1 in the column of each value that is set, 0 elsewhere."""
        points = np.zeros((len(batch), self.width))
        rows = np.arange(len(batch))
        for k, parameter in enumerate(self.space.parameters):
            if parameter.size is None:
                points[:, self.slices[k].start] = parameter.to_unit(batch.codes[:, k])
            else:
                points[rows, self.slices[k].start + batch.codes[:, k].astype(np.intp)] = 1.0
        return points

    def decode(self, points: ArrayLike) -> DesignBatch:
        """Parameter by parameter the possible value with the highest score (the first of equals).

        `DesignError` for another shape, for a score that is not finite, and for a `Real` outside [0, 1].
        """
        scores = np.asarray(points, np.float64)
        if scores.ndim != 2 or scores.shape[1] != self.width:
            raise DesignError(f"expected points of shape (n, {self.width}) (i.e. (n, width)), got {scores.shape}")
        if not np.isfinite(scores).all():
            row, column = (int(i) for i in np.argwhere(~np.isfinite(scores))[0])
            raise DesignError(f"row {row}, {self.labels[column]}: expected a finite score, got {scores[row, column]}")
        codes = np.empty((len(scores), self.space.d), np.int32 if self.space.finite else np.float64)
        walk = self.space.walk(len(scores))
        for k, parameter in enumerate(self.space.parameters):
            part = scores[:, self.slices[k]]
            if parameter.size is None:
                if not ((part >= 0) & (part <= 1)).all():
                    raise DesignError(f"parameter {parameter.name!r}: expected fractions from 0 to 1")
                codes[:, k] = parameter.from_unit(part[:, 0])
                walk.choose(codes[:, k])
            else:
                code = np.where(walk.allowed(), part, -np.inf).argmax(axis=1)
                codes[:, k] = code
                walk.choose(code)
        return DesignBatch(self.space, codes)
