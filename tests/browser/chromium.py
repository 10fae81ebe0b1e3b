"""Finds Chromium on this machine; `make test` installs it if it is missing.

python -m tests.browser.chromium
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
FLAGS = (
    "--no-sandbox",  # A container's root has no sandbox.
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = (
    "The browser tests need Chromium, and it could not be installed{why}. Install it (on Debian and Ubuntu: "
    "apt install chromium; on a Mac: brew install --cask chromium), or name a Chromium or Chrome: CHROMIUM=/path/to/it."
)


def find_chromium() -> Path | None:
    """Return the program that CHROMIUM names, or the first one found."""
    if chosen := os.environ.get("CHROMIUM"):
        return Path(chosen)
    found = (shutil.which(name) for name in NAMES)
    return next((Path(path) for path in found if path), next((path for path in MAC if path.exists()), None))


def install_chromium() -> str:
    """Install the distribution's package if that needs no password; return why not, or nothing."""
    if not shutil.which("apt-get"):
        return ": this system has no apt-get"
    if os.geteuid() == 0:
        before: list[str] = []
    elif (
        shutil.which("sudo") and not subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode
    ):
        before = ["sudo", "-n"]
    else:
        return " without root's rights"
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive"]
    for arguments in (["update", "-qq"], ["install", "-qq", "--yes", "--no-install-recommends", "chromium"]):
        done = subprocess.run([*before, *quiet, "apt-get", *arguments], check=False, capture_output=True, text=True)
    return f": {done.stderr.strip().splitlines()[-1]}" if done.returncode and done.stderr.strip() else ""


def main() -> int:
    """Install Chromium if it is missing, or say what to do; return the exit code."""
    if find_chromium():
        return 0
    print("Installing Chromium for the browser tests: this takes a minute, once.", flush=True)
    why = install_chromium()
    if find_chromium():
        return 0
    print(MISSING.format(why=why), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
