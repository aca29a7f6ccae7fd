#!/bin/sh
# Prints the newest Python from 3.11 on that runs here, or the one that is given if it will do;
# with --all, one of each version. On the PATH may be a stand-in that only says what to install:
# a Python counts once it has run.
# usage: find_python.sh [--all | PYTHON]
set -eu
oldest=11

# Prints where a Python is, if it is new enough and can make environments.
usable() {
    "$1" -c "import sys, ensurepip
if sys.version_info < (3, $oldest): sys.exit(1)
print(sys.executable)" 2>/dev/null
}

if [ "$#" = 1 ] && [ "$1" != --all ]; then
    usable "$1" && exit
    found=$("$1" -c 'import sys; print("is Python %d.%d" % sys.version_info[:2])' 2>/dev/null) || found="does not run"
    echo "$1 $found: WandStore needs Python 3.$oldest or newer, with venv." >&2
    exit 1
fi

# Prints one Python of each version, the newest first.
each() {
    for minor in 14 13 12 11; do
        for python in "python3.$minor" "${PYENV_ROOT:-$HOME/.pyenv}/versions/3.$minor".*/bin/python; do
            if usable "$python"; then break; fi
        done
    done
}

found=$(each)
if [ -z "$found" ]; then found=$(usable python3) || true; fi
if [ -z "$found" ]; then
    echo "WandStore needs Python 3.$oldest or newer, with venv: please install one, or name it with PYTHON=..." >&2
    exit 1
fi
if [ "${1-}" = --all ]; then echo "$found"; else echo "$found" | head -n 1; fi
