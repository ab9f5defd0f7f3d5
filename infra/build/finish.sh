#!/usr/bin/env bash
# The end of a deployment. Where all went well it keeps what was deployed, as the next one's way back. Where anything failed it
# goes back: the releases to the revisions that they had, the functions to the bundle and the Terraform that were deployed.
set -uo pipefail
# shellcheck source=infra/build/lib.sh
. infra/build/lib.sh

remove_canaries() {
  is_done upgrade || return 0
  local project location name
  while IFS=$'\t' read -r -u 3 project location name; do
    use_cluster "$project" "$location" "$name" &&
      kubectl --namespace="$namespace" delete job "$(job)" --ignore-not-found --wait=false
  done 3<"$planned/.build/clusters.tsv"
}

# Each part of it is tried, whatever becomes of the others. The last thing done is undone first.
left=()
go_back() {
  local project location name revision
  if [[ -e .build/upgraded.tsv ]]; then
    while IFS=$'\t' read -r -u 3 project location name revision; do
      if [[ -z $revision ]]; then
        left+=("The release in $project/$location/$name has no revision before this one, and stays as it is.")
      elif use_cluster "$project" "$location" "$name" &&
        helm rollback "$release" "$revision" --namespace="$namespace" --wait --timeout=10m; then
        say "The release in $project/$location/$name is back at what revision $revision was."
      else
        left+=("The release in $project/$location/$name did NOT go back to revision $revision.")
      fi
    done 3<.build/upgraded.tsv
  fi
  has_begun apply || return
  # A plan that came too late, a state that somebody else holds: what they have applied is not ours to take back.
  if [[ $(state_of "$planned") == "$(<.build/state)" ]]; then
    say 'Terraform had changed nothing.'
  elif [[ ! -e $before ]]; then
    left+=('Nothing was deployed by this trigger before: what Terraform has made stays as it is.')
  elif in_configuration "$before" init -lockfile=readonly -backend-config="bucket=$STATE_BUCKET" &&
    in_configuration "$before" apply -auto-approve -lock-timeout=5m; then
    say "Functions and all that Terraform makes are back at commit $(<"$before/.build/commit")."
  else
    left+=("Terraform did NOT go back to commit $(<"$before/.build/commit").")
  fi
}

failed=
for step in apply upgrade canary loki; do
  if ! is_done "$step"; then
    failed=$step
    break
  fi
done

remove_canaries || say 'The job of a canary could not be deleted; it does no harm.'
if [[ -z $failed ]]; then
  gcloud storage cp "$planned.tar.gz" "gs://$PLANS_BUCKET/deployed/current.tar.gz" ||
    fail "Deployed, and every canary arrived. But it could not be kept: the next way back would go to what was before it."
  say "Deployed: plan $PLAN of commit $(<"$planned/.build/commit"). The canary of every cluster arrived in Loki."
  exit 0
fi

say "The step \"$failed\" failed. Going back."
go_back
if ((${#left[@]})); then
  printf '== %s\n' "${left[@]}" >&2
  fail "The step \"$failed\" failed, and not all is as it was before: see docs/deploy.md, \"The way back\"."
fi
fail "The step \"$failed\" failed. All is as it was before."
