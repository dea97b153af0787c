#!/usr/bin/env bash
# Installs schemathesis, which npm run fuzz uses to attack the REST API, in a pinned version into .cache/schemathesis.
# Usage: packages/fuzz/install-schemathesis.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=4.32.5
target=$PWD/.cache/schemathesis

if ! command -v python3 > /dev/null || ! python3 -m pip --version > /dev/null 2>&1; then
  echo "python3 with pip is not installed: npm run fuzz runs without schemathesis"
  exit 0
fi
if [ -d "$target/schemathesis-$version.dist-info" ]; then
  echo "schemathesis $version is installed"
  exit 0
fi
echo "installing schemathesis $version: pip install schemathesis==$version"
mkdir -p .cache
scratch=$(mktemp -d "$PWD/.cache/new-schemathesis-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-input --root-user-action ignore --target "$scratch" "schemathesis==$version"
# A run must not see an incomplete directory.
rm -rf "$target"
mv "$scratch" "$target"
