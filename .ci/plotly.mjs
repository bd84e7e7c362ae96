// Builds the part of Plotly that pages load on demand: heat maps and curves, as one module and its stylesheet.
//
// In an empty folder: npm install --ignore-scripts plotly.js@4.1.1 esbuild@0.28.2, then here:
// node .ci/plotly.mjs FOLDER. It writes portal/static/portal/vendor/plotly.{js,css} and LICENSE-plotly.txt.
//
// Our policy allows no inline style, so the sources are changed on the way: rules that Plotly would write into a style
// element stand in the stylesheet, and style attributes are set through the style object.

import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const folder = resolve(process.argv[2]);
const place = join(dirname(fileURLToPath(import.meta.url)), "..", "portal", "static", "portal", "vendor");
const { build } = createRequire(join(folder, "package.json"))("esbuild");
const source = join(folder, "node_modules", "plotly.js");
const { version } = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));

const ENTRY = `
import core from "plotly.js/lib/core";
import heatmap from "plotly.js/lib/heatmap";
core.register([heatmap]);
export const { newPlot, purge } = core;
`;

const strict = {
  name: "strict",
  setup(builder) {
    builder.onLoad({ filter: /plotly\.js\/build\/plotcss\.js$/ }, () => ({ contents: "" }));
    builder.onLoad({ filter: /plotly\.js\/src\/.*\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8")
        .replace(/\.attr\('style', ([^)]*)\)/g, ".each(function() { this.style.cssText = $1; })")
        .replace(/function addRelatedStyleRule\([^)]*\) \{/, "$& return;"),
    }));
  },
};

function readRules() {
  const text = readFileSync(join(source, "build", "plotcss.js"), "utf8");
  const rules = text.matchAll(/^ *(?:"([XY][^"]*)"|([XY])): (".*"),?$/gm);
  const lines = [...rules].map(([, quoted, bare, rule]) => {
    const selector = quoted ?? bare;
    const names = selector.replace(/X/g, ".js-plotly-plot").replace(/Y/g, ".plotly-notifier");
    return `${names} { ${JSON.parse(rule).replace(/font-family:[^;]*;/, "")} }`;
  });
  return [`/* Of plotly.js ${version}, MIT licence: LICENSE-plotly.txt. Written by .ci/plotly.mjs. */`, ...lines, ""];
}

await build({
  stdin: { contents: ENTRY, resolveDir: folder },
  banner: { js: `/* plotly.js ${version}, MIT licence: LICENSE-plotly.txt. Built by .ci/plotly.mjs. */` },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2020",
  define: { global: "globalThis" },
  loader: { ".css": "empty" },
  legalComments: "none",
  plugins: [strict],
  outfile: join(place, "plotly.js"),
});
writeFileSync(join(place, "plotly.css"), readRules().join("\n"));
copyFileSync(join(source, "LICENSE"), join(place, "LICENSE-plotly.txt"));
