#!/bin/sh
# Gets what tests and benchmarks run beside the shop from Debian: `sh tools/install.sh FOLDER NAME...`.
# A program is taken out of its package into the folder, so that no service is installed; of postgres,
# buildah and wrk the package itself is. Where one cannot be had this says so, and its tests skip.
set -eu
target=$(cd "$1" && pwd)
shift
root=""
if [ "$(id -u)" != 0 ]; then root="sudo -n"; fi

get() {
    $as env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get --quiet=2 -o Acquire::Retries=0 -o Acquire::http::Timeout=10 "$@"
}

# Do it, with a new list of packages where the one that is here does not serve.
try() {
    command -v apt-get >/dev/null 2>&1 && { "$@" 2>/dev/null || { as=$root get update && "$@"; }; }
}

install() {
    as=$root get --yes --no-install-recommends install "$1" >/dev/null
}

# Without the cluster that Debian would make and start.
install_postgres() {
    install postgresql-common &&
        $root sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' \
            /etc/postgresql-common/createcluster.conf &&
        install postgresql
}

# Download a package, and the libraries of its that are not here.
download() {
    missing=$(as="" get --simulate --no-install-recommends install "$1" |
        awk '$1 == "Inst" && $2 ~ /^(lib|lua)/ && $2 !~ /^libjs/ { print $2 }') &&
        as="" get download "$1" $missing
}

# take PACKAGE NAME=FILE...: make files of a package commands.
take() {
    folder=$(mktemp -d)
    chmod 755 "$folder"
    own="$target/$1.d"
    (
        cd "$folder" && try download "$1" &&
            for package in *.deb; do dpkg-deb --extract "$package" . || exit; done &&
            mkdir -p "$own" && find . -name '*.so*' -exec cp -d {} "$own" \; &&
            shift && for command in "$@"; do expose "${command%=*}" "${command#*=}" || exit; done
    ) && got=1 || got=""
    rm -rf "$folder"
    [ "$got" ]
}

expose() {
    cp "$2" "$own/$1" &&
        printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s/%s" "$@"\n' "$own" "$own" "$1" >"$target/$1" &&
        chmod 755 "$target/$1"
}

has() {
    command -v "$1" >/dev/null 2>&1 || [ -x "$target/$1" ]
}

for name in "$@"; do
    case $name in
    redis-server) has redis-server || has valkey-server || take redis-tools redis-server=usr/bin/redis-check-rdb ;;
    nginx) has nginx || take nginx nginx=usr/sbin/nginx ;;
    prometheus) { has prometheus && has promtool; } || take prometheus prometheus=usr/bin/prometheus promtool=usr/bin/promtool ;;
    postgres) ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || has postgres || try install_postgres ;;
    *) has "$name" || try install "$name" ;;
    esac || echo "No $name: what needs it is skipped. Debian has it." >&2
done
