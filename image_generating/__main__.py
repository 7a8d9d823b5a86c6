"""`python -m image_generating`: the same program as `image-generating`."""

import sys

from image_generating.cli import main

sys.exit(main())
