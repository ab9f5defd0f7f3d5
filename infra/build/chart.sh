#!/usr/bin/env bash
# Packs the chart together with those that it depends on, so that every cluster gets the same.
set -euo pipefail
# shellcheck source=infra/build/lib.sh
. infra/build/lib.sh

mkdir -p .build/chart
helm dependency build helm
helm package helm --destination .build/chart
