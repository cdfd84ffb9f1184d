"""Replies with revised records, each followed by its ideal, written down before the parser was run on it:
values in the order of the features; a single None: nothing at all."""

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
