// The report of an evaluation.

const models = data.models;
const chosen = data.promotion.promoted;
const accent = "#0f6b6b";
const others = ["#4c78a8", "#e08b3e", "#8a6fb3", "#c05d67", "#7d8a97", "#5fa55a", "#b5892b", "#a15c9c", "#3f9ab3", "#8c6d5a", "#6673c4", "#9aa83a"];
const labels = models.map((m) => m.label);
const colours = (() => {
  let next = 0;
  return models.map((m) => (m.label === chosen ? accent : m.is_oracle ? "#1c2430" : others[next++ % others.length]));
})();
const colour = { field: "model", type: "nominal", scale: { domain: labels, range: colours }, legend: { title: null } };
const withoutLegend = { ...colour, legend: null };
const swatch = (i) => el("span", { class: "swatch", style: `background:${colours[i]}`, "aria-hidden": "true" });
const tag = (text, kind) => el("span", { class: "tag" + (kind ? " " + kind : "") }, text);
const nameOf = (m, i) => el("span", { class: "name" }, swatch(i), m.label, m.is_oracle ? tag("the best possible") : m.is_baseline ? tag("baseline") : null, m.label === chosen ? tag("promoted", "good") : m.label === data.promotion.refused ? tag("not promoted", "bad") : null);
const at20 = (m) => m.lists.find((l) => l.k === 20);

const rowsHigh = (n) => 30 * n;  // charts with a model a row

const questions = {
  rolling_week: "one question for each customer and week, asked with all that was known when the week began",
  per_event: "one question for each event, asked with all that was known just before it",
  frozen: "one question for each customer, asked at the start of the test and never updated",
  frozen_trial: "one question for each customer at the start of the test, products and customers unknown by then left out",
  leave_last_out: "the last product of each customer, as papers ask; only to compare with their figures",
  lightgcn_split: "products hidden from each customer's training events, as papers ask; only to compare with their figures",
  random_80_20: "a fifth of the events drawn by chance, as papers ask; only to compare with their figures",
};

function header() {
  const all = models[0].all, days = data.data;
  page.append(
    el("p", { class: "over" }, "gemel report"),
    el("h1", {}, data.title),
    el("p", { class: "soft" }, `Judged from ${days.test_from} to ${days.last_event}: ${questions[data.protocol] ?? data.protocol}; products that a customer had before ${data.repeats === "drop" ? "are neither shown nor counted" : "may be shown again"}.`),
    el("div", { class: "verdict" }, el("strong", {}, chosen ? `To use: ${chosen}` : "Nothing is promoted"), el("p", {}, data.summary[0])),
    el("ul", { class: "plain" }, data.summary.slice(1).map((sentence) => el("li", {}, sentence))),
    el("dl", { class: "facts" },
      fact("questions", count(all.num_queries), `of ${plural(all.num_customers, "customer", "customers")}`),
      fact("products taken", count(all.num_targets), "what the lists should hold"),
      fact("events", count(days.num_events), `since ${days.first_event}`),
      fact("products", count(days.num_products), "in the catalogue or sold"),
      fact("customers", count(days.num_customers), "known by the end")));
}

const fact = (what, number, more) => el("div", {}, el("dt", {}, what), el("dd", {}, number, el("small", {}, more)));

// Rows of {model, value, low, high} for one metric of one slice of each model.
const intervalsOf = (metric, slice = (m) => m.all) =>
  models.map((m) => ({ model: m.label, ...slice(m).metrics[metric] }));

const comparisonSpec = (metric) => ({
  data: { values: intervalsOf(metric) },
  height: rowsHigh(models.length),
  encoding: { y: { field: "model", type: "nominal", sort: { field: "value", order: "descending" }, title: null, axis: { domain: false, ticks: false, labelFontSize: 13, labelColor: "#1c2430" } } },
  layer: [
    { mark: { type: "rule", strokeWidth: 2 }, encoding: { x: { field: "low", type: "quantitative", title: metricWords(metric), scale: { zero: true } }, x2: { field: "high" }, color: withoutLegend } },
    { mark: { type: "point", filled: true, size: 90, opacity: 1 }, encoding: { x: { field: "value", type: "quantitative" }, color: withoutLegend, tooltip: tips(["model", "model"], ["value", metricWords(metric)], ["low", "from"], ["high", "to"]) } },
    { mark: { type: "text", align: "left", dx: 8, dy: -9, fontSize: 12, color: "#1c2430" }, encoding: { x: { field: "value", type: "quantitative" }, text: { field: "value", type: "quantitative", format: ".4f" } } },
  ],
});

