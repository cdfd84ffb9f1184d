"""What a careful human reader would extract from what models really write, and nothing else."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sce.errors import InputError
from sce.grids.datasets import Dataset, load_dataset
from sce.reading.parsing import parse_answer, parse_lines, parse_sce
from sce.reading.values import number_in_words
from tests.conftest import ROOT, SHARED

CORPUS = SHARED / "parser_corpus.json"
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

# --- Answers. Each text is followed by its ideal, written down before the parser was run on it.

INCOME_ANSWERS = {
    "objects": [
        ('{"answer": "Above $50,000"}', ABOVE),
        ('  {"answer" : "Below $50,000" }\n', BELOW),
        ('```json\n{"answer": "Below $50,000"}\n```', BELOW),
        ('```{"answer": "Below $50,000"}```', BELOW),
        ('Sure! Here is my answer:\n\n```JSON\n{\n  "answer": "Above $50,000"\n}\n```\nLet me know!', ABOVE),
        ("{'answer': 'Above $50,000'}", ABOVE),
        ("{“answer”: “Above $50,000”}", ABOVE),
        ("{`answer`: `Below $50,000`}", BELOW),
        ('{"answer": "Above $50,000";}', ABOVE),
        ('{"answer"="Above $50,000"}', ABOVE),
        ('{"answer" "Above $50,000"}', ABOVE),
        ('{answer: "Below $50,000"}', BELOW),
        ('{"answer": Above $50,000}', ABOVE),
        ('{"answer": "Above $50,000}', ABOVE),
        ('{"answer: "Above $50,000"}', ABOVE),
        ('{{"answer": "Above $50,000"}}', ABOVE),
        ('{"answer": "Above $50,000"}}', ABOVE),
        ('{\\"answer\\": \\"Above $50,000\\"}', ABOVE),
        ('"{\\"answer\\": \\"Above $50,000\\"}"', ABOVE),
        ('{"answer": "Above \\u002450,000"}', ABOVE),
        ('{"answer": "Above $50,000" // most likely\n}', ABOVE),
        ('{/* my choice */ "answer": "Above $50,000"}', ABOVE),
        ('[{"answer": "Above $50,000"}]', ABOVE),
        ('["Above $50,000"]', ABOVE),
        ('{"Above $50,000"}', ABOVE),
        ("\\boxed{Above \\$50,000}", ABOVE),
        ("The final answer is $\\boxed{\\text{Below \\$50,000}}$", BELOW),
    ],
    "values": [
        ('{"answer": "ABOVE $50,000"}', ABOVE),
        ('{"answer": "Above $50,000."}', ABOVE),
        ('{"answer": "Above $50000"}', ABOVE),
        ('{"answer": "Above $50 000"}', ABOVE),
        ('{"answer": "Above $50K"}', ABOVE),
        ('{"answer": "> $50,000"}', ABOVE),
        ('{"answer": "<50k"}', BELOW),
        ('{"answer": "less than $50,000"}', BELOW),
        ('{"answer": "Over $50,000 per year"}', ABOVE),
        ('{"answer": "Below 50,000 USD"}', BELOW),
        ('{"answer": "Ａｂｏｖｅ ＄５０，０００"}', ABOVE),
        ('{"answer": "**Above $50,000**"}', ABOVE),
        ('{"answer": "\'Above $50,000\'"}', ABOVE),
        ('{"answer": "Bellow $50,000"}', BELOW),
        ('{"answer": "Above"}', ABOVE),
        ('{"answer": "Above $50,000 (likely)"}', ABOVE),
        ('{"answer": "Above $50,000, because of the degree"}', ABOVE),
        ('{"answer": "The income is Above $50,000"}', ABOVE),
        ('{"answer": {"value": "Above $50,000", "confidence": 0.9}}', ABOVE),
        ('{"answer": ["Below $50,000", "Above $50,000"]}', None),
        ('{"answer": "Above $50, 000"}', ABOVE),
        ('{"answer": "above_50000"}', ABOVE),
        ('{"answer": "2. Above $50,000"}', ABOVE),
        ('{"answer": "≥ $50,000"}', ABOVE),
        ('{"answer": "1. Above $50,000"}', None),
        ('{"answer": "Option 2"}', None),
        ('{"answer": "around $50,000"}', None),
        ('{"answer": "Slightly above $50,000"}', None),
        ('{"answer": "$50,000-$100,000"}', None),
        ('{"answer": "Above $50,000 but below $100,000"}', None),
        ('{"answer": "Below $50,0000"}', None),
        ('{"answer": None}', None),
        ('{"answer": "Above $60,000"}', None),
        ('{"answer": "Above $500,000"}', None),
        ('{"answer": "$50,000"}', None),
        ('{"answer": "not Above $50,000"}', None),
        ('{"answer": "Neither"}', None),
        ('{"answer": "I don\'t know"}', None),
        ('{"answer": "Below $50,000/Above $50,000"}', None),
        ('{"answer": 1}', None),
        ('{"answer": 50000}', None),
        ('{"answer": false}', None),
        ('{"answer": ""}', None),
        ('{"answer": "..."}', None),
        ('{"answer": {}}', None),
        ('{"answer": []}', None),
    ],
    "keys": [
        ('{"prediction": "Above $50,000"}', ABOVE),
        ('{"finalAnswer": "Above $50,000"}', ABOVE),
        ('{"ANSWER": "Above $50,000"}', ABOVE),
        ('{"income": "Above $50,000"}', ABOVE),
        ('{"response": {"income": "Above $50,000", "why": "degree"}}', ABOVE),
        ('{"output": {"answer": "Below $50,000"}}', BELOW),
        ('{"initial_answer": "Below $50,000", "final_answer": "Above $50,000"}', ABOVE),
        ('{"answer": "Below $50,000", "alternative": "Above $50,000"}', BELOW),
        ('{"answer": "Below $50,000", "prediction": "Above $50,000"}', None),
        ('{"original": "Below $50,000", "other": "Above $50,000"}', None),
        ('{"choices": ["Below $50,000", "Above $50,000"], "answer": "Above $50,000"}', ABOVE),
        ('{"reasoning": "Most earn below $50,000 at 17.", "answer": "Below $50,000"}', BELOW),
        ('{"reasoning": "she said "more" {a}", "answer": "Above $50,000"}', ABOVE),
        ('{"above_50000": true}', ABOVE),
        ('{"Above $50,000": true, "Below $50,000": false}', ABOVE),
        ('{"Above $50,000": 0.8, "Below $50,000": 0.2}', None),
        ('{"question": "Is it Above $50,000?", "answer": "No"}', None),
        ('{"explanation": "Above $50,000 would need a degree"}', None),
        ('{"age": 45, "education": "Master\'s degree"}', None),
    ],
    "several objects": [
        ('{"answer": ""}\n{"answer": "Above $50,000"}', ABOVE),
        ('{"answer": "Above $50,000"}\n{"answer": ""}', ABOVE),
        ('{"answer": "Below $50,000" or "Above $50,000"} ... {"answer": "Above $50,000"}', ABOVE),
        ('{"answer": "Below $50,000"} Wait, actually: {"answer": "Above $50,000"}', ABOVE),
        ('{"answer": "Below $50,000"}\n{"answer": "Above $50,000"}', None),
        ('{"answer": "Above $50,000"} is wrong.', None),
        ('{"answer": "Above $50,000"}\n\nNote: {"answer": "Below $50,000"} would hold at 20.', None),
        ('{"answer": "Above $50,000"} I used {age} and {education}.', ABOVE),
    ],
    "reasoning": [
        ('<thinking>Maybe {"answer": "Below $50,000"}?</thinking>{"answer": "Above $50,000"}', ABOVE),
        ('Below $50,000 seems off.</think>\n\n{"answer": "Above $50,000"}', ABOVE),
        ("<reasoning>x</reasoning>\nAbove $50,000", ABOVE),
        ('<think>a</think> so <think>b</think> {"answer": "Above $50,000"}', ABOVE),
        ('<think>The answer is {"answer": "Above $50,000"}', None),
        ('<think>{"answer": "Above $50,000"}</think>', None),
        (
            "<|channel|>analysis<|message|>Below $50,000?<|end|><|start|>assistant<|channel|>final<|message|>"
            '{"answer": "Above $50,000"}',
            ABOVE,
        ),
        ('{"answer": "Above $50,000"}<|im_end|>\n<|im_start|>user\n{"answer": "Below $50,000"}', ABOVE),
    ],
    "prose": [
        ("above $50,000", ABOVE),
        ("'Above $50,000'", ABOVE),
        ("Answer: Above $50,000", ABOVE),
        ("### Answer\nAbove $50,000", ABOVE),
        ("**Final Answer:** `Below $50,000`", BELOW),
        ("The answer is Above $50,000.", ABOVE),
        ("I would say Below $50,000, given the age of 19.", BELOW),
        ("Reasoning: 45 with a degree.\nAnswer: Above $50,000", ABOVE),
        ("<answer>Above $50,000</answer>", ABOVE),
        ("(Above $50,000)", ABOVE),
        ("So: Above $50,000", ABOVE),
        ('I would choose "Above $50,000".', ABOVE),
        ("Thus the person makes above $50,000 annually.", ABOVE),
        ("Answer:\n\n> Above $50,000", ABOVE),
        ('I would choose neither "Above $50,000" nor "Below $50,000".', None),
        ("It isn't Above $50,000.", None),
        ("I don't say Above $50,000", None),
        ("Below $50,000? No. Above $50,000.", None),
        ("Rejected: Below $50,000", None),
        ("user: Below $50,000", None),
        ("I think: Above $50,000\n\nBut let me reconsider... Below $50,000", None),
        ("answer = 'Above $50,000'", ABOVE),
        ("While many earn Below $50,000, the answer is: Above $50,000.", ABOVE),
        ("Above $50,000\n\nA person of 45 with a doctorate usually earns well.", ABOVE),
        ("The choices are: ['Below $50,000', 'Above $50,000']", None),
        ("Choices:\n- Below $50,000\n- Above $50,000", None),
        ("Either Below $50,000 or Above $50,000", None),
        ("It is not Above $50,000.", None),
        ("The income is unlikely to be Above $50,000.", None),
        ("If he were older it would be Above $50,000.", None),
        ("Is it Above $50,000?", None),
        ("It could be Above $50,000.", None),
        ("Answer: Below $50,000\nAnswer: Above $50,000", None),
        ("Someone of 45 earns more than average.", None),
        ("50,000", None),
        ("{}", None),
        ("   \n", None),
        ("null", None),
    ],
}
OTHER_ANSWERS = {
    "house_prices": [
        ('{"answer": "Above $1.5 million"}', DATASETS["house_prices"].options[1]),
        ('{"answer": "below 1.5M"}', DATASETS["house_prices"].options[0]),
        ('{"answer": "> $1,500,000"}', DATASETS["house_prices"].options[1]),
        ('{"answer": "Above $1.500.000"}', DATASETS["house_prices"].options[1]),
        ('{"answer": "Below $1500k"}', DATASETS["house_prices"].options[0]),
        ('{"answer": "Above $1,500"}', None),
        ('{"answer": "Above $1.5"}', None),
        ('{"answer": "Below $1,500,00', DATASETS["house_prices"].options[0]),
        ('{"price": "Below $1,500,000"}', DATASETS["house_prices"].options[0]),
        ('{"answer": "$1,500,000 or above"}', None),
    ],
    "heart_disease": [
        ('{"answer": "Yes"}', ILL),
        ("No.", HEALTHY),
        ('{"answer": "Yes, heart disease"}', ILL),
        ('{"answer": "No, the patient does not have heart disease."}', HEALTHY),
        ('{"answer": "No - no heart disease"}', HEALTHY),
        ('{"answer": "No. Heart disease"}', None),
        ('{"answer": "No/Heart disease"}', None),
        ('{"answer": "HEART DISEASE"}', ILL),
        ('{"answer": "Heart Disease Present"}', ILL),
        ('{"answer": "Yes and no"}', None),
        ('{"answer": "Yes or No"}', None),
        ('{"answer": "unhealthy"}', None),
        ('{"answer": "No heart dis', HEALTHY),
        ('{"answer": "No', None),
        ('{"answer": "no known heart disease"}', None),
        ("The risk of heart disease is high.", None),
        ("The patient likely has heart disease.", ILL),
        ("This patient does not have heart disease.", HEALTHY),
        ('{"healthy": "Yes"}', None),
        ('{"heart_disease": "No"}', HEALTHY),
        ("Heart disease: No", HEALTHY),
        ('{"has_disease": "No"}', None),
        ("The answer is no.", HEALTHY),
        ("No heart disease (healthy)", HEALTHY),
        ('{"answer": "Yes, no heart disease"}', None),
        ('{"answer": "Heart disease is not present"}', None),
        ('{"answer": "Possible heart disease"}', None),
        ("The patient might have heart disease.", None),
        ('{"answer": true}', None),
        ("Without more tests I cannot say that this is heart disease.", None),
    ],
    "weather": [
        ('{"answer": "Warm"}', "Warm"),
        ('{"answer": "cold."}', "Cold"),
        ("It feels warm.", "Warm"),
        ("A warm coat is needed.", None),
        ('{"answer": "Cold, not warm"}', None),
        ('{"answer": "lukewarm"}', None),
        ('{"answer": "Worm"}', None),
    ],
    "exam": [
        ('{"answer": "PASS"}', "Pass"),
        ("I'll pass on this question.", None),
        ('{"answer": "Pass/Fail"}', None),
        ("**Fail**", "Fail"),
        ("Fail or pass? Pass.", None),
    ],
    "loan": [
        ('{"answer": "Approved"}', "Loan approved"),
        ('{"decision": "Loan Denied."}', "Loan denied"),
        ('{"answer": "The loan is not approved"}', None),
        ('{"answer": "loan disapproved"}', None),
    ],
}

# --- Revised records, as values in the order of the features; a single None: nothing at all

INCOME_SCES = {
    "objects": [
        ('{"age": 45, "education": "Master\'s degree"}', (45, 22)),
        ('```json\n{\n  "age": "45",\n  "education": "Doctorate degree"\n}\n```', (45, 24)),
        ("{'age': 45, 'education': 'Master's degree'}", (45, 22)),
        ("{age: 45, education: Master's degree}", (45, 22)),
        ("{age: 45, education: Some college, 1 or more years, no degree}", (45, 19)),
        ('{"age": 45 "education": "Kindergarten"}', (45, 3)),
        ('{"age": "45, "education": "Kindergarten"}', (45, 3)),
        ('"age": 45, "education": "Kindergarten"', (45, 3)),
        ('"education": "Kindergarten", "age": 45', (45, 3)),
        ('{"age": 45, # raised\n "education": "Kindergarten" /* same */}', (45, 3)),
        ('{"age" => 45, "education" => "Kindergarten"}', (45, 3)),
        ("{“age”: 45, “education”: “Bachelor’s degree”}", (45, 21)),
        ('{"age": 45, "education": "Bachelor\\u2019s degree"}', (45, 21)),
        ('{"revised_data": {"age": 45, "education": "Kindergarten"}, "why": "older"}', (45, 3)),
        ('{"person": {"age": 45}, "background": {"education": "Kindergarten"}}', (45, 3)),
        ('{"age": 45}\n{"education": "Kindergarten"}', (45, 3)),
        ('[{"age": 45}, {"education": "Kindergarten"}]', (45, 3)),
        ('[{"feature": "age", "value": 45}, {"feature": "education", "value": "Kindergarten"}]', (45, 3)),
        (
            '{"age": {"old": 30, "new": 45}, "education": {"from": "Kindergarten", "to": "6th grade"}}',
            (45, 9),
        ),
        ('{"data": "{\\"age\\": 45, \\"education\\": \\"Kindergarten\\"}"}', (45, 3)),
        ('{"Age (years)": 45, "Highest educational attainment": "Kindergarten"}', (45, 3)),
        ('{"original_age": 30, "revised_age": 45, "education_level": "Kindergarten"}', (45, 3)),
        ('{"age": 45, "eduction": "Kindergarten"}', (45, 3)),
        ('{"age": 45, education": "Kindergarten"}', (45, 3)),
        ('{"age": 45, "education: "Kindergarten"}', (45, 3)),
        ('{"age": 45, "education": Kindergarten"}', (45, 3)),
        ('{"age": "45", "education": "Kindergarten"]', (45, 3)),
        ('("age": 45, "education": "Kindergarten")', (45, 3)),
        ('{"age": 45,, "education": "Kindergarten"}', (45, 3)),
        ('{"age": 45 years, "education": 6th grade}', (45, 9)),
        ("{&quot;age&quot;: 45, &quot;education&quot;: &quot;Master&#39;s degree&quot;}", (45, 22)),
        ('{"mean_age": 45, "age_change": 15, "education": "6th grade"}', (None, 9)),
        ('{"age": 45, "parent_education": "6th grade"}', (45, None)),
        ('{"changes": [{"feature": "age", "from": 30, "to": 45}]}', (45, None)),
        ('{"age": 45}', (45, None)),
        ('{"education": "Kindergarten"}', (None, 3)),
        ('{"age": null, "education": null}', None),
        ('{"age": "17-96 inclusive (integer)", "education": "<level>"}', None),
        ('{"answer": "Above $50,000"}', None),
        ("{}", None),
        ("[]", None),
        ("45", None),
    ],
    "which record": [
        ('{"age": 30, "education": "6th grade"} becomes {"age": 45, "education": "Kindergarten"}', (45, 3)),
        (
            'Revised: {"age": 45, "education": "Kindergarten"}\n'
            'Original: {"age": 30, "education": "6th grade"}',
            (45, 3),
        ),
        (
            '{"revised": {"age": 45, "education": "Kindergarten"}, '
            '"original": {"age": 30, "education": "6th grade"}}',
            (45, 3),
        ),
        (
            '{"age": 45, "education": "Kindergarten"} (revised from {"age": 30, "education": "6th grade"})',
            (45, 3),
        ),
        ('{"age": 45, "education": "Kindergarten"}\n{"age": "", "education": ""}', (45, 3)),
        ('{"age": 45, "education": "Kindergarten"}, where {"age": 45} is new', (45, 3)),
        ('Based on the original data, here it is:\n{"age": 45, "education": "Kindergarten"}', (45, 3)),
        (
            '{"age": 45, "education": "Kindergarten"}\nInstead of {"age": 30, "education": "6th grade"}',
            (45, 3),
        ),
        ('{"age": 45, "education": "Kindergarten"} or {"age": 50, "education": "6th grade"}', None),
        (
            'Option 1: {"age": 45, "education": "Kindergarten"}\n'
            'Option 2: {"age": 50, "education": "6th grade"}',
            None,
        ),
        ('[{"age": 45, "education": "Kindergarten"}, {"age": 50, "education": "6th grade"}]', None),
        ('Original: {"age": 30, "education": "6th grade"}', None),
        ('</think>{"age": 45, "education": "Kindergarten"}', (45, 3)),
        ('{"age": 30, "education": "6th grade"}</think>', None),
    ],
    "prose": [
        ("- **Age:** 45\n- **Education:** Master's degree", (45, 22)),
        ("Age: 45\nEducation: Some college, less than 1 year\n\nThis person is older.", (45, 18)),
        ("age = 45; education = Kindergarten", (45, 3)),
        ("Original:\nAge: 30\nEducation: 6th grade\n\nRevised:\nAge: 45\nEducation: Kindergarten", (45, 3)),
        ("Revised:\nAge: 45\nEducation: Kindergarten\n\nOriginal:\nAge: 30\nEducation: 6th grade", (45, 3)),
        ("- The age is: 45 years old.\n- The highest educational attainment is: Master's degree.", (45, 22)),
        ("| Feature | Value |\n|---|---|\n| Age | 45 |\n| Education | Kindergarten |", (45, 3)),
        (
            "| Feature | Original | Revised |\n|---|---|---|\n| age | 30 | 45 |\n"
            "| education | 6th grade | Kindergarten |",
            (45, 3),
        ),
        ("| age | education |\n|---|---|\n| 45 | Kindergarten |", (45, 3)),
        ("<age>45</age><education>Kindergarten</education>", (45, 3)),
        ("Age: 30 → 45\nEducation: 6th grade → Bachelor’s degree", (45, 21)),
        ("I would raise the age a little and leave the rest.", None),
        ("The age matters, and so does education.", None),
        ("As an AI, I cannot help with that.", None),
    ],
    "cut off": [
        ('{"age": 45, "education": "Bachelor', (45, 21)),
        ('{"age": 45, "education": "Master\'s degree', (45, 22)),
        ('{"age": 45, "education": "Some college', (45, None)),
        ('{"age": 45, "education": "1', (45, None)),
        ('{"education": "Kindergarten", "age": 4', (None, 3)),
        ('{"education": "Kindergarten", "age": "4', (None, 3)),
        ('{"education": "Kindergarten", "age": 45\n```', (45, 3)),
        ('{"age": 4', None),
        ('{"age', None),
    ],
}

AGES = [
    ("45", 45), (" 45 ", 45), ("045", 45), ("45.0", 45), ("45.", 45), ("45.5", 45.5), ("120", 120),
    ("-5", -5), ("45 years old", 45), ("45-year-old", 45), ("45 yrs.", 45), ("45y", 45), ("age 45", 45),
    ("Age: 45", 45), ("forty-five", 45), ("nineteen", 19), ("seventeen years", 17), ("Forty five years", 45),
    ("４５", 45), ("**45**", 45), ("`45`", 45), ("exactly 45", 45), ("30->45", 45), ("30 → 45", 45),
    ("30 years ⇒ 45 years", 45), ("from 30 to 45", 45), ("changed from 30 to 45", 45),
    ("increased to 45", 45), ("45 (was 30)", 45), ("45 (increased from 30)", 45), ("45 (unchanged)", 45),
    ("45 (+15)", 45), ("45, up from 30", 45), ("30 --> 40 --> 45", 45), ("4.5e1", 45),
    ("45 to 50", None), ("45–50", None), ("between 45 and 50", None), ("45 or 50", None), ("45/50", None),
    ("45, 50", None), ("about 45", None), ("~45", None), ("≈45", None), ("45ish", None),
    ("approximately 45", None), (">45", None), ("≥ 45", None), ("at least 45", None), ("45+", None),
    ("over 45", None), ("45 or older", None), ("under 45", None), ("45?", None), ("mid-forties", None),
    ("45 months", None), ("45%", None), ("four five", None), ("4,5", None), ("+15", None),
    ("unchanged", None), ("N/A", None), ("unknown", None), ("NaN", None), ("30 ->", None), ("-> 45", None),
    ("30 + 15", None), ("1/2", None), ("0x2d", None), ("45 (or 46)", None), ("45 (approximately)", None),
    ("from a range of 30 to 45", None), ("30 was changed to 45", None), ("- 45", None), ("45-", None),
    ("4O", None), ("<45>", None), ("45歳", None), ("٤٥", 45), ("40s", None), ("45 years 6 months", None),
    ("forty to fifty", None), ("∞", None), ("1e999", None), ("4" * 400, None),
]  # fmt: skip
AREAS = [
    ("2,500", 2500), ("2 500", 2500), ("2\u202f500", 2500), ("2'500", 2500), ("2’500", 2500), ("2_500", 2500),
    ("2,500.0", 2500), ("2500 sqft", 2500), ("2,500 sq. ft.", 2500), ("2500 square feet", 2500),
    ("2500 ft²", 2500), ("2500ft2", 2500), ("2.5k", 2500), ("2.5K sq ft", 2500),
    ("two thousand five hundred", 2500), ("12,500", 12500), ("2,500 → 3,000", 3000), ("2500 (sq ft)", 2500),
    ("size: 2500 sq ft", 2500), ("2500 sq ft (232 m2)", 2500),
    ("2.500", None), ("25 00", None), ("2,50", None), ("1,500 000", None), ("2500 m²", None),
    ("250 square meters", None), ("2000-2500", None), ("2500+", None), ("$2,500", None), ("large", None),
    ("2500 m", None), ("2,500, 3,000", None),
]  # fmt: skip
EDUCATIONS = [
    ("Master’s degree", 22), ("MASTERS DEGREE", 22), ("Master's", 22), ("Masters", 22), ("Master degree", 22),
    ("Master's degre", 22), ("Mastre's degree", 22), ("22 - Master's degree", 22),
    ("22: Master's degree", 22), ("Master's degree (22)", 22), ("Master's degree (MBA)", 22),
    ("Master's degree in Economics", 22), ("'Master's degree'", 22), ("8th grade -> Master's degree", 22),
    ("Master's degree (was 8th grade)", 22), ("eighth grade", 11), ("8th", 11), ("grade 8", 11),
    ("Grade eight", 11), ("1st grade", 4), ("first grade only", 4), ("12th grade", 15),
    ("12th grade - no diploma", 15), ("Twelfth grade, no diploma", 15), ("11th Grade.", 14),
    ("no schooling completed", 1), ("No schooling", 1), ("Nursery school/preschool", 2), ("Preschool", 2),
    ("kindergarden", 3), ("GED", 17), ("GED or alternative", 17), ("Regular high-school diploma", 16),
    ("Regular highschool diploma", 16), ("High school diploma", 16), ("some college, <1 year", 18),
    ("Some college (less than one year)", 18), ("Some college, one or more years", 19),
    ("Some college - 1+ years", 19), ("G.E.D.", 17), ("GED/alternative credential", 17), ("10 th grade", 13),
    ("Some college 1+", 19), ("Associate's", 20), ("Associate degree", 20), ("Bachelor", 21),
    ("bachelor's", 21), ("Professional degree", 23), ("Professional degree beyond a bachelors degree", 23),
    ("Doctorate", 24), ("PhD", 24), ("Doctoral degree", 24), ("Ph.D.", 24), ("Doctorate degree (PhD)", 24),
    ("Docterate degree", 24),
    ("Some college", None), ("some college, no degree", None), ("High school", None),
    ("college degree", None), ("degree", None), ("N/A", None), ("None", None), ("2 years of college", None),
    ("22", None), ("8", None), ("21 - Master's degree", None), ("Master's degree or higher", None),
    ("Bachelor's or Master's degree", None), ("Master's degree (Bachelor's degree)", None),
    ("Master's degree in progress", None), ("at least a Master's degree", None),
    ("High school diploma or GED", None), ("not a Master's degree", None), ("13th grade", None),
    ("9th-12th grade", None), ("University", None), ("graduate", None), ("School", None), ("Some", None),
    ("unchanged", None), ("", None), ("12th grade, with diploma", None), ("grade", None),
    ("Bachelor's degree, Master's degree", None), ("finished 8th grade", None),
    ("Post-doctorate degree", None), ("Unfinished Bachelor's degree", None), ("HS diploma", None),
    ("beyond a bachelor's degree", None), ("less than 1 year", None), ("no degree", None), ("N", None),
]  # fmt: skip
SEXES = [
    ("Female", 2), ("FEMALE", 2), ("female.", 2), ("Woman", 2), ("F", 2), ("Male", 1), ("man", 1), ("m", 1),
    ("Male -> Female", 2), ("Female (unchanged)", 2), ("Femal", 2),
    ("Male/Female", None), ("Male or Female", None), ("other", None), ("not male", None), ("2", None),
    ("1", None), ("non-female", None), ("x", None), ("Mal", None),
]  # fmt: skip
PRESSURES = [
    ("130 mmHg", 130), ("130mm Hg", 130), ("130/80", 130), ("130 / 85 mmHg", 130),
    ("130 over 80", None), ("130/80 -> 140/90", 140), ("120-130", None), ("130 (130/80)", 130), ("135", 135),
    ("17.3 kPa", None),
]  # fmt: skip
TEMPERATURES = [
    ("-15", -15), ("−15", -15), ("–15", -15), ("minus 15", -15), ("-15°C", -15), ("-15 °C", -15),
    ("−5 degrees", -5), ("+5", 5), ("5 degrees Celsius", 5), ("20 C", 20), ("-5 → 10", 10), ("10 -> -5", -5),
    ("2.5", 2.5), ("minus five degrees", -5), ("0", 0), ("-0", 0), ("temperature: -5", -5), ("20℃", 20),
    ("-2½", -2.5), ("5 °C (41 °F)", 5),
    ("59°F", None), ("288 K", None), ("-15 to -5", None), ("-15--5", None), ("5 below zero", None),
    ("- 5", None), ("below 0", None), ("warm", None), ("15-20°C", None),
]  # fmt: skip
OTHER_SCES = {
    "house_prices": [
        (
            '{"area": 2500, "bedrooms": "three", "bathrooms": "2.5 baths", "floors": "2 stories"}',
            (2500, 3, 2.5, 2),
        ),
        (
            '{"size": "2,500 sq ft", "Bedrooms": "4 bedrooms", "Number of bathrooms": 2, "stories": 1}',
            (2500, 4, 2, 1),
        ),
        ('{"area_sqft": 2500, "num_bedrooms": 3, "bathroom": 2, "Floors": 1}', (2500, 3, 2, 1)),
        ('{"area": 2,500, "bedrooms": 3, "bathrooms": 2, "floors": 1}', (2500, 3, 2, 1)),
        (
            '{"area": {"value": 2500, "unit": "sq ft"}, "bedrooms": 3, "bathrooms": 2, "floors": 1}',
            (2500, 3, 2, 1),
        ),
        (
            '{"area": {"value": 250, "unit": "m2"}, "bedrooms": 3, "bathrooms": 2, "floors": 1}',
            (None, 3, 2, 1),
        ),
        (
            '{"area": {"min": 2000, "max": 2500}, "bedrooms": [3, 4], "bathrooms": [2], "floors": 1}',
            (None, None, 2, 1),
        ),
        ('{"area_m2": 250, "bedrooms": 3, "bathrooms": 2, "floors": 1}', (None, 3, 2, 1)),
        ('{"bedrooms": 3, "area": 25', (None, 3, None, None)),
        ('{"area": 25', None),
        (
            "The size of the house (sq ft) is: 3000.\nThe number of bedrooms is: 4.\n"
            "The number of bathrooms is: 3.\nThe number of floors is: 2.",
            (3000, 4, 3, 2),
        ),
        ("{area: 2500 sq ft, bedrooms: 3, bathrooms: 2, floors: 1}", (2500, 3, 2, 1)),
        ('{"area": 4 5, "bedrooms": >=3, "bathrooms": ~2, "floors": 1-2}', None),
        ('{"area": 2500, "bedrooms": 30 -> 3, "bathrooms": −2, "floors": 1 // one\n}', (2500, 3, -2, 1)),
        ('{"house": {"area": 2500, "bedrooms": 3, "bathrooms": 2, "floors": Infinity}}', (2500, 3, 2, None)),
    ],
    "heart_disease": [
        (
            '{"Age": 45, "Gender": "M", "Systolic BP (mmHg)": 130, "Cholesterol": "210 mg/dl"}',
            (45, 1, 130, 210),
        ),
        (
            '{"age": 45, "SEX": "female", "blood_pressure": "130/80 mmHg", "total cholesterol": 210}',
            (45, 2, 130, 210),
        ),
        (
            '{"age": 45, "sex": 1, "systolicBloodPressure": 130, "cholesterol_total": 5.4}',
            (45, None, 130, 5.4),
        ),
        (
            '{"age": 45, "sex": "Male", "systolic_bp": 130, "total_cholesterol": "5.4 mmol/L"}',
            (45, 1, 130, None),
        ),
        ('{"age": 45, "sex": "Male", "diastolic_bp": 80, "total_cholesterol": 210}', (45, 1, None, 210)),
        (
            '{"age": 45, "sex": "Male", "systolic_bp": {"systolic": 130, "diastolic": 80}, '
            '"total_cholesterol": 210}',
            (45, 1, 130, 210),
        ),
        (
            '{"age": 45, "sex": "Male", "systolic_bp": 130, "total_cholesterol": 210, '
            '"ldl_cholesterol": 130}',
            (45, 1, 130, 210),
        ),
    ],
    "weather": [
        ('{"temperature": -15, "wind_speed": 0}', (-15, 0)),
        ('{"temperature": "−15 °C", "windSpeed": "10 km/h"}', (-15, 10)),
        ("{temperature: -5, wind_speed: 20}", (-5, 20)),
        ('{"Temperature (°C)": 5, "Wind": "20 kph"}', (5, 20)),
        ('{"temp": 5, "wind speed (km/h)": 20}', (5, 20)),
        ('{"temperature_c": 5, "wind_speed_kmh": 20}', (5, 20)),
        ('{"temperature_f": 41, "wind_speed": 20}', (None, 20)),
        ('{"temperature": "41°F", "wind_speed": "12 mph"}', None),
        ("- Temperature: -5\n- Wind speed: 10 km/h", (-5, 10)),
        ("- The temperature (degrees Celsius) is: -5.\n- The wind speed (km/h) is: 10.", (-5, 10)),
    ],
    "exam": [
        ('{"score": "85 points", "absences": 4}', (85, 4)),
        ('{"exam_score": "85/100", "number_of_absences": "4 absences"}', (85, 4)),
        ('{"score": "85%", "absences": "none"}', (85, None)),
        ('{"score": "70-80", "absences": "zero"}', (None, 0)),
    ],
    "loan": [
        (
            '{"income": "$45,000", "employment": "full-time", "owns_home": "Yes", "interest_rate": "3.5%"}',
            (45000, 3, 2, 3.5),
        ),
        (
            '{"annual_income": "45k", "employmentStatus": "Self employed", "home_owner": "no", '
            '"interest_rate": 3.500}',
            (45000, 4, 1, 3.5),
        ),
        (
            '{"income": "USD 45,000", "employment": "Unemployd", "owns_home": "true", '
            '"interest_rate": "3½%"}',
            (45000, 1, None, 3.5),
        ),
        ('{"income": "45.000", "employment": "employed", "owns_home": true, "interest_rate": "3,5%"}', None),
        (
            '{"income": "$45,000/year", "employment": "Full-time -> Retired", "owns_home": "N/A", '
            '"interest_rate": ".5"}',
            (None, 5, None, 0.5),
        ),
        (
            '{"income": "€45,000", "employment": "Self-employed/Retired", "owns_home": "yes and no", '
            '"interest_rate": "3.5 - 4"}',
            None,
        ),
    ],
}


def _table(groups, dataset):
    return [pytest.param(dataset, text, ideal, id=f"{name}-{n}") for name, cases in groups.items()
            for n, (text, ideal) in enumerate(cases)]  # fmt: skip


def _tables(cases):
    return [param for name in cases for param in _table({name: cases[name]}, name)]


@pytest.mark.parametrize(("name", "text", "ideal"), _table(INCOME_ANSWERS, "income") + _tables(OTHER_ANSWERS))
def test_answer(name, text, ideal):
    parsed = parse_answer(text, DATASETS[name])
    assert parsed.value == ideal
    assert (parsed.status == "ok") == (ideal is not None)


@pytest.mark.parametrize(("name", "text", "ideal"), _table(INCOME_SCES, "income") + _tables(OTHER_SCES))
def test_sce(name, text, ideal):
    parsed = parse_sce(text, DATASETS[name])
    assert parsed.value == (ideal and dict(zip(DATASETS[name].features, ideal, strict=True)))
    if ideal:
        assert parsed.status == ("missing_feature" if None in ideal else "ok")
    else:
        assert parsed.status in ("unparseable", "refused")


VALUES = {
    ("income", "age"): AGES,
    ("income", "education"): EDUCATIONS,
    ("house_prices", "area"): AREAS,
    ("heart_disease", "sex"): SEXES,
    ("heart_disease", "systolic_bp"): PRESSURES,
    ("weather", "temperature"): TEMPERATURES,
}


@pytest.mark.parametrize(
    ("name", "feature", "text", "ideal"),
    [
        pytest.param(*key, text, ideal, id=f"{key[1]}: {text[:40]}")
        for key, rows in VALUES.items()
        for text, ideal in rows
    ],
)
def test_value(name, feature, text, ideal):
    dataset = DATASETS[name]
    others = {other: f.labels[0] for other, f in dataset.features.items() if other != feature}
    parsed = parse_sce(json.dumps({feature: text, **others}), dataset)
    assert parsed.value[feature] == ideal
    assert type(parsed.value[feature]) is type(ideal)


@pytest.mark.skipif(not CORPUS.is_file(), reason="the shared corpus is not here")
def test_shared_corpus():
    cases = json.loads(CORPUS.read_text(encoding="utf-8"))
    right, false = 0, []
    for case in cases:
        dataset = DATASETS[case["dataset"]]
        parse = parse_answer if case["kind"] == "answer" else parse_sce
        value, ideal = parse(case["text"], dataset).value, case["ideal"]
        if case["kind"] == "sce" and value is not None:
            value = {dataset.features[name].published_name or name: code for name, code in value.items()}
        right += value == ideal
        if case["kind"] == "answer":
            wrong = value is not None and value != ideal
        else:
            ideal = ideal or dict.fromkeys(value or {})
            wrong = any(code is not None and code != ideal[name] for name, code in (value or {}).items())
        if wrong:
            false.append((case["id"], value))
    assert not false
    assert right >= 0.95 * len(cases)


@pytest.mark.parametrize(
    ("text", "finish_reason", "status"),
    [
        ('{"age": 45, "education": "Kindergarten"}', "stop", "ok"),
        ('{"age": 45, "education": "Kindergarten"}', "length", "ok"),
        ('{"age": 45, "education": "Kinder', "length", "ok"),
        ('{"age": 45, "education": "Ki', "length", "missing_feature"),
        ('{"age": 4', "length", "truncated"),
        ("Age: 45\nEducation: Kindergarten\nAge group: 4", "length", "ok"),
        ("Education: Kindergarten\nAge: 4", "length", "missing_feature"),
        ("<think>It should be", "length", "truncated"),
        ("<think>It should be", "stop", "unparseable"),
        ("", "length", "truncated"),
        (None, None, "unparseable"),
        (None, "length", "truncated"),
        ("I'm sorry, but I can't help with that.", "stop", "refused"),
        ("I cannot provide such data.", None, "refused"),
        ("I cannot say which age is right.", None, "unparseable"),
        ('{"note": "I cannot provide such data."}', None, "unparseable"),
        ("Hello", None, "unparseable"),
    ],
)
def test_status_of_a_record(text, finish_reason, status):
    assert parse_sce(text, DATASETS["income"], finish_reason).status == status


@pytest.mark.parametrize(
    ("text", "finish_reason", "expected"),
    [
        ("Above $50,000", "length", ("ok", ABOVE)),
        ("I think that the answer is Above $50,000", "length", ("truncated", None)),
        ('{"answer": "', "length", ("truncated", None)),
        ("I'm unable to help with this request.", "stop", ("refused", None)),
        (None, None, ("unparseable", None)),
    ],
)
def test_status_of_an_answer(text, finish_reason, expected):
    assert tuple(parse_answer(text, DATASETS["income"], finish_reason)) == expected


def test_lines():
    lines = ['{"text": "{\\"answer\\": \\"Above $50,000\\"}"}\n', '{"text": null, "finish_reason": "length"}']
    assert list(parse_lines(DATASETS["income"], "answer", lines)) == [
        {"status": "ok", "value": ABOVE},
        {"status": "truncated", "value": None},
    ]
    (row,) = parse_lines(DATASETS["weather"], "sce", [json.dumps({"text": "Temperature: -5\nWind: 10 km/h"})])
    assert row == {"status": "ok", "value": {"temperature": -5, "wind_speed": 10}}
    assert json.loads(json.dumps(row)) == row


@pytest.mark.parametrize("line", ["", "{", "[]", '"text"', '{"txt": "a"}', '{"text": 5}', "[" * 100_000])
def test_a_bad_line_is_named(line):
    with pytest.raises(InputError, match="line 2"):
        list(parse_lines(DATASETS["income"], "answer", ['{"text": ""}', line]))


def test_an_unknown_kind_is_named():
    with pytest.raises(InputError, match="answer or sce"):
        list(parse_lines(DATASETS["income"], "answers", []))


# --- Properties

FRAGMENTS = [
    *(
        '{"answer": "',
        "{'age': ",
        '"education": ',
        "Master's degree",
        "Above $50,000",
        "Below $50,000",
        "45",
        "-5",
    ),
    *(
        "{",
        "}",
        "[",
        "]",
        '"',
        "'",
        "“",
        "”",
        "`",
        "```",
        "```json\n",
        ",",
        ":",
        "=",
        "->",
        "→",
        "\\",
        "\n",
        " ",
    ),
    *(
        "<think>",
        "</think>",
        "//",
        "/*",
        "#",
        "null",
        "true",
        "NaN",
        "1e999",
        "not ",
        "or ",
        "from ",
        " to ",
        "(was ",
    ),
    *(
        ")",
        "| a | b |\n",
        "½",
        "\ud800",
        "\x00",
        "&quot;",
        "\\u00",
        "$",
        "k",
        "<answer>",
        "</answer>",
        "Answer: ",
    ),
    *(
        "Revised:",
        "Original:",
        "9" * 30,
        "feature",
        '"value"',
        "User:",
        "\\boxed{",
        "No, ",
        "heart disease",
        "°C",
    ),
]
NOISE = st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join))


@settings(max_examples=400, deadline=None)
@given(
    text=NOISE, name=st.sampled_from(list(DATASETS)), finish_reason=st.sampled_from([None, "stop", "length"])
)
def test_any_text_gives_an_option_or_a_record_or_nothing(text, name, finish_reason):
    dataset = DATASETS[name]
    answer = parse_answer(text, dataset, finish_reason)
    assert answer.value is None or answer.value in dataset.options
    assert (answer.status == "ok") == (answer.value is not None)
    record = parse_sce(text, dataset, finish_reason)
    assert record == parse_sce(text, dataset, finish_reason)
    if record.value is None:
        assert record.status in ("unparseable", "truncated", "refused")
        return
    assert list(record.value) == list(dataset.features)
    assert (record.status == "ok") == (None not in record.value.values())
    for feature, code in record.value.items():
        assert type(code) in (int, float, type(None))
        assert dataset.features[feature].is_number or code in (None, *dataset.features[feature].codes)


def _labels(dataset, record):
    return {n: f.labels[f.codes.index(record[n])] for (n, f) in dataset.features.items()}


def _bare(dataset, labels, separator):
    return separator.join(f"{name}: {label}" for name, label in labels.items())


WRITINGS = {
    "strings": lambda d, new, old: json.dumps(new),
    "indented": lambda d, new, old: (
        "Here:\n```json\n" + json.dumps(new, indent=2) + "\n```\nThe {data} is new."
    ),
    "Python": lambda d, new, old: repr(new),
    "single quotes": lambda d, new, old: "{" + ", ".join(f"'{k}': '{v}'" for k, v in new.items()) + "}",
    "curly quotes": lambda d, new, old: "{" + ", ".join(f"“{k}”: “{v}”" for k, v in new.items()) + ",}",
    "unquoted": lambda d, new, old: "{" + _bare(d, new, ", ") + "}",
    "braces missing": lambda d, new, old: json.dumps(new)[1:-1],
    "no commas": lambda d, new, old: json.dumps(new, indent=0).replace('",\n', '"\n'),
    "lines": lambda d, new, old: _bare(d, new, "\n"),
    "bullets": lambda d, new, old: "- " + _bare(d, {f"**{k.title()}**": v for k, v in new.items()}, "\n- "),
    "sentences": lambda d, new, old: d.describe(
        {n: f.codes[f.labels.index(new[n])] for n, f in d.features.items()}
    ),
    "table": lambda d, new, old: (
        "| Feature | Value |\n|---|---|\n" + "".join(f"| {k} | {v} |\n" for k, v in new.items())
    ),
    "wrapped": lambda d, new, old: json.dumps({"original": old, "revised": new}),
    "wrapped, turned": lambda d, new, old: json.dumps({"revised": new, "original": old}),
    "arrows": lambda d, new, old: json.dumps({k: f"{old[k]} → {v}" for k, v in new.items()}),
    "old and new": lambda d, new, old: json.dumps({k: {"old": old[k], "new": v} for k, v in new.items()}),
    "notes": lambda d, new, old: json.dumps({k: f"{v} (was {old[k]})" for k, v in new.items()}),
    "two objects": lambda d, new, old: f"Original: {json.dumps(old)}\nRevised: {json.dumps(new)}",
    "after thought": lambda d, new, old: f"<think>Not {json.dumps(old)}</think>{json.dumps(new)}",
    "capitals": lambda d, new, old: json.dumps({k.upper(): v.upper() for k, v in new.items()}),
    "escaped": lambda d, new, old: json.dumps(json.dumps(new)),
}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_clean_record_survives_every_writing(data):
    dataset = DATASETS[data.draw(st.sampled_from(list(DATASETS)))]
    new, old = (dataset.record(data.draw(st.integers(0, dataset.size - 1))) for _ in range(2))
    writing = data.draw(st.sampled_from(list(WRITINGS)))
    text = WRITINGS[writing](dataset, _labels(dataset, new), _labels(dataset, old))
    assert parse_sce(text, dataset) == ("ok", new), text


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_reply_cut_anywhere_gives_no_other_value(data):
    dataset = DATASETS[data.draw(st.sampled_from(list(DATASETS)))]
    record = dataset.record(data.draw(st.integers(0, dataset.size - 1)))
    writing = data.draw(st.sampled_from(["strings", "indented", "single quotes", "curly quotes", "unquoted"]))
    text = WRITINGS[writing](dataset, _labels(dataset, record), None)
    for end in range(len(text)):
        value = parse_sce(text[:end], dataset).value or {}
        assert all(code in (None, record[name]) for name, code in value.items()), text[:end]
    option = data.draw(st.sampled_from(dataset.options))
    text = json.dumps({"answer": option})
    assert all(parse_answer(text[:end], dataset).value in (None, option) for end in range(len(text)))


@pytest.mark.parametrize("name", DATASETS)
def test_every_level_and_option_reads_as_itself(name):
    dataset = DATASETS[name]
    for feature in dataset.features:
        for code, label in zip(
            dataset.features[feature].codes, dataset.features[feature].labels, strict=True
        ):
            for text in (
                label,
                label.upper(),
                f" {label}. ",
                label.replace("'", "’"),
                label.replace("'", ""),
            ):
                record = dataset.record(0) and {feature: text}
                assert parse_sce(json.dumps(record), dataset).value[feature] == code
    for option in dataset.options:
        for text in (option, option.lower(), f"**{option}**", f"{option}.", f"The answer is {option}."):
            assert parse_answer(text, dataset).value == option
            assert parse_answer(json.dumps({"answer": text}), dataset).value == option


@pytest.mark.parametrize(
    "unit", ['{"age": ', "{", "[", '"', "a:b ", "| a ", "age: 45, ", "Above $50,000 ", "/*", "\\", "5,"]
)
def test_a_huge_reply_is_read_in_linear_time(unit):
    text = unit * (100_000 // len(unit))
    start = time.perf_counter()
    parse_answer(text, DATASETS["income"])
    parse_sce(text, DATASETS["income"])
    assert time.perf_counter() - start < 20  # about 1 s each; quadratic would be minutes


def test_numbers_in_words():
    for number, text in [
        (0, "zero"),
        (13, "thirteen"),
        (19, "nineteen"),
        (20, "twenty"),
        (99, "ninety-nine"),
    ]:
        assert number_in_words(text) == number
    assert number_in_words("nine thousand nine hundred and ninety nine") == 9999
    for text in (
        "",
        "ninety ninety",
        "five forty",
        "hundred",
        "thousand two",
        "one hundred hundred",
        "twelvety",
    ):
        assert number_in_words(text) is None


def test_simple_replies_are_read_quickly():
    text = json.dumps({"age": 45, "education": "Master's degree"})
    start = time.perf_counter()
    for _ in range(2000):
        parse_sce(text, DATASETS["income"])
    assert time.perf_counter() - start < 2  # about 0.1 s on a quiet machine
