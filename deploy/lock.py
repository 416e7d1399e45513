"""The locks say exactly which packages make the hub, by hash, and name no place to get them from."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_PINS = ("--universal", "--generate-hashes", "--no-header", "--quiet", "--python-version", "3.11")
LOCKS = {
    "requirements.lock": ("--group", "dev", "pyproject.toml"),
    "deploy/browser.lock": ("--group", "pyproject.toml:browser", "-c", "requirements.lock"),
    "deploy/bootstrap.lock": ("-", "-c", "requirements.lock"),
}
"""What each lock is made of; `-` is uv itself, which installs the others."""


def lock(name: str, output: Path, *, upgrade: bool = False) -> subprocess.CompletedProcess[str]:
    """Writes one lock to `output`, keeping the versions that stand there unless `upgrade`."""
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "compile", *_PINS, *LOCKS[name]]
    more = ["--upgrade"] if upgrade else []
    return subprocess.run(
        [*command, *more, "--output-file", str(output)],
        cwd=ROOT,
        input="uv\n",
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    for each in LOCKS:
        done = lock(each, ROOT / each, upgrade="--upgrade" in sys.argv)
        if done.returncode:
            sys.exit(done.stderr)
