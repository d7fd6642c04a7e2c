"""JSON files of reference results, plain or compressed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from archgym.errors import ConfigError


def read_json(path: Path) -> Any:
    """What the file (``.json``, ``.json.gz``) holds; `ConfigError` that names it where it cannot be read."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            return json.load(file)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a file of reference results: {error}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: not JSON: {error}") from None
