#!/usr/bin/env bash
# The unit tests and the check, as a person runs them. Tests on real programs are .ci/run's.
set -euo pipefail

npm ci
npm test
npm run check
