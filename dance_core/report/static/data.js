// The data page: choosing a clip from the list puts its player on the stage; the address names the clip.
"use strict";

(() => {
  const stage = document.getElementById("stage");
  const facts = document.getElementById("stage-facts");
  const link = document.getElementById("stage-link");
  const list = document.getElementById("clip-list");
  const buttons = [...document.querySelectorAll("button[data-clip]")];

  const show = (button) => {
    buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    stage.replaceChildren(button.parentElement.querySelector("template").content.cloneNode(true));
    document.getElementById("stage-title").textContent = button.dataset.title;
    facts.textContent = button.dataset.facts;
    link.replaceChildren();
    if (button.dataset.page) link.append(dance.element("a", { href: button.dataset.page }, "Why the model says what it says \u2192"));
    const element = stage.querySelector("[data-player]");
    document.getElementById("limb-key").hidden = !("skeleton" in element.dataset);
    const player = dance.mount(element);
    if (dance.calm()) player.load();
    else player.play();
  };

  const follow = () => {
    const name = decodeURIComponent(location.hash.slice(1));
    const button = buttons.find((candidate) => candidate.dataset.clip === name);
    if (!button) return;
    show(button);
    list.scrollTop = button.offsetTop - list.offsetTop - list.clientHeight / 2;
    document.querySelector(".stage-side").scrollIntoView({ block: "nearest" });
  };

  buttons.forEach((button) =>
    button.addEventListener("click", () => {
      history.replaceState(null, "", `#${button.dataset.clip}`);
      show(button);
      const box = document.querySelector(".stage-side").getBoundingClientRect();
      if (box.top < 0 || box.top > window.innerHeight) document.querySelector(".stage-side").scrollIntoView();
    }),
  );
  window.addEventListener("hashchange", follow);
  follow();
})();
