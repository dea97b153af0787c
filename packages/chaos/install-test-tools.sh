#!/usr/bin/env bash
# Brings what serves tests only, by pinned version, into .cache/bin: packages/chaos/install-test-tools.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bin=.cache/bin
scratch=
trap 'if [ -n "$scratch" ]; then rm -rf "$scratch"; fi' EXIT

# install_go_program NAME MODULE PACKAGE VERSION
install_go_program() {
  local name=$1 module=$2 package=$3 version=$4
  if [ -x "$bin/$name" ] && go version -m "$bin/$name" | grep -qF "$module"$'\t'"$version"$'\t'; then
    echo "$name $version is there"
    return
  fi
  echo "installing $name $version: go install $module/$package@$version"
  mkdir -p "$bin"
  scratch=$(mktemp -d "$PWD/$bin/new-XXXXXX")
  GOBIN=$scratch go install "$module/$package@$version"
  # In one step, so that nobody runs half a program.
  mv -f "$scratch/$(basename "$package")" "$bin/$name"
  rm -rf "$scratch"
}

if ! command -v go > /dev/null; then
  echo "go is not installed (https://go.dev/dl): without toxiproxy-server the tests that need it are skipped"
  exit 0
fi
install_go_program toxiproxy-server github.com/Shopify/toxiproxy/v2 cmd/server v2.5.0
