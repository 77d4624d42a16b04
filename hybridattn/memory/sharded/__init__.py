"""Memories whose slots are spread over processes."""

from hybridattn.memory.sharded.memory import ShardedMemory

__all__ = ["ShardedMemory"]
