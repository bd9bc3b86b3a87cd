"""The digest of the code that the jobs run."""

import hashlib
from pathlib import Path

# The folders of our code in the jobs' archive.
_FOLDERS = ("evergreen", "training")


def source_digest(root: Path) -> str:
    """SHA-256 over the names and contents of the Python files that training runs on."""
    digest = hashlib.sha256()
    for file in sorted(path for folder in _FOLDERS for path in (root / folder).rglob("*.py")):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()
