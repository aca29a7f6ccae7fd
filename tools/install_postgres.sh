#!/bin/sh
# Makes sure PostgreSQL is there, which tests of several machines start for themselves: no cluster of
# Debian's is made or started. Says so where it cannot; then these tests are skipped.
set -eu
for server in "$(command -v postgres || true)" /usr/lib/postgresql/*/bin/postgres; do
    if [ -x "$server" ]; then exit 0; fi
done
sudo=""
if [ "$(id -u)" != 0 ]; then sudo="sudo -n"; fi
get() {
    $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get --quiet=2 -o Acquire::Retries=0 -o Acquire::http::Timeout=10 "$@"
}
install() {
    get --yes --no-install-recommends install postgresql-common &&
        $sudo sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' \
            /etc/postgresql-common/createcluster.conf &&
        get --yes --no-install-recommends install postgresql
}
{
    command -v apt-get >/dev/null 2>&1 &&
        { install 2>/dev/null || { get update && install; }; }
} || echo "No PostgreSQL: its half of the tests of storage is skipped. Debian has it in \`postgresql\`." >&2
