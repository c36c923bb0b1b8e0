#!/bin/sh
# The experiments of docs/experiments.md. usage: scripts/experiments.sh; GEMEL_DATA and GEMEL_COMPLETE_JOURNEY name the data. Finished runs
# are kept in out/experiments, so that it goes on where it was stopped.
set -eu
cd "$(dirname "$0")/.."
gemel=${GEMEL:-build/release/bin/gemel}
data=out/experiments/data
.venv/bin/python scripts/experiments_data.py $data/files
for shop in sephora complete_journey; do
  [ -e $data/$shop/dataset.json ] || $gemel ingest $data/files/$shop.toml --out $data/$shop --quiet
done
$gemel experiment experiments/sephora.toml experiments/complete_journey.toml --out out/experiments
