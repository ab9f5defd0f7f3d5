#!/bin/sh
# Puts a program of this step's image where the later steps find it: `tool.sh terraform`. For sh, since these images have no bash.
set -eu

mkdir -p .build/bin
cp "$(command -v "$1")" .build/bin/
