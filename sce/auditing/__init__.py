"""The audit: every number of a run computed a second time, slowly and by other means, and every score
followed back to the replies in the ledger. ``audit.py`` goes through a study; the other modules check one
step each, and say what they take from the code that measured.
"""
