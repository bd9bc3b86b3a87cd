#!/usr/bin/env bash
# Fetches the Prometheus server and promtool for the tests of integrations/prometheus, from Debian's package, without
# installing it: no root is needed, and no service is started. make test-integrations runs it. Where it cannot be had,
# those tests are skipped.
set -euo pipefail

folder=${1:?the folder to put it in}
said="the tests of integrations/prometheus will be skipped; install prometheus and promtool to have them run"

if command -v prometheus >/dev/null && command -v promtool >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    echo "There is no prometheus and no apt-get: $said"
    exit 0
fi
echo "Fetching the Prometheus server into $folder (once; about 20 MB)"
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
# A machine that has never listed its packages knows none; only root may list them.
if ! apt-get download --quiet=2 prometheus >apt.log 2>&1 &&
    ! { apt-get update --quiet=2 && apt-get download --quiet=2 prometheus; } >>apt.log 2>&1; then
    tail -n 3 apt.log
    echo "apt-get download prometheus failed: $said"
    exit 0
fi
dpkg -x prometheus_*.deb .
rm prometheus_*.deb apt.log
touch .ready
