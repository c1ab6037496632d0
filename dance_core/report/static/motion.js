// Motion cards: the movement alone, drawn in step with the clip that it comes from.
"use strict";

(() => {
  const skeletons = dance.document("skeletons");
  const pause = document.getElementById("pause");
  const limbs = [9, 10, 15, 16];
  let stopped = dance.calm();

  const card = (element) => {
    const canvas = element.querySelector("canvas.figure");
    const data = skeletons[canvas.dataset.concept];
    const fps = Number(canvas.dataset.fps);
    const holder = element.querySelector("[data-player]");
    const player = holder && holder.player;
    const first = data.frames[0];
    const last = data.frames[data.frames.length - 1];
    let visible = false;
    let running = false;

    const size = () => {
      const ratio = window.devicePixelRatio || 1;
      const side = Math.round(canvas.clientWidth * ratio);
      if (canvas.width !== side) canvas.width = canvas.height = side;
      return side;
    };

    const position = (now) => {
      if (player && !player.video.paused) return Math.min(Math.max(player.video.currentTime * fps - 0.5, first), last);
      if (player && player.shown !== undefined) return Math.min(Math.max(player.shown, first), last);
      return first + ((now / 1000) * fps) % Math.max(1, last - first);
    };

    const paths = (context, frame, scale, width, colours) => {
      context.lineWidth = width * 0.7;
      for (const joint of limbs) {
        context.strokeStyle = joint % 2 ? colours.left : colours.right;
        context.globalAlpha = 0.4;
        context.beginPath();
        let open = false;
        data.frames.forEach((at, k) => {
          const [x, y] = [data.points[k][2 * joint], data.points[k][2 * joint + 1]];
          if (x === null || y === null || at > frame) open = false;
          else if (open) context.lineTo(x * scale, y * scale);
          else {
            context.moveTo(x * scale, y * scale);
            open = true;
          }
        });
        context.stroke();
      }
    };

    const draw = (now) => {
      const side = size();
      if (!side) return;
      const context = canvas.getContext("2d");
      const margin = 0.08 * side;
      const scale = (side - 2 * margin) / 1000;
      const width = Math.max(1.5, 0.014 * side);
      const colours = dance.limbColours(canvas);
      const frame = position(now);
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, side, side);
      context.translate(margin, margin);
      paths(context, frame, scale, width, colours);
      const step = (last - first) / 6;
      for (const [back, alpha] of [[3, 0.1], [2, 0.16], [1, 0.25]]) {
        if (frame - back * step < first) continue;
        context.globalAlpha = alpha;
        dance.drawSkeleton(context, dance.poseAt(data, frame - back * step, last), scale, width * 0.8, colours);
      }
      context.globalAlpha = 1;
      dance.drawSkeleton(context, dance.poseAt(data, frame, last), scale, width, colours);
    };

    const loop = (now) => {
      draw(now);
      running = visible && !stopped;
      if (running) requestAnimationFrame(loop);
    };

    const update = () => {
      if (player && visible) player.load();
      if (player && visible && !stopped) player.play();
      else if (player) player.pause();
      if (!running) requestAnimationFrame(loop);
    };

    new IntersectionObserver((entries) => {
      visible = entries[entries.length - 1].isIntersecting;
      update();
    }, { threshold: 0.15 }).observe(element);
    if (player) {
      for (const name of ["seeked", "pause", "play"]) player.video.addEventListener(name, () => requestAnimationFrame(draw));
    }
    return update;
  };

  // Concepts of a release come without poses, so there is nothing to draw.
  const cards = [...document.querySelectorAll(".motion-card")].filter((element) => element.querySelector("canvas.figure"));
  const updates = cards.map(card);
  if (!pause) return;

  const show = () => {
    pause.textContent = stopped ? "Play all" : "Pause all";
    pause.setAttribute("aria-pressed", String(stopped));
  };

  pause.addEventListener("click", () => {
    stopped = !stopped;
    show();
    updates.forEach((update) => update());
  });
  show();
})();
