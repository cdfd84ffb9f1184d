# The workflow, for those who run it in its own folder. From elsewhere it is used as a module: docs/modules.md.
include: "workflow/Snakefile"


# An included file sets no default target.
rule default:
    default_target: True
    input:
        rules.all.input,
    localrule: True
    message:
        "All of it is there"
