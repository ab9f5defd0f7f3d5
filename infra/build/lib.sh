# What the steps share. They run at the top of the sources, and leave what the next ones need in .build.
# shellcheck shell=bash

export PATH="$PWD/.build/bin:$PATH"
# Neither asks anybody anything, nor the makers of Terraform whether there is a newer one.
export CLOUDSDK_CORE_DISABLE_PROMPTS=1 TF_IN_AUTOMATION=1 TF_INPUT=0 CHECKPOINT_DISABLE=1

export release=falco-relay namespace=falco
# What was planned, as it was then, and what was deployed before it.
export planned=.build/planned before=.build/before

say() { echo "== $*"; }
fail() {
  say "$*" >&2
  exit 1
}

# The steps that change something may fail without ending the build, so that finish.sh can go back: each leaves a word.
begin() {
  mkdir -p .build/begun .build/done
  touch ".build/begun/$1"
}
finish() { touch ".build/done/$1"; }
has_begun() { [[ -e .build/begun/$1 ]]; }
is_done() { [[ -e .build/done/$1 ]]; }
needs() { is_done "$1" || fail "Not tried, since the step \"$1\" did not succeed."; }

# The job of this build's canary. With its last part, longer than what Kubernetes generates, it is a workload of its own, so
# that its event is never a repeat, which would not be written to Loki.
job() { echo "falco-relay-smoke-build${BUILD_ID:0:8}"; }

# in_configuration TREE COMMAND...: terraform where the configuration of that tree is.
in_configuration() {
  local tree=$1
  shift
  terraform -chdir="$tree/$(<"$tree/.build/configuration")" "$@"
}

# By which it is told whether Terraform has changed anything; the state itself may have secrets in it.
state_of() { in_configuration "$1" state pull | sha256sum; }

# use_cluster PROJECT LOCATION NAME: helm and kubectl speak to that cluster from here on.
use_cluster() {
  local arguments=()
  [[ $DNS_ENDPOINT != yes ]] || arguments+=(--dns-endpoint)
  mkdir -p .build/kube
  export KUBECONFIG="$PWD/.build/kube/$1_$2_$3"
  gcloud container clusters get-credentials "$3" --project="$1" --location="$2" "${arguments[@]}"
}
