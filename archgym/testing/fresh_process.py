"""Calls a function in a new interpreter with another hash seed: what one process answers, each must.

Set and dict orders that depend on string hashes, state left over from earlier calls and global random numbers all
show here and nowhere else.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

TIMEOUT_S = 600.0
_CHILD = """
import json, pickle, sys
sys.path[:0] = [path for path in json.loads(sys.argv[1]) if path not in sys.path]
function, arguments = pickle.loads(sys.stdin.buffer.read())
answer = json.dumps(function(*arguments))
sys.stdout.write("\\n" + answer + "\\n")
"""


def call_in_fresh_process(function: Callable[..., Any], *arguments: Any, hash_seed: int = 4711) -> Any:
    """``function(*arguments)`` from a new interpreter, through JSON.

    The function and its arguments must be picklable; `AssertionError` with the child's last lines when it fails.
    """
    try:
        question = pickle.dumps((function, arguments))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise AssertionError(
            f"expected a recipe that another process can be given (module-level functions), got {function!r} "
            f"with {arguments!r}: {error}"
        ) from None
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, json.dumps(sys.path)],
        input=question,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
    )
    if done.returncode:
        tail = " | ".join(done.stderr.decode(errors="replace").strip().splitlines()[-3:])
        raise AssertionError(f"in a fresh process {function!r} ended with {done.returncode}: {tail}")
    return json.loads(done.stdout.decode().strip().splitlines()[-1])