const tips = (...fields) => fields.map(([field, title, format]) => ({ field, title, type: field === "model" || format === "" ? "nominal" : "quantitative", format: field === "model" || format === "" ? undefined : format ?? ".4f" }));

function differenceSpec() {
  const rows = models.filter((m) => m.ndcg_at_20_minus_best_baseline && !m.is_oracle).map((m) => ({ model: m.label, ...m.ndcg_at_20_minus_best_baseline }));
  return {
    data: { values: rows },
    height: rowsHigh(rows.length),
    encoding: { y: { field: "model", type: "nominal", sort: { field: "value", order: "descending" }, title: null, axis: { domain: false, ticks: false, labelFontSize: 13, labelColor: "#1c2430" } } },
    layer: [
      { data: { values: [{}] }, mark: { type: "rule", color: "#1c2430", strokeDash: [3, 3] }, encoding: { x: { datum: 0 }, y: null } },
      { mark: { type: "rule", strokeWidth: 2 }, encoding: { x: { field: "low", type: "quantitative", title: `NDCG@20 minus that of ${data.best_baseline}` }, x2: { field: "high" }, color: withoutLegend } },
      { mark: { type: "point", filled: true, size: 90, opacity: 1 }, encoding: { x: { field: "value", type: "quantitative" }, color: withoutLegend, tooltip: tips(["model", "model"], ["value", "difference", "+.4f"], ["low", "from", "+.4f"], ["high", "to", "+.4f"]) } },
    ],
  };
}

function comparison() {
  const figure = chart(comparisonSpec("ndcg_at_20"), "Each model's figure with its 95 % interval", "A point for each model, the line its 95 % interval over customers.");
  const metrics = Object.keys(models[0].all.metrics);
  const part = section("comparison", "The models side by side",
    el("p", {}, "Recall is the share of the products that customers went on to take which stand in the list; NDCG also counts how far up they stand; the number behind @ is the length of the list."),
    picker("Metric", metrics.map((m) => [m, metricWords(m), m === "ndcg_at_20"]), (metric) => figure.redraw(comparisonSpec(metric))),
    figure,
    table(
      [{ title: "model" }, { title: "recall@20", number: true }, { title: "NDCG@20", number: true }, { title: "hit rate@20", number: true }, { title: "recall@100", number: true }, { title: "MRR@20", number: true }],
      models.map((m, i) => ({ chosen: m.label === chosen, cells: [nameOf(m, i), interval(m.all.metrics.recall_at_20), interval(m.all.metrics.ndcg_at_20), score(m.all.metrics.hit_rate_at_20.value), score(m.all.metrics.recall_at_100.value), score(m.all.metrics.mrr_at_20.value)] })),
      "On the test, with 95 % intervals"));
  if (!data.best_baseline) return;
  const rivals = models.filter((m) => m.ndcg_at_20_minus_best_baseline && !m.is_oracle);
  if (rivals.length === 0) return;
  const words = { beats: ["beats it", "good"], "does not beat": ["cannot be told from it", ""], "loses to": ["loses to it", "bad"] };
  const standing = Object.fromEntries(data.promotion.against_best_baseline_on_test.map((s) => [s.label, words[s.standing]]));
  part.append(
    el("h3", {}, `Against the best baseline, ${data.best_baseline}`),
    el("p", {}, "The same questions, compared one by one. Where the line does not cross zero, the difference is more than chance."),
    chart(differenceSpec(), "Paired differences to the best baseline with 95 % intervals"),
    table([{ title: "model" }, { title: "NDCG@20", number: true }, { title: "recall@20", number: true }, { title: "says" }],
      rivals.map((m) => ({ chosen: m.label === chosen, cells: [nameOf(m, labels.indexOf(m.label)), interval(m.ndcg_at_20_minus_best_baseline, signed), interval(m.recall_at_20_minus_best_baseline, signed), el("span", {}, tag(...standing[m.label]))] })),
      `Minus ${data.best_baseline}, customer by customer`));
}

