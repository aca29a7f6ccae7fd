#!/bin/sh
# Makes sure a Chromium is there for the browser tests; says so where it cannot.
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Please install Chromium: the browser tests drive it, and apt-get is not here." >&2
    exit 1
fi
sudo=""
if [ "$(id -u)" != 0 ]; then sudo="sudo"; fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update --quiet=2
$sudo apt-get install --quiet=2 --yes --no-install-recommends chromium fonts-dejavu-core
