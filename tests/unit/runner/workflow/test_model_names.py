from talkingshorts.workflow.model_names import list_models


def test_models_are_what_loaders_name() -> None:
    graph = {
        "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "wan.safetensors", "weight_dtype": "default"}},
        "2": {"class_type": "DualCLIPLoader", "inputs": {"clip_name1": "a.gguf", "clip_name2": "b.gguf", "type": "x"}},
        "3": {"class_type": "LoraLoader", "inputs": {"model": ["1", 0], "lora_name": "fast.safetensors"}},
        "4": {"class_type": "ModelPatchLoader", "inputs": {"name": "talk.safetensors"}},
        "5": {"class_type": "TalkingShortsLoadVibeVoice", "inputs": {"model": "VibeVoice-1.5B", "dtype": "auto"}},
        "6": {"class_type": "LoraLoader", "inputs": {"model": ["3", 0], "lora_name": "fast.safetensors"}},
    }

    assert list_models(graph) == [
        *("wan.safetensors", "a.gguf", "b.gguf", "fast.safetensors", "talk.safetensors", "VibeVoice-1.5B"),
    ]


def test_media_files_and_settings_are_no_models() -> None:
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "me.png", "upload": "image"}},
        "2": {"class_type": "LoadAudio", "inputs": {"audio": "me.wav"}},
        "3": {"class_type": "LoadVideo", "inputs": {"file": "me.mp4"}},
        "4": {"class_type": "LoadTrainingDataset", "inputs": {"folder_name": "faces"}},
        "5": {"class_type": "CheckpointLoader", "inputs": {"config_name": "v1.yaml", "ckpt_name": ["6", 0]}},
        "7": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
    }

    assert list_models(graph) == []
