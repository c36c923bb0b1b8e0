#!/usr/bin/env bash
# Measures every figure of docs/results.json anew: scripts/results.sh [NAME ...], all by default. Needs a release build (./x build), GEMEL_DATA
# for Sephora and Amazon Beauty, and GEMEL_COMPLETE_JOURNEY (the demo says where it lies). About 15 minutes on two cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PWD/build/release/bin:$PATH
out=out/results
results=docs/results.json

# measure DATA SHOP PROTOCOL REPEATS [MODEL_CONFIG]: trains the two-tower and judges it beside the tuned baselines.
measure() {
  local data=$1 shop=$2 protocol=$3 repeats=$4 config=${5:+--config $5}
  local bundle=$out/${data}_${protocol}_${repeats}
  echo "== $data, $protocol, repeats $repeats"
  gemel ingest "examples/$shop.toml" --out "$out/$data" --quiet >"$out/$data.ingest.txt"
  # shellcheck disable=SC2086
  gemel train "$out/$data" --out "$bundle" --protocol "$protocol" --repeats "$repeats" $config --quiet
  gemel evaluate "$out/$data" --bundle "$bundle" --protocol "$protocol" --repeats "$repeats" --results $results --data-name "$data" --quiet |
    tee "$bundle.txt"
}

# blend SHOP REPEATS [--retrain]: the two-tower and customers' neighbours in one ranking, experiments/blend_SHOP.toml.
blend() {
  local shop=$1 repeats=$2
  echo "== $shop, blend, repeats $repeats ${3:-}"
  [[ -d $out/$shop ]] || gemel ingest "examples/$shop.toml" --out "$out/$shop" --quiet >"$out/$shop.ingest.txt"
  gemel evaluate "$out/$shop" --models blend --config "experiments/blend_$shop.toml" --protocol rolling_week --repeats "$repeats" ${3:+"$3"} \
    --results $results --data-name "$shop" --quiet
}

mkdir -p $out
for name in "${@:-all}"; do
  case $name in
    all | sephora) measure sephora sephora rolling_week keep ;;&
    all | amazon_beauty) measure amazon_beauty amazon_beauty rolling_week keep ;;&
    all | complete_journey) measure complete_journey complete_journey rolling_week drop ;;&
    all | complete_journey_repeats) measure complete_journey complete_journey rolling_week keep experiments/complete_journey_repeats.toml ;;&
    all | blends)
      for retrain in '' --retrain; do
        blend sephora keep $retrain
        blend amazon_beauty keep $retrain
      done
      blend complete_journey drop
      ;;&
    all | frozen_trial)
      measure sephora_unmerged sephora_unmerged frozen_trial keep experiments/frozen_trial_sephora.toml
      measure amazon_beauty amazon_beauty frozen_trial keep experiments/frozen_trial_amazon_beauty.toml
      ;;
  esac
done
