import { app } from "../../scripts/app.js";

const PLAYING_NODES = ["TalkingShortsLoadSpeech", "TalkingShortsSaveSpeech"];

// ComfyUI's canvas gives its audio player to its own nodes alone; a node that asks for the widget gets it too.
app.registerExtension({
  name: "TalkingShorts.SpeechPlayer",
  beforeRegisterNodeDef(nodeType, nodeData) {
    if (PLAYING_NODES.includes(nodeData.name)) {
      const { upload, ...inputs } = nodeData.input.required;
      // The button that uploads a file looks for the player when it is made, and so comes after it.
      nodeData.input.required = { ...inputs, audioUI: ["AUDIO_UI", {}], ...(upload && { upload }) };
    }
  },
});