function gate() {
  const rows = data.promotion.validation;
  if (rows.length === 0) return;
  section("promotion", "What was decided on validation",
    el("p", {}, `Knobs and model are chosen on the validation period${data.data.validation_from ? `, from ${data.data.validation_from} to ${data.data.test_from}` : ""}. The test is read once, and can only stop what validation proposed: a model that does not beat the best baseline is not promoted.`),
    table([{ title: "model" }, { title: "NDCG@20", number: true }, { title: "recall@20", number: true }, { title: "NDCG@20 minus the best baseline", number: true }],
      rows.map((r) => { const i = labels.indexOf(r.label); return { chosen: r.label === chosen, cells: [nameOf(models[i], i), score(r.ndcg_at_20), score(r.recall_at_20), interval(r.ndcg_at_20_minus_best_baseline, signed)] }; }),
      "On validation, best first"),
    rows.some((r) => r.ndcg_at_20_minus_best_baseline === null && !models[labels.indexOf(r.label)].is_baseline) ? el("p", { class: "note" }, "A model from a bundle brings its figure on validation along, not its answers: its difference has no interval there.") : null);
}

function weeks() {
  const rows = models.flatMap((m) => m.weeks.map((w) => ({ model: m.label, week: w.week + 1, recall: w.metrics.recall_at_20, ndcg: w.metrics.ndcg_at_20, queries: w.num_queries })));
  if (new Set(rows.map((r) => r.week)).size < 2) return;
  section("weeks", "Week by week after the start of the test",
    el("p", {}, "Shops change: a model that leans on what it once learnt falls behind as the weeks pass, a counter keeps up."),
    chart({
      data: { values: rows }, height: 300,
      layer: [{ mark: { type: "line", strokeWidth: 2 } }, { mark: { type: "point", filled: true, size: 34, opacity: 1 } }],
      encoding: {
        x: { field: "week", type: "quantitative", title: "week after the start of the test", axis: { tickMinStep: 1, format: "d", grid: false }, scale: { zero: false, nice: false, padding: 10 } },
        y: { field: "recall", type: "quantitative", title: "recall@20" },
        color: colour,
        tooltip: tips(["model", "model"], ["week", "week", "d"], ["recall", "recall@20"], ["ndcg", "NDCG@20"], ["queries", "questions", "d"]),
      },
    }, "Recall at 20 of each model for each week of the test"));
}

// A chart and table of recall@20 by parts that each model was judged on alike.
function parts(list, axis, words) {
  const shown = models[0][list].map((part, i) => [part, i]).filter(([part]) => part.num_queries > 0);
  const rows = models.flatMap((m) => shown.map(([, i]) => ({ model: m.label, part: words(m[list][i]), ...m[list][i].metrics.recall_at_20, ndcg: m[list][i].metrics.ndcg_at_20.value })));
  const order = shown.map(([part]) => words(part));
  return [
    chart({
      data: { values: rows }, height: 280,
      encoding: { x: { field: "part", type: "ordinal", sort: order, title: axis, axis: { labelAngle: 0, grid: false, labelLimit: 120 }, scale: { paddingInner: 0.35, paddingOuter: 0.2 } }, xOffset: { field: "model", type: "nominal", sort: labels }, color: colour },
      layer: [
        { mark: { type: "rule", strokeWidth: 2 }, encoding: { y: { field: "low", type: "quantitative", title: "recall@20" }, y2: { field: "high" } } },
        { mark: { type: "point", filled: true, size: 60, opacity: 1 }, encoding: { y: { field: "value", type: "quantitative" }, tooltip: tips(["model", "model"], ["part", axis, ""], ["value", "recall@20"], ["low", "from"], ["high", "to"], ["ndcg", "NDCG@20"]) } },
      ],
    }, `Recall at 20 of each model by ${axis}`),
    table([{ title: axis }, { title: "questions", number: true }, { title: "products taken", number: true }, ...models.map((m) => ({ title: m.label, number: true }))],
      shown.map(([part, i]) => {
        const best = Math.max(...models.filter((m) => !m.is_oracle).map((m) => m[list][i].metrics.recall_at_20.value));
        return { cells: [el("span", { title: part.meaning }, words(part)), count(part.num_queries), count(part.num_targets), ...models.map((m) => { const v = m[list][i].metrics.recall_at_20.value; return !m.is_oracle && v === best && v > 0 ? el("strong", {}, score(v)) : score(v); })] };
      }),
      "recall@20; the best of each row in bold"),
  ];
}

