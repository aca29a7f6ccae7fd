#!/bin/sh
# Takes Prometheus and promtool, which try the alert rules, out of Debian's package into a folder: no
# service is installed. Says so where it cannot; then only the tests of the rules are skipped.
set -eu
if [ -x "$1/promtool" ] && [ -x "$1/prometheus" ]; then exit 0; fi
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
        cp usr/bin/prometheus usr/bin/promtool "$target"
} || echo "No Prometheus: the alert rules are not tried. Debian has it in \`prometheus\`." >&2
