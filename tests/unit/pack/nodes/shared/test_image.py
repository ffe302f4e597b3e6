import numpy as np
import torch
from comfyui_talkingshorts.nodes.shared.image import image_from_picture, picture_from_image


def test_a_picture_passes_between_nodes_pixel_for_pixel() -> None:
    picture = np.arange(256 * 3, dtype=np.uint32).reshape(16, 16, 3).astype(np.uint8)

    image = image_from_picture(picture)

    assert image.shape == (1, 16, 16, 3)
    assert image.dtype == torch.float32
    assert np.array_equal(picture_from_image(image), picture)


def test_values_beyond_black_and_white_are_clipped() -> None:
    image = torch.tensor([-0.5, 0.0, 1.5]).reshape(1, 1, 1, 3)

    assert picture_from_image(image).tolist() == [[[0, 0, 255]]]
