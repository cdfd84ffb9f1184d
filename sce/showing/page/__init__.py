"""The page that a run ends in: ``results/report.html``, one file that opens offline. Its own part, what a reader
sees and clicks, is written in TypeScript under ``page/`` and stands here as built: ``page.js``, ``page.css``."""
