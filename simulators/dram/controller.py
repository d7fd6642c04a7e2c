"""The memory controller's knobs: one frozen value per design, checked when it is made.

Names and meanings follow DRAMSys (its `mcconfig`), spelled the Python way; delays are in clock cycles (tCK).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from enum import StrEnum
from typing import Final, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray


class PagePolicy(StrEnum):
    """What a column command does to its row."""

    OPEN = "Open"
    CLOSED = "Closed"
    OPEN_ADAPTIVE = "OpenAdaptive"
    CLOSED_ADAPTIVE = "ClosedAdaptive"


class Scheduler(StrEnum):
    """Which of a bank's requests its bank machine works on."""

    FIFO = "Fifo"
    FR_FCFS = "FrFcfs"
    FR_FCFS_GRP = "FrFcfsGrp"
    GRP_FR_FCFS = "GrpFrFcfs"
    GRP_FR_FCFS_WM = "GrpFrFcfsWm"


class SchedulerBuffer(StrEnum):
    """How the room for waiting requests is counted."""

    BANKWISE = "Bankwise"
    READ_WRITE = "ReadWrite"
    SHARED = "Shared"


class CmdMux(StrEnum):
    """Which of the banks' commands goes onto the bus."""

    OLDEST = "Oldest"
    STRICT = "Strict"


class RespQueue(StrEnum):
    """The order in which the controller answers: of the column commands, or of the requests."""

    FIFO = "Fifo"
    REORDER = "Reorder"


class RefreshPolicy(StrEnum):
    """Which banks a refresh command refreshes."""

    NO_REFRESH = "NoRefresh"
    ALL_BANK = "AllBank"
    PER_BANK = "PerBank"


class PowerDownPolicy(StrEnum):
    """Whether an idle rank is put to sleep."""

    NO_POWER_DOWN = "NoPowerDown"
    STAGGERED = "Staggered"


class Arbiter(StrEnum):
    """What stands between the trace player and the controller."""

    SIMPLE = "Simple"
    FIFO = "Fifo"
    REORDER = "Reorder"


Model = Literal["dramsys-5.5", "dramsys-4.0"]
"""Whose behaviour is followed where the two versions differ; ArchGym ships 4.0."""

MODELS: Final[tuple[Model, ...]] = ("dramsys-5.5", "dramsys-4.0")

DELAYS: Final = (
    "arbitration_delay_fw",
    "arbitration_delay_bw",
    "think_delay_fw",
    "think_delay_bw",
    "phy_delay_fw",
    "phy_delay_bw",
)

ENUMS: Final[dict[str, type[StrEnum]]] = {
    "page_policy": PagePolicy,
    "scheduler": Scheduler,
    "scheduler_buffer": SchedulerBuffer,
    "cmd_mux": CmdMux,
    "resp_queue": RespQueue,
    "refresh_policy": RefreshPolicy,
    "power_down_policy": PowerDownPolicy,
    "arbiter": Arbiter,
}

DRAMSYS_NAMES: Final = {
    "PagePolicy": "page_policy",
    "Scheduler": "scheduler",
    "SchedulerBuffer": "scheduler_buffer",
    "RequestBufferSize": "request_buffer_size",
    "RequestBufferSizeRead": "request_buffer_size_read",
    "RequestBufferSizeWrite": "request_buffer_size_write",
    "LowWatermark": "low_watermark",
    "HighWatermark": "high_watermark",
    "CmdMux": "cmd_mux",
    "RespQueue": "resp_queue",
    "RefreshPolicy": "refresh_policy",
    "RefreshMaxPostponed": "refresh_max_postponed",
    "RefreshMaxPulledin": "refresh_max_pulledin",
    "PowerDownPolicy": "power_down_policy",
    "Arbiter": "arbiter",
    "MaxActiveTransactions": "max_active_transactions",
    "ArbitrationDelayFw": "arbitration_delay_fw",
    "ArbitrationDelayBw": "arbitration_delay_bw",
    "ThinkDelayFw": "think_delay_fw",
    "ThinkDelayBw": "think_delay_bw",
    "PhyDelayFw": "phy_delay_fw",
    "PhyDelayBw": "phy_delay_bw",
}
"""DRAMSys' name of each knob, and ours."""

