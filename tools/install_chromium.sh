#!/bin/sh
# Makes sure a Chromium is there for the browser tests; says so where it cannot. The headless shell
# draws the same pages for half the CPU, and only the whole browser comes back to a page as it was
# left: root gets both.
set -eu
shell=$(command -v chromium-headless-shell || true)
whole=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -n "$shell" ] && [ -n "$whole" ]; then exit 0; fi
sudo=""
if [ "$(id -u)" != 0 ]; then
    if [ -n "$shell$whole" ]; then exit 0; fi
    sudo="sudo"
fi
if ! command -v apt-get >/dev/null 2>&1; then
    if [ -n "$shell$whole" ]; then exit 0; fi
    echo "Please install Chromium: the browser tests drive it, and apt-get is not here." >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
install() {
    $sudo apt-get install --quiet=2 --yes --no-install-recommends "$@" fonts-dejavu-core
}
patience="-o Acquire::Retries=0 -o Acquire::http::Timeout=10"
# shellcheck disable=SC2086 # two options
$sudo apt-get update --quiet=2 $patience || [ -n "$shell$whole" ]
install chromium chromium-headless-shell || [ -n "$shell$whole" ] || install chromium
