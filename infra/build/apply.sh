#!/usr/bin/env bash
# Applies exactly the plan that was fetched, beside the sources and the bundle that it was made from.
set -euo pipefail
# shellcheck source=infra/build/lib.sh
. infra/build/lib.sh

in_configuration "$planned" init -lockfile=readonly -backend-config="bucket=$STATE_BUCKET"
state_of "$planned" >.build/state
begin apply
in_configuration "$planned" apply -lock-timeout=5m "$PWD/$planned/.build/relay.tfplan"
finish apply
