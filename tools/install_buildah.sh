#!/bin/sh
# Installs buildah, which builds images without a service, for who may: root on Debian and Ubuntu. Says
# so where it cannot; then only the test of the image is skipped.
set -eu
if command -v buildah >/dev/null 2>&1; then exit 0; fi
export DEBIAN_FRONTEND=noninteractive
get() {
    apt-get --quiet=2 -o Acquire::Retries=0 -o Acquire::http::Timeout=10 "$@"
}
install() {
    get install --yes --no-install-recommends buildah >/dev/null
}
{
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 &&
        { install 2>/dev/null || { get update && install; }; }
} || echo "No buildah: the image is not built. Debian has it in \`buildah\`, which root installs." >&2
