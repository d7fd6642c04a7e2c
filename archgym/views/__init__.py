"""Derived views of a design space: each maps every one of its points to a valid design, and every valid design back.

A view has ``encode(batch)`` and ``decode(points)``; ``decode(encode(batch))`` is *batch* (up to rounding for `Real`).
A point that breaks a constraint is moved to a valid design nearby, by the same rule each time; a point that lies
outside the view is a `DesignError`.
"""
