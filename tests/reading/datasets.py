"""The datasets whose replies are read in the tests of parsing."""

from sce.grids.datasets import Dataset, load_dataset
from tests.conftest import ROOT

NAMES = ("income", "house_prices", "heart_disease", "weather", "exam")
DATASETS = {name: load_dataset(ROOT / f"resources/datasets/{name}.yaml") for name in NAMES}

DATASETS["loan"] = Dataset.model_validate(
    {
        "name": "loan",
        "title": "Loan",
        "subject": "applicant",
        "context": "One applicant.",
        "question": "Is the loan approved?",
        "options": ["Loan denied", "Loan approved"],
        "option_aliases": {"Loan denied": ["denied", "no"], "Loan approved": ["approved", "yes"]},
        "features": {
            "income": {
                "kind": "numeric",
                "levels": {"first": 10_000, "last": 200_000, "step": 5_000},
                "wording": "The yearly income (dollars) is: {value}.",
                "unit": "dollars",
                "names": ["annual income"],
            },
            "employment": {
                "kind": "categorical",
                "levels": ["Unemployed", "Part-time", "Full-time", "Self-employed", "Retired"],
                "wording": "The employment status is: {value}.",
                "names": ["employment status"],
            },
            "owns_home": {
                "kind": "categorical",
                "levels": ["No", "Yes"],
                "wording": "The applicant owns a home: {value}.",
                "names": ["home owner"],
            },
            "interest_rate": {
                "kind": "numeric",
                "levels": {"first": 1, "last": 10, "step": 0.5},
                "wording": "The interest rate (%) is: {value}.",
                "unit": "%",
            },
        },
    }
)
BELOW, ABOVE = DATASETS["income"].options
HEALTHY, ILL = DATASETS["heart_disease"].options
