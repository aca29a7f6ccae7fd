#!/bin/sh
# Takes nginx, which tests put before two shops, out of Debian's package into a folder: no service is
# installed. Says so where it cannot; then only these tests are skipped.
set -eu
if command -v nginx >/dev/null 2>&1 || [ -x "$1/nginx" ]; then exit 0; fi
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
        { get download nginx 2>/dev/null || { get update && get download nginx; }; } &&
        dpkg-deb --extract nginx_*.deb . &&
        usr/sbin/nginx -v 2>/dev/null &&
        cp usr/sbin/nginx "$target/nginx"
} || echo "No nginx: what stands before several shops is not tried. Debian has it in \`nginx\`." >&2
