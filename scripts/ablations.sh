#!/usr/bin/env bash
# What each part of the two-tower is worth: scripts/ablations.sh [NAME ...], all by default. A variant is the shop's own knobs and one line more;
# its validation figure, by which parts are chosen, and its test figure, read once, go to out/ablations/table.md. Needs a release build
# (./x build), GEMEL_DATA, GEMEL_COMPLETE_JOURNEY for that shop, and scripts/published.sh run before for the sequences. About two minutes a
# variant on two quiet cores, ten for sequences.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PWD/build/release/bin:$PATH
out=out/ablations
table=$out/table.md
mkdir -p $out

# variant SHOP REPEATS BASE LABEL [LINE ...]: BASE is the shop's table of knobs; PROTOCOL, the Dataset's folder DATASET where they differ.
variant() {
  local shop=$1 repeats=$2 base=$3 label=$4
  shift 4
  [[ -z ${ONLY:-} || " $ONLY " == *" $label "* ]] || return 0
  local at="$out/$shop.$label"
  local line
  for line in "$@"; do base=$(grep -v "^${line%% *} = " <<<"$base"); done  # a variant's line takes the place of the shop's
  printf '[models.two_tower]\n%s\n' "$base" >"$at.toml"
  [[ $# == 0 ]] || printf '%s\n' "$@" >>"$at.toml"
  local data=${DATASET:-$out/$shop} protocol=${PROTOCOL:-rolling_week}
  [[ -d $data ]] || gemel ingest "examples/$shop.toml" --out "$data" --quiet >/dev/null
  gemel train "$data" --protocol "$protocol" --config "$at.toml" --repeats "$repeats" --out "$at" --json --quiet >"$at.train.json"
  gemel evaluate "$data" --protocol "$protocol" --bundle "$at" --models '' --repeats "$repeats" --json "$at.json" --quiet >/dev/null
  python3 - "$shop" "$label" "$at.train.json" "$at.json" "$*" >>$table <<'PYTHON'
import json, sys
shop, label, train, report, line = sys.argv[1:]
validation = max(trial["validation_ndcg_at_20"] for trial in json.load(open(train))["validation"]["trials"])
judged = json.load(open(report))["models"][0]["all"]["metrics"]
test = [judged[metric]["value"] for metric in ("recall_at_20", "ndcg_at_20")]
print(f"| {shop} | {label} | `{line}` | {validation:.4f} | {test[0]:.4f} | {test[1]:.4f} |")
PYTHON
  tail -1 $table
}

# Each part in its turn on one shop; GROUPS of its trend.
# parts SHOP REPEATS BASE GROUPS
parts() {
  local shop=$1 repeats=$2 base=$3 groups=$4
  variant "$shop" "$repeats" "$base" as_it_is
  variant "$shop" "$repeats" "$base" attention 'history = { length = 50, pool = ["recency", "attention"] }'
  variant "$shop" "$repeats" "$base" places 'history = { length = 50, half_life_events = 3.0 }'
  variant "$shop" "$repeats" "$base" trend "trend = { units = 16, groups = $groups }"
  variant "$shop" "$repeats" "$base" trend_week "trend = { units = 16, groups = $groups }" 'counter_interval_days = 7'
  variant "$shop" "$repeats" "$base" gate 'query_gate = true'
  variant "$shop" "$repeats" "$base" average 'average_decay = 0.99'
  variant "$shop" "$repeats" "$base" no_id_dropout 'id_dropout = 0.0'
  variant "$shop" "$repeats" "$base" more_id_dropout 'id_dropout = 0.4'
}

[[ -n ${ONLY:-} && -f $table ]] || printf '%s\n' '| shop | variant | line | validation NDCG@20 | test recall@20 | test NDCG@20 |' '|---|---|---|---|---|---|' >$table
for name in "${@:-all}"; do
  case $name in
    all | sephora)
      parts sephora keep $'popularity_half_life_days = [1, 3, 10, 60]\nepochs = 8' '["brand_name"]' ;;&
    all | amazon_beauty)
      base=$'popularity_half_life_days = [1, 3, 7, 30]\nloss = "mixed"\nepochs = 12'
      parts amazon_beauty keep "$base" '["brand"]'
      for size in 500 8000; do variant amazon_beauty keep "$base" "uniform_$size" "num_uniform = $size"; done ;;&
    all | sequences)  # what the order of products tells, as papers measure it
      export DATASET=out/published/amazon_beauty_sequences/dataset PROTOCOL=leave_last_out
      base=$'popularity_half_life_days = []\ntime = []\nexample_half_life_days = 0\nloss = "mixed"\nnum_uniform = 1000\nbatch_size = 512\nblock_size = 1'
      base+=$'\ndropout = 0.2\nid_dropout = 0.0\nepochs = 40\npatience = 4'
      for pool in '"recency"' '"attention"' '"recency", "attention"'; do
        variant amazon_beauty_sequences keep "$base" "${pool//[\", ]/}" "history = { length = 50, shared_table = true, pool = [$pool] }"
      done
      variant amazon_beauty_sequences keep "$base" places 'history = { length = 50, shared_table = true, half_life_events = 2.0 }'
      unset DATASET PROTOCOL ;;&
    all | complete_journey)
      parts complete_journey drop "$(sed -n '/^\[models.two_tower\]/,/^\[/p' examples/complete_journey.toml | grep ' = ')" '["department"]' ;;&
  esac
done
