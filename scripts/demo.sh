#!/usr/bin/env bash
# What `./x demo` shows, each command said before it runs. Needs GEMEL_COMPLETE_JOURNEY and a release build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PWD/build/release/bin:$PATH
out=out/demo

step() {
  printf '\n# %s\n$' "$1"
  shift
  printf ' %q' "$@"
  printf '\n'
  "$@"
}

step "Read a year of a grocery shop: 1.47 million purchases, 92,331 products, 2,469 households" \
  gemel ingest examples/complete_journey.toml --out $out/dataset
step "The bar: simple approaches, tuned on validation, judged on the weeks after 2017-11-26" \
  gemel evaluate $out/dataset --models popularity,repurchase
