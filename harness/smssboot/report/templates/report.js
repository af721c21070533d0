"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  const query = one("#q"), hits = one("#hits"), filters = one("#filters");

  // ---- colours ------------------------------------------------------------------------------------
  const themes = ["auto", "light", "dark"];
  const themeButton = one("#theme");
  const showTheme = () => {
    const theme = root.dataset.theme || "auto";
    themeButton.textContent = { auto: "Auto", light: "Light", dark: "Dark" }[theme];
    themeButton.setAttribute("aria-label", "Colours: " + (theme === "auto" ? "as the system" : theme));
  };
  const nextTheme = () => {
    const next = themes[(themes.indexOf(root.dataset.theme || "auto") + 1) % themes.length];
    if (next === "auto") delete root.dataset.theme; else root.dataset.theme = next;
    try { localStorage.setItem("smssboot-theme", next); } catch { /* not remembered, then */ }
    showTheme();
  };
  themeButton.addEventListener("click", nextTheme);
  showTheme();

  // ---- search and filters -------------------------------------------------------------------------
  // What can be found, by what it is called: the elements, and their text once it is needed.
  const kinds = [
    ["event", "#events tbody tr"],
    ["finding", "#findings .finding"],
    ["phase", "#phases tbody tr"],
    ["piece of evidence", "#evidence tbody tr"],
    ["console line", "#console li"],
    ["entry of run data", "#data .data > div, #data pre"],
  ].map(([name, selector]) => ({ name, items: all(selector), texts: null }));
  const bars = all(".plot .bar");
  let barTexts = null;
  const plural = (n, word) => {
    if (n === 1) return "1 " + word;
    if (word === "entry of run data") return n + " entries of run data";
    if (word === "piece of evidence") return n + " pieces of evidence";
    return n.toLocaleString("en") + " " + word + "s";
  };
  const lower = (items) => items.map((item) => item.textContent.toLowerCase());
  const matcher = (text) => {
    const words = text.toLowerCase().split(/\s+/).filter((word) => word && word !== "-");
    const wanted = words.filter((word) => !word.startsWith("-"));
    const unwanted = words.filter((word) => word.startsWith("-")).map((word) => word.slice(1));
    return {
      words: wanted,
      any: words.length > 0,
      test: (said) => wanted.every((word) => said.includes(word)) && !unwanted.some((word) => said.includes(word)),
    };
  };
  const eventFilter = () => {
    const data = new FormData(filters);
    const voices = new Set(data.getAll("voice"));
    const run = data.get("run"), process = data.get("process"), status = data.get("status");
    const active = voices.size < 3 || run || process || status;
    if (!active) return null;
    return (row) => {
      const cells = row.children;
      if (!voices.has(cells[3].textContent)) return false;
      if (run && row.closest(".run").dataset.run !== run) return false;
      if (process && cells[2].lastElementChild?.textContent !== process) return false;
      const said = cells[6].textContent;
      if (status === "!ok") return said !== "ok" && said !== "unjudged";
      return !status || said === status;
    };
  };
  const tally = (name, shown, total, narrowed) => {
    const place = one(`.tally[data-of="${name}"]`);
    if (place) place.textContent = narrowed ? `${shown.toLocaleString("en")} of ${total.toLocaleString("en")}` : "";
  };
  const highlight = (words) => {
    if (!("highlights" in CSS)) return;
    CSS.highlights.delete("hit");
    if (!words.length) return;
    const ranges = [];
    for (const { items } of kinds) {
      let left = 150;
      for (const item of items) {
        if (item.hidden || left <= 0) continue;
        left -= 1;
        const walk = document.createTreeWalker(item, NodeFilter.SHOW_TEXT);
        for (let node = walk.nextNode(); node; node = walk.nextNode()) {
          const said = node.data.toLowerCase();
          if (said.length !== node.data.length) continue;
          for (const word of words) {
            for (let at = said.indexOf(word); at >= 0; at = said.indexOf(word, at + word.length)) {
              const range = new Range();
              range.setStart(node, at);
              range.setEnd(node, at + word.length);
              ranges.push(range);
            }
          }
        }
      }
    }
    CSS.highlights.set("hit", new Highlight(...ranges));
  };
  const search = () => {
    const match = matcher(query.value);
    const filter = eventFilter();
    const found = [];
    for (const kind of kinds) {
      if (match.any && !kind.texts) kind.texts = lower(kind.items);
      const narrow = kind.name === "event" ? filter : null;
      let shown = 0;
      kind.items.forEach((item, at) => {
        const fits = (!match.any || match.test(kind.texts[at])) && (!narrow || narrow(item));
        if (fits) shown += 1;
        if (item.hidden === fits) item.hidden = !fits;
      });
      tally(kind.name, shown, kind.items.length, match.any || narrow);
      if (shown && (match.any || narrow)) found.push(plural(shown, kind.name));
    }
    for (const box of all(".chunk, details.kind")) box.hidden = !one("tbody tr:not([hidden])", box);
    if (match.any && !barTexts) barTexts = lower(bars);
    bars.forEach((bar, at) => bar.classList.toggle("dim", match.any && !match.test(barTexts[at])));
    hits.textContent = match.any ? (found.length ? "Found: " + found.join(", ") : "Nothing found")
      : filter ? plural(kinds[0].items.filter((row) => !row.hidden).length, "event") + " shown" : "";
    highlight(match.words);
  };
  let pending = 0;
  const soon = () => { clearTimeout(pending); pending = setTimeout(search, 90); };
  query.addEventListener("input", soon);
  one("#find").addEventListener("submit", (event) => { event.preventDefault(); search(); });
  filters.addEventListener("change", search);
  filters.addEventListener("reset", () => setTimeout(search));
  filters.addEventListener("submit", (event) => event.preventDefault());
  if (query.value) search();
  // A link into what is filtered away has to lead somewhere.
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) { query.value = ""; filters.reset(); search(); }
    const closed = target.closest("details:not([open])");
    if (closed) closed.open = true;
    if (target.matches("tr, li")) target.scrollIntoView({ block: "center" });
  });

  // ---- timeline -----------------------------------------------------------------------------------
  const SVG = "http://www.w3.org/2000/svg";
  const MOST = 512;
  const step = (about) => {
    let power = 1;
    while (power * 10 < about) power *= 10;
    return [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= about);
  };
  const digits = (size, unit) => { let n = 0; while (size * 10 ** n < unit && n < 9) n += 1; return n; };
  const words = (ns, size) => ns >= 1e10 || size >= 1e9
    ? (ns / 1e9).toFixed(digits(size, 1e9)) + " s" : (ns / 1e6).toFixed(digits(size, 1e6)) + " ms";
  const charts = all(".chart").map((chart) => {
    const scroll = one(".scroll", chart), plot = one(".plot", chart), axis = one(".axis", plot);
    const time = one(".time", chart);
    const segments = JSON.parse(chart.dataset.scale);
    const shown = segments.filter((each) => !each[4]).reduce((sum, each) => sum + each[1] - each[0], 0);
    const height = plot.height.baseVal.value, top = 24, bottom = height - 24;
    const original = axis.cloneNode(true);
    const cursor = document.createElementNS(SVG, "line");
    cursor.setAttribute("class", "cursor");
    cursor.setAttribute("y1", top); cursor.setAttribute("y2", bottom);
    let zoom = 1;
    const at = (ns, [begin, end, left, right]) => left + (right - left) * (ns - begin) / (end - begin);
    const back = (place) => {
      const piece = segments.find((each) => place <= each[3]) || segments[segments.length - 1];
      const share = (place - piece[2]) / (piece[3] - piece[2]);
      return piece[0] + Math.min(Math.max(share, 0), 1) * (piece[1] - piece[0]);
    };
    const draw = () => {
      const width = plot.getBoundingClientRect().width;
      if (zoom === 1 && width < 1600 && width > 700) { axis.replaceChildren(...original.cloneNode(true).childNodes); return; }
      const from = (scroll.scrollLeft - 200) / width, to = (scroll.scrollLeft + scroll.clientWidth + 200) / width;
      const size = step(shown * 120 / width);
      const made = [];
      for (const piece of segments) {
        if (piece[4] || piece[3] < from || piece[2] > to) continue;
        const first = Math.max(piece[0], back(Math.max(from, piece[2])));
        for (let ns = Math.ceil(first / size) * size; ns <= piece[1]; ns += size) {
          const place = at(ns, piece);
          if (place > to) break;
          const near = (edge, cut) => cut && Math.abs(place - edge) * width < 44;
          if (segments.some((each) => near(each[2], each[4]) || near(each[3], each[4]))) continue;
          const x = (place * 100).toFixed(5) + "%";
          const line = document.createElementNS(SVG, "line");
          for (const [name, value] of [["x1", x], ["x2", x], ["y1", top - 4], ["y2", bottom + 4]]) line.setAttribute(name, value);
          made.push(line);
          for (const y of [top - 8, bottom + 16]) {
            const text = document.createElementNS(SVG, "text");
            text.setAttribute("class", place * width < 24 ? "tick first" : "tick"); text.setAttribute("x", x); text.setAttribute("y", y);
            text.textContent = words(ns, size);
            made.push(text);
          }
        }
      }
      axis.replaceChildren(...made);
    };
    const zoomTo = (next, pixel = scroll.clientWidth / 2) => {
      next = Math.min(Math.max(next, 1), MOST);
      const before = plot.getBoundingClientRect().width;
      const place = (scroll.scrollLeft + pixel) / before;
      zoom = next;
      plot.setAttribute("width", zoom * 100 + "%");
      plot.dataset.level = Math.floor(Math.log2(zoom) + 0.001);
      scroll.scrollLeft = place * plot.getBoundingClientRect().width - pixel;
      draw();
    };
    const within = (event) => event.clientX - scroll.getBoundingClientRect().left;
    let asked = 0;
    scroll.addEventListener("scroll", () => { cancelAnimationFrame(asked); asked = requestAnimationFrame(draw); });
    addEventListener("resize", draw);
    scroll.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoomTo(zoom * 2 ** (-event.deltaY / 240), within(event));
    }, { passive: false });
    scroll.addEventListener("dblclick", (event) => zoomTo(zoom * 2, within(event)));
    scroll.addEventListener("keydown", (event) => {
      const by = { "+": 2, "=": 2, "-": 0.5 }[event.key];
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (by) zoomTo(zoom * by);
      else if (event.key === "0") zoomTo(1);
      else if (event.key === "Home") scroll.scrollLeft = 0;
      else if (event.key === "End") scroll.scrollLeft = scroll.scrollWidth;
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    for (const button of all("[data-zoom]", chart)) {
      button.addEventListener("click", () => zoomTo(button.dataset.zoom === "0" ? 1 : zoom * 2 ** button.dataset.zoom));
    }
    let held = null;
    scroll.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse" && event.button === 0) held = { x: event.clientX, left: scroll.scrollLeft, moved: false };
    });
    scroll.addEventListener("pointermove", (event) => {
      const place = (scroll.scrollLeft + within(event)) / plot.getBoundingClientRect().width;
      time.textContent = (back(place) / 1e9).toFixed(6) + " s";
      const x = (place * 100).toFixed(4) + "%";
      cursor.setAttribute("x1", x); cursor.setAttribute("x2", x);
      if (!cursor.isConnected) plot.append(cursor);
      if (!held) return;
      if (!held.moved && Math.abs(event.clientX - held.x) > 4) {
        held.moved = true;
        scroll.setPointerCapture(event.pointerId);
        scroll.classList.add("held");
      }
      if (held.moved) scroll.scrollLeft = held.left - (event.clientX - held.x);
    });
    const release = () => { held = null; scroll.classList.remove("held"); };
    scroll.addEventListener("pointerup", release);
    scroll.addEventListener("pointercancel", release);
    scroll.addEventListener("pointerleave", () => { cursor.remove(); time.textContent = ""; });
    draw();
    return { zoomTo, draw };
  });

  // ---- tables that can be sorted ------------------------------------------------------------------
  for (const table of all("table.sortable")) {
    const heads = all("thead th:not(.share)", table), body = one("tbody", table);
    const rows = [...body.rows];
    for (const head of heads) {
      const column = head.cellIndex;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const was = head.getAttribute("aria-sort");
        const next = was === "descending" ? "ascending" : was === "ascending" ? null : "descending";
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        table.classList.toggle("sorted", next !== null);
        if (!next) { body.append(...rows); return; }
        head.setAttribute("aria-sort", next);
        const value = (row) => {
          const said = row.cells[column].textContent;
          const number = parseFloat(said.replaceAll(",", ""));
          return head.classList.contains("num") ? (Number.isNaN(number) ? -1 : number) : said;
        };
        const sign = next === "ascending" ? 1 : -1;
        const order = (a, b) => (value(a) < value(b) ? -sign : value(a) > value(b) ? sign : 0);
        body.append(...[...rows].sort(order));
      });
    }
  }

  // ---- copying ------------------------------------------------------------------------------------
  for (const button of all(".copy")) {
    button.addEventListener("click", async () => {
      const text = one("pre", button.parentElement);
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
        hits.textContent = "The command line is on the clipboard";
      } catch {
        getSelection().selectAllChildren(text);
        button.textContent = "Selected";
        hits.textContent = "The command line is selected: copy it by the keyboard";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }

  // ---- where we are -------------------------------------------------------------------------------
  const links = all(".sections a");
  const seen = new Map();
  const spy = new IntersectionObserver((entries) => {
    for (const entry of entries) seen.set(entry.target.id, entry.isIntersecting);
    const current = links.find((link) => seen.get(link.hash.slice(1)));
    for (const link of links) {
      if (link === current) link.setAttribute("aria-current", "location"); else link.removeAttribute("aria-current");
    }
    if (current) current.parentElement.scrollLeft = current.offsetLeft - current.parentElement.clientWidth / 3;
  }, { rootMargin: "-110px 0px -60% 0px" });
  for (const section of all("main > section")) spy.observe(section);

  // ---- keys ---------------------------------------------------------------------------------------
  const keys = one("#keys"), help = one("#help");
  help.addEventListener("click", () => keys.showModal());
  let current = -1;
  const toFinding = (by) => {
    const visible = all(".finding:not([hidden])");
    if (!visible.length) return;
    visible.forEach((each) => each.classList.remove("here"));
    current = (current + by + visible.length) % visible.length;
    const target = visible[current];
    target.classList.add("here");
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "start" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
    const typing = event.target.closest("input:not([type=checkbox]), select, textarea");
    if (event.key === "Escape" && (typing === query || query.value)) {
      query.value = "";
      query.blur();
      search();
    } else if (typing) {
      return;
    } else if (event.key === "/") {
      query.focus();
      query.select();
    } else if (event.key === "?") {
      keys.showModal();
    } else if (event.key === "n" || event.key === "p") {
      if (current < 0 && event.key === "p") current = 0;
      toFinding(event.key === "n" ? 1 : -1);
    } else if (event.key === "t") {
      nextTheme();
    } else if (event.key >= "1" && event.key <= String(links.length)) {
      links[event.key - 1].click();
    } else if (["+", "=", "-", "0"].includes(event.key)) {
      for (const chart of charts) {
        if (event.key === "0") chart.zoomTo(1);
      }
      const scroll = one(".scroll");
      if (!scroll || event.key === "0") return;
      scroll.focus({ preventScroll: true });
      scroll.dispatchEvent(new KeyboardEvent("keydown", { key: event.key }));
    } else {
      return;
    }
    event.preventDefault();
  });

  // ---- paper --------------------------------------------------------------------------------------
  addEventListener("beforeprint", () => {
    for (const folded of all("details:not([open])")) folded.open = true;
    for (const chart of charts) chart.zoomTo(1);
  });
})();
