#!/usr/bin/env bash
# Measures what papers published, by their own protocols: scripts/published.sh [NAME ...], all by default, each a command of its own. Needs a
# release build (./x build) and GEMEL_DATA. MODELS="ease ials" judges only those. The figures go to docs/results.json.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PWD/build/release/bin:$PATH
export GEMEL_PUBLISHED=$PWD/out/published
results=docs/results.json

# judge DATA PROTOCOL MODELS: every model is tuned on validation, fitted on train and validation, and judged once; the two-tower as a bundle.
judge() {
  local data=$1 protocol=$2 model models='' bundles=()
  local dataset=out/published/$data/dataset
  echo "== $data, $protocol"
  python3 scripts/published_data.py "$data" "$GEMEL_PUBLISHED/$data" >/dev/null
  gemel ingest "experiments/published/$data.toml" --out "$dataset" --quiet
  for model in ${MODELS:-$3}; do
    if [[ $model == two_tower ]]; then
      gemel train "$dataset" --protocol "$protocol" --out "out/published/$data/two_tower" --quiet
      bundles+=(--bundle "out/published/$data/two_tower")
    else models+=${models:+,}$model; fi
  done
  gemel evaluate "$dataset" --protocol "$protocol" --models "$models" "${bundles[@]}" --results $results --data-name "${data%_sequences}" --quiet
}

for name in "${@:-all}"; do
  case $name in
    all | gowalla) judge gowalla lightgcn_split "popularity item_knn user_knn ials bpr ease blend" ;;&
    all | amazon_beauty_sequences) judge amazon_beauty_sequences leave_last_out "popularity item_knn user_knn ials bpr ease two_tower" ;;&
    all | ml_100k) judge ml_100k random_80_20 "popularity item_knn user_knn ials bpr ease two_tower" ;;&
    all | ml_1m_temporal) judge ml_1m_temporal rolling_week "popularity item_knn user_knn content ials bpr ease mf two_tower" ;;&
  esac
done
