// Plays a clip, or a part of it, with the skeleton drawn over the video.
"use strict";

// COCO-17: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles; left is odd, right is even.
dance.bones = [
  [5, 6], [5, 11], [6, 12], [11, 12],
  [5, 7], [7, 9], [11, 13], [13, 15], [6, 8], [8, 10], [12, 14], [14, 16],
];

dance.boneColour = ([start, end], colours) => {
  if (start % 2 === end % 2 && start > 4) return start % 2 ? colours.left : colours.right;
  return colours.middle;
};

// points: [x0, y0, x1, y1, ...] with null where missing.
dance.drawSkeleton = (context, points, scale, width, colours) => {
  const at = (joint) => [points[2 * joint] * scale, points[2 * joint + 1] * scale];
  const seen = (joint) => points[2 * joint] !== null && points[2 * joint + 1] !== null;
  context.lineCap = "round";
  const strokes = colours.halo ? [[colours.halo, width * 1.9], [null, width]] : [[null, width]];
  for (const [halo, thickness] of strokes) {
    context.lineWidth = thickness;
    for (const bone of dance.bones) {
      if (!bone.every(seen)) continue;
      context.strokeStyle = halo || dance.boneColour(bone, colours);
      context.beginPath();
      context.moveTo(...at(bone[0]));
      context.lineTo(...at(bone[1]));
      context.stroke();
    }
    if ([0, 5, 6].every(seen)) dance.drawHead(context, at(0), at(5), at(6), halo || colours.middle);
  }
  for (let joint = 5; joint < 17; joint += 1) {
    if (!seen(joint)) continue;
    context.fillStyle = joint % 2 ? colours.left : colours.right;
    context.beginPath();
    context.arc(...at(joint), width * 0.95, 0, 2 * Math.PI);
    context.fill();
  }
};

// A neck from between the shoulders, and a circle around the nose.
dance.drawHead = (context, nose, left, right, colour) => {
  const neck = [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
  const length = Math.hypot(nose[0] - neck[0], nose[1] - neck[1]);
  const radius = 0.42 * length;
  const share = 1 - radius / (length || 1);
  context.strokeStyle = colour;
  context.beginPath();
  context.moveTo(...neck);
  context.lineTo(neck[0] + share * (nose[0] - neck[0]), neck[1] + share * (nose[1] - neck[1]));
  context.moveTo(nose[0] + radius, nose[1]);
  context.arc(...nose, radius, 0, 2 * Math.PI);
  context.stroke();
};

dance.blend = (before, after, share) =>
  before.map((value, k) => (value === null || after[k] === null ? (share < 0.5 ? value : after[k]) : value + share * (after[k] - value)));

// The pose at a frame: blended between sampled frames that are close, none where the person was not seen.
dance.poseAt = (skeleton, frame, nearest) => {
  const frames = skeleton.frames;
  let low = 0;
  let high = frames.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (frames[middle] <= frame) low = middle;
    else high = middle - 1;
  }
  const next = frames[low + 1];
  if (frames[low] <= frame && next !== undefined && next - frames[low] <= 2 * nearest) {
    return dance.blend(skeleton.points[low], skeleton.points[low + 1], (frame - frames[low]) / (next - frames[low]));
  }
  return Math.abs(frames[low] - frame) <= nearest ? skeleton.points[low] : null;
};

dance.limbColours = (element) => {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(name).trim();
  return { left: colour("--limb-left"), right: colour("--limb-right"), middle: colour("--limb-middle") };
};

dance.Player = class {
  constructor(element) {
    this.element = element;
    this.video = element.querySelector("video");
    this.canvas = element.querySelector("canvas");
    this.button = element.querySelector(".play");
    this.slider = element.querySelector("input[type=range]");
    this.overlay = element.querySelector(".overlay");
    this.fps = Number(element.dataset.fps);
    this.start = Number(element.dataset.start);
    this.end = Number(element.dataset.end);
    this.skeleton = null;
    // Overlay colours do not follow the theme: they lie on the video.
    this.colours = { left: "#9be0ff", right: "#2f9bf0", middle: "#f4f7fa", halo: "rgba(8,12,18,.62)" };
    element.querySelector(".controls").hidden = false;
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  listen() {
    this.button.addEventListener("click", () => (this.video.paused ? this.play() : this.video.pause()));
    this.video.addEventListener("click", () => this.button.click());
    this.slider.addEventListener("input", () => this.seek(Number(this.slider.value)));
    if (this.overlay) this.overlay.addEventListener("change", () => this.draw());
    for (const name of ["play", "pause"]) this.video.addEventListener(name, () => this.showState());
    for (const name of ["seeked", "loadeddata", "timeupdate"]) {
      this.video.addEventListener(name, () => this.video.paused && this.follow(this.video.currentTime));
    }
    this.video.addEventListener("ended", () => this.play());
    this.video.addEventListener("error", () => this.complain());
  }

  load() {
    if (this.video.getAttribute("src")) return;
    this.video.preload = "auto";
    this.video.src = this.video.dataset.src;
    if (this.start) this.seek(this.start);
    if ("skeleton" in this.element.dataset) {
      dance.skeleton(this.element.dataset.name).then((skeleton) => {
        this.skeleton = skeleton;
        this.draw();
      });
    }
  }

  get frame() {
    return Math.max(0, Math.floor(this.video.currentTime * this.fps + 0.01));
  }

  // The middle of a frame, because rounding at its edge would show the one before.
  seek(frame) {
    this.load();
    this.video.currentTime = (frame + 0.5) / this.fps;
  }

  play() {
    this.load();
    if (this.frame >= this.end || this.frame < this.start) this.seek(this.start);
    this.video.play().then(() => this.tick(), () => this.showState());
  }

  pause() {
    this.video.pause();
  }

  // Follows the pictures as they are shown; browsers without requestVideoFrameCallback follow the screen.
  tick() {
    if (this.video.paused) return;
    const again = (_, shown) => {
      this.follow(shown ? shown.mediaTime : this.video.currentTime);
      this.tick();
    };
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(again);
    else requestAnimationFrame((now) => again(now, null));
  }

  follow(time) {
    this.shown = Math.max(0, Math.floor(time * this.fps + 0.01));
    if (this.shown > this.end && !this.video.paused) this.seek(this.start);
    this.slider.value = this.shown;
    this.element.querySelector(".frame").value = `${Math.min(this.shown, this.end)} / ${this.end}`;
    this.draw();
  }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width) return;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.skeleton || !this.overlay.checked || this.video.readyState < 2) return;
    const points = dance.poseAt(this.skeleton, this.shown ?? this.frame, this.fps / 8);
    // Skeletons are in tenths of a pixel of the source clip.
    const scale = this.canvas.width / (10 * Number(this.element.dataset.width));
    if (points) dance.drawSkeleton(context, points, scale, Math.max(2, 0.0075 * this.canvas.width), this.colours);
  }

  showState() {
    const playing = !this.video.paused;
    this.button.textContent = playing ? "\u275a\u275a" : "\u25b6";
    this.button.setAttribute("aria-label", playing ? "Pause" : "Play");
  }

  complain() {
    if (!this.video.getAttribute("src")) return;
    const trouble = this.element.querySelector(".trouble");
    trouble.hidden = false;
    trouble.textContent = "This browser cannot play the video of this clip.";
  }
};

// Players that are not part of a motion card play when asked; the first look shows the poster.
dance.mount = (element) => {
  const player = new dance.Player(element);
  element.player = player;
  return player;
};

document.querySelectorAll("main [data-player]").forEach((element) => dance.mount(element));