INTEGERS: Final = tuple(name for name in DRAMSYS_NAMES.values() if name not in ENUMS)

_LARGEST: Final = 1 << 20
_LEAST: Final = {
    "request_buffer_size": 1,
    "request_buffer_size_read": 1,
    "request_buffer_size_write": 1,
    "max_active_transactions": 1,
}
"""Smallest value of an integer knob, where it is not 0."""
_E = TypeVar("_E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class ControllerConfig:
    """One controller design. Strings are accepted for the enumerations and become members.

    Raises ValueError, naming the knob, for a value that no controller can have.
    """

    page_policy: PagePolicy = PagePolicy.OPEN
    scheduler: Scheduler = Scheduler.FR_FCFS
    scheduler_buffer: SchedulerBuffer = SchedulerBuffer.BANKWISE
    request_buffer_size: int = 8
    """Requests per bank (Bankwise) or in all (Shared); ReadWrite ignores it (but not in dramsys-4.0)."""
    request_buffer_size_read: int = 8
    """Reads a ReadWrite buffer holds; others ignore it."""
    request_buffer_size_write: int = 8
    low_watermark: int = 0
    """GrpFrFcfsWm leaves write mode at this number of waiting writes; others ignore it."""
    high_watermark: int = 0
    """GrpFrFcfsWm enters write mode above this number of waiting writes."""
    cmd_mux: CmdMux = CmdMux.OLDEST
    resp_queue: RespQueue = RespQueue.FIFO
    refresh_policy: RefreshPolicy = RefreshPolicy.ALL_BANK
    refresh_max_postponed: int = 0
    """Refresh intervals a refresh may be owed; times the number of banks for PerBank."""
    refresh_max_pulledin: int = 0
    power_down_policy: PowerDownPolicy = PowerDownPolicy.NO_POWER_DOWN
    arbiter: Arbiter = Arbiter.SIMPLE
    max_active_transactions: int = 64
    """Requests between the Fifo or Reorder arbiter and their answers; Simple ignores it."""
    arbitration_delay_fw: int = 0
    arbitration_delay_bw: int = 0
    think_delay_fw: int = 1
    think_delay_bw: int = 0
    phy_delay_fw: int = 0
    phy_delay_bw: int = 0
    model: Model = "dramsys-5.5"

    def __post_init__(self) -> None:
        for name, kind in ENUMS.items():
            object.__setattr__(self, name, _member(name, kind, getattr(self, name)))
        if self.model not in MODELS:
            raise ValueError(f"model: expected one of {', '.join(MODELS)}, got {self.model!r}")
        for name in INTEGERS:
            _check_int(name, getattr(self, name), _LEAST.get(name, 0))
        self._check_combinations()

    def _check_combinations(self) -> None:
        if self.scheduler is Scheduler.GRP_FR_FCFS_WM and not 0 < self.low_watermark < self.high_watermark:
            raise ValueError(
                "scheduler GrpFrFcfsWm needs 0 < low_watermark < high_watermark, got "
                f"low_watermark {self.low_watermark} and high_watermark {self.high_watermark}"
            )
        if self.cmd_mux is CmdMux.STRICT and self.scheduler is not Scheduler.FIFO:
            raise ValueError(
                "cmd_mux Strict serves requests in arrival order and would wait forever for one that the "
                f"scheduler has set behind another: it needs scheduler Fifo, got {self.scheduler.value}"
            )
        if self.model == "dramsys-4.0":
            delayed = [name for name in DELAYS if getattr(self, name) != 0]
            if delayed:
                raise ValueError(f"model dramsys-4.0 has no delays: set {', '.join(delayed)} to 0")

    @classmethod
    def from_dramsys(cls, mapping: Mapping[str, str | int], model: Model = "dramsys-5.5") -> ControllerConfig:
        """The design of a mapping of DRAMSys' names (``PagePolicy``, …); what is absent has its default.

        Integers may be given as strings. Raises ValueError for an unknown name or value.
        """
        values: dict[str, object] = {}
        for name, value in mapping.items():
            if name not in DRAMSYS_NAMES:
                near = get_close_matches(name, DRAMSYS_NAMES, n=1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                raise ValueError(f"controller knob {name!r}: {hint}known: {', '.join(DRAMSYS_NAMES)}")
            ours = DRAMSYS_NAMES[name]
            values[ours] = value if ours in ENUMS else _to_int(name, value)
        if model == "dramsys-4.0":
            values.setdefault("think_delay_fw", 0)
        return cls(**values, model=model)  # type: ignore[arg-type]

    def encoded(self) -> NDArray[np.int64]:
        """``(n_knobs,)`` one integer per knob in the order of `ENCODED_KNOBS`; enumerations by position."""
        return np.array([_code(name, getattr(self, name)) for name in ENCODED_KNOBS], np.int64)


ENCODED_KNOBS: Final = tuple(field.name for field in fields(ControllerConfig))
"""The columns of a matrix of encoded designs."""


def encode(configs: Sequence[ControllerConfig]) -> NDArray[np.int64]:
    """``(n, n_knobs)`` the encoded designs, rows in the order of *configs*."""
    if not configs:
        return np.empty((0, len(ENCODED_KNOBS)), np.int64)
    return np.stack([config.encoded() for config in configs])


def decode(row: NDArray[np.int64]) -> ControllerConfig:
    """The design that an encoded row means; raises ValueError like `ControllerConfig`."""
    values: dict[str, object] = {}
    for name, code in zip(ENCODED_KNOBS, row.tolist(), strict=True):
        choices = tuple(ENUMS[name]) if name in ENUMS else MODELS if name == "model" else None
        if choices is not None and not 0 <= code < len(choices):
            raise ValueError(f"{name}: expected a code in 0..{len(choices) - 1}, got {code}")
        values[name] = code if choices is None else choices[code]
    return ControllerConfig(**values)  # type: ignore[arg-type]


def _highest_code(name: str) -> int:
    return len(ENUMS[name]) - 1 if name in ENUMS else len(MODELS) - 1 if name == "model" else _LARGEST


_LOWEST_CODES: Final = np.array([_LEAST.get(name, 0) for name in ENCODED_KNOBS], np.int64)
_HIGHEST_CODES: Final = np.array([_highest_code(name) for name in ENCODED_KNOBS], np.int64)


def check_encoded(matrix: NDArray[np.int64]) -> None:
    """Raise ValueError, naming row and knob, for a row that means no design."""
    if matrix.ndim != 2 or matrix.shape[1] != len(ENCODED_KNOBS) or matrix.dtype != np.int64:
        raise ValueError(
            f"encoded designs: expected int64 of shape (n, {len(ENCODED_KNOBS)}), "
            f"got {matrix.dtype} of shape {matrix.shape}"
        )
    bad = ((matrix < _LOWEST_CODES) | (matrix > _HIGHEST_CODES)).any(axis=1)
    knob = dict(zip(ENCODED_KNOBS, matrix.T, strict=True))
    watermarked = knob["scheduler"] == tuple(Scheduler).index(Scheduler.GRP_FR_FCFS_WM)
    bad |= watermarked & ~((knob["low_watermark"] > 0) & (knob["low_watermark"] < knob["high_watermark"]))
    bad |= (knob["cmd_mux"] == tuple(CmdMux).index(CmdMux.STRICT)) & (knob["scheduler"] != 0)
    delayed = np.any([knob[name] != 0 for name in DELAYS], axis=0)
    bad |= (knob["model"] == MODELS.index("dramsys-4.0")) & delayed
    if bad.any():
        row = int(np.argmax(bad))
        try:
            decode(matrix[row])
        except ValueError as error:
            raise ValueError(f"design {row}: {error}") from None


def _code(name: str, value: object) -> int:
    if name in ENUMS:
        return [member.value for member in ENUMS[name]].index(str(value))
    if name == "model":
        return [str(model) for model in MODELS].index(str(value))
    return int(str(value))


def _member(name: str, kind: type[_E], value: object) -> _E:
    try:
        return kind(str(value))
    except ValueError:
        known = [member.value for member in kind]
        near = get_close_matches(str(value), known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"{name} {value!r}: {hint}known: {', '.join(known)}") from None


def _check_int(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ValueError(f"{name}: expected an integer, got {value!r}")
    if not least <= value <= _LARGEST:
        raise ValueError(f"{name}: expected {least}..{_LARGEST}, got {value}")


def _to_int(name: str, value: str | int) -> int:
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"{name}: expected an integer, got {value!r}") from None
