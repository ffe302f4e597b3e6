import { app } from "../../scripts/app.js";

// ComfyUI's canvas gives its audio player to its own nodes alone; a node that asks for the widget gets it too.
app.registerExtension({
  name: "TalkingShorts.SpeechPlayer",
  beforeRegisterNodeDef(nodeType, nodeData) {
    if (nodeData.name === "TalkingShortsSaveSpeech") {
      nodeData.input.required.audioUI = ["AUDIO_UI", {}];
    }
  },
});
