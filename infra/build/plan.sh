#!/usr/bin/env bash
# Plans CONFIGURATION with the bundle that was made. Reads alone: the state is not locked, which would write to its bucket.
set -euo pipefail
# shellcheck source=infra/build/lib.sh
. infra/build/lib.sh

# What the configuration is told goes along with the plan, so that going back to it later needs nobody's memory.
variables="$CONFIGURATION/build.auto.tfvars"
variable() {
  case $2 in *[\"\\\$%]*) fail "The value of $1 has a character that Terraform would read as more than text." ;; esac
  printf '%s = "%s"\n' "$1" "$2" >>"$variables"
}

[[ -d $CONFIGURATION ]] || fail "There is no folder $CONFIGURATION: _CONFIGURATION names your Terraform configuration."
mkdir -p .build
: >"$variables"
variable project "$PROJECT_ID"
variable region "$REGION"
variable loki_url "$LOKI_URL"
echo "$CONFIGURATION" >.build/configuration
echo "$COMMIT_SHA" >.build/commit

in_configuration . init -backend-config="bucket=$STATE_BUCKET"
in_configuration . plan -lock=false -out="$PWD/.build/relay.tfplan"
