#!/usr/bin/env bash
# Installs programs that only tests and npm run chaos use, in pinned versions, into .cache/bin.
# Usage: packages/chaos/install-test-tools.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bin=.cache/bin
scratch=
trap 'if [ -n "$scratch" ]; then rm -rf "$scratch"; fi' EXIT

# install_go_program NAME MODULE PACKAGE VERSION
install_go_program() {
  local name=$1 module=$2 package=$3 version=$4
  if [ -x "$bin/$name" ] && go version -m "$bin/$name" | grep -qF "$module"$'\t'"$version"$'\t'; then
    echo "$name $version is installed"
    return
  fi
  echo "installing $name $version: go install $module/$package@$version"
  mkdir -p "$bin"
  scratch=$(mktemp -d "$PWD/$bin/new-XXXXXX")
  GOBIN=$scratch go install "$module/$package@$version"
  # Atomic, so that no other process runs an incomplete file.
  mv -f "$scratch/$(basename "$package")" "$bin/$name"
  rm -rf "$scratch"
}

if ! command -v go > /dev/null; then
  echo "go is not installed (https://go.dev/dl): tests that need toxiproxy-server are skipped"
  exit 0
fi
install_go_program toxiproxy-server github.com/Shopify/toxiproxy/v2 cmd/server v2.5.0
