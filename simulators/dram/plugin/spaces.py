"""The design spaces of the DRAM simulator.

``archgym`` and its two variants are those of the original ArchGym (ISCA 2023), value for value; ``platform`` is ours:
every controller policy of the reference, buffer sizes, refresh by bank, power-down, the address mapping and the part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.space import Categorical, Constraint, DesignSpace, OnlyWhen, Ordinal, Parameter, Predicate, Requires

_POWERS = (1, 2, 4, 8, 16, 32, 64, 128)

PAGE_POLICY = Categorical(
    "PagePolicy",
    ("Open", "OpenAdaptive", "Closed", "ClosedAdaptive"),
    doc="When a row is closed: on a conflict, adaptively, or after each access.",
    default="Open",
    group="scheduling",
)
RESP_QUEUE = Categorical(
    "RespQueue",
    ("Fifo", "Reorder"),
    doc="Responses in order of service (Fifo) or of arrival (Reorder).",
    default="Fifo",
    group="arbitration",
)
ARBITER = Categorical(
    "Arbiter",
    ("Simple", "Fifo", "Reorder"),
    doc="What stands before the controller: back-pressure only, a queue, or a queue that keeps the order.",
    default="Simple",
    group="arbitration",
)
SCHEDULER_BUFFER = Categorical(
    "SchedulerBuffer",
    ("Bankwise", "ReadWrite", "Shared"),
    doc="How buffer space is counted: per bank, reads and writes apart, or in total.",
    default="Bankwise",
    group="buffering",
)


def archgym_space() -> DesignSpace:
    """ArchGym's ten parameters: 1,769,472 points."""
    return _archgym("archgym", tuple(range(1, 9)), _POWERS)


def archgym_coarse_space() -> DesignSpace:
    """The same with refresh limits in powers of two: 442,368 points."""
    return _archgym("archgym-coarse", (1, 2, 4, 8), _POWERS)


def archgym_fine_space() -> DesignSpace:
    """The same with every MaxActiveTransactions from 1 to 128: 28,311,552 points."""
    return _archgym("archgym-fine", tuple(range(1, 9)), tuple(range(1, 129)))


def _archgym(name: str, refresh_limits: tuple[int, ...], transactions: tuple[int, ...]) -> DesignSpace:
    return DesignSpace(
        (
            PAGE_POLICY,
            Categorical(
                "Scheduler",
                ("Fifo", "FrFcfs", "FrFcfsGrp"),
                doc="Which request of a bank is served next: oldest, row hits first, or hits of one direction first.",
                default="FrFcfs",
                group="scheduling",
            ),
            SCHEDULER_BUFFER,
            Ordinal(
                "RequestBufferSize",
                tuple(range(1, 9)),
                unit="requests",
                doc="Entries per bank (Bankwise), in total (Shared), or of reads and of writes (ReadWrite).",
                default=8,
                group="buffering",
            ),
            RESP_QUEUE,
            Categorical(
                "RefreshPolicy",
                ("NoRefresh", "AllBank"),
                doc="NoRefresh loses data on a real part: it is here for parity only (metric retains_data).",
                default="AllBank",
                group="refresh",
            ),
            *_refresh_limits(refresh_limits, default=1),
            ARBITER,
            Ordinal(
                "MaxActiveTransactions",
                transactions,
                unit="requests",
                doc="Requests in flight; acts with the Fifo and Reorder arbiters only.",
                default=128,
                group="arbitration",
            ),
        ),
        name=name,
    )


def _refresh_limits(values: tuple[int, ...], default: int) -> tuple[Ordinal, Ordinal]:
    return (
        Ordinal(
            "RefreshMaxPostponed",
            values,
            unit="refreshes",
            doc="Refreshes that may be owed while requests wait.",
            default=default,
            group="refresh",
        ),
        Ordinal(
            "RefreshMaxPulledin",
            values,
            unit="refreshes",
            doc="Refreshes that may be done ahead while idle.",
            default=default,
            group="refresh",
        ),
    )


