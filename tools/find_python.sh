#!/bin/sh
# Print the path of a Python that ppmobile runs on: 3.10 if there is one (Paddle Lite has wheels for it alone),
# else 3.12, 3.11 or 3.9. Looks on PATH and among pyenv's versions; prints nothing if there is none.

pyenv_root=${PYENV_ROOT:-$HOME/.pyenv}
for version in 3.10 3.12 3.11 3.9; do
    for candidate in "python$version" "$pyenv_root/versions/$version".*/bin/python python3 python; do
        # a shim of pyenv may be on PATH without a version behind it: only running it tells
        found=$("$candidate" -c "import sys, venv, ensurepip
if '%d.%d' % sys.version_info[:2] == '$version': print(sys.executable)" 2>/dev/null)
        if [ -n "$found" ]; then
            echo "$found"
            exit 0
        fi
    done
done