function slices() {
  const history = { "0": "none", "1": "1", "2": "2", "3_to_5": "3–5", "6_to_15": "6–15", "16_or_more": "16+" };
  const popularity = { best_sellers: "best sellers", middle: "middle", tail: "long tail", never_sold: "never sold" };
  const cold = { with_history: "known customers", without_history: "new customers", repeats: "had before", first_purchases: "new to the customer", new_products: "new products" };
  section("history", "By what is known of the customer",
    el("p", {}, "How many events of the customer were known when the question was asked."),
    parts("by_history_length", "events in the history", (p) => history[p.name] ?? p.name));
  section("popularity", "By how well the product sells",
    el("p", {}, "Best sellers are the fewest products that make half of all events before the test, the middle those up to 80 %, the long tail the rest; products never sold before are known by their features alone."),
    parts("by_popularity", "product", (p) => popularity[p.name] ?? p.name));
  section("cold", "New customers, new products, repeats",
    el("p", {}, "The same answers, counting only some of the questions or some of the products taken."),
    parts("parts", "part", (p) => cold[p.name] ?? p.name));
}

function variety() {
  const rows = models.map((m) => ({ model: m.label, ndcg: m.all.metrics.ndcg_at_20.value, coverage: at20(m).catalogue_coverage, gini: at20(m).gini }));
  const share = (x) => (x === null || x === undefined ? "–" : percent(x));
  section("variety", "How much of the shop is shown",
    el("p", {}, "Two models can be equally right, and one of them shows the same few products to everybody."),
    chart({
      data: { values: rows }, height: 280,
      encoding: { x: { field: "coverage", type: "quantitative", title: "share of the products on offer that appear in any list of 20", axis: { format: ".0%" }, scale: { domainMin: 0 } }, y: { field: "ndcg", type: "quantitative", title: "NDCG@20", scale: { zero: true } } },
      layer: [
        { mark: { type: "point", filled: true, size: 120, opacity: 1 }, encoding: { color: withoutLegend, tooltip: tips(["model", "model"], ["ndcg", "NDCG@20"], ["coverage", "catalogue shown", ".1%"], ["gini", "Gini", ".3f"]) } },
        { mark: { type: "text", align: "center", dy: -13, fontSize: 12, color: "#1c2430" }, encoding: { text: { field: "model" } } },
      ],
    }, "NDCG at 20 against the share of the catalogue that the lists use"),
    table([{ title: "model" }, { title: "catalogue shown", number: true }, { title: "Gini", number: true }, { title: "outside best sellers", number: true }, { title: "alike between customers", number: true }, { title: "novelty, bits", number: true }, { title: "variety inside a list", number: true }],
      models.map((m, i) => { const l = at20(m); return { chosen: m.label === chosen, cells: [nameOf(m, i), share(l.catalogue_coverage), l.gini.toFixed(3), share(l.tail_share), share(l.overlap), l.novelty_bits.toFixed(1), l.intra_list_diversity === null ? "–" : l.intra_list_diversity.toFixed(3)] }; }),
      "Lists of 20. Gini: 0 when all products are shown alike, near 1 when a few get everything"));
}

