"""Runs at the start of every Python process of a job, since its folder is in PYTHONPATH.

In SageMaker's container, a job finds this repository's modules only in its source archive. Here jobs share the virtual
environment in which this repository is installed in editable mode, so a module that the archive lacks would be found.
"""

import sys

sys.meta_path[:] = [finder for finder in sys.meta_path if "__editable__" not in getattr(finder, "__module__", "")]
