#!/usr/bin/env bash
# Installs the pinned tools into .venv and node_modules. make runs it. From outside the checkout it uses only a
# Python 3.11, 3.12 or 3.13.
set -euo pipefail

fail() {
    printf 'evergreen: %s\n' "$*" >&2
    exit 1
}

# 3.12 comes first, since the training image has it.
find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.12 python3.13 python3.11 python3; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    local found
    found=$(python3 --version 2>/dev/null || echo "no python3")
    fail "needs Python 3.11, 3.12 or 3.13, found $found. Install one, or name it: make PYTHON=/path/to/python3.12 ..."
}

main() {
    local python started=$SECONDS
    python=$(find_python)
    log=$(mktemp)
    trap 'rm -f "$log" "$log.uv"' EXIT

    step() {
        printf '  set-up: %s\n' "$1"
        shift
        "$@" >"$log" 2>&1 || {
            cat "$log" >&2
            fail "set-up failed at: $*"
        }
    }

    printf 'Setting up in %s (once; about 2 GB)\n' "$PWD"
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$python has no venv module. On Debian and Ubuntu: sudo apt install python3-venv"
    rm -f .venv/.ready
    step "virtual environment with $("$python" --version)" "$python" -m venv --clear .venv
    # The lock's entry of uv, with its hashes: pip rejects a name without hashes.
    awk '/^uv==/ {inside = 1} inside {print} inside && !/\\$/ {exit}' requirements.txt >"$log.uv"
    step "uv" .venv/bin/python -m pip install --disable-pip-version-check --require-hashes --requirement "$log.uv"
    step "Python packages" .venv/bin/uv pip install --python .venv/bin/python --require-hashes --requirement requirements.txt
    step "the evergreen command" .venv/bin/uv pip install --python .venv/bin/python --no-deps --no-build-isolation --offline --editable .
    step "the CDK command line" .venv/bin/npm ci --no-audit --no-fund
    touch .venv/.ready
    printf '  set-up took %s s\n' "$((SECONDS - started))"
}

main
