"""The DRAM commands and their codes, shared by the timing table, the engine and the power model.

The codes index every per-command array of this package; the order is that of the reference's command counts.
"""

from __future__ import annotations

from enum import IntEnum


class Command(IntEnum):
    """One command on the command bus. ``A`` at the end of a column command means auto-precharge."""

    ACT = 0
    PREPB = 1
    """Precharge one bank."""
    PREAB = 2
    """Precharge all banks."""
    RD = 3
    RDA = 4
    WR = 5
    WRA = 6
    REFAB = 7
    """Refresh all banks."""
    REFPB = 8
    """Refresh one bank."""
    PDEA = 9
    """Enter active power-down."""
    PDEP = 10
    """Enter precharge power-down."""
    PDXA = 11
    PDXP = 12
    SREFEN = 13
    """Enter self-refresh."""
    SREFEX = 14


N_COMMANDS = len(Command)
