# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The end of the demo: the other samples, and goodbye."""

from __future__ import annotations

import errno
import shutil
import struct
from collections import Counter
from pathlib import Path

from . import packets
from .client import Json
from .documents import TextFile
from .listening import listening, show_traces
from .story import Step, Story
