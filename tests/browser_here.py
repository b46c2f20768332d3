"""`python -m tests.browser_here`: make sure there is a Chromium for the browser tests, where that is possible.

Without one those tests are reported as not run; the rest of the suite does not need it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Where Chromium is, if anywhere."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def main() -> None:
    if chromium():
        return
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        sys.stderr.write("No chromium on PATH: the browser tests are reported as not run.\n")
        return
    sys.stderr.write("Installing chromium for the browser tests.\n")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        done = subprocess.run([apt, "-qq", *step], env=environment, stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            sys.stderr.write("chromium could not be installed: the browser tests are reported as not run.\n")
            return


if __name__ == "__main__":
    main()
