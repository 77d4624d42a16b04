"""`evaluate`: how well a memory, rules or a reader answers what others have published tests of."""

from hybridattn.cli.evaluating.command import evaluate_app

__all__ = ["evaluate_app"]
