"""Reading token by token, rows side by side, comes to what transformers' own Qwen2 makes of each row's whole text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from comfyui_talkingshorts.engines.vibevoice.language_model import (
    Context,
    count_context_bytes,
    forget_all,
    forget_last,
    read_prompt,
    read_token,
)

CPU = torch.device("cpu")
HIDDEN = 48
COLUMNS = 24
# Query heads, and the heads of keys and values that they share.
HEADS = [(4, 4), (4, 2), (6, 2), (4, 1)]


@pytest.fixture(autouse=True)
def _without_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def make_qwen(heads: int = 4, shared_heads: int = 2) -> Any:
    from transformers import Qwen2Config, Qwen2Model

    config = Qwen2Config(
        vocab_size=8,
        hidden_size=HIDDEN,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=heads,
        num_key_value_heads=shared_heads,
        rope_parameters={"rope_type": "default", "rope_theta": 100.0},
    )
    qwen = Qwen2Model(config).eval()
    generator = torch.Generator().manual_seed(5)
    for weight in qwen.parameters():
        weight.copy_(torch.randn(weight.shape, generator=generator) * (0.3 if weight.ndim == 2 else 1.0))
    return qwen


def words(*shape: int, seed: int = 0) -> torch.Tensor:
    """Return embeddings [*shape, hidden]."""
    return torch.randn(*shape, HIDDEN, generator=torch.Generator().manual_seed(seed))


def read_natively(qwen: Any, embeddings: torch.Tensor) -> torch.Tensor:
    return qwen(inputs_embeds=embeddings, use_cache=False).last_hidden_state


def start(qwen: Any, rows: int) -> Context:
    return Context(qwen, rows, COLUMNS, CPU, torch.float32)


@pytest.mark.parametrize(("heads", "shared_heads"), HEADS)
def test_a_prompt_and_then_token_by_token_is_read_as_the_whole(heads: int, shared_heads: int) -> None:
    qwen = make_qwen(heads, shared_heads)
    text = words(2, 9)
    context = start(qwen, 2)

    prompt = read_prompt(qwen, text[:, :5], context)
    tokens = [read_token(qwen, text[:, index], context) for index in range(5, 9)]

    got = torch.cat([prompt, torch.stack(tokens, dim=1)], dim=1)
    torch.testing.assert_close(got, read_natively(qwen, text), atol=1e-4, rtol=1e-4)


def test_a_row_without_a_prompt_reads_beside_one_with() -> None:
    qwen = make_qwen()
    prompt, spoken, unprompted = words(1, 6), words(1, 4, seed=1), words(1, 4, seed=2)
    context = start(qwen, 2)

    read_prompt(qwen, prompt, context)
    tokens = [read_token(qwen, torch.cat([spoken[:, i], unprompted[:, i]]), context) for i in range(4)]

    got = torch.stack(tokens, dim=1)
    expected = read_natively(qwen, torch.cat([prompt, spoken], dim=1))[:, 6:]
    torch.testing.assert_close(got[:1], expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(got[1:], read_natively(qwen, unprompted), atol=1e-4, rtol=1e-4)


def test_what_a_row_takes_back_is_as_never_read_and_the_others_keep_theirs() -> None:
    qwen = make_qwen()
    text = words(2, 6)
    context = start(qwen, 2)

    for index in range(5):
        read_token(qwen, text[:, index], context)
        if index in (1, 3, 4):
            forget_last(context, 1)
    last = read_token(qwen, text[:, 5], context)

    kept = text[1:, [0, 2, 5]]
    torch.testing.assert_close(last[:1], read_natively(qwen, text[:1])[:, -1], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(last[1:], read_natively(qwen, kept)[:, -1], atol=1e-4, rtol=1e-4)


def test_a_row_that_forgets_all_starts_over_and_the_others_go_on() -> None:
    qwen = make_qwen()
    text = words(3, 8)
    context = start(qwen, 3)
    read_prompt(qwen, text[:, :3], context)
    for index in range(3, 6):
        read_token(qwen, text[:, index], context)

    forget_all(context, 1)
    assert context.positions.tolist() == [6, 0, 6]
    tokens = torch.stack([read_token(qwen, text[:, index], context) for index in (6, 7)], dim=1)

    torch.testing.assert_close(tokens[1:2], read_natively(qwen, text[1:2, 6:]), atol=1e-4, rtol=1e-4)
    for row in (0, 2):
        expected = read_natively(qwen, text[row : row + 1])[:, 6:]
        torch.testing.assert_close(tokens[row : row + 1], expected, atol=1e-4, rtol=1e-4)


def test_columns_that_do_not_count_may_hold_anything() -> None:
    qwen = make_qwen()
    text = words(1, 4)
    context = start(qwen, 1)
    context.keys.fill_(1e3)
    context.values.fill_(1e3)

    tokens = torch.stack([read_token(qwen, text[:, index], context) for index in range(4)], dim=1)

    torch.testing.assert_close(tokens, read_natively(qwen, text), atol=1e-4, rtol=1e-4)


def test_the_state_changes_in_place() -> None:
    qwen = make_qwen()
    context = start(qwen, 2)
    addresses = [tensor.data_ptr() for tensor in vars(context).values()]

    read_prompt(qwen, words(1, 3), context)
    read_token(qwen, words(2), context)
    forget_last(context, 1)
    forget_all(context, 0)

    assert [tensor.data_ptr() for tensor in vars(context).values()] == addresses


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_size_of_a_context_is_known_before_it_is_made(dtype: torch.dtype) -> None:
    qwen = make_qwen(6, 2)

    context = Context(qwen, 4, COLUMNS, CPU, dtype)

    assert count_context_bytes(qwen, 4, COLUMNS, dtype) == context.keys.nbytes + context.values.nbytes
