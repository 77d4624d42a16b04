"""The parts of the page that are static HTML: they read without a script."""
