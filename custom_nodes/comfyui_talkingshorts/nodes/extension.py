"""The list of the pack's nodes."""

from __future__ import annotations

from comfy_api.latest import ComfyExtension, io

from ..engines.output_cache.provider import register_output_cache
from .clone_voice import CloneVoice
from .draft_portrait import DraftPortrait
from .draft_video import DraftVideo
from .draft_voice import DraftVoice
from .frame_person import FramePerson
from .load_picture import LoadPicture
from .load_speech import LoadSpeech
from .load_vibevoice import LoadVibeVoice
from .portrait_picture import PortraitPicture
from .portrait_prompt import PortraitPrompt
from .save_portrait import SavePortrait
from .save_short import SaveShort
from .save_speech import SaveSpeech
from .speech_to_video import SpeechToVideo
from .talking_video import TalkingVideo
from .youtube_voice import YouTubeVoice


class TalkingShortsExtension(ComfyExtension):
    """Everything that the pack adds to ComfyUI."""

    async def on_load(self) -> None:
        await register_output_cache()

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return [
            YouTubeVoice,
            DraftVoice,
            LoadVibeVoice,
            CloneVoice,
            DraftPortrait,
            PortraitPicture,
            PortraitPrompt,
            DraftVideo,
            LoadPicture,
            FramePerson,
            LoadSpeech,
            TalkingVideo,
            SpeechToVideo,
            SavePortrait,
            SaveShort,
            SaveSpeech,
        ]
