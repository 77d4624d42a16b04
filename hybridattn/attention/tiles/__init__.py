"""How a read is cut into tiles of scores, so that no q x n matrix is ever held."""
