"""One offline HTML file that shows an answer: its making, its layout, and what the browser gets (`web`)."""

from hybridattn.view.page.writing import page

__all__ = ["page"]
