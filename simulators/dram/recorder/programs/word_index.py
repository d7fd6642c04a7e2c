"""Which words follow which in a text: dictionaries of lists, as in many scripts."""

import itertools
import sys
from pathlib import Path

followers: dict[str, list[str]] = {}
with Path(sys.argv[1]).open(encoding="ascii") as text:
    for line in text:
        for word, following in itertools.pairwise(line.split()):
            followers.setdefault(word, []).append(following)
sys.stdout.write(f"{sum(map(len, followers.values()))}\n")
