# Makes .venv as uv.lock says. To be sourced: `prepare dev` installs what runs, `prepare test` what checks it, too.
# A second call with nothing changed costs a checksum.

UV_VERSION=0.13.9

say() { printf '%s\n' "$*" >&2; }

fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; }

make_venv() {
    local python
    for python in python3.11 python3.12 python3.13 python3 ""; do
        ! fits "$python" || break
    done
    if [[ -z $python ]]; then
        say "Aperture needs Python 3.11 (3.12 and 3.13 do as well), and there is none on the PATH."
        say "Debian and Ubuntu: apt install python3.11 python3.11-venv    macOS: brew install python@3.11"
        return 1
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        say "This Python came without its venv module. On Debian and Ubuntu: apt install $("$python" -c \
            'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
        return 1
    fi
    say "Making .venv ($("$python" --version)) ..."
    "$python" -m venv .venv
}

install_uv() {
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
}

# Without a home that can be written to, as in many containers, what is fetched on the way is kept in .venv.
find_cache() {
    local home=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}
    if [[ -z ${UV_CACHE_DIR-} ]] && ! { mkdir -p "$home/uv" && [[ -w $home/uv ]]; } 2>/dev/null; then
        export UV_CACHE_DIR=$PWD/.venv/.cache PIP_NO_CACHE_DIR=1
    fi
}

# Where the system trusts a certificate (a proxy may have its own), so do we; bare containers trust uv's own list.
trusted_by_system() {
    local file
    for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
        [[ ! -e $file ]] || { echo "$file"; return; }
    done
}

fingerprint() {
    { echo "$PWD $1 $UV_VERSION"; cat uv.lock pyproject.toml; } | cksum
}

prepare() {
    local purpose=$1 stamp=.venv/.prepared-$1 print
    print=$(fingerprint "$purpose")
    [[ -f $stamp && $(<"$stamp") == "$print" ]] && return
    # Programs in .venv name their folder: one that was moved or copied is of no use.
    if [[ -f .venv/.place && $(<.venv/.place) != "$PWD" ]]; then
        rm -rf .venv
    fi
    fits .venv/bin/python || make_venv
    echo "$PWD" > .venv/.place
    find_cache
    [[ $(.venv/bin/uv --version 2>/dev/null) == "uv $UV_VERSION"* ]] || install_uv
    say "Installing what uv.lock names ..."
    local group=--dev
    [[ $purpose == test ]] || group=--no-dev
    # Inexact keeps uv itself, and the tools of `prepare test` when `prepare dev` follows.
    local sync=(.venv/bin/uv sync --locked --inexact $group --python .venv/bin/python --no-python-downloads)
    [[ -t 2 ]] || sync+=(--quiet)
    [[ -z $(trusted_by_system) ]] || sync+=(--system-certs)
    "${sync[@]}"
    echo "$print" > "$stamp"
}
