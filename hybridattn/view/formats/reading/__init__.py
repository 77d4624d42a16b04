"""Files that this library wrote, whichever they are."""

from hybridattn.view.formats.reading.documents import Document, document, read_document

__all__ = ["Document", "document", "read_document"]
