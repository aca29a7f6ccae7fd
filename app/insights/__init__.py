"""What experiments say: rows of counts to figures with intervals, and their page."""
