#!/bin/sh
# Makes sure wrk is there to load the shop with; says so where it cannot.
set -eu
if command -v wrk >/dev/null 2>&1; then exit 0; fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Please install wrk to measure kept pages: apt-get is not here. The rest is measured." >&2
    exit 0
fi
sudo=""
if [ "$(id -u)" != 0 ]; then sudo="sudo"; fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update --quiet=2
$sudo apt-get install --quiet=2 --yes --no-install-recommends wrk
