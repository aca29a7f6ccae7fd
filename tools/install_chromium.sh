#!/bin/sh
# Makes sure a Chromium is there for the browser tests; says so where it cannot. The headless shell
# draws the same pages for half the CPU: root gets it even where there is another Chromium.
set -eu
if command -v chromium-headless-shell >/dev/null 2>&1; then exit 0; fi
other=""
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then other=$name; fi
done
sudo=""
if [ "$(id -u)" != 0 ]; then
    if [ -n "$other" ]; then exit 0; fi
    sudo="sudo"
fi
if ! command -v apt-get >/dev/null 2>&1; then
    if [ -n "$other" ]; then exit 0; fi
    echo "Please install Chromium: the browser tests drive it, and apt-get is not here." >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
install() {
    $sudo apt-get install --quiet=2 --yes --no-install-recommends "$@" fonts-dejavu-core
}
patience="-o Acquire::Retries=0 -o Acquire::http::Timeout=10"
# shellcheck disable=SC2086 # two options
$sudo apt-get update --quiet=2 $patience || [ -n "$other" ]
install chromium-headless-shell || [ -n "$other" ] || install chromium