function productMap() {
  const map = data.map;
  if (map.models.length === 0) return;
  const counts = new Map();
  for (const p of map.products) if (p.kind) counts.set(p.kind, (counts.get(p.kind) ?? 0) + 1);
  const kinds = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 9).map(([kind]) => kind);
  const domain = kinds.length === 0 ? [] : [...kinds, "others"];
  const range = ["#0f6b6b", "#e08b3e", "#4c78a8", "#c05d67", "#8a6fb3", "#5fa55a", "#b5892b", "#d28bb5", "#3f9ab3", "#c4cad1"].slice(0, kinds.length).concat("#c4cad1");
  const spec = (of) => ({
    data: { values: map.products.map((p, i) => ({ name: p.name, full: p.kind || "–", kind: kinds.includes(p.kind) ? p.kind : "others", events: p.events, x: of.x[i], y: of.y[i] })) },
    height: Math.min(620, Math.max(360, document.body.clientWidth * 0.6)),
    mark: { type: "circle", opacity: 0.75, stroke: "white", strokeWidth: 0.4 },
    encoding: {
      x: { field: "x", type: "quantitative", axis: null, scale: { zero: false } },
      y: { field: "y", type: "quantitative", axis: null, scale: { zero: false } },
      size: { field: "events", type: "quantitative", scale: { type: "sqrt", range: [14, 260] }, legend: null },
      color: domain.length === 0 ? { value: accent } : { field: "kind", type: "nominal", sort: domain, scale: { domain, range }, legend: { title: map.kind_feature, columns: document.body.clientWidth < 600 ? 2 : 4 } },
      tooltip: tips(["name", "product", ""], ["full", map.kind_feature || "kind", ""], ["events", "events before the test", "d"]),
    },
  });
  const figure = chart(spec(map.models[0]), `A map of products by the embeddings of ${map.models[0].label}`,
    `The ${count(map.products.length)} best-selling products (t-SNE of the candidate embeddings). Neighbours are alike to the model; the size of a point is how often the product was taken; distances between far groups mean nothing.`);
  section("map", "A map of the products",
    el("p", {}, "Products stand near each other where the model treats them alike. Groups of one colour say that it goes by the category; mixed colours, that customers who take one kind take the other too."),
    map.models.length > 1 ? picker("Model", map.models.map((m, i) => [String(i), m.label, i === 0]), (i) => figure.redraw(spec(map.models[Number(i)]))) : null,
    figure);
}

function examples() {
  if (data.examples.length === 0) return;
  const product = (p, more, hit) => el("li", { class: hit ? "hit" : undefined }, p.name, el("small", {}, [more, p.kind].filter(Boolean).join(" · ")));
  const actions = new Set(data.examples.flatMap((e) => e.history.map((p) => p.action)));
  section("customers", "Some customers",
    el("p", {}, "Drawn by chance, not by how well anybody did. What they took afterwards is marked in the lists that had foreseen it."),
    el("div", {}, data.examples.map((e, i) =>
      el("details", { open: i === 0 ? "" : undefined },
        el("summary", {}, `Customer ${e.customer} `, el("span", {}, `on ${e.at}, ${e.num_history === 0 ? "nothing known before" : plural(e.num_history, "event", "events") + " before"}, ${plural(e.taken.length, "product", "products")} taken afterwards`)),
        el("div", {}, el("div", { class: "lists" },
          el("div", {}, el("h4", {}, e.history.length < e.num_history ? `The last ${e.history.length} events` : "History"), e.history.length === 0 ? el("p", { class: "note" }, "none") : el("ul", {}, e.history.map((p) => product(p, actions.size > 1 ? `${p.at}, ${p.action}` : p.at)))),
          el("div", {}, el("h4", {}, "Taken afterwards"), el("ul", {}, e.taken.map((p) => product(p, p.had_before ? "had before" : ""))))),
          el("div", { class: "lists" }, e.models.map((m) =>
            el("div", {}, el("h4", {}, swatch(labels.indexOf(m.label)), m.label), el("ol", {}, m.products.map((p) => product(p, "", p.hit)))))))))));
}

