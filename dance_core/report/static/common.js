// Shared by all pages: the namespace, loading of skeletons from disk, and small helpers.
"use strict";

const dance = (window.dance = { skeletons: {}, model: null, loading: {} });

dance.root = () => document.body.dataset.root;

dance.calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

// A page on disk may not fetch a file, but it may add a script that sets a value.
dance.skeleton = (name) => {
  if (!dance.loading[name]) {
    dance.loading[name] = new Promise((done) => {
      const script = document.createElement("script");
      script.src = `${dance.root()}assets/skeletons/${name}.js`;
      script.onload = () => done(dance.skeletons[name]);
      script.onerror = () => done(null);
      document.head.append(script);
    });
  }
  return dance.loading[name];
};

dance.document = (id) => JSON.parse(document.getElementById(id).textContent);

// Builds an element; text is always set as text, so no label can become markup.
dance.element = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
};

dance.signed = (value, digits = 2) => {
  const text = Math.abs(value).toFixed(digits);
  if (!Number(text)) return text;
  return (value < 0 ? "\u2212" : "+") + text;
};

dance.percent = (value, digits = 1) => `${(100 * value).toFixed(digits)}\u202f%`;

// Shape and colour of each family, as in the pages that Python writes.
dance.mark = (family) => {
  const shapes = {
    motion: ["circle", { cx: 6, cy: 6, r: 5 }],
    object: ["rect", { x: 1.5, y: 1.5, width: 9, height: 9 }],
    scene: ["path", { d: "M6 .8l5.6 10.2H.4z" }],
  };
  const make = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const svg = make("svg", { class: `mark ${family}`, viewBox: "0 0 12 12", width: 11, height: 11, "aria-hidden": "true" });
  svg.append(make(...shapes[family]));
  return svg;
};