def platform_space() -> DesignSpace:
    """Everything the engine can build on one channel of one rank, without aliases: parameters that do not act in a
    design hold one fixed value there."""
    sizes = (1, 2, 4, 8, 16, 32, 64)
    parameters: tuple[Parameter, ...] = (
        Categorical(
            "Part",
            ("ddr4_2400", "ddr4_1866", "lpddr4_3200_x32"),
            doc="The DRAM behind the controller; each moves 64 bytes a burst.",
            default="ddr4_2400",
            group="memory",
        ),
        Categorical(
            "AddressOrder",
            ("bank-row-column", "row-bank-column", "row-column-bank", "bank-column-row"),
            doc="Fields of the address from the top bit down.",
            default="row-bank-column",
            group="memory",
        ),
        Categorical(
            "GroupInterleave",
            ("off", "on"),
            doc="Bank-group bits right above the burst, so that a stream changes the group with each burst.",
            default="on",
            group="memory",
        ),
        Categorical(
            "BankHash", ("off", "xor"), doc="Bank bits hashed with the lowest row bits.", default="off", group="memory"
        ),
        PAGE_POLICY,
        Categorical(
            "Scheduler",
            ("Fifo", "FrFcfs", "FrFcfsGrp", "GrpFrFcfs", "GrpFrFcfsWm"),
            doc="Which request of a bank is next: oldest, row hits, hits by direction, direction first, write drain.",
            default="FrFcfs",
            group="scheduling",
        ),
        Ordinal(
            "HighWatermark",
            (0, 2, 4, 8, 16, 32),
            unit="requests",
            doc="Writes waiting above which GrpFrFcfsWm drains them.",
            default=0,
            group="scheduling",
        ),
        Ordinal(
            "LowWatermark",
            (0, 1, 2, 4, 8, 16),
            unit="requests",
            doc="Writes left at which GrpFrFcfsWm goes back to reads.",
            default=0,
            group="scheduling",
        ),
        Categorical(
            "CmdMux",
            ("Oldest", "Strict"),
            doc="Commands by readiness and age (Oldest); column commands in order of arrival (Strict).",
            default="Oldest",
            group="scheduling",
        ),
        SCHEDULER_BUFFER,
        Ordinal(
            "RequestBufferSize",
            sizes,
            unit="requests",
            doc="Entries per bank (Bankwise) or in total (Shared).",
            default=8,
            group="buffering",
        ),
        Ordinal(
            "RequestBufferSizeRead",
            sizes,
            unit="requests",
            doc="Read entries with ReadWrite.",
            default=8,
            group="buffering",
        ),
        Ordinal(
            "RequestBufferSizeWrite",
            sizes,
            unit="requests",
            doc="Write entries with ReadWrite.",
            default=8,
            group="buffering",
        ),
        RESP_QUEUE,
        Categorical(
            "RefreshPolicy",
            ("AllBank", "PerBank"),
            doc="Refresh all banks at once, or one bank at a time where the part can.",
            default="AllBank",
            group="refresh",
        ),
        *_refresh_limits(tuple(range(9)), default=0),
        Categorical(
            "PowerDownPolicy",
            ("NoPowerDown", "Staggered"),
            doc="Staggered: an idle rank enters power-down, then self-refresh.",
            default="NoPowerDown",
            group="refresh",
        ),
        ARBITER,
        Ordinal(
            "MaxActiveTransactions",
            _POWERS,
            unit="requests",
            doc="Requests in flight, with the Fifo and Reorder arbiters.",
            default=64,
            group="arbitration",
        ),
    )
    return DesignSpace(parameters, constraints=_platform_constraints(), name="platform")


def watermarks_ordered(design: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """GrpFrFcfsWm needs 0 < LowWatermark < HighWatermark; the other schedulers have none."""
    drains = design["Scheduler"] == "GrpFrFcfsWm"
    low, high = design["LowWatermark"], design["HighWatermark"]
    ordered: NDArray[np.bool_] = np.where(drains, (low > 0) & (low < high), (low == 0) & (high == 0))
    return ordered


def _platform_constraints() -> tuple[Constraint, ...]:
    # LPDDR4 has no bank groups, and with row-column-bank the group is right above the burst in any case.
    movable = {
        "Part": ["ddr4_2400", "ddr4_1866"],
        "AddressOrder": ["bank-row-column", "row-bank-column", "bank-column-row"],
    }
    read_write = {"SchedulerBuffer": ["ReadWrite"]}
    return (
        OnlyWhen("GroupInterleave", when=movable, otherwise="off", doc="elsewhere it moves no bit"),
        Predicate(
            "watermarks",
            ("Scheduler", "HighWatermark", "LowWatermark"),
            watermarks_ordered,
            doc=watermarks_ordered.__doc__ or "",
        ),
        Requires(
            "strict-order", "Scheduler", ("Fifo",), when={"CmdMux": ["Strict"]}, doc="another order would wait for ever"
        ),
        OnlyWhen("RequestBufferSize", when={"SchedulerBuffer": ["Bankwise", "Shared"]}, otherwise=8),
        OnlyWhen("RequestBufferSizeRead", when=read_write, otherwise=8),
        OnlyWhen("RequestBufferSizeWrite", when=read_write, otherwise=8),
        Requires("refresh-by-bank", "Part", ("lpddr4_3200_x32",), when={"RefreshPolicy": ["PerBank"]}),
        OnlyWhen("MaxActiveTransactions", when={"Arbiter": ["Fifo", "Reorder"]}, otherwise=64),
    )


SPACES: dict[str, tuple[str, Callable[[], DesignSpace]]] = {
    "archgym": ("ArchGym's ten parameters: 1,769,472 points.", archgym_space),
    "archgym-coarse": ("The same, refresh limits in powers of two: 442,368 points.", archgym_coarse_space),
    "archgym-fine": ("The same, MaxActiveTransactions 1 to 128: 28,311,552 points.", archgym_fine_space),
    "platform": ("Every policy, size, mapping and part, without aliases.", platform_space),
}
