// The trials of a search.

const shares = [...new Set(data.models.flatMap((m) => m.attempts.map((a) => a.budget_share)))].sort((a, b) => a - b);
const shareText = (share) => (share === 1 ? "all of it" : share > 0.2 ? "a third" : "a ninth");
const shareColour = { field: "budget", type: "nominal", sort: shares.map(shareText), scale: { domain: shares.map(shareText), range: ["#c4cad1", "#7fb3b0", "#0f6b6b"].slice(3 - shares.length) }, legend: { title: "budget spent on it" } };
const text = (value) => (typeof value === "number" ? String(value) : value);
const rowsOf = (m) => m.attempts.map((a, i) => ({ i, trial: a.trial, budget: shareText(a.budget_share), share: a.budget_share, ndcg: a.ndcg_at_20, recall: a.recall_at_20, seconds: a.seconds, knobs: Object.entries(a.knobs).map(([k, v]) => `${k} = ${text(v)}`).join(", ") || "the model's own", values: a.knobs })).filter((r) => r.ndcg !== null);
const tip = (...fields) => fields.map(([field, title, format]) => ({ field, title, type: format === "" ? "nominal" : "quantitative", format: format === "" ? undefined : format ?? ".4f" }));
const trialTips = tip(["trial", "trial", "d"], ["ndcg", "NDCG@20"], ["recall", "recall@20"], ["budget", "budget", ""], ["knobs", "knobs", ""]);

function header() {
  page.append(
    el("p", { class: "over" }, "gemel tune"),
    el("h1", {}, data.title),
    el("p", { class: "soft" }, `Up to ${plural(data.num_trials, "setting", "settings")} for each model${data.minutes === null ? "" : ` within ${data.minutes} minutes`}, judged on the validation period alone; the test was not looked at.`),
    table([{ title: "model" }, { title: "NDCG@20 before", number: true }, { title: "NDCG@20 tuned", number: true }, { title: "gain", number: true }, { title: "recall@20", number: true }, { title: "fits", number: true }, { title: "time", number: true }],
      data.models.map((m) => { const own = m.attempts[0], best = m.attempts[m.best]; return { cells: [el("span", { class: "name" }, m.model, m.is_baseline ? el("span", { class: "tag" }, "baseline") : null), score(own.ndcg_at_20), score(best.ndcg_at_20), signed(best.ndcg_at_20 - own.ndcg_at_20), score(best.recall_at_20), count(m.attempts.length), seconds(m.seconds)] }; }),
      "All models had the same budget"));
}

function model(m) {
  const rows = rowsOf(m), best = m.attempts[m.best];
  const whole = rows.filter((r) => r.share === 1);
  let top = -Infinity;
  const record = whole.map((r) => ({ trial: r.trial, best: (top = Math.max(top, r.ndcg)) })).sort((a, b) => a.trial - b.trial);
  const failed = m.attempts.length - rows.length;
  const drawn = m.space.filter((d) => new Set(rows.map((r) => text(r.values[d.key]))).size > 1);
  section(m.model, m.model,
    el("p", {}, `Before: NDCG@20 ${score(m.attempts[0].ndcg_at_20)}. Best: ${score(best.ndcg_at_20)}, with `, el("code", {}, Object.entries(best.knobs).map(([k, v]) => `${k} = ${text(v)}`).join(", ") || "the model's own knobs"), "."),
    el("p", { class: "note" }, `Nine settings begin together with a ninth of the budget (${m.share_is_of}), the best three go on with a third, the best with all of it. ${m.out_of_time ? "The minutes ran out before all settings were tried. " : ""}${failed > 0 ? `${plural(failed, "fit", "fits")} failed.` : ""}`),
    chart({
      height: 280,
      layer: [
        { data: { values: record }, mark: { type: "line", interpolate: "step-after", color: "#b9c1ca", strokeDash: [4, 3] }, encoding: { x: { field: "trial", type: "quantitative" }, y: { field: "best", type: "quantitative" } } },
        { data: { values: rows }, mark: { type: "point", filled: true, size: 70, opacity: 0.9 }, encoding: { x: { field: "trial", type: "quantitative", title: "setting (0: the model's own knobs)", axis: { tickMinStep: 1, format: "d", grid: false } }, y: { field: "ndcg", type: "quantitative", title: "NDCG@20 on validation", scale: { zero: false } }, color: shareColour, tooltip: trialTips } },
      ],
    }, `NDCG on validation of each setting of ${m.model}`, "The dashed line: the best so far of those with the whole budget."),
    drawn.length > 0 ? el("h3", {}, "Knob by knob") : null,
    el("div", { class: "two" }, drawn.map((d) => {
      const isLog = d.kind.startsWith("log"), isChoice = d.kind === "choice";
      const x = isChoice ? { type: "nominal", axis: { labelAngle: 0, labelLimit: 110 } } : { type: "quantitative", scale: { type: isLog ? "log" : "linear", ...(isLog ? {} : { zero: false }), domain: [d.low, d.high] }, axis: { grid: false, tickCount: 5, format: "~g" } };
      return chart({
        data: { values: rows.filter((r) => r.values[d.key] !== undefined).map((r) => ({ ...r, values: undefined, value: isChoice ? text(r.values[d.key]) : r.values[d.key] })) }, height: 170,
        mark: { type: "point", filled: true, size: 50, opacity: 0.85 },
        encoding: { x: { field: "value", title: d.key, ...x }, y: { field: "ndcg", type: "quantitative", title: "NDCG@20", scale: { zero: false } }, color: { ...shareColour, legend: null }, tooltip: trialTips },
      }, `NDCG on validation against ${d.key}`);
    })),
    table([{ title: "setting", number: true }, { title: "budget" }, { title: "NDCG@20", number: true }, { title: "recall@20", number: true }, { title: "time", number: true }, { title: "knobs" }],
      [...rows].sort((a, b) => b.share - a.share || b.ndcg - a.ndcg).slice(0, 25).map((r) => ({ chosen: r.i === m.best, cells: [count(r.trial), el("span", { class: "name" }, r.budget), score(r.ndcg), score(r.recall), seconds(r.seconds), el("code", {}, r.knobs)] })),
      rows.length > 25 ? "The 25 that came farthest" : "All settings, those that came farthest first"));
}

header();
const mark = el("div");
page.append(mark);
data.models.forEach(model);
mark.replaceWith(links());
page.append(el("footer", {}, `${data.program} · `, el("code", {}, data.command), ` · Dataset ${data.fingerprint.slice(0, 12)}. Everything on this page is inside this file; charts by Vega-Lite.`));
drawAll();
