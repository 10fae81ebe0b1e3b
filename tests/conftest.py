"""What holds for every test: the environment that Powertools reads when it is imported."""

from __future__ import annotations

import os

os.environ["POWERTOOLS_SERVICE_NAME"] = "processor"
