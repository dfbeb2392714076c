#!/bin/sh
# Has a browser look at the site that `make docs` has made: `sh tests/site/check.sh
# [CHECK...]`, which `make docs CHECK=1` calls. tests/site/check.js says what it looks at.
set -u
cd "$(dirname "$0")/../.." || exit 1
. scripts/common.sh

lacks() { # TOOL
    fail "'$1' is not installed, and 'make docs CHECK=1' needs it: run '$(sh setup.sh --how "$1")'." \
        "Nothing was looked at."
}
command -v npm >/dev/null 2>&1 || lacks npm
for program in "${CHROMIUM-}" chromium chromium-browser google-chrome; do
    [ -z "$program" ] || ! command -v "$program" >/dev/null 2>&1 || break
done
command -v "$program" >/dev/null 2>&1 || lacks chromium
[ -f docs/site/index.html ] || fail "There is no site to look at: run 'make docs' first."

# What was installed for this list stays until the list is another one.
packages=build/site
if ! cmp -s tests/site/package-lock.json $packages/installed; then
    mkdir -p $packages && cp tests/site/package*.json $packages &&
        npm ci --silent --no-audit --no-fund --prefix $packages &&
        cp tests/site/package-lock.json $packages/installed ||
        fail "npm could not install playwright-core and axe-core, which 'make docs CHECK=1' needs: is the network there?"
fi
CHROMIUM=$(command -v "$program") NODE_PATH=$PWD/$packages/node_modules exec node tests/site/check.js docs/site "$@"
