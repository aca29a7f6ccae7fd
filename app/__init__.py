"""WandStore: a storefront whose page is composed for each shopper, without the shopper waiting."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs a checkout may have an older one
    sys.exit("WandStore needs Python 3.11 or newer, and this is " + sys.version.split()[0])

__version__ = "0.1.0"
