"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const main = document.getElementById("content");
  const tip = document.getElementById("tip");
  main.textContent = "";

  // Elements and drawings.
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (value !== undefined && value !== null && value !== false) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
  };
  const draw = (name, attributes = {}, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children.flat().filter((child) => child !== null));
    return element;
  };
  const number = (value, digits = 3) => (value === null || value === undefined ? "–" : value.toFixed(digits));
  const plural = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
  const picture = (image, alt) =>
    !data.thumbnails[image]
      ? make("div", { class: "blank", role: "img", "aria-label": alt }, "no image")
      : make("img", { src: `data:image/jpeg;base64,${data.thumbnails[image]}`, alt, loading: "lazy" });

  // A section with a heading, and its link at the top.
  const section = (id, title, about) => {
    const element = make("section", { id, "aria-labelledby": `${id}-title` }, make("h2", { id: `${id}-title` }, title));
    if (about) element.append(make("p", { class: "about" }, about));
    main.append(element);
    document.getElementById("sections").append(make("a", { href: `#${id}` }, title));
    return element;
  };
  // Buttons of which one is pressed.
  const choice = (options, pick, label) => {
    const buttons = options.map(([name, value], at) =>
      make("button", { type: "button", "aria-pressed": at === 0 ? "true" : "false", onclick: (event) => {
        buttons.forEach((button) => button.setAttribute("aria-pressed", button === event.currentTarget));
        pick(value);
      } }, name));
    return make("div", { class: "controls", role: "group", "aria-label": label }, buttons);
  };

  for (const { name, value } of data.facts)
    document.getElementById("facts").append(make("div", {}, make("dt", {}, name), make("dd", {}, value)));

  data.sets.forEach((set, at) => {
    const own = data.sets.length > 1 ? `, ${set.name}` : "";
    const id = (name) => (at === 0 ? name : `${name}-${at + 1}`);
    scores(section(id("scores"), `Scores${own}`, set.about), set);
    queries(section(id("queries"), `Queries${own}`,
      `Each query with its nearest neighbours: green is right, red is wrong. The hardest have the lowest ${set.ranked_by}, the most confident mistakes first.`), set);
    if (set.confusions.length) confusions(section(id("confusions"), `Confusions${own}`,
      "Classes whose queries find another class first, although their own is in the index."), set);
    suspects(set, id, own);
    if (set.map) map(section(id("map"), `Map${own}`,
      `The queries' embeddings on their first two principal components, which show ${(100 * set.map.share).toFixed(0)} % of the variance: what is apart here is apart, what is together may not be.`), set);
  });
  if (data.curves.length) curves(section("training", "Training", "Means over a few steps each, where there are many."));
  if (data.appendix.length) appendix(section("appendix", "How it was made"));

  function scores(parent, set) {
    const names = Object.keys(set.scored[0]?.overall ?? {});
    const cell = (scored, name) => {
      const interval = scored.intervals?.overall?.[name];
      return make("td", {}, number(scored.overall[name], 4),
        interval ? make("small", {}, `${number(interval[0])} to ${number(interval[1])}`) : null);
    };
    const last = set.scored.length - 1;
    parent.append(make("div", { class: "scroll" }, make("table", {},
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "embedding"), names.map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, set.scored.map((scored, at) =>
        make("tr", { class: at === last ? "main" : null }, make("td", {}, scored.name), names.map((name) => cell(scored, name))))))));
    const best = set.scored[last];
    const level = best.intervals ? ` Small: ${100 * best.intervals.level} % bootstrap intervals over the queries.` : "";
    const without = best.queries_without_relevant
      ? ` ${plural(best.queries_without_relevant, "query has", "queries have")} nothing relevant in the index and no part in the means.` : "";
    parent.append(make("p", { class: "about" }, `${plural(best.queries, "query", "queries")}.${without}${level}`));
    const domains = Object.keys(best.domains);
    if (domains.length < 2) return;
    parent.append(make("h3", {}, "By domain"));
    const holder = make("div");
    const show = (metric) => holder.replaceChildren(bars(set, domains, metric));
    parent.append(choice(names.map((name) => [name, name]), show, "Metric"), holder);
    show(names[0]);
  }

  // One group of bars for each domain, one bar for each embedding, whiskers for intervals.
  function bars(set, domains, metric) {
    // On a narrow screen the drawing itself is narrow, so that its text stays readable.
    const narrow = innerWidth < 620;
    const count = set.scored.length, height = 13, gap = 14, left = narrow ? 128 : 170, width = narrow ? 430 : 760, right = narrow ? 48 : 60;
    const group = count * (height + 3) + gap, shade = (at) => 1 - 0.45 * (at / Math.max(count - 1, 1));
    const x = (value) => left + value * (width - left - right);
    const rows = [...domains.map((domain) => [domain, (scored) => [scored.domains[domain]?.[metric], scored.intervals?.domains?.[domain]?.[metric]]]),
      ["mean of domains", (scored) => [scored.mean_of_domains?.[metric], scored.intervals?.mean_of_domains?.[metric]]]];
    const svg = draw("svg", { viewBox: `0 0 ${width} ${rows.length * group + 22}`, role: "img", "aria-label": `${metric} by domain` });
    for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
      svg.append(draw("line", { x1: x(tick), x2: x(tick), y1: 0, y2: rows.length * group, stroke: "var(--line)" }));
      svg.append(draw("text", { x: x(tick), y: rows.length * group + 16, "text-anchor": "middle" }, String(tick)));
    }
    rows.forEach(([domain, of], at) => {
      const top = at * group;
      svg.append(draw("text", { class: "name", x: left - 10, y: top + (count * (height + 3)) / 2 + 4, "text-anchor": "end" }, domain.replaceAll("_", " ")));
      set.scored.forEach((scored, bar) => {
        const [value, interval] = of(scored);
        if (value === null || value === undefined) return;
        const y = top + bar * (height + 3), strong = bar === count - 1;
        svg.append(draw("rect", { x: left, y, width: Math.max(x(value) - left, 1), height, rx: 2, fill: strong ? "var(--accent)" : "var(--bar)", opacity: strong ? 1 : shade(bar) },
          draw("title", {}, `${scored.name}: ${number(value, 4)}`)));
        if (interval) {
          const middle = y + height / 2;
          svg.append(draw("path", { d: `M${x(interval[0])} ${middle}H${x(interval[1])}M${x(interval[0])} ${middle - 3}v6M${x(interval[1])} ${middle - 3}v6`, stroke: "var(--ink)", "stroke-width": 1.2, opacity: 0.65 }));
        }
        svg.append(draw("text", { x: Math.max(x(value), x(interval?.[1] ?? 0)) + 6, y: y + height - 2 }, number(value)));
      });
    });
    const legend = make("div", { class: "legend" }, set.scored.map((scored, at) =>
      make("span", {}, make("i", { style: `background:var(--${at === count - 1 ? "accent" : "bar"});opacity:${at === count - 1 ? 1 : shade(at)}` }), scored.name)));
    return make("figure", {}, svg, legend);
  }

  function tile(shown, { right, score } = {}) {
    const state = right === undefined ? "" : right ? "right" : "wrong";
    const label = shown.label ?? shown.path.split("/").pop();
    return make("div", { class: `tile ${state}`, title: shown.path }, picture(shown.image, `${label}${state ? `, ${state}` : ""}`),
      make("b", {}, label), shown.domain ? make("span", {}, shown.domain.replaceAll("_", " ")) : null,
      score === undefined ? null : make("span", {}, make("em", {}, right ? "✓ " : "✗ "), number(score)));
  }

  function queries(parent, set) {
    const kinds = [["hardest", set.cards.hardest], ["median", set.cards.median], ["random", set.cards.random]];
    const domains = [...new Set(kinds.flatMap(([, cards]) => cards.map((card) => card.domain)))].filter(Boolean).sort();
    const holder = make("div", { class: "cards" }), empty = make("p", { class: "about", hidden: true }, "None in this domain.");
    const more = make("button", { type: "button", onclick: () => { all = true; show(); holder.children[first]?.querySelector("img")?.scrollIntoView({ block: "nearest" }); } });
    const first = 12;
    let cards = kinds[0][1], domain = "", all = false;
    const show = () => {
      const chosen = cards.filter((card) => !domain || card.domain === domain);
      empty.hidden = chosen.length > 0;
      more.hidden = all || chosen.length <= first;
      more.textContent = `Show all ${chosen.length}`;
      holder.replaceChildren(...chosen.slice(0, all ? chosen.length : first).map((card) => {
        const query = tile(card);
        query.append(make("span", {}, `${set.ranked_by} ${number(card.value, 2)}`), make("span", {}, `${card.relevant} relevant`));
        return make("article", { class: "card" }, query, make("div", { class: "neighbours" },
          card.neighbours.map((found) => tile(found, { right: found.relevant, score: found.score }))));
      }));
    };
    const controls = choice(kinds.filter(([, cards]) => cards.length), (picked) => { cards = picked; all = false; show(); }, "Queries");
    if (domains.length > 1) {
      const select = make("select", { id: `${parent.id}-domain`, onchange: () => { domain = select.value; all = false; show(); } },
        make("option", { value: "" }, "all domains"), domains.map((name) => make("option", { value: name }, name.replaceAll("_", " "))));
      controls.append(make("label", { for: select.id }, "in"), select);
    }
    parent.append(controls, empty, holder, make("div", { class: "controls" }, more));
    show();
  }

  function pairs(all, text) {
    return make("div", { class: "pairs" }, all.map((pair) =>
      make("div", { class: "pair" }, make("div", { class: "both" }, tile(pair.query), tile(pair.found)), make("p", {}, text(pair)))));
  }

  function confusions(parent, set) {
    parent.append(pairs(set.confusions, (pair) =>
      `${pair.count} of ${plural(pair.queries, "query", "queries")} of ${pair.query.label} found ${pair.found.label} first`));
  }

  function suspects(set, id, own) {
    const { labels, copies_of_another_class: copies, copies: given } = set.suspects;
    if (!labels.length && !copies.length && !given) return;
    const parent = section(id("suspects"), `Suspects${own}`, "Worth a look by somebody who knows the data.");
    const text = (pair) => `${set.score} ${number(pair.score)}`;
    if (labels.length) parent.append(make("h3", {}, "All of the five nearest have one other class: a wrong label?"), pairs(labels, text));
    if (copies.length) parent.append(make("h3", {}, "The same image under two classes?"), pairs(copies, text));
    if (given) parent.append(make("p", { class: "about" }, `${plural(given, "query has", "queries have")} a near copy (cosine 0.99 or more) of its own class in the index: those answers are given away.`));
  }

  function map(parent, set) {
    const { points } = set.map, size = 1100, most = 640, edge = 26;
    const domains = [...new Set(points.map((point) => point.domain))].filter(Boolean).sort();
    const range = (values) => { const low = Math.min(...values), high = Math.max(...values); return [low, Math.max(high - low, 1e-9)]; };
    const [left, width] = range(points.map((point) => point.x)), [bottom, height] = range(points.map((point) => point.y));
    // One scale for both axes; what is narrower than the figure stands in its middle.
    const scale = Math.min((size - 2 * edge) / width, (most - 2 * edge) / height), tall = Math.round(height * scale + 2 * edge);
    const places = points.map((point) => [size / 2 + (point.x - left - width / 2) * scale, tall - edge - (point.y - bottom) * scale]);
    const hue = (domain) => `hsl(${(domains.indexOf(domain) * 137.5 + 215) % 360} 62% 52%)`;
    const colours = {
      domain: (point) => (point.domain ? hue(point.domain) : "var(--accent)"),
      error: (point) => `var(--${point.right === null ? "none" : point.right ? "right" : "wrong"})`,
    };
    const canvas = make("canvas", { width: size, height: tall, tabindex: 0, role: "img",
      "aria-label": "Map of the queries. Arrow keys go from query to query." });
    const legend = make("div", { class: "legend" });
    let by = domains.length > 1 ? "domain" : "error", chosen = -1;
    const resolve = (colour) => (colour.startsWith("var") ? getComputedStyle(document.documentElement).getPropertyValue(colour.slice(4, -1)).trim() : colour);
    const paint = () => {
      const context = canvas.getContext("2d");
      context.clearRect(0, 0, size, tall);
      context.globalAlpha = 0.8;
      points.forEach((point, at) => {
        context.fillStyle = resolve(colours[by](point));
        context.beginPath();
        context.arc(...places[at], at === chosen ? 8 : 4, 0, 7);
        context.fill();
      });
      const entries = by === "domain" ? domains.map((domain) => [domain.replaceAll("_", " "), hue(domain)])
        : [["nearest is right", "var(--right)"], ["nearest is wrong", "var(--wrong)"], ["nothing relevant", "var(--none)"]];
      legend.replaceChildren(...entries.map(([name, colour]) => make("span", {}, make("i", { style: `background:${colour}` }), name)));
    };
    const show = (at) => {
      chosen = at;
      tip.hidden = at < 0;
      paint();
      if (at < 0) return;
      const point = points[at], box = canvas.getBoundingClientRect(), k = box.width / size;
      const label = point.label ?? "";
      tip.replaceChildren(...[data.thumbnails[point.image] ? picture(point.image, label) : null, make("b", {}, label),
        make("div", { class: "soft" }, [point.domain?.replaceAll("_", " "), point.right === null ? "nothing relevant" : point.right ? "nearest is right" : "nearest is wrong"].filter(Boolean).join(" · "))].filter(Boolean));
      const x = box.left + places[at][0] * k, y = box.top + places[at][1] * k;
      tip.style.left = `${Math.min(x + 14, innerWidth - tip.offsetWidth - 8)}px`;
      tip.style.top = `${Math.max(Math.min(y + 14, innerHeight - tip.offsetHeight - 8), 8)}px`;
    };
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect(), k = size / box.width;
      const [x, y] = [(event.clientX - box.left) * k, (event.clientY - box.top) * k];
      let best = -1, least = 400;
      places.forEach(([a, b], at) => { const far = (a - x) ** 2 + (b - y) ** 2; if (far < least) [best, least] = [at, far]; });
      if (best !== chosen) show(best);
    });
    canvas.addEventListener("pointerleave", () => show(-1));
    canvas.addEventListener("blur", () => show(-1));
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") show(-1);
      if (!step) return;
      event.preventDefault();
      show((chosen + step + points.length) % points.length);
    });
    if (domains.length > 1) parent.append(choice([["by domain", "domain"], ["by error", "error"]], (picked) => { by = picked; paint(); }, "Colour"));
    parent.append(make("figure", { class: "map" }, canvas, legend));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
    paint();
  }

  function curves(parent) {
    const grid = make("div", { class: "grid" });
    for (const { name, points } of data.curves) if (points.length) grid.append(make("figure", {}, make("figcaption", {}, name), line(name, points)));
    parent.append(grid);
  }

  function line(name, points) {
    const width = 520, height = 240, left = 58, bottom = 26, top = 10;
    const values = points.map(([, value]) => value), last = points[points.length - 1][0];
    const low = Math.min(...values), span = Math.max(Math.max(...values) - low, 1e-12), first = points[0][0];
    const x = (step) => left + ((step - first) / Math.max(last - first, 1)) * (width - left - 14);
    const y = (value) => height - bottom - ((value - low) / span) * (height - bottom - top);
    const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${name} from ${values[0]} to ${values[values.length - 1]}` });
    for (const share of [0, 0.5, 1]) {
      const value = low + share * span;
      svg.append(draw("line", { x1: left, x2: width - 14, y1: y(value), y2: y(value), stroke: "var(--line)" }),
        draw("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, Number(value.toPrecision(3)).toString()));
    }
    svg.append(draw("text", { x: left, y: height - 8 }, String(first)), draw("text", { x: width - 14, y: height - 8, "text-anchor": "end" }, `step ${last}`));
    svg.append(draw("polyline", { points: points.map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(" "), fill: "none", stroke: "var(--accent)", "stroke-width": 1.8, "stroke-linejoin": "round" }));
    if (points.length < 40) points.forEach(([step, value]) => svg.append(draw("circle", { cx: x(step), cy: y(value), r: 2.6, fill: "var(--accent)" }, draw("title", {}, `${step}: ${value}`))));
    return svg;
  }

  function appendix(parent) {
    for (const { name, value } of data.appendix)
      parent.append(make("details", {}, make("summary", {}, name), make("pre", { tabindex: 0 }, value)));
  }
})();
