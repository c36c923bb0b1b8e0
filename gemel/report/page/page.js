// Building blocks of all pages: elements, tables, charts. The data is only ever set as text.

const page = document.getElementById("page");
const data = JSON.parse(document.getElementById("data").textContent);

// For whoever opens the page in a test: what went wrong, how many charts there should be, whether all are drawn.
const state = document.documentElement.dataset;
state.errors = "0";
state.charts = "0";
const fail = () => { state.errors = String(Number(state.errors) + 1); };
window.addEventListener("error", fail);
window.addEventListener("unhandledrejection", fail);

// el("p", {class: "note"}, "text", element, ...)
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value);
  for (const child of children.flat()) if (child !== null && child !== undefined) element.append(child);
  return element;
}

const whole = new Intl.NumberFormat("en-GB");
const count = (n) => whole.format(n);
const plural = (n, one, many) => `${count(n)} ${n === 1 ? one : many}`;
const score = (x) => (x === null || x === undefined ? "–" : x.toFixed(4));
const signed = (x) => (x > 0 ? "+" : x < 0 ? "−" : "±") + Math.abs(x).toFixed(4);
const percent = (x) => (100 * x).toFixed(x < 0.0995 ? 1 : 0) + " %";
const seconds = (s) => (s === null ? "–" : s < 0.95 ? Math.max(1, Math.round(1000 * s)) + " ms" : s < 10 ? s.toFixed(1) + " s" : s < 120 ? Math.round(s) + " s" : (s / 60).toFixed(1) + " min");
const bytes = (b) => (b === null ? "–" : b < 1e6 ? "under 1 MB" : b < 1e9 ? Math.round(b / 1e6) + " MB" : (b / 1e9).toFixed(1) + " GB");

const metricWords = (name) => {
  const [, family, k] = name.match(/^(.*)_at_(\d+)$/);
  const words = { recall: "recall", capped_recall: "capped recall", hit_rate: "hit rate", ndcg: "NDCG", mrr: "MRR", map: "MAP" };
  return `${words[family] ?? family}@${k}`;
};

const sections = [];
function section(id, title, ...children) {
  const part = el("section", { id }, el("h2", {}, title), ...children);
  sections.push([id, title]);
  page.append(part);
  return part;
}

const links = () => el("nav", { "aria-label": "Parts of the page" }, sections.map(([id, title]) => el("a", { href: "#" + id }, title)));

// columns: [{title, number, note}]; rows: [{cells: [string | element], chosen}]
function table(columns, rows, caption) {
  const cell = (tag, column, content) => el(tag, { class: column.number ? "number" : undefined, scope: tag === "th" ? "col" : undefined }, content);
  return el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    el("table", {},
      caption ? el("caption", {}, caption) : null,
      el("thead", {}, el("tr", {}, columns.map((column) => cell("th", column, column.title)))),
      el("tbody", {}, rows.map((row) =>
        el("tr", { class: row.chosen ? "chosen" : undefined }, row.cells.map((content, i) => cell("td", columns[i], content)))))));
}

// "0.1952 [0.1895, 0.2009]"
const interval = (i, show = score) =>
  i === null || i === undefined ? "–" : el("span", {}, show(i.value), el("small", {}, `[${show(i.low)}, ${show(i.high)}]`));

const font = getComputedStyle(document.body).fontFamily;
const look = {
  font,
  background: null,
  view: { stroke: null },
  axis: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500, labelColor: "#5b6675", titleColor: "#5b6675", gridColor: "#e9ecef", domainColor: "#b9c1ca", tickColor: "#b9c1ca", labelLimit: 220, titlePadding: 10 },
  legend: { labelFontSize: 13, titleFontSize: 12, titleFontWeight: 500, labelColor: "#1c2430", titleColor: "#5b6675", orient: "top", symbolSize: 90, columns: document.body.clientWidth < 600 ? 2 : 5, labelLimit: 200 },
  header: { labelFontSize: 13, titleFontSize: 13, labelColor: "#1c2430" },
};

// A figure that draws `spec` (Vega-Lite), said in words by `description`. Returns the figure; figure.redraw(spec) replaces the drawing.
const drawings = [];
function chart(spec, description, caption) {
  const holder = el("div", { class: "chart", role: "img", "aria-label": description });
  const figure = el("figure", {}, holder, caption ? el("figcaption", {}, caption) : null);
  state.charts = String(Number(state.charts) + 1);
  const draw = async (what) => {
    const full = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container", autosize: { type: "fit-x", contains: "padding" }, ...what, config: { ...look, ...what.config } };
    await vegaEmbed(holder, full, { actions: false, renderer: "svg", tooltip: { theme: "light" } });
  };
  drawings.push(() => draw(spec));
  figure.redraw = (what) => draw(what).catch((error) => { fail(); console.error(error); });
  return figure;
}

// Charts need the width that they get once everything stands.
async function drawAll() {
  for (const draw of drawings) await draw();
  state.drawn = "true";
}

function picker(words, options, onChange) {
  const select = el("select", {}, options.map(([value, text, chosen]) => el("option", { value, selected: chosen ? "" : undefined }, text)));
  select.addEventListener("change", () => onChange(select.value));
  return el("label", { class: "pick" }, words, select);
}
