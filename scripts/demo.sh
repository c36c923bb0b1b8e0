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
step "A two-tower for products a household has not bought before: choices on the weeks before 2017-11-26, then one fit more on all of them" \
  gemel train $out/dataset --model two_tower --config experiments/complete_journey_quick.toml --repeats drop --out $out/bundle
step "Judged on the weeks after, beside simple approaches tuned on the same validation" \
  gemel evaluate $out/dataset --repeats drop --bundle $out/bundle --models popularity,repurchase,item_knn,user_knn \
  --config experiments/complete_journey_quick.toml --json $out/report.json
step "What might household 1228 buy for the first time on the first of December?" \
  gemel recommend $out/bundle --dataset $out/dataset --user 1228 --action purchase --at 2017-12-01 -k 10 --exclude-seen

cat <<TEXT

# Done in $((SECONDS / 60)) min $((SECONDS % 60)) s: files read into a Dataset, a two-tower trained and judged on weeks it never saw, products recommended.
# In $out: dataset/ (docs/formats/dataset.md), bundle/ (docs/formats/bundle.md), bundle.curves.jsonl, report.json.
# Next, with PATH=\$PWD/build/release/bin:\$PATH:
#   gemel recommend $out/bundle --recent 1082185,1029743              # somebody unknown, after two products: bananas and milk
#   gemel evaluate $out/dataset --models popularity,repurchase        # repeats included: buying the same again is hard to beat
#   gemel inspect $out/bundle
#   examples/ and docs/formats/shop.md                                # declare a shop of your own
# The data is the Complete Journey; its authors ask for educational and exploratory use.
TEXT
