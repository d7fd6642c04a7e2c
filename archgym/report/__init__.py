"""What to make of results: one self-contained HTML page of runs, and a close look at one design.

A page is a list of `archgym.report.page.Section`; each kind of result has one function from its data to a section, and
the page knows none of them.
"""
