"use strict";
// Search, sort, pages, and the records behind rows. All data is text: it is only ever set as text
// of nodes, never as markup. Rows are taken from the table that stands in the page; what a row
// does not show (details, records) comes from JSON blocks, of which large ones are deflated.
(() => {
  const get = (id) => document.getElementById(id);
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const about = JSON.parse(get("about").textContent); // columns, choices, blockSize
  const table = get("rows");
  const heads = [...table.tHead.rows[0].cells];
  const shown = about.columns.filter((column) => !column.detail);
  const hidden = about.columns.filter((column) => column.detail);

  // The rows: their cells as texts, and an index into the blocks.
  const rows = [...table.tBodies[0].rows].map((element, index) => ({ element, index }));
  const cellsOf = (row) => (row.cells ??= [...row.element.cells].map((cell) => cell.textContent.trim()));
  const body = make("tbody", {});
  table.tBodies[0].replaceWith(body);
  let details = null; // a list of texts a row, once they are read
  const valueOf = (row, column) => {
    const place = shown.indexOf(column);
    return place >= 0 ? cellsOf(row)[place] : (details?.[row.index][hidden.indexOf(column)] ?? "");
  };

  const read = async (name) => {
    const block = get(name);
    if (!block) return null;
    if (block.dataset.packed !== "deflate") return JSON.parse(block.textContent);
    const bytes = Uint8Array.from(atob(block.textContent), (char) => char.charCodeAt(0));
    const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(inflated).text());
  };
  const blocks = new Map();
  const evidenceOf = async (row) => {
    const number = Math.floor(row.index / about.blockSize);
    if (!blocks.has(number)) blocks.set(number, read(`evidence-${number}`));
    return (await blocks.get(number))?.[row.index % about.blockSize] ?? null;
  };

  // What is shown: the rows that every filter holds, sorted, a page of them.
  const state = { words: [], chosen: new Map(), picks: null, sort: null, page: 0, size: 100 };
  let found = rows;
  const textOf = (row) =>
    (row.text ??= [...cellsOf(row), ...(details?.[row.index] ?? [])].join("\n").toLowerCase());
  const when = about.columns.find((column) => column.name === "event_time");
  const isPicked = (row, picks) => {
    const time = when ? valueOf(row, when).slice(0, 19) : ""; // on the clocks of the report's zone
    if (picks.from && !(time >= picks.from && time < picks.to)) return false;
    if (picks.weekday !== undefined) {
      const instant = new Date(`${time.replace(" ", "T")}Z`);
      if ((instant.getUTCDay() + 6) % 7 !== picks.weekday || instant.getUTCHours() !== picks.hour) return false;
    }
    return Object.entries(picks.values ?? {}).every(([name, value]) => {
      const column = about.columns.find((one) => one.name === name);
      return (valueOf(row, column) || "unknown") === (value || "unknown");
    });
  };
  const holds = (row) =>
    [...state.chosen].every(([column, value]) => valueOf(row, column) === value) &&
    (!state.picks || isPicked(row, state.picks)) &&
    state.words.every((word) => textOf(row).includes(word));
  const instantOf = (text) => {
    const zone = text.length > 19 ? `${text.slice(19, 22)}:${text.slice(22, 24)}` : "Z";
    return text ? Date.parse(`${text.slice(0, 19).replace(" ", "T")}${zone}`) : -Infinity;
  };
  const keyOf = (row, column) => {
    const text = valueOf(row, column);
    if (column.order.length) return (column.order.indexOf(text) + column.order.length + 1) % (column.order.length + 1);
    if (column.kind === "count" || column.kind === "number") return text === "" ? -Infinity : Number(text);
    return column.kind === "instant" ? instantOf(text) : text.toLowerCase();
  };
  const sorted = (list) => {
    if (!state.sort) return list;
    const { column, down } = state.sort;
    const keyed = list.map((row) => ({ row, key: keyOf(row, column) }));
    keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) * (down ? -1 : 1));
    return keyed.map((one) => one.row);
  };
  const update = () => {
    found = sorted(rows.filter(holds));
    state.page = 0;
    show();
  };

  const number = (count) => count.toLocaleString("en-US");
  const show = () => {
    const last = Math.max(Math.ceil(found.length / state.size) - 1, 0);
    state.page = Math.min(Math.max(state.page, 0), last);
    fill(found.slice(state.page * state.size, (state.page + 1) * state.size));
    const narrowed = state.words.length || state.chosen.size || state.picks;
    get("count").textContent = narrowed
      ? `${number(found.length)} of ${number(rows.length)} rows`
      : `${number(rows.length)} row${rows.length === 1 ? "" : "s"}`;
    get("clear").hidden = !narrowed;
    get("pages").hidden = found.length <= 50;
    get("page").textContent = `page ${number(state.page + 1)} of ${number(last + 1)}`;
    get("previous").disabled = state.page === 0;
    get("next").disabled = state.page === last;
  };
  const fill = (some) => {
    const parts = [];
    for (const row of some) {
      prepare(row);
      parts.push(row.element);
      if (row.more) parts.push(row.more);
    }
    body.replaceChildren(...parts);
  };
  const prepare = (row) => {
    if (row.button) return;
    cellsOf(row);
    const first = row.element.cells[0];
    row.button = make("button", { type: "button", class: "opener", "aria-expanded": "false" });
    row.button.append(...first.childNodes);
    if (!row.button.textContent.trim()) row.button.textContent = "open";
    first.append(row.button);
    row.element.row = row;
  };

  // A row that is opened: all its columns, and the records behind it.
  const term = (list, name, value, look) => {
    if (value !== null && value !== undefined && value !== "")
      list.append(make("dt", {}, name), make("dd", look ? { class: look } : {}, value));
  };
  const recordView = (one, position) => {
    const list = make("dl", {});
    term(list, "Event", one.event_id, "code");
    term(list, "Log file", one.log_file, "code");
    term(list, "Record", `number ${one.record_index} in the log file, counted from 0`);
    term(list, "SHA-256", one.sha256 ?? "unknown", "code");
    term(list, "Attested", one.attested ?? "not checked against CloudTrail's digest files");
    const view = make("section", { class: "record" }, make("h3", {}, position ? "Related event" : "Event"), list);
    if (one.record === null) {
      view.append(make("p", { class: "remark" }, "The record is left out of this page. Show it with: ", make("code", {}, one.show)));
      return view;
    }
    const copy = make("button", { type: "button" }, "Copy record");
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(one.record);
        copy.textContent = "Copied";
      } catch { copy.textContent = "Cannot copy here"; }
    });
    view.append(make("p", { class: "bar" }, "As recorded", copy), make("pre", { tabindex: "0" }, one.record));
    return view;
  };
  const told = new Set(["log_file", "record_index"]); // by the evidence
  const looks = { id: "code", chain: "chain" };
  const open = async (row) => {
    const list = make("dl", { class: "all" });
    const cell = make("td", { colspan: String(shown.length) }, make("div", { class: "panel" }, list));
    row.more = make("tr", { class: "more", id: `more-${row.index}` }, cell);
    row.element.after(row.more);
    row.button.setAttribute("aria-expanded", "true");
    row.button.setAttribute("aria-controls", row.more.id);
    const more = row.more;
    await ready;
    const evidence = await evidenceOf(row).catch(() => null);
    for (const column of about.columns)
      if (!evidence?.length || !told.has(column.name))
        term(list, column.title, valueOf(row, column), looks[column.kind] ?? "");
    if (evidence?.length) cell.firstChild.append(make("div", { class: "records" }, ...evidence.map(recordView)));
    more.dataset.complete = "";
  };
  const close = (row) => {
    row.more.remove();
    row.more = null;
    row.button.setAttribute("aria-expanded", "false");
    row.button.removeAttribute("aria-controls");
  };
  const toggle = (row) => (row.more ? close(row) : open(row));
  const nameOf = shown.find((column) => column.name === "event_id");
  body.addEventListener("click", (event) => {
    const element = event.target.closest("tr");
    const row = element?.row;
    if (!row || (!event.target.closest("button") && String(getSelection()))) return;
    toggle(row);
    if (nameOf && row.more) remember(`#${encodeURIComponent(valueOf(row, nameOf))}`);
  });
  const remember = (hash) => {
    try { history.replaceState(null, "", hash); } catch { /* not in every place a page may be opened */ }
  };
  const goTo = (hash) => {
    let wanted = "";
    try { wanted = decodeURIComponent(hash.slice(1)); } catch { return; }
    const place = wanted && nameOf ? found.findIndex((row) => valueOf(row, nameOf) === wanted) : -1;
    if (place < 0) return;
    state.page = Math.floor(place / state.size);
    show();
    if (!found[place].more) open(found[place]);
    found[place].element.scrollIntoView({ block: "center" });
    found[place].button.focus({ preventScroll: true });
  };

  // Sorting: by the heads, and on a narrow page by a list.
  const sortBy = (column, down) => {
    state.sort = column ? { column, down } : null;
    for (const [place, head] of heads.entries()) {
      if (shown[place] === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    get("sort").value = column ? `${shown.indexOf(column)}${down ? "-" : "+"}` : "";
    update();
  };
  get("sort").append(make("option", { value: "" }, "as reported"));
  for (const [place, head] of heads.entries()) {
    const column = shown[place];
    const button = make("button", { type: "button" });
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortBy(column, state.sort?.column === column && !state.sort.down));
    head.append(button);
    get("sort").append(
      make("option", { value: `${place}+` }, `${column.title} ↑`),
      make("option", { value: `${place}-` }, `${column.title} ↓`),
    );
  }
  get("sort").addEventListener("change", (event) => {
    const { value } = event.target;
    sortBy(value ? shown[Number.parseInt(value, 10)] : null, value.endsWith("-"));
  });

  // Filters: words, the values of some columns, and what is clicked in a plot.
  get("search").addEventListener("input", (event) => {
    state.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    update();
  });
  get("controls").addEventListener("submit", (event) => event.preventDefault());
  const pick = (picks, title) => {
    state.picks = picks;
    const chip = make("button", { type: "button", class: "chip" }, `${title} ✕`);
    chip.addEventListener("click", () => { pick(null); get("search").focus(); });
    get("picked").replaceChildren(...(picks ? [chip] : []));
    update();
  };
  for (const shape of document.querySelectorAll("[data-picks]"))
    shape.addEventListener("click", () => {
      pick(JSON.parse(shape.dataset.picks), shape.querySelector("title").textContent);
      get("controls").scrollIntoView({ block: "start", behavior: "smooth" });
    });
  get("clear").addEventListener("click", () => {
    state.words = [];
    state.chosen.clear();
    get("search").value = "";
    for (const select of get("facets").querySelectorAll("select")) select.value = "";
    pick(null);
    get("search").focus();
  });
  const offer = (column) => {
    const counts = new Map();
    for (const row of rows) {
      const value = valueOf(row, column);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    const placeOf = (value) => (column.order.includes(value) ? column.order.indexOf(value) : column.order.length);
    const values = [...counts.keys()].sort((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1));
    const select = make("select", {}, make("option", { value: "any" }, "any"));
    for (const [index, value] of values.entries())
      select.append(make("option", { value: String(index) }, `${value || "none"} (${number(counts.get(value))})`));
    select.addEventListener("change", () => {
      if (select.value === "any" || select.value === "") state.chosen.delete(column);
      else state.chosen.set(column, values[Number(select.value)]);
      update();
    });
    get("facets").append(make("label", {}, make("span", {}, column.title), " ", select));
  };

  // Pages, keys, theme, paper.
  const turn = (by) => {
    state.page += by;
    show();
    get("controls").scrollIntoView({ block: "start" });
  };
  get("previous").addEventListener("click", () => turn(-1));
  get("next").addEventListener("click", () => turn(1));
  get("size").addEventListener("change", (event) => {
    state.size = Number(event.target.value);
    show();
  });
  const step = (from, by) => {
    let next = from;
    do next = by > 0 ? next.nextElementSibling : next.previousElementSibling; while (next && !next.row);
    next?.row.button.focus();
    return Boolean(next);
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      get("search").focus();
      get("search").select();
      return;
    }
    if (typing) {
      if (event.key === "ArrowDown" && event.target === get("search") && body.rows[0]) {
        event.preventDefault();
        body.rows[0].row.button.focus();
      }
      return;
    }
    const element = event.target.closest("#rows tbody tr");
    const row = element?.row ?? element?.previousElementSibling?.row;
    if (!row) return;
    if (event.key === "Escape" && row.more) {
      close(row);
      row.button.focus();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && element.row) {
      if (step(element, event.key === "ArrowDown" ? 1 : -1)) event.preventDefault();
    }
  });
  const themes = ["", "dark", "light"];
  const root = document.documentElement;
  const nameTheme = () => { get("theme").textContent = `Theme: ${root.dataset.theme || "system"}`; };
  get("theme").addEventListener("click", () => {
    const theme = themes[(themes.indexOf(root.dataset.theme ?? "") + 1) % themes.length];
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    try { localStorage.setItem("trailscan-theme", theme); } catch { /* no storage: until it is closed */ }
    nameTheme();
  });
  addEventListener("beforeprint", () => fill(found));
  addEventListener("afterprint", show);
  addEventListener("hashchange", () => goTo(location.hash));

  nameTheme();
  show();
  performance.mark("trailscan-shown");
  const ready = read("details").then((texts) => {
    details = texts;
    for (const row of rows) delete row.text;
    for (const name of about.choices) offer(about.columns.find((column) => column.name === name));
    if (state.words.length || state.picks) update();
  }, () => {
    const why = "This browser cannot unpack the details and records in this page; a newer one can.";
    get("controls").after(make("p", { class: "remark", role: "alert" }, why));
  });
  ready.then(() => {
    if (location.hash) goTo(location.hash);
    performance.mark("trailscan-ready");
    root.dataset.ready = "";
  });
})();
