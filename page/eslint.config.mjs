import tseslint from "typescript-eslint";

// What a model wrote reaches the page as text alone: the ways to write markup are refused.
const markup = ["innerHTML", "outerHTML", "insertAdjacentHTML", "write", "srcdoc"].map((property) => ({
  property,
  message: "The page shows text; use textContent.",
}));

export default tseslint.config(...tseslint.configs.strict, {
  rules: {
    "no-restricted-properties": ["error", ...markup],
    "no-eval": "error",
    eqeqeq: "error",
    "max-lines": ["error", { max: 400 }],
    "@typescript-eslint/no-non-null-assertion": "off",
  },
});
