// One prediction as an exact sum: shows it, checks it, and recomputes it when concepts are switched off.
"use strict";

(() => {
  const { classes, families, bias, columns, weights } = dance.model;
  const clip = dance.document("clip");
  const place = Object.fromEntries(columns.map((column, j) => [column.column, j]));
  const predicted = classes.indexOf(clip.predicted);
  const label = classes.indexOf(clip.label);
  const on = columns.map(() => true);
  const FIRST = 10;
  const EACH = 3;
  let chosen = predicted;
  let all = false;

  const byId = (id) => document.getElementById(id);

  const logit = (k) => columns.reduce((sum, _, j) => sum + (on[j] ? weights[k][j] * clip.z[j] : 0), bias[k]);

  const softmax = (logits) => {
    const top = Math.max(...logits);
    const parts = logits.map((value) => Math.exp(value - top));
    const whole = parts.reduce((a, b) => a + b, 0);
    return parts.map((part) => part / whole);
  };

  // What the model wrote for the predicted and the true class; for any other class, W z.
  const contributions = (k) => {
    const written = clip.contributions[classes[k]];
    const pairs = written
      ? written.map(([column, value]) => [place[column], value])
      : columns.map((_, j) => [j, weights[k][j] * clip.z[j]]).filter(([j]) => weights[k][j] !== 0);
    return pairs.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]) || a[0] - b[0]);
  };

  const bar = (value, scale, family) =>
    dance.element("span", { class: `bar ${family}${value < 0 ? " against" : ""}`, style: `--size:${(Math.abs(value) / scale).toFixed(4)}`, "aria-hidden": "true" }, dance.element("i"));

  const showProbabilities = () => {
    const logits = classes.map((_, k) => logit(k));
    const now = softmax(logits);
    const order = [...classes.keys()].sort((a, b) => clip.probabilities[b] - clip.probabilities[a] || a - b);
    const best = now.indexOf(Math.max(...now));
    byId("probabilities").replaceChildren(...order.map((k) =>
      dance.element("li", { "data-class": k, "data-probability": now[k].toFixed(9), "data-logit": logits[k].toFixed(9), class: k === best ? "best" : null },
        dance.element("span", { class: "name" }, classes[k], ...(k === label ? [dance.element("small", { class: "quiet" }, " true")] : [])),
        dance.element("span", { class: "track", style: `--size:${now[k].toFixed(4)};--was:${clip.probabilities[k].toFixed(4)}`, "aria-hidden": "true" }, dance.element("i")),
        dance.element("span", { class: "value" }, dance.percent(now[k])))));
    const off = on.filter((value) => !value).length;
    const word = best === predicted ? "It still says" : "It now says";
    byId("switched").textContent = off
      ? `${off} of ${columns.length} concepts are off. ${word} ${classes[best]}, ${dance.percent(now[best])}; with all on it says ${clip.predicted}, ${dance.percent(clip.probabilities[predicted])}.`
      : `All ${columns.length} concepts are on.`;
    byId("reset").disabled = !off;
  };

  const showCheck = (pairs) => {
    const sum = pairs.reduce((total, [, value]) => total + value, bias[chosen]);
    const gap = Math.max(Math.abs(sum - clip.logits[chosen]), ...softmax(clip.logits).map((p, k) => Math.abs(p - clip.probabilities[k])));
    const exact = gap <= 1e-4;
    const terms = pairs.reduce((total, [, value]) => total + value, 0);
    byId("equation").replaceChildren(
      ...[["bias", bias[chosen]], ["sum of contributions", terms], ["logit", clip.logits[chosen]]].flatMap(([name, value], k) => [
        ...(k ? [dance.element("span", { class: "operator" }, k === 1 ? "+" : "=")] : []),
        dance.element("span", { class: "term" }, dance.element("b", {}, (value < 0 ? "\u2212" : "") + Math.abs(value).toFixed(4)), dance.element("small", {}, name)),
      ]));
    byId("check").className = exact ? "check exact" : "check broken";
    byId("check").dataset.gap = gap;
    byId("check").textContent = exact
      ? `\u2713 shown = computed: added up here, the difference is ${gap.toExponential(0)}`
      : `\u2717 shown \u2260 computed: added up here, the difference is ${gap.toPrecision(3)}; the report and the model do not belong together`;
  };

  const row = ([j, value], scale) => {
    const column = columns[j];
    const box = dance.element("input", { type: "checkbox", "data-column": j, "aria-label": `${column.family}: ${column.name}` });
    box.checked = on[j];
    const seen = clip.z[j] < 0 ? "not " : ""; // less of it than the training clips show on average
    const words = [dance.mark(column.family), " ", seen ? dance.element("em", {}, seen) : "", column.name];
    const detail = `weight ${dance.signed(weights[chosen][j])} \u00d7 activation ${dance.signed(clip.z[j])}`;
    return dance.element("li", { class: on[j] ? null : "off" }, box,
      column.href
        ? dance.element("a", { class: "name", href: dance.root() + column.href, title: detail }, ...words)
        : dance.element("span", { class: "name", title: detail }, ...words),
      bar(value, scale, column.family),
      dance.element("span", { class: "value" }, dance.signed(value, 3)),
      dance.element("small", { class: "quiet detail" }, detail));
  };

  const rest = (pairs, scale) => {
    const sum = pairs.reduce((total, [, value]) => total + value, 0);
    return dance.element("li", { class: "rest" }, dance.element("span"), dance.element("span", { class: "name" }, `${pairs.length} others`),
      bar(sum, scale, "others"), dance.element("span", { class: "value" }, dance.signed(sum, 3)));
  };

  // The largest of all, and of every family its own largest, however small.
  const leading = (pairs) => {
    const own = families.flatMap((family) => pairs.filter(([j]) => columns[j].family === family).slice(0, EACH));
    const kept = new Set([...pairs.slice(0, FIRST), ...own]);
    return pairs.filter((pair) => kept.has(pair));
  };

  const showSum = () => {
    const pairs = contributions(chosen);
    const head = leading(pairs);
    const tail = pairs.filter((pair) => !head.includes(pair));
    const more = byId("more");
    const restSum = Math.abs(tail.reduce((total, [, value]) => total + value, 0));
    const scale = Math.max(1e-9, ...pairs.map(([, value]) => Math.abs(value)), all ? 0 : restSum);
    const rows = (all ? pairs : head).map((pair) => row(pair, scale));
    byId("contributions").replaceChildren(...rows, ...(tail.length && !all ? [rest(tail, scale)] : []));
    more.hidden = !tail.length;
    more.textContent = all ? "Show fewer" : `Show all ${pairs.length}`;
    more.setAttribute("aria-expanded", String(all));
    byId("class-toggle").querySelectorAll("button").forEach((button) => button.setAttribute("aria-pressed", String(Number(button.value) === chosen)));
    byId("class-other").value = chosen === predicted || chosen === label ? "" : String(chosen);
    showCheck(pairs);
    showFamilies(pairs);
  };

  const showFamilies = (pairs) => {
    for (const family of families) {
      const own = columns.map((column, j) => (column.family === family ? on[j] : null)).filter((value) => value !== null);
      const box = byId(`family-${family}`);
      box.checked = own.some(Boolean);
      box.indeterminate = own.some(Boolean) && !own.every(Boolean);
      box.disabled = !own.length;
      const sum = pairs.filter(([j]) => columns[j].family === family).reduce((total, [, value]) => total + value, 0);
      box.parentElement.querySelector("b").textContent = dance.signed(sum);
    }
  };

  const choose = (k) => {
    chosen = k;
    showSum();
  };

  const setUp = () => {
    for (const [k, words] of new Map([[predicted, "predicted: "], ...(label < 0 || label === predicted ? [] : [[label, "true: "]])])) {
      const button = dance.element("button", { type: "button", value: k }, dance.element("small", {}, words), classes[k]);
      button.addEventListener("click", () => choose(k));
      byId("class-toggle").append(button);
    }
    const other = byId("class-other");
    other.append(dance.element("option", { value: "" }, "\u2013"));
    classes.forEach((name, k) => k === predicted || k === label || other.append(dance.element("option", { value: k }, name)));
    other.parentElement.hidden = other.options.length < 2;
    other.addEventListener("change", () => choose(other.value === "" ? predicted : Number(other.value)));
    for (const family of families) {
      const box = dance.element("input", { type: "checkbox", id: `family-${family}` });
      box.addEventListener("change", () => switchTo((j) => columns[j].family === family, box.checked));
      byId("families").append(dance.element("label", {}, box, " ", dance.mark(family), ` ${family} `, dance.element("b", { class: "value" })));
    }
    byId("contributions").addEventListener("change", (event) => {
      const column = Number(event.target.dataset.column);
      switchTo((j) => j === column, event.target.checked);
    });
    byId("reset").addEventListener("click", () => switchTo(() => true, true));
    byId("more").addEventListener("click", () => {
      all = !all;
      showSum();
    });
  };

  // Only marks change, so that the keyboard stays on the box that was switched.
  const switchTo = (which, value) => {
    columns.forEach((_, j) => {
      if (which(j)) on[j] = value;
    });
    byId("contributions").querySelectorAll("input").forEach((box) => {
      box.checked = on[Number(box.dataset.column)];
      box.parentElement.classList.toggle("off", !box.checked);
    });
    showFamilies(contributions(chosen));
    showProbabilities();
  };

  const holder = document.querySelector("main [data-player]");
  if (holder && dance.calm()) holder.player.load();
  else if (holder) holder.player.play();
  setUp();
  showSum();
  showProbabilities();
})();
