// In the page under test: the number in each picture, and what is heard. CELLS is filled in.
(() => {
  const canvas = new OffscreenCanvas(CELLS * 8, 4);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  window.cellsOf = (picture) => {
    const width = picture ? picture.videoWidth || picture.naturalWidth : 0;
    if (!width || picture.readyState < 2) return null;
    const rows = Math.max(2 * Math.floor(width / CELLS), 4);
    context.drawImage(picture, 0, rows / 4, width, rows / 2, 0, 0, canvas.width, 4);
    const { data } = context.getImageData(0, 1, canvas.width, 1);
    return Array.from({ length: CELLS }, (_, cell) => {
      let sum = 0;
      for (let at = 2; at < 6; at++) sum += data[(cell * 8 + at) * 4 + 1];
      return sum / 4;
    });
  };
  window.pictures = [];
  window.logs = ".past video";
  // What goes to the loudspeakers is measured on its way.
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...more) {
    if (target instanceof AudioDestinationNode) {
      window.meter ??= new AnalyserNode(this.context, { fftSize: 2048 });
      connect.call(this, window.meter);
    }
    return connect.call(this, target, ...more);
  };
  window.elements = [];
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    const known = window.elements.includes(this);
    if (this instanceof HTMLAudioElement && !known) window.elements.push(this);
    return play.call(this);
  };
  window.heard = () => {
    const data = new Float32Array(2048);
    window.meter?.getFloatTimeDomainData(data);
    const level = Math.sqrt(data.reduce((sum, one) => sum + one * one, 0) / data.length);
    const at = document.querySelector(".past video")?.currentTime ?? 0;
    const playing = window.elements.filter((one) => !one.paused);
    return { level, elements: playing.map((one) => one.currentTime - at) };
  };
  const seen = new WeakSet();
  const look = () => {
    for (const video of document.querySelectorAll("video")) {
      if (seen.has(video)) continue;
      seen.add(video);
      const step = (now, frame) => {
        const cells = window.cellsOf(video);
        if (window.logs && cells && video.matches(window.logs)) {
          window.pictures.push([cells, Date.now(), frame.mediaTime]);
        }
        video.requestVideoFrameCallback(step);
      };
      video.requestVideoFrameCallback(step);
    }
  };
  const begin = () => new MutationObserver(look).observe(document, { subtree: true, childList: true });
  addEventListener("DOMContentLoaded", begin);
})();
