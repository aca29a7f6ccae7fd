#!/bin/sh
# Takes redis-server, which tests of several machines run, out of Debian's package into a folder, with
# what libraries it lacks: no service is installed. Says so where it cannot; then these are skipped.
set -eu
if command -v redis-server >/dev/null 2>&1 || [ -x "$1/redis-server" ]; then exit 0; fi
target=$(cd "$1" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
get() {
    apt-get --quiet=2 -o Acquire::Retries=0 -o Acquire::http::Timeout=10 "$@"
}
take() {
    libraries=$(apt-get --simulate --no-install-recommends install redis-tools |
        awk '$1 == "Inst" && $2 ~ /^(lib|lua)/ { print $2 }') && get download redis-tools $libraries
}
{
    command -v dpkg-deb >/dev/null 2>&1 && { take 2>/dev/null || { get update && take; }; } &&
        for package in *.deb; do dpkg-deb --extract "$package" .; done &&
        mkdir -p "$target/redis" &&
        find . -name '*.so*' -exec cp -d {} "$target/redis" \; &&
        cp usr/bin/redis-check-rdb "$target/redis/redis-server" &&
        printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s/redis-server" "$@"\n' \
            "$target/redis" "$target/redis" >"$target/redis-server" &&
        chmod 755 "$target/redis-server"
} || echo "No redis-server: several machines are not tried. Debian has it in \`redis-server\`." >&2
