// Filters and sorts the items of a list by the fields of a form.
"use strict";

document.querySelectorAll("form[data-filter]").forEach((form) => {
  const list = document.getElementById(form.dataset.filter);
  const items = [...list.querySelectorAll("[data-item]")];
  const words = items.map((item) => item.dataset.search.toLocaleLowerCase());
  const output = form.querySelector("output");

  const matches = (item, place, field) => {
    const value = field.value.trim();
    if (!value) return true;
    if (field.name === "search") return value.toLocaleLowerCase().split(/\s+/).every((word) => words[place].includes(word));
    const own = item.dataset[field.name];
    return own === value || own.split(" ").includes(value);
  };

  const sort = (field) => {
    const [key, direction] = field.value.split(":");
    const sign = direction === "down" ? -1 : 1;
    const ordered = [...items].sort((a, b) => sign * (a.dataset[key] - b.dataset[key]) || a.dataset.place - b.dataset.place);
    list.append(...ordered);
  };

  // A table is also sorted by the buttons of its head; what has no value comes last either way.
  const heads = [...(list.closest("table")?.querySelectorAll("thead th") ?? [])].filter((head) => head.querySelector("[data-sort]"));
  const compare = (key, sign) => (a, b) => {
    const [x, y] = [a.dataset[key], b.dataset[key]];
    if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
    const numbers = Number(x) - Number(y);
    return sign * (Number.isNaN(numbers) ? x.localeCompare(y, undefined, { numeric: true }) : numbers);
  };
  heads.forEach((head) => {
    const [key, first] = head.querySelector("[data-sort]").dataset.sort.split(":");
    head.querySelector("[data-sort]").addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const down = before ? before === "ascending" : first === "down";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = compare(key, down ? -1 : 1);
      list.append(...[...items].sort((a, b) => order(a, b) || a.dataset.place - b.dataset.place));
    });
  });

  const apply = () => {
    const fields = [...form.elements].filter((field) => field.name && field.name !== "sort");
    let shown = 0;
    items.forEach((item, place) => {
      item.hidden = !fields.every((field) => matches(item, place, field));
      shown += item.hidden ? 0 : 1;
    });
    output.value = shown === items.length ? `${shown} shown` : `${shown} of ${items.length} shown`;
    list.querySelectorAll("section").forEach((section) => {
      section.hidden = shown < items.length && !section.querySelector("[data-item]:not([hidden])");
    });
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  for (const name of ["input", "change"]) {
    form.addEventListener(name, (event) => {
      if (event.target.name === "sort") sort(event.target);
      else apply();
    });
  }
  apply();
  if (form.elements.sort && form.elements.sort.selectedIndex > 0) sort(form.elements.sort);
});
