"""Self-generated counterfactual explanations: does a language model know its own decision boundary?

The package holds the logic of the workflow as pure functions on tables; it never imports Snakemake.
"""

__version__ = "0.1.0"
