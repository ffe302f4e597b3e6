"""Run VibeVoice's language model (Qwen2) a token at a time, conditional and unconditional rows in one batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from transformers.models.qwen2.modeling_qwen2 import (
        Qwen2Attention,
        Qwen2DecoderLayer,
        Qwen2Model,
        Qwen2RMSNorm,
    )


class Context:
    """What each row has read so far: keys, values, and which columns of them count.

    All rows write into the same column at a step. A column that a row doesn't want (the unconditional rows sit out
    some steps) is masked, so that every row reads its own text at its own positions.
    """

    def __init__(self, qwen: Qwen2Model, rows: int, columns: int, device: torch.device, dtype: torch.dtype) -> None:
        shape = _shape_context(qwen, rows, columns)
        self.keys = torch.zeros(shape, device=device, dtype=dtype)
        self.values = torch.zeros(shape, device=device, dtype=dtype)
        self.counts = torch.zeros(rows, columns, device=device, dtype=torch.bool)
        self.positions = torch.zeros(rows, device=device, dtype=torch.long)
        self.column = torch.zeros(1, device=device, dtype=torch.long)


def count_context_bytes(qwen: Qwen2Model, rows: int, columns: int, dtype: torch.dtype) -> int:
    """Return the size of a Context's keys and values."""
    return 2 * math.prod(_shape_context(qwen, rows, columns)) * dtype.itemsize


def read_prompt(qwen: Qwen2Model, embeddings: torch.Tensor, context: Context) -> torch.Tensor:
    """Return hidden states [rows, length, hidden] of embeddings [rows, length, hidden] read into the first rows."""
    rows, length, _ = embeddings.shape
    positions = torch.arange(length, device=embeddings.device)[None]
    rotation = qwen.rotary_emb(embeddings, positions)
    hidden = embeddings
    for index, layer in enumerate(_layers(qwen)):
        normed = _normalize(hidden, layer.input_layernorm)
        query, key, value = _project(layer.self_attn, normed, rotation)
        context.keys[index, :rows, :, :length] = key
        context.values[index, :rows, :, :length] = value
        groups = layer.self_attn.num_key_value_groups
        key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        hidden = hidden + layer.self_attn.o_proj(mixed.transpose(1, 2).reshape(rows, length, -1))
        hidden = hidden + layer.mlp(_normalize(hidden, layer.post_attention_layernorm))
    context.counts[:rows, :length] = True
    context.positions[:rows] = length
    context.column.fill_(length)
    return _normalize(hidden, qwen.norm)


def read_token(qwen: Qwen2Model, embeddings: torch.Tensor, context: Context) -> torch.Tensor:
    """Return hidden states [rows, hidden] after each row read one more embedding [rows, hidden].

    Every row's column counts afterwards; `forget_last` takes it back. All shapes are fixed and the state changes in
    place, so that the call can be captured as a CUDA graph.
    """
    rows = embeddings.shape[0]
    context.counts.index_fill_(1, context.column, True)
    mask = context.counts[:, None, None]
    hidden = embeddings[:, None]
    rotation = qwen.rotary_emb(hidden, context.positions[:, None])
    for index, layer in enumerate(_layers(qwen)):
        attention = layer.self_attn
        query, key, value = _project(attention, _normalize(hidden, layer.input_layernorm), rotation)
        keys, values = context.keys[index], context.values[index]
        keys.index_copy_(2, context.column, key)
        values.index_copy_(2, context.column, value)
        # The query heads that share a key take the place of query positions: nothing has to be repeated.
        grouped = query.view(rows, keys.shape[1], -1, attention.head_dim)
        mixed = F.scaled_dot_product_attention(grouped, keys, values, attn_mask=mask)
        hidden = hidden + attention.o_proj(mixed.reshape(rows, 1, -1))
        hidden = hidden + layer.mlp(_normalize(hidden, layer.post_attention_layernorm))
    context.positions += 1
    context.column += 1
    return _normalize(hidden, qwen.norm)[:, 0]


def forget_last(context: Context, row: int) -> None:
    """Take back what the row read last: as if it had not."""
    context.counts[row].index_fill_(0, context.column - 1, False)
    context.positions[row] -= 1


def forget_all(context: Context, row: int) -> None:
    """Let the row start over, from position 0."""
    context.counts[row] = False
    context.positions[row] = 0


def _shape_context(qwen: Qwen2Model, rows: int, columns: int) -> tuple[int, int, int, int, int]:
    layers = _layers(qwen)
    head_dim = layers[0].self_attn.head_dim
    heads = layers[0].self_attn.k_proj.weight.shape[0] // head_dim
    return len(layers), rows, heads, columns, head_dim


def _layers(qwen: Qwen2Model) -> Sequence[Qwen2DecoderLayer]:
    return qwen.layers  # pyright: ignore[reportReturnType]


def _normalize(hidden: torch.Tensor, norm: Qwen2RMSNorm) -> torch.Tensor:
    return F.rms_norm(hidden, hidden.shape[-1:], norm.weight, norm.variance_epsilon)


def _project(
    attention: Qwen2Attention, hidden: torch.Tensor, rotation: tuple[torch.Tensor, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return rotated queries, rotated keys, and values: [rows, heads, length, head dim] each."""
    shape = (*hidden.shape[:-1], -1, attention.head_dim)
    cosine, sine = (part.unsqueeze(1) for part in rotation)
    query, key, value = (
        project(hidden).view(shape).transpose(1, 2)
        for project in (attention.q_proj, attention.k_proj, attention.v_proj)
    )
    return _rotate(query, cosine, sine), _rotate(key, cosine, sine), value


def _rotate(x: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    first, second = x.chunk(2, dim=-1)
    return torch.addcmul(x * cosine, torch.cat([-second, first], dim=-1), sine)
