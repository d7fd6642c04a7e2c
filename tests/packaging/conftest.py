"""A fresh environment that sees the dependencies of this one, and archgym only from a wheel built through the sdist."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Environment:
    """A virtual environment of its own."""

    def __init__(self, folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        self.python = folder / "bin" / "python"
        site = self.run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        # A path in a .pth file is searched, but the .pth files in it (this project's editable install) are not read.
        (Path(site) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")

    def run(self, *arguments: str, cwd: Path | None = None, code: int = 0) -> str:
        """Standard output of the environment's Python; fails unless it exits with *code*."""
        # Never in the checkout: Python would import the package from the current directory.
        where = self.python.parent if cwd is None else cwd
        done = subprocess.run([str(self.python), *arguments], capture_output=True, text=True, cwd=where, check=False)
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def install(self, what: Path) -> None:
        """Install a wheel or a project's folder, without its dependencies."""
        command = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "--quiet", "--no-deps"]
        subprocess.run([*command, "--no-build-isolation", str(what)], check=True, capture_output=True)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sdist, which is built from a clean export of the tree."""
    folder = tmp_path_factory.mktemp("dist")
    source = folder / "source"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).exists()]
    source.mkdir()
    pack = subprocess.run(["tar", "-c", "-C", str(ROOT), "--", *names], capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(source)], input=pack.stdout, check=True)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A fresh environment with the wheel installed."""
    made = Environment(tmp_path_factory.mktemp("env") / "venv")
    made.install(wheel)
    return made
