"""Runs at the start of every Python process of a job, being in its PYTHONPATH.

The container has the source archive and nothing else of ours. Here jobs share the virtual environment in which
this repository is installed in editable mode: without this, a module forgotten in the archive would be found.
"""

import sys

sys.meta_path[:] = [finder for finder in sys.meta_path if "__editable__" not in getattr(finder, "__module__", "")]
