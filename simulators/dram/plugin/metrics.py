"""What the DRAM simulator reports, with units and exact meanings, and where each number comes from."""

from __future__ import annotations

from archgym.simulator import Metric
from archgym.simulators.dram.commands import Command

_ARRIVAL = "from the request's time stamp in the trace to its response, waiting in front of the controller included"
_SERVICE = "from the moment the request leaves the trace player to its response"

TIME_METRICS = (
    Metric("time_total", "ns", "lower", "Until the last response is handed over and the controller is idle."),
    Metric("latency_avg", "ns", "lower", f"Mean over all requests, {_ARRIVAL}: the fair latency."),
    Metric("latency_p50", "ns", "lower", f"Median over all requests, {_ARRIVAL}."),
    Metric("latency_p99", "ns", "lower", f"99th percentile over all requests, {_ARRIVAL}."),
    Metric("latency_max", "ns", "lower", f"Largest, {_ARRIVAL}."),
    Metric("read_latency_avg", "ns", "lower", f"Mean over the reads, {_ARRIVAL}; no value without reads."),
    Metric("read_latency_p50", "ns", "lower", f"Median over the reads, {_ARRIVAL}; no value without reads."),
    Metric("read_latency_p99", "ns", "lower", f"99th percentile over the reads, {_ARRIVAL}; no value without reads."),
    Metric("read_latency_max", "ns", "lower", f"Largest over the reads, {_ARRIVAL}; no value without reads."),
    Metric("write_latency_avg", "ns", "lower", f"Mean over the writes, {_ARRIVAL}; no value without writes."),
    Metric("write_latency_p50", "ns", "lower", f"Median over the writes, {_ARRIVAL}; no value without writes."),
    Metric("write_latency_p99", "ns", "lower", f"99th percentile of the writes, {_ARRIVAL}; no value without writes."),
    Metric("write_latency_max", "ns", "lower", f"Largest over the writes, {_ARRIVAL}; no value without writes."),
    Metric(
        "service_latency_avg",
        "ns",
        "none",
        f"Mean over all requests, {_SERVICE}. Falls when buffers shrink, since waiting then moves in front of it: "
        "do not compare controllers by it.",
    ),
    Metric("bandwidth", "GB/s", "higher", "Bytes moved / time_total, 10^9 bytes."),
    Metric("utilization", "1", "higher", "Data-bus time in use / time_total."),
    Metric("utilization_busy", "1", "higher", "The same over the time in which the controller holds a request."),
)

_COMPONENTS = {
    "act": "activations",
    "pre": "precharges",
    "read": "read bursts",
    "write": "write bursts",
    "refresh": "refreshes",
    "background_active": "standby with a bank open",
    "background_precharged": "standby with all banks closed",
    "power_down": "power-down, active and precharged",
    "self_refresh": "self-refresh",
    "interface": "clock, command and data lines",
}
ENERGY_METRICS = (
    Metric("energy_total", "J", "lower", "All devices, from the start to the last DRAM command."),
    Metric("power_avg", "W", "lower", "energy_total over that time."),
    *(Metric(f"energy_{name}", "J", "lower", f"Its part for {what}.") for name, what in _COMPONENTS.items()),
    Metric(
        "energy_valid",
        "1",
        "none",
        "1; 0 where the reference's power model breaks down (power-down only: its standby time would be negative). "
        "energy_total, energy_background_precharged and power_avg have no value then.",
    ),
)
COUNT_METRICS = tuple(
    Metric(f"commands_{command.name.lower()}", "count", "none", f"{command.name} commands issued.")
    for command in Command
)
DESIGN_METRICS = (
    Metric("retains_data", "1", "none", "1; 0 for a design that never refreshes, which loses data on a real part."),
)
HEADLINE = ("latency_avg", "latency_p99", "time_total", "bandwidth", "energy_total", "power_avg")
"""What one looks at first, and in this order."""
_ALL = {metric.name: metric for metric in (*TIME_METRICS, *ENERGY_METRICS, *COUNT_METRICS, *DESIGN_METRICS)}
METRICS = tuple(_ALL[name] for name in dict.fromkeys((*HEADLINE, *_ALL)))
