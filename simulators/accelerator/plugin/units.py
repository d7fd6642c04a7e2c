"""From the engine's units to those of metrics."""

from __future__ import annotations

from typing import Final

CLOCK_HZ: Final = 1e9
"""Of Accelergy's prices."""
J_PER_PJ: Final = 1e-12
J_PER_NJ: Final = 1e-9
W_PER_MW: Final = 1e-3
MM2_PER_UM2: Final = 1e-6
