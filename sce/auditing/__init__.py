"""The audit: every number of a run computed a second time, slowly and by other means, and every score
followed back to the replies in the ledger. What it imports of the code that measured is said
where it does."""
