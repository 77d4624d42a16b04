"""What Sphinx needs beside its own extensions to build these documents."""
