"""The page's style sheet: one column, system fonts, inks for a light and a dark scheme.

Contrast of text is at least 4.5 : 1 on every ground, as WCAG 2.2 (1.4.3) asks. `INKS` are the colours that the figures
of `archgym.plots` are drawn in and the variables that take their place, so that a figure follows the scheme.
"""

from __future__ import annotations

INKS = {
    "#000000": "--ink",
    "#222222": "--ink",
    "#9a9a9a": "--faint",
    "#e4e4e4": "--line",
    "#ffffff": "--paper",
    "#0072b2": "--blue",
    "#d55e00": "--red",
}

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --card: #f6f7f8; --ink: #1d2126; --faint: #5c646d;
  --line: #dfe2e6; --blue: #0072b2; --red: #b84e00; --good: #00704f; --warm: #fdf3dc; --warm-line: #d9a92e; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --card: #1f2226; --ink: #e8eaec; --faint: #a6adb5;
  --line: #353a40; --blue: #5db4ea; --red: #f5935a; --good: #4fcda2; --warm: #2c2716; --warm-line: #8f7426; } }
*, *::before { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 68rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif; }
h1, h2, h3 { line-height: 1.25; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; margin: 0.5rem 0 0.25rem; }
h2 { font-size: 1.4rem; margin: 3rem 0 0.25rem; padding-top: 1.25rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.05rem; margin: 2rem 0 0.5rem; }
p { margin: 0.5rem 0; max-width: 46rem; }
.lead { color: var(--faint); }
a { color: var(--blue); }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; }
code, .mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.9em;
  overflow-wrap: anywhere; }
nav ol { margin: 0.25rem 0; padding-left: 1.5rem; }
.scroll { overflow-x: auto; margin: 0.75rem 0; }
table { border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 0 0 0.35rem; }
th, td { padding: 0.3rem 0.9rem 0.3rem 0; text-align: left; vertical-align: baseline; }
tbody tr { border-top: 1px solid var(--line); }
tbody th { font-weight: 500; }
thead th { color: var(--faint); font-weight: 600; white-space: nowrap; }
tbody tr:hover { background: var(--card); }
.number { text-align: right; }
.number, .line { white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--red); } .faint { color: var(--faint); }
.figure { margin: 1rem 0 1.5rem; }
.figure figcaption { color: var(--faint); font-size: 0.92rem; max-width: 46rem; }
.figure svg { display: block; height: auto; max-width: 100%; min-width: min(var(--width), 26rem); fill: var(--ink); }
.figure svg.wide { min-width: min(var(--width), 50rem); }
.figure svg * { stroke-linejoin: round; stroke-linecap: butt; }
.dark { display: none; }
@media (prefers-color-scheme: dark) { .light { display: none; } .dark { display: block; } }
.pair { display: grid; gap: 0 2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); }
.pair > * { min-width: 0; }
dl.facts { margin: 0.75rem 0; font-size: 0.92rem; }
dl.facts div { display: grid; grid-template-columns: 9.5rem 1fr; gap: 0 1rem; padding: 0.2rem 0; }
dl.facts dt { color: var(--faint); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.box { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 0.25rem 1rem;
  margin: 1rem 0; }
.note { background: var(--warm); border-left: 4px solid var(--warm-line); padding: 0.5rem 0.9rem; border-radius: 4px;
  overflow-wrap: anywhere; }
details { margin: 0.75rem 0; }
summary { cursor: pointer; color: var(--blue); width: fit-content; }
footer { margin-top: 4rem; color: var(--faint); font-size: 0.85rem; }
@media (max-width: 34rem) { body { padding: 1rem 0.9rem 3rem; } dl.facts div { grid-template-columns: 6.5rem 1fr; }
  table { font-size: 0.86rem; } th, td { padding-right: 0.7rem; }
  h1 { font-size: 1.4rem; } h2 { font-size: 1.2rem; } }
@media print { body { max-width: none; } .scroll { overflow: visible; } }
"""
