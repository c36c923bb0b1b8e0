#!/usr/bin/env bash
# Words that do not belong into the repository: paths that only one machine has, notes without an owner.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
wrong=0
forbid() {  # PATTERN WHY [PATHSPEC...]
  local pattern=$1 why=$2
  shift 2
  if git grep -nE "$pattern" -- . ':!scripts/check_words.sh' "$@"; then
    printf '  ^ %s\n' "$why"
    wrong=1
  fi
}
forbid '\.\./shared' 'data is found by the environment variable GEMEL_DATA' ':!.ci/run'
forbid '\b(TODO|FIXME|XXX)\b($|[^(0-9])' 'a note for later names its issue: TODO(12)' ':!*.md'
forbid '(^|[^A-Za-z0-9_./-])/(home|Users|root|work)/' 'a path of one machine'
forbid 'march=native' 'what is built here must run elsewhere' ':!*.md'
exit $wrong
