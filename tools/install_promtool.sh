#!/bin/sh
# Takes promtool, which tries alert rules, out of Debian's package of Prometheus into a folder: no
# service is installed. Says so where it cannot; then only the test of the rules is skipped.
set -eu
if command -v promtool >/dev/null 2>&1 || [ -x "$1/promtool" ]; then exit 0; fi
target=$(cd "$1" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
get() {
    apt-get --quiet=2 -o Acquire::Retries=0 -o Acquire::http::Timeout=10 "$@"
}
{
    command -v dpkg-deb >/dev/null 2>&1 &&
        { get download prometheus 2>/dev/null || { get update && get download prometheus; }; } &&
        dpkg-deb --extract prometheus_*.deb . &&
        cp usr/bin/promtool "$target/promtool"
} || echo "No promtool: the alert rules are not tried. Debian has it in \`prometheus\`." >&2