function learning() {
  const curved = data.fits.filter((f) => f.curves.some((c) => typeof c.loss === "number"));
  const tried = data.fits.filter((f) => f.trials.length > 1);
  if (curved.length === 0 && tried.length === 0) return;
  const part = section("learning", "How they learnt");
  if (curved.length > 0) {
    const rows = curved.flatMap((f) => f.curves.map((c) => ({ model: f.label, epoch: c.epoch, loss: c.loss, accuracy: c.accuracy, validation: c.validation_ndcg_at_20 })));
    const line = (field, title) => chart({
      data: { values: rows.filter((r) => typeof r[field] === "number") }, height: 220,
      layer: [{ mark: { type: "line", strokeWidth: 2 } }, { mark: { type: "point", filled: true, size: 36, opacity: 1 } }],
      encoding: { x: { field: "epoch", type: "quantitative", title: "epoch", axis: { tickMinStep: 1, format: "d", grid: false }, scale: { zero: false, nice: false, padding: 8 } }, y: { field, type: "quantitative", title, scale: { zero: false } }, color: curved.length > 1 ? colour : { value: colours[labels.indexOf(curved[0].label)] }, tooltip: tips(["model", "model"], ["epoch", "epoch", "d"], [field, title]) },
    }, `${title} by epoch`);
    part.append(el("p", {}, `Each pass over the training events of ${curved.map((f) => f.label).join(", ")}: the loss should fall; when NDCG on validation no longer rises, the passes stop.`),
      el("div", { class: "two" }, line("loss", "loss, nats"), rows.some((r) => typeof r.validation === "number") ? line("validation", "NDCG@20 on validation") : null, rows.some((r) => typeof r.accuracy === "number") ? line("accuracy", "accuracy in the batch") : null));
  }
  if (tried.length === 0) return;
  const trials = tried.flatMap((f) => f.trials.map((t) => ({ model: f.label, knobs: t.knobs, ndcg: t.validation_ndcg_at_20, recall: t.validation_recall_at_20 })));
  part.append(el("h3", {}, "Settings tried on validation"),
    chart({
      data: { values: trials }, height: rowsHigh(tried.length),
      mark: { type: "point", filled: true, size: 60, opacity: 0.65 },
      encoding: { y: { field: "model", type: "nominal", title: null, axis: { domain: false, ticks: false, labelFontSize: 13, labelColor: "#1c2430" } }, x: { field: "ndcg", type: "quantitative", title: "NDCG@20 on validation" }, color: withoutLegend, tooltip: tips(["model", "model"], ["knobs", "knobs", ""], ["ndcg", "NDCG@20"], ["recall", "recall@20"]) },
    }, "Every setting tried on validation, by model", "Each point is one setting; the best of each model went on to the test."));
}

function costs() {
  const rows = data.fits.map((f, i) => ({ model: f.label, i, fit: f.fit_seconds, tuning: f.trials.length > 0 && f.source === null ? f.trials.reduce((s, t) => s + (t.seconds ?? 0), 0) : null, trials: f.trials.length, memory: f.fit_peak_bytes, source: f.source, ask: models[i].seconds }));
  const timed = rows.filter((r) => r.fit !== null);
  section("costs", "What they cost",
    timed.length > 0 ? chart({
      data: { values: timed.map((r) => ({ model: r.model, seconds: r.fit })) }, height: rowsHigh(timed.length),
      mark: { type: "bar", height: 12 },
      encoding: { y: { field: "model", type: "nominal", sort: labels, title: null, axis: { domain: false, ticks: false, labelFontSize: 13, labelColor: "#1c2430" } }, x: { field: "seconds", type: "quantitative", title: "seconds of the last fit" }, color: withoutLegend, tooltip: tips(["model", "model"], ["seconds", "seconds", ".2f"]) },
    }, "Seconds of the last fit of each model") : null,
    table([{ title: "model" }, { title: "fit", number: true }, { title: "memory of the fit", number: true }, { title: "search on validation", number: true }, { title: "settings", number: true }, { title: "judging", number: true }],
      rows.map((r) => ({ cells: [nameOf(models[r.i], r.i), r.fit === null ? el("small", { class: "soft" }, models[r.i].is_oracle ? "knows the truth" : "not known") : seconds(r.fit), bytes(r.memory), seconds(r.tuning), count(r.trials), seconds(r.ask)] })),
      "On the machine that wrote this page; memory: the height beyond what was held before"));
}

function settings() {
  section("settings", "Settings",
    table([{ title: "model" }, { title: "knobs" }, { title: "from" }],
      models.map((m, i) => ({ cells: [nameOf(m, i), el("code", {}, m.knobs || "its own"), data.fits[i].source ? el("code", {}, data.fits[i].source) : "this run"] })), "What each model was judged with"),
    el("p", { class: "note" }, "Made by ", el("code", {}, data.command)),
    data.fits.flatMap((f) => f.warnings.map((w) => el("p", { class: "note" }, `${f.label}: ${w}`))));
}

header();
const mark = el("div");
page.append(mark);
comparison();
gate();
weeks();
slices();
variety();
productMap();
examples();
learning();
costs();
settings();
mark.replaceWith(links());
page.append(el("footer", {}, `${data.program} · Dataset ${data.data.fingerprint.slice(0, 12)} · ${count(data.dropped_targets)} products taken and ${plural(data.customers_without_targets, "customer", "customers")} could not be asked about. Everything on this page is inside this file; charts by Vega-Lite.`));
drawAll();
