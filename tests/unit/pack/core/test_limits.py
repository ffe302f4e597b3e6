import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.limits import require_seed, require_size
from comfyui_talkingshorts.core.script.dialogue import read_script


@pytest.mark.parametrize("side", [0, -16, 15, 17, 2064, 100_000])
def test_a_side_is_a_multiple_of_16_up_to_2048(side: int) -> None:
    with pytest.raises(InputError, match=f"height is {side}: give a multiple of 16 from 16 to 2048"):
        require_size(64, side)
    require_size(16, 2048)


@pytest.mark.parametrize("side", [16, 480, 1072, 1080, 1088, 1920, 2048])
def test_the_sides_of_the_usual_short_are_possible(side: int) -> None:
    require_size(side, side)


@pytest.mark.parametrize(
    ("side", "nearest"),
    [
        (100, "The nearest are 96 and 112."),
        (481, "The nearest are 480 and 496."),
        (1079, "The nearest are 1072 and 1080."),
        (1084, "The nearest are 1080 and 1088."),
        (1350, "The nearest are 1344 and 1360."),
        (4096, "The nearest is 2048."),
        (0, "The nearest is 16."),
    ],
)
def test_of_an_impossible_side_the_nearest_possible_are_named(side: int, nearest: str) -> None:
    with pytest.raises(InputError) as refused:
        require_size(side, 64)

    assert str(refused.value) == f"width is {side}: give a multiple of 16 from 16 to 2048. {nearest}"


@pytest.mark.parametrize("seed", [-1, 1 << 64])
def test_a_seed_has_64_bits(seed: int) -> None:
    with pytest.raises(InputError, match=f"seed is {seed}"):
        require_seed(seed)
    require_seed((1 << 64) - 1)


def test_a_script_of_over_an_hour_is_refused_with_its_length() -> None:
    with pytest.raises(InputError, match="60000 characters"):
        read_script("words " * 10_000)


def test_half_a_character_in_a_message_is_escaped_so_that_it_can_be_logged() -> None:
    assert str(InputError("no \ud800")) == "no \\ud800"
