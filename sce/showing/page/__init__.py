"""The page that a run ends in: ``results/report.html``, one file that opens offline. What a reader sees and
clicks is written in TypeScript, in the folder ``page/``, and stands here as built: page.js and page.css."""
