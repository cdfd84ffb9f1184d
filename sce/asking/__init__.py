"""The conversations of the study, and each question once: pace, tries, batches."""
