"""The command line by its module's name: python -m neurogebra."""

import sys

from neurogebra.cli import main

sys.exit(main())
