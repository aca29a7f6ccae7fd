"""`python -m app`: the `wandstore` command in a checkout."""

import sys

from app.cli import main

sys.exit(main())
