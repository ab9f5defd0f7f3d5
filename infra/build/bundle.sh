#!/usr/bin/env bash
# Makes the bundle of PIPELINE, and the list of its clusters for the steps whose images can't read YAML.
set -euo pipefail

npm run bundle -- "$PIPELINE"
mkdir -p .build
node_modules/.bin/node infra/build/clusters.ts "$PIPELINE" >.build/clusters.tsv
if [[ ! -s .build/clusters.tsv ]]; then
  echo "$PIPELINE lists no cluster: there would be no release to upgrade, and no canary to show that anything works." >&2
  exit 1
fi
