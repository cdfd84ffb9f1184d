// Builds the page's script and style sheet into the package. `node build.mjs FOLDER` writes them elsewhere.
import { build } from "esbuild";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2] ?? join(here, "../sce/showing/page");

await build({
  absWorkingDir: here,
  entryPoints: { page: "src/main.ts" },
  outdir: folder,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
});
await build({
  absWorkingDir: here,
  entryPoints: { page: "src/page.css" },
  outdir: folder,
  minify: true,
  target: "chrome110",
});
