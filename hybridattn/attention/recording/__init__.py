"""What a torch model attends to, kept while it runs as it always does."""

from hybridattn.attention.recording.layered import attention_flow, attention_rollout
from hybridattn.attention.recording.model import record
from hybridattn.attention.recording.recorded import RecordedAttention, Recording
from hybridattn.attention.recording.weights import attention_weights

__all__ = ["RecordedAttention", "Recording", "attention_flow", "attention_rollout", "attention_weights", "record"]
